"""Undoing what was changed at once: what is as the change left it goes back, the rest stays."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import select

from hub.accounts.principal import Principal
from hub.conversations import actions
from hub.errors import Forbidden, NotFound
from hub.schema import resources
from hub.schema.author import Author
from hub.store.models import conversations, undo_changes, undo_records
from hub.undo import recording, undoing
from tests.core.desk import Customer, Desk
from tests.core.toys import a_moment_ago


def principal_of(author: Author, role: str = "agent") -> Principal:
    agent = resources.Agent(
        id=str(author.id),
        name=author.name,
        email="x@example.org",
        role=role,  # type: ignore[arg-type]
        presence="online",
        avatar_url="",
    )
    return Principal(author.name, role, agent)


class Changes:
    """An agent who changes conversations and records it."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.id = desk.store.write(
            lambda tx: recording.begin_record(tx, "Close as spam", desk.agent)
        )

    def changes(self, conversation: str, **changes: Any) -> None:
        self.desk.store.write(
            lambda tx: recording.record_changes(
                tx,
                self.id,
                int(conversation),
                lambda: actions.change_conversation(
                    tx, int(conversation), changes, self.desk.agent
                ),
            )
        )

    def undoes(self, by: Principal | None = None) -> resources.UndoReport:
        return undoing.undo(self.desk.store, self.id, by or principal_of(self.desk.agent))


@pytest.fixture
def conversation(anna: Customer) -> str:
    return anna.says("Where is my parcel?").conversation_id


@pytest.fixture
def changes(desk: Desk) -> Changes:
    return Changes(desk)


def fields(items: list[Any]) -> list[str]:
    return [item.field for item in items]


def row_of(desk: Desk, conversation: str) -> dict[str, Any]:
    statement = select(conversations).where(conversations.c.id == int(conversation))
    with desk.store.read() as connection:
        return dict(connection.execute(statement).mappings().one())


def test_every_field_goes_back_to_its_value_before(
    desk: Desk, conversation: str, changes: Changes
) -> None:
    desk.changes(conversation, labels=["vip", "size"], priority="low")
    before = row_of(desk, conversation)
    changes.changes(
        conversation,
        priority="urgent",
        labels=["vip", "spam"],
        assignee_id=desk.agent.id,
        status="resolved",
    )
    report = changes.undoes()
    assert fields(report.undone) == ["assignee_id", "labels", "priority", "status"]
    assert report.kept == []
    after = row_of(desk, conversation)
    moved = ("updated_at", "last_activity_at")
    assert {name: value for name, value in after.items() if name not in moved} == {
        name: value for name, value in before.items() if name not in moved
    }


def test_a_customer_who_waited_waits_since_the_same_time_after_a_resolve_is_undone(
    desk: Desk, conversation: str, changes: Changes
) -> None:
    before = desk.conversation(conversation)
    changes.changes(conversation, status="resolved")
    assert desk.conversation(conversation).waiting_since is None
    changes.undoes()
    after = desk.conversation(conversation)
    assert after.status == "open"
    assert (after.waiting_since, after.unread_count) == (before.waiting_since, 1)


def test_a_snooze_goes_back_with_its_end(desk: Desk, conversation: str, changes: Changes) -> None:
    in_an_hour = datetime.now(UTC) + timedelta(hours=1)
    desk.changes(conversation, snoozed_until=in_an_hour)
    changes.changes(conversation, snoozed_until=in_an_hour + timedelta(days=3))
    changes.undoes()
    assert desk.conversation(conversation).snoozed_until == in_an_hour
    again = Changes(desk)
    again.changes(conversation, status="open")
    assert desk.conversation(conversation).snoozed_until is None
    again.undoes()
    assert desk.conversation(conversation).status == "snoozed"
    assert desk.conversation(conversation).snoozed_until == in_an_hour


def test_a_later_change_by_another_agent_is_kept_and_reported(
    desk: Desk, conversation: str, changes: Changes
) -> None:
    mari = desk.hires("Mari")
    changes.changes(conversation, priority="urgent", assignee_id=desk.agent.id)
    desk.changes(conversation, assignee_id=mari.id)
    report = changes.undoes()
    assert fields(report.undone) == ["priority"]
    (kept,) = report.kept
    assert (kept.conversation_id, kept.field, kept.code) == (conversation, "assignee_id", "changed")
    shown = desk.conversation(conversation)
    assert shown.assignee is not None
    assert (shown.assignee.name, shown.priority) == ("Mari", "normal")


def test_labels_of_others_stay_where_ours_are_taken_back(
    desk: Desk, conversation: str, changes: Changes
) -> None:
    desk.changes(conversation, labels=["size", "old"])
    changes.changes(conversation, labels=["size", "spam"])
    desk.changes(conversation, labels=["spam", "vip"])
    changes.undoes()
    assert desk.conversation(conversation).labels == ["vip", "old"]


def test_a_conversation_that_the_customer_opened_again_stays_open(
    desk: Desk, anna: Customer, conversation: str, changes: Changes
) -> None:
    changes.changes(conversation, status="resolved")
    anna.says("One more thing")
    waiting = desk.conversation(conversation).waiting_since
    report = changes.undoes()
    assert report.kept == []
    assert desk.conversation(conversation).status == "open"
    assert desk.conversation(conversation).waiting_since == waiting


def test_what_cannot_go_back_is_kept_with_its_reason(
    desk: Desk, anna: Customer, conversation: str, changes: Changes
) -> None:
    changes.changes(conversation, status="resolved")
    desk.sets_conversation(conversation, resolved_at=a_moment_ago(days=30))
    newer = anna.says("Something else").conversation_id
    assert newer != conversation
    (kept,) = changes.undoes().kept
    assert (kept.field, kept.code) == ("status", "impossible")
    assert "open with this customer" in kept.reason


def test_a_field_that_was_changed_twice_goes_back_to_the_first_value(
    desk: Desk, conversation: str, changes: Changes
) -> None:
    changes.changes(conversation, labels=["a"], priority="high")
    changes.changes(conversation, labels=["a", "b"], priority="urgent")
    changes.undoes()
    shown = desk.conversation(conversation)
    assert (shown.labels, shown.priority) == ([], "normal")


def test_many_conversations_are_undone_as_one(desk: Desk, changes: Changes) -> None:
    ids = [desk.customer(f"n{number}").says("Hello").conversation_id for number in range(5)]
    for conversation in ids:
        changes.changes(conversation, status="resolved", labels=["spam"])
    report = changes.undoes()
    assert len(report.undone) == 10
    assert {item.status for item in desk.conversations()} == {"open"}


def test_undoing_again_answers_the_same_and_changes_nothing(
    desk: Desk, conversation: str, changes: Changes
) -> None:
    changes.changes(conversation, priority="urgent")
    first = changes.undoes()
    desk.changes(conversation, priority="urgent")
    heard = len(desk.events)
    assert changes.undoes() == first
    assert len(desk.events) == heard
    assert desk.conversation(conversation).priority == "urgent"


def test_an_undo_that_stopped_half_way_goes_on(
    desk: Desk, changes: Changes, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [desk.customer(f"n{number}").says("Hello").conversation_id for number in range(3)]
    for conversation in ids:
        changes.changes(conversation, priority="urgent")
    real: Callable[..., Any] = actions.change_conversation
    calls: list[int] = []

    def breaks_at_the_second(tx: Any, conversation_id: int, *arguments: Any) -> Any:
        calls.append(conversation_id)
        if len(calls) == 2:
            raise RuntimeError("the process ends")
        return real(tx, conversation_id, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(actions, "change_conversation", breaks_at_the_second)
        with pytest.raises(RuntimeError):
            changes.undoes()
    assert [desk.conversation(one).priority for one in ids] == ["normal", "urgent", "urgent"]
    assert len(changes.undoes().undone) == 3
    assert [desk.conversation(one).priority for one in ids] == ["normal"] * 3


def test_the_timeline_says_what_was_undone_and_what_was_kept(
    desk: Desk, conversation: str, changes: Changes
) -> None:
    changes.changes(conversation, priority="urgent", labels=["spam"])
    desk.changes(conversation, priority="high")
    changes.undoes()
    assert desk.events_in(conversation)[-1] == {
        "name": "conversation.undone",
        "title": "Close as spam",
        "undone": ["labels"],
        "kept": ["priority"],
    }


def test_a_conversation_that_was_merged_since_is_left_as_it_is(
    desk: Desk, anna: Customer, conversation: str, changes: Changes
) -> None:
    bert = desk.customer("bert", "other")
    other = bert.says("Also me").conversation_id
    for one in (conversation, other):
        changes.changes(one, priority="urgent")
    desk.links_up(anna, bert)
    report = changes.undoes()
    assert [item.code for item in report.kept] == ["merged"]
    assert len(report.undone) == 1


# -- who, and how long ----------------------------------------------------------------------------


def test_only_the_author_or_an_admin_undoes(
    desk: Desk, conversation: str, changes: Changes
) -> None:
    changes.changes(conversation, priority="urgent")
    mari = desk.hires("Mari")
    with pytest.raises(Forbidden):
        changes.undoes(principal_of(mari))
    assert changes.undoes(principal_of(mari, "admin")).undone


def test_what_a_service_account_changed_is_undone_by_no_agent(
    desk: Desk, conversation: str
) -> None:
    robot = Principal("CRM", "admin")
    record = desk.store.write(lambda tx: recording.begin_record(tx, "", robot.author))
    with pytest.raises(Forbidden):
        undoing.undo(desk.store, record, principal_of(desk.agent))
    assert undoing.undo(desk.store, record, robot).undone == []


def test_changes_are_undone_for_a_day_and_no_longer(
    desk: Desk, conversation: str, changes: Changes
) -> None:
    changes.changes(conversation, priority="urgent")
    job = undoing.OldUndoRecords(desk.store)
    job.run()
    assert desk.count(undo_records) == 1
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=24, minutes=1)):
        with pytest.raises(NotFound):
            changes.undoes()
        job.run()
    assert (desk.count(undo_records), desk.count(undo_changes)) == (0, 0)
    with pytest.raises(NotFound):
        changes.undoes()
