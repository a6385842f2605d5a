"""Two writers of one conversation: neither takes back what the other wrote."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from hub.conversations import actions
from hub.router.sla.watch import SlaWatch
from hub.schema.author import Author
from hub.store.models import conversations
from tests.core.desk import Customer, Desk, at_once
from tests.core.router.office import Office

RULES = [{"name": "rest", "labels": ["seen"], "skills": ["german"]}]
TEAMS: dict[str, Any] = {"support": {}, "sales": {}}
TOMORROW = datetime.now(UTC) + timedelta(days=1)
SLA = {"default": {"first_reply": "5m", "next_reply": "15m", "resolve": "2h"}}
TRIALS = 30


@pytest.fixture
def routed(desk: Desk) -> Office:
    return Office(desk, teams=TEAMS, routing=RULES)


def row_of(desk: Desk, conversation_id: str) -> Any:
    with desk.store.read() as connection:
        return connection.execute(
            select(conversations).where(conversations.c.id == int(conversation_id))
        ).one()


def between_read_and_write(
    office: Office, monkeypatch: pytest.MonkeyPatch, change: Callable[[], object]
) -> None:
    """Lets a change happen after the router has read and before it writes."""
    write = office.store.write
    waiting = [change]

    def write_after_the_change(work: Any) -> Any:
        while waiting:
            waiting.pop()()
        return write(work)

    monkeypatch.setattr(office.assigner._router._store, "write", write_after_the_change)


@pytest.mark.parametrize(
    "changes",
    [
        {"priority": "high"},
        {"labels": ["vip"]},
        {"team_id": 2},
        {"snoozed_until": TOMORROW},
        {"status": "pending"},
        {"status": "resolved"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_the_router_takes_no_change_of_an_agent_back(
    routed: Office, anna: Customer, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any]
) -> None:
    agent_id = routed.hires("Kati", online=False)
    conversation_id = anna.says("Guten Tag").conversation_id
    between_read_and_write(
        routed, monkeypatch, lambda: routed.changes(conversation_id, agent_id, **changes)
    )
    routed.assigns()
    row = row_of(routed.desk, conversation_id)
    for name, value in changes.items():
        if name == "labels":
            assert set(value) <= set(row.labels)
        else:
            assert getattr(row, name) == value, name


def test_the_router_decides_anew_when_the_team_has_changed(
    routed: Office, anna: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The agent of the former team does not get what was moved to another one."""
    routed.configures(
        teams={"support": {"members": ["kati@example.org"]}, "sales": {}},
        routing=[{"name": "rest", "team": "support", "when": {"words": "never"}}],
    )
    kati = routed.hires("Kati")
    conversation_id = anna.says("Hello").conversation_id
    with routed.store.read() as connection:
        from hub.accounts import teams

        sales = next(team for team in teams.list_teams(connection) if team.name == "sales")
    between_read_and_write(
        routed,
        monkeypatch,
        lambda: routed.changes(conversation_id, kati, team_id=int(sales.id)),
    )
    routed.assigns()
    row = row_of(routed.desk, conversation_id)
    assert (row.team_id, row.assignee_id) == (int(sales.id), None)


def test_a_reply_that_reopens_and_a_priority_right_after_it_are_both_kept(
    routed: Office, anna: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent_id = routed.hires("Kati", online=False)
    conversation_id = anna.says("Hello").conversation_id
    routed.assigns()
    routed.changes(conversation_id, agent_id, status="resolved")
    routed.desk.replies(conversation_id, "One thing more")
    between_read_and_write(
        routed, monkeypatch, lambda: routed.changes(conversation_id, agent_id, priority="high")
    )
    routed.assigns()
    row = row_of(routed.desk, conversation_id)
    assert (row.status, row.priority) == ("open", "high")


# -- any two at once -------------------------------------------------------------------------------


class Writer:
    """A change, and what it leaves behind whatever else happens at the same moment."""

    def __init__(self, fields: set[str], write: Callable[[], object], **left: Any) -> None:
        self.fields = fields
        self.write = write
        self.left = left


def writers(
    office: Office, customer: Customer, conversation_id: str, agent_id: int
) -> list[Writer]:
    author = Author("agent", agent_id, "Kati")

    def changes(**values: Any) -> Callable[[], object]:
        return lambda: office.store.write(
            lambda tx: actions.change_conversation(tx, int(conversation_id), values, author)
        )

    return [
        Writer({"priority"}, changes(priority="high"), priority="high"),
        Writer({"labels"}, changes(labels=["vip"]), labels={"vip"}),
        Writer({"team"}, changes(team_id=2), team_id=2),
        Writer({"assignee"}, changes(assignee_id=agent_id), assignee_id=agent_id),
        Writer(
            {"status"},
            changes(snoozed_until=TOMORROW),
            status="snoozed",
            snoozed_until=TOMORROW,
        ),
        # Rules look at open conversations that no agent gave to another.
        Writer(
            {"labels", "status", "assignee"}, office.assigns, labels={"seen"}, skills=["german"]
        ),
        # A message opens a snoozed conversation again.
        Writer({"status", "unread"}, lambda: customer.says("more"), unread_count=2),
        Writer(
            {"status", "unread", "assignee"},
            lambda: office.desk.replies(conversation_id, "yes"),
            unread_count=0,
            waiting_since=None,
        ),
    ]


def test_of_two_writers_at_once_each_leaves_what_it_wrote(routed: Office, desk: Desk) -> None:
    seed = random.randrange(1_000_000)
    chance = random.Random(seed)
    print(f"seed {seed}")
    agent_id = routed.hires("Kati", online=False)
    for trial in range(TRIALS):
        customer = desk.customer(f"customer {trial}")
        conversation_id = customer.says("Guten Tag").conversation_id
        both = writers(routed, customer, conversation_id, agent_id)
        first, second = chance.sample(both, 2)
        if first.fields & second.fields - {"labels"}:
            continue  # one of them comes last, and either order is right
        at_once(first.write, second.write)
        row = row_of(desk, conversation_id)
        for name, value in (first.left | second.left).items():
            found = getattr(row, name)
            if name == "labels":
                kept = set(first.left.get(name, ())) | set(second.left.get(name, ()))
                # Labels are replaced as a whole: an agent's may come after the router's.
                assert set(value) <= set(found) or kept & set(found), (seed, trial, name, found)
            else:
                assert found == value, (seed, trial, name, found)


# -- service levels --------------------------------------------------------------------------------


def running_clocks(row: Any) -> set[str]:
    """The clocks of a conversation that are not stopped or paused."""
    if row.sla_paused_at is not None:
        return set()
    clocks = ("first_reply", "next_reply", "resolve")
    return {clock for clock in clocks if getattr(row, f"{clock}_due") is not None}


def test_service_levels_follow_what_was_written_while_their_clocks_were_looked_at(
    desk: Desk,
) -> None:
    seed = random.randrange(1_000_000)
    chance = random.Random(seed)
    print(f"seed {seed}")
    office = Office(desk, teams=TEAMS, routing=RULES, sla=SLA)
    watch = SlaWatch(desk.store, lambda: office.config)
    agent_id = office.hires("Kati", online=False)
    author = Author("agent", agent_id, "Kati")
    waits, is_answered, stands_still = {"first_reply", "resolve"}, {"resolve"}, set[str]()
    for trial in range(TRIALS):
        customer = desk.customer(f"customer {trial}")
        conversation_id = customer.says("Guten Tag").conversation_id

        def changes(id: int = int(conversation_id), **values: Any) -> None:
            desk.store.write(lambda tx: actions.change_conversation(tx, id, values, author))

        office.assigns()
        if chance.random() < 0.5:
            watch.sweep()  # the clocks run already
        name, write, expected = chance.choice(
            [
                ("reply", lambda id=conversation_id: desk.replies(id, "yes"), is_answered),
                ("message", lambda who=customer: who.says("more"), waits),
                ("snooze", lambda: changes(snoozed_until=TOMORROW), stands_still),
                ("pending", lambda: changes(status="pending"), stands_still),
                ("priority", lambda: changes(priority="high"), waits),
            ]
        )
        at_once(write, watch.sweep)
        for _ in range(3):
            watch.sweep()
        row = row_of(desk, conversation_id)
        assert running_clocks(row) == expected, (seed, trial, name, row)
