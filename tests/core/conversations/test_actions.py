"""What agents do beside talking, and who gets what."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import insert, update

from hub.accounts.agents import agent_resource
from hub.contacts import profiles
from hub.conversations import actions
from hub.conversations.jobs import SnoozeEnd
from hub.errors import Invalid, NotFound
from hub.router import engine
from hub.router.engine import Assigner
from hub.schema.events import Event, PresenceChanged
from hub.store.models import agents, teams
from tests.core.desk import Customer, Desk, at_once, eventually
from tests.core.toys import a_moment_ago


@pytest.fixture
def conversation(anna: Customer) -> str:
    return anna.says("Hello").conversation_id


def told(desk: Desk, conversation: str) -> dict[str, Any]:
    return desk.events_in(conversation)[-1]


# -- take, give, release --------------------------------------------------------------------------


def test_taking_assigning_and_releasing_are_events_in_the_timeline(
    desk: Desk, conversation: str
) -> None:
    mari = desk.hires("Mari")
    desk.changes(conversation, assignee_id=desk.agent.id)
    assert told(desk, conversation) == {
        "name": "conversation.assigned",
        "agent_id": str(desk.agent.id),
        "agent": "Kadri",
        "before": None,
    }
    found = desk.changes(conversation, assignee_id=mari.id)
    assert found.assignee is not None
    assert (found.assignee.name, told(desk, conversation)["before"]) == ("Mari", "Kadri")
    assert desk.changes(conversation, assignee_id=None).assignee is None
    assert told(desk, conversation)["agent"] is None


def test_a_change_to_the_same_value_publishes_nothing(desk: Desk, conversation: str) -> None:
    desk.changes(conversation, priority="high")
    before = len(desk.events)
    desk.changes(conversation, priority="high")
    assert len(desk.events) == before


def test_a_change_publishes_the_conversation_as_it_is_now(desk: Desk, conversation: str) -> None:
    found = desk.changes(conversation, priority="urgent", labels=["vip"])
    assert desk.events[-1].payload.conversation == found == desk.only_conversation()  # type: ignore[union-attr]
    names = [one["name"] for one in desk.events_in(conversation)]
    assert sorted(names) == ["conversation.labels", "conversation.priority"]


def test_a_conversation_is_assigned_to_a_team(desk: Desk, conversation: str) -> None:
    team = desk.store.write(
        lambda tx: tx.execute(
            insert(teams).values(name="Returns", created_at=tx.now).returning(teams.c.id)
        ).scalar_one()
    )
    found = desk.changes(conversation, team_id=team)
    assert found.team is not None
    assert found.team.name == "Returns"
    assert [one.id for one in desk.conversations(team=str(team))] == [conversation]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"assignee_id": 4711}, "assignee_id"),
        ({"team_id": 4711}, "team"),
        ({"status": "snoozed"}, "snoozed_until"),
        ({"labels": ["x" * 65]}, "labels"),
        ({"labels": [str(number) for number in range(51)]}, "labels"),
    ],
    ids=str,
)
def test_an_invalid_change_names_its_field(
    desk: Desk, conversation: str, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        desk.changes(conversation, **changes)
    assert refused.value.field == field


def test_a_disabled_agent_is_assigned_nothing(desk: Desk, conversation: str) -> None:
    desk.store.write(lambda tx: tx.execute(update(agents).values(disabled_at=tx.now)).rowcount)
    with pytest.raises(Invalid):
        desk.changes(conversation, assignee_id=desk.agent.id)


def test_a_conversation_that_is_not_there_is_not_found(desk: Desk) -> None:
    with pytest.raises(NotFound):
        desk.changes(4711, priority="high")


# -- labels ---------------------------------------------------------------------------------------


def test_labels_are_trimmed_kept_once_and_filtered_by(desk: Desk, conversation: str) -> None:
    assert desk.changes(conversation, labels=[" vip ", "vip", "", "size"]).labels == ["vip", "size"]
    assert [one.id for one in desk.conversations(label="vip")] == [conversation]
    desk.changes(conversation, labels=["size"])
    assert desk.conversations(label="vip") == []


def test_nothing_in_a_label_or_a_name_breaks_the_database(
    desk: Desk, anna: Customer, conversation: str
) -> None:
    assert desk.changes(conversation, labels=["a\0b", "c\ud83d"]).labels == ["ab", "c?"]
    changed = desk.store.write(
        lambda tx: profiles.edit_contact(
            tx, anna.id, name="A\0nna\udc80", attributes={"k\0": "v\0", "list": ["\ud83d"]}
        )
    )
    assert (changed.name, changed.attributes) == ("Anna?", {"k": "v", "list": ["?"]})


# -- snooze ---------------------------------------------------------------------------------------


def test_a_snoozed_conversation_opens_at_its_time(desk: Desk, conversation: str) -> None:
    desk.changes(conversation, snoozed_until=a_moment_ago(hours=-1))
    assert desk.only_conversation().status == "snoozed"
    ending = partial(actions.end_snooze, conversation_id=int(conversation))
    assert not desk.store.write(ending)
    desk.sets_conversation(conversation, snoozed_until=a_moment_ago(seconds=1))
    assert desk.store.write(ending)
    found = desk.only_conversation()
    assert (found.status, found.snoozed_until) == ("open", None)
    assert told(desk, conversation)["to"] == "open"


def test_a_snooze_that_several_threads_end_at_once_ends_once(desk: Desk, conversation: str) -> None:
    desk.changes(conversation, snoozed_until=a_moment_ago(seconds=1))
    ending = partial(actions.end_snooze, conversation_id=int(conversation))
    assert at_once(*[lambda: desk.store.write(ending)] * 4).count(True) == 1
    names = [one["name"] for one in desk.events_in(conversation)]
    assert names.count("conversation.status") == 2  # put off, and back


def test_a_snooze_ends_at_its_moment_without_a_tick(
    desk: Desk, conversation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is known from the event, and nothing else would look for an hour."""
    monkeypatch.setattr(SnoozeEnd, "interval", timedelta(hours=1))
    snooze_end = SnoozeEnd(desk.store)
    snooze_end.start()
    try:
        desk.changes(conversation, snoozed_until=a_moment_ago(seconds=-0.5))
        desk.waits_for(lambda: desk.only_conversation().status == "open")
    finally:
        snooze_end.stop()


def test_the_next_snooze_to_end_is_the_earliest(desk: Desk) -> None:
    ends = [a_moment_ago(hours=-hours) for hours in (3, 1, 2)]
    for number, end in enumerate(ends):
        said = desk.customer(f"customer-{number}").says("Hello")
        desk.changes(said.conversation_id, snoozed_until=end)
    with desk.store.read() as connection:
        assert actions.next_snooze_end(connection) == ends[1]
        assert actions.snoozes_over(connection, ends[2]) == [2, 3]


def test_a_snooze_needs_its_end(desk: Desk, conversation: str) -> None:
    """Taking the time away wakes it: else nothing ever would."""
    desk.changes(conversation, snoozed_until=a_moment_ago(hours=-1))
    assert desk.changes(conversation, snoozed_until=None).status == "open"
    desk.changes(conversation, snoozed_until=a_moment_ago(hours=-1))
    with pytest.raises(Invalid):
        desk.changes(conversation, status="snoozed", snoozed_until=None)


# -- resolve --------------------------------------------------------------------------------------


def test_resolving_ends_the_waiting_and_can_be_undone(desk: Desk, conversation: str) -> None:
    found = desk.changes(conversation, status="resolved")
    assert (found.status, found.unread_count, found.waiting_since) == ("resolved", 0, None)
    assert desk.changes(conversation, status="open").status == "open"
    assert [one["to"] for one in desk.events_in(conversation)] == ["resolved", "open"]
    assert len(desk.thread(conversation)) == 1


# -- read -----------------------------------------------------------------------------------------


def test_reading_up_to_a_message_leaves_what_came_after(desk: Desk, anna: Customer) -> None:
    said = [anna.says(str(number)) for number in range(4)]
    conversation = int(said[0].conversation_id)
    found = desk.store.write(lambda tx: actions.mark_read(tx, conversation, int(said[1].id)))
    assert found.unread_count == 2
    found = desk.store.write(lambda tx: actions.mark_read(tx, conversation, int(said[0].id)))
    assert found.unread_count == 2
    found = desk.store.write(lambda tx: actions.mark_read(tx, conversation, int(said[3].id)))
    assert found.unread_count == 0


def test_a_message_that_comes_while_an_agent_reads_is_not_read(desk: Desk, anna: Customer) -> None:
    first = anna.says("first")
    conversation = int(first.conversation_id)
    for _ in range(5):
        before = desk.thread(conversation)[-1]
        at_once(
            lambda before=before: desk.store.write(  # type: ignore[misc]
                lambda tx: actions.mark_read(tx, conversation, int(before.id))
            ),
            lambda: anna.says("meanwhile"),
        )
        assert desk.only_conversation().unread_count == 1


# -- who gets what --------------------------------------------------------------------------------


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No sweep comes to help: only events wake it."""
    monkeypatch.setattr(engine, "SWEEP_SECONDS", 600.0)


def held_by(desk: Desk) -> dict[str | None, int]:
    counts: dict[str | None, int] = {}
    for one in desk.conversations():
        name = one.assignee.name if one.assignee else None
        counts[name] = counts.get(name, 0) + 1
    return counts


def arrives(desk: Desk, agent_id: int | None) -> None:
    def mark(tx: Any) -> None:
        tx.execute(update(agents).where(agents.c.id == agent_id).values(connected_at=tx.now))
        row = tx.execute(agents.select().where(agents.c.id == agent_id)).one()
        tx.publish(Event(PresenceChanged(agent=agent_resource(row), presence="online")))

    desk.store.write(mark)


def test_a_burst_of_twelve_is_spread_over_three(desk: Desk) -> None:
    for name in ("Mari", "Jaan", "Liis"):
        desk.hires(name, online=True)
    for number in range(12):
        desk.customer(f"customer {number}").says("Hello")
    Assigner(desk.store).assign_waiting()
    assert held_by(desk) == {"Mari": 4, "Jaan": 4, "Liis": 4}


def test_two_processes_that_assign_at_once_assign_nothing_twice(desk: Desk) -> None:
    for name in ("Mari", "Jaan"):
        desk.hires(name, online=True)
    conversations = [desk.customer(f"c{number}").says("Hello") for number in range(10)]
    assigners = [Assigner(desk.store) for _ in range(3)]
    at_once(*[one.assign_waiting for one in assigners])
    assert None not in held_by(desk)
    for one in conversations:
        names = [event["name"] for event in desk.events_in(one.conversation_id)]
        assert names.count("conversation.assigned") == 1


def test_an_agent_who_is_away_is_assigned_nothing(desk: Desk, conversation: str) -> None:
    away = desk.hires("Mari", online=True)
    desk.store.write(
        lambda tx: (
            tx.execute(
                update(agents).where(agents.c.id == away.id).values(presence="away")
            ).rowcount
        )
    )
    Assigner(desk.store).assign_waiting()
    assert desk.only_conversation().assignee is None


def test_a_released_conversation_waits_for_another_agent(desk: Desk, conversation: str) -> None:
    mari = desk.hires("Mari", online=True)
    assigner = Assigner(desk.store)
    assigner.assign_waiting()
    assert held_by(desk) == {"Mari": 1}
    desk.changes(conversation, assignee_id=None)
    assigner.assign_waiting()
    assert desk.only_conversation().assignee is None, f"given back to {mari.name}"
    desk.hires("Jaan", online=True)
    assigner.assign_waiting()
    assert held_by(desk) == {"Jaan": 1}


def test_a_waiting_conversation_is_assigned_when_an_agent_comes(
    desk: Desk, conversation: str, patient: None
) -> None:
    assigner = Assigner(desk.store)
    assigner.start()
    try:
        arrives(desk, desk.agent.id)
        eventually(lambda: desk.only_conversation().assignee)
    finally:
        assigner.stop()


def test_a_new_conversation_is_assigned_to_an_online_agent(
    desk: Desk, anna: Customer, patient: None
) -> None:
    arrives(desk, desk.agent.id)
    assigner = Assigner(desk.store)
    assigner.start()
    try:
        anna.says("Hello")
        eventually(lambda: desk.only_conversation().assignee)
    finally:
        assigner.stop()


@pytest.mark.parametrize("status", ["resolved", "pending"])
def test_a_reopened_conversation_is_assigned_at_once(
    desk: Desk, anna: Customer, conversation: str, patient: None, status: str
) -> None:
    desk.changes(conversation, status=status)
    arrives(desk, desk.agent.id)
    assigner = Assigner(desk.store)
    assigner.start()
    try:
        anna.says("One more thing")
        eventually(lambda: desk.only_conversation().assignee)
    finally:
        assigner.stop()
