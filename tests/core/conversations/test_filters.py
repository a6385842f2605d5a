"""Filters of the list combine, and each of its four orders is read page by page without a gap."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from hub.conversations import listing
from hub.conversations.filters import ConversationFilter
from hub.conversations.listing import SORTS
from hub.errors import Invalid
from hub.schema import cursors
from hub.store.engine import Store
from hub.store.models import conversations
from tests.core.desk import Desk

NOW = datetime.now(UTC).replace(microsecond=0)
PRIORITIES = ("low", "normal", "high", "urgent")


def sets(desk: Desk, conversation_id: str, **values: Any) -> None:
    """Gives a conversation what else takes the router or a day."""
    statement = update(conversations).where(conversations.c.id == int(conversation_id))
    desk.store.write(lambda tx: tx.execute(statement.values(**values)))


def begins(desk: Desk, name: str, **values: Any) -> str:
    conversation_id = desk.customer(name, name=name).says(f"Hello from {name}").conversation_id
    if values:
        sets(desk, conversation_id, **values)
    return conversation_id


def shown(desk: Desk, **wanted: Any) -> list[str]:
    return [one.id for one in desk.conversations(**wanted)]


def test_each_filter_lets_through_what_it_names(desk: Desk) -> None:
    plain = begins(desk, "plain", waiting_since=None, unread_count=0)
    polish = begins(desk, "polish", language="pl", priority="urgent")
    due = begins(desk, "due", sla="gold", due_at=NOW + timedelta(hours=1), waiting_since=None)
    late = begins(
        desk,
        "late",
        sla="gold",
        due_at=NOW - timedelta(hours=1),
        sla_overdue=["first_reply"],
        sla_breached=["first_reply"],
        last_activity_at=NOW - timedelta(days=9),
    )
    done = begins(desk, "done", status="resolved", waiting_since=None, unread_count=0)
    a_week_ago = NOW - timedelta(days=7)
    for wanted, expected in (
        ({"priority": "urgent"}, [polish]),
        ({"language": "pl"}, [polish]),
        ({"waiting": "us"}, [polish, late]),
        ({"waiting": "customer"}, [due, plain]),
        ({"sla": "due"}, [due]),
        ({"sla": "breached"}, [late]),
        ({"unread": True}, [due, polish, late]),
        ({"unread": False}, [done, plain]),
        ({"before": a_week_ago}, [late]),
        ({"after": a_week_ago}, [done, due, polish, plain]),
        ({"unread": True, "sla": "breached", "waiting": "us", "status": "open"}, [late]),
        ({"unread": False, "language": "pl"}, []),
        ({"ids": ()}, []),
    ):
        assert shown(desk, **wanted) == expected, wanted


def test_an_agent_and_a_team_combine(desk: Desk) -> None:
    begins(desk, "one", assignee_id=desk.agent.id)
    assert shown(desk, assignee=str(desk.agent.id), team="none") != []
    assert shown(desk, assignee=str(desk.agent.id), team="1") == []


def many(desk: Desk, randomness: random.Random, count: int = 24) -> list[dict[str, Any]]:
    """Conversations of every kind; several share each of the times."""
    rows = []
    for number in range(count):
        values = {
            "priority": randomness.choice(PRIORITIES),
            "waiting_since": randomness.choice([None, NOW - timedelta(hours=number // 3)]),
            "due_at": randomness.choice([None, NOW + timedelta(hours=number // 4)]),
            "last_activity_at": NOW - timedelta(minutes=number // 2),
            "unread_count": randomness.choice([0, 1]),
            "status": randomness.choice(["open", "open", "resolved"]),
        }
        rows.append({"id": begins(desk, f"customer {number}", **values), **values})
    return rows


def order(sort: str) -> Any:
    last = datetime.max.replace(tzinfo=UTC)

    def by_activity(row: dict[str, Any]) -> tuple[Any, ...]:
        return -row["last_activity_at"].timestamp(), -int(row["id"])

    def by_time(name: str) -> Any:
        def key(row: dict[str, Any]) -> tuple[Any, ...]:
            if row[name] is None:
                return (last, *by_activity(row))
            return row[name], int(row["id"])

        return key

    return {
        "activity": by_activity,
        "waiting": by_time("waiting_since"),
        "sla": by_time("due_at"),
        "priority": lambda row: (-PRIORITIES.index(row["priority"]), *by_activity(row)),
    }[sort]


@pytest.mark.parametrize("limit", [1, 5])
@pytest.mark.parametrize("sort", SORTS)
def test_an_order_read_page_by_page_has_no_gap_and_no_double(
    desk: Desk, sort: Any, limit: int
) -> None:
    seed = random.randrange(1 << 30)
    print(f"seed {seed}")
    rows = many(desk, random.Random(seed))
    for wanted in ({}, {"status": "open"}, {"unread": True}, {"status": "open", "unread": True}):
        expected = [
            row["id"]
            for row in sorted(rows, key=order(sort))
            if ("status" not in wanted or row["status"] == "open")
            and ("unread" not in wanted or row["unread_count"])
        ]
        seen: list[str] = []
        cursor = None
        while True:
            with desk.store.read() as connection:
                page = listing.list_conversations(
                    connection, ConversationFilter(**wanted), limit, cursor, sort
                )
            assert len(page.items) <= limit
            seen += [one.id for one in page.items]
            cursor = page.next
            if cursor is None:
                break
        assert seen == expected, (sort, wanted)


def test_a_cursor_of_another_order_is_refused(desk: Desk) -> None:
    for number in range(3):
        begins(desk, f"customer {number}")
    nothing = ConversationFilter()
    wrong = [["waiting", 7, "2026-01-01T00:00:00Z", 1], ["waiting", "0"], ["waiting"], [1, 2]]
    with desk.store.read() as connection:
        page = listing.list_conversations(connection, nothing, 1, None, "activity")
        for cursor in (page.next, *map(cursors.encode, wrong)):
            with pytest.raises(Invalid) as refused:
                listing.list_conversations(connection, nothing, 1, cursor, "waiting")
            assert refused.value.field == "cursor"


@pytest.mark.parametrize("sort", SORTS)
def test_a_filter_that_fits_nothing_ends_a_page_after_a_bounded_number_of_rows(
    desk: Desk, sort: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "MOST_READ", 6)
    monkeypatch.setattr(listing, "WINDOW", 3)
    rows = many(desk, random.Random(7))
    wanted = ConversationFilter(language="xx")
    read: list[int] = []
    cursor, pages = None, 0
    real = listing._let_through

    def counted(connection: Any, ids: Any, conditions: Any) -> Any:
        read.append(len(ids))
        return real(connection, ids, conditions)

    monkeypatch.setattr(listing, "_let_through", counted)
    while True:
        read.clear()
        with desk.store.read() as connection:
            page = listing.list_conversations(connection, wanted, 50, cursor, sort)
        assert page.items == []
        assert sum(read) <= 2 * 6 + 3 * 4, "the windows of a page are bounded"
        pages, cursor = pages + 1, page.next
        if cursor is None:
            break
    assert pages > len(rows) / 12


def test_a_count_ends_at_a_hundred(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        begins(desk, f"customer {number}", unread_count=number % 2)
    with desk.store.read() as connection:
        count = lambda most, **wanted: listing.count_conversations(  # noqa: E731
            connection, ConversationFilter(**wanted), most
        )
        assert count(100) == (5, False)
        assert count(5) == (5, False)
        assert count(4) == (4, True)
        assert count(100, unread=True) == (2, False)
        assert count(100, label="none has it") == (0, False)


def test_the_time_that_is_due_follows_the_clocks(store: Store, desk: Desk) -> None:
    from hub.conversations import sla_clocks

    conversation_id = int(begins(desk, "anna"))
    sets(desk, str(conversation_id), sla="gold", sla_next_at=NOW - timedelta(minutes=1))

    def saves(**values: Any) -> datetime | None:
        def save(tx: Any) -> None:
            row = sla_clocks.lock_due_row(tx, conversation_id)
            assert row is not None
            sla_clocks.save_clocks(tx, row, {"sla_next_at": row.sla_next_at, **values})

        store.write(save)
        with store.read() as connection:
            query = conversations.select().where(conversations.c.id == conversation_id)
            found: datetime | None = connection.execute(query).one().due_at
            return found

    soon, later = NOW + timedelta(hours=1), NOW + timedelta(hours=5)
    assert saves(resolve_due=later) == later
    assert saves(first_reply_due=soon) == soon
    assert saves(sla_paused_at=NOW) is None
    assert saves(sla_paused_at=None) == soon
    assert saves(first_reply_due=None, resolve_due=None) is None
