"""What an agent types into the search: operators narrow it, unknown ones are words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from hub.contacts import profiles
from hub.conversations import search
from hub.conversations.filters import ConversationFilter
from hub.conversations.search import Searcher
from hub.schema.search_query import SearchQuery, parse_query
from hub.store.models import messages
from hub.types import Attachment, Medium
from tests.core.desk import Customer, Desk

AUCKLAND = ZoneInfo("Pacific/Auckland")
MIDNIGHT = datetime(2026, 11, 1, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("late parcel", SearchQuery(text="late parcel")),
        ("from:anna late", SearchQuery(text="late", senders=("anna",))),
        ('late from:"Anna Kask" label:vip', SearchQuery("late", ("Anna Kask",), labels=("vip",))),
        ("FROM:anna To:boris", SearchQuery(senders=("anna",), recipients=("boris",))),
        ("has:file is:unread is:OPEN", SearchQuery(states=("unread", "open"), has_file=True)),
        ("channel:sms", SearchQuery(channels=("sms",))),
        ("before:2026-11-02", SearchQuery(before=MIDNIGHT)),
        ("after:2026-11-01", SearchQuery(after=MIDNIGHT)),
        ("before:2026-11-02T08:00:00Z", SearchQuery(before=datetime(2026, 11, 2, 8, tzinfo=UTC))),
        ("colour:red", SearchQuery(text="colour:red")),
        ("at 10:30", SearchQuery(text="at 10:30")),
        ("https://shop.example/from:x", SearchQuery(text="https://shop.example/from:x")),
        ("from: anna", SearchQuery(text="from: anna")),
        ('from:"anna', SearchQuery(senders=('"anna',))),
        ("before:yesterday", SearchQuery(text="before:yesterday")),
        ("before:2026-13-45", SearchQuery(text="before:2026-13-45")),
        ("is:purple has:wings", SearchQuery(text="is:purple has:wings")),
        ("label:ważne", SearchQuery(labels=("ważne",))),
        ("label:مهم from:سارة", SearchQuery(senders=("سارة",), labels=("مهم",))),
    ],
)
def test_a_search_is_read(typed: str, expected: SearchQuery) -> None:
    assert parse_query(typed, AUCKLAND) == expected


def test_a_day_is_the_agents_own_also_when_its_clocks_change() -> None:
    tallinn = ZoneInfo("Europe/Tallinn")
    query = parse_query("after:2026-10-24 before:2026-10-26", tallinn)
    assert query.after == datetime(2026, 10, 24, 21, tzinfo=UTC)
    assert query.before == datetime(2026, 10, 25, 22, tzinfo=UTC)


def found(desk: Desk, typed: str, **searcher: Any) -> list[str]:
    """The ids of the messages that are found."""
    return [one.message.id for one in desk.finds(typed, **searcher) if one.message]


def sent_at(desk: Desk, message_id: str, moment: datetime) -> None:
    statement = update(messages).where(messages.c.id == int(message_id))
    desk.store.write(lambda tx: tx.execute(statement.values(created_at=moment)))


def test_each_operator_narrows_the_search(desk: Desk, anna: Customer, boris: Customer) -> None:
    first = anna.says("the parcel is late")
    other = boris.says("a parcel came")
    file = Attachment(Medium.FILE, "Rechnung März.pdf", source="x")
    filed = boris.says("here", attachments=(file,))
    answer = desk.replies(first.conversation_id, "Your parcel comes tomorrow")
    note = desk.replies(first.conversation_id, "parcel of a regular", type="note")
    desk.changes(first.conversation_id, labels=["vip", "long wait"])
    for typed, expected in (
        ("parcel", [note.id, answer.id, other.id, first.id]),
        ("parcel from:anna", [first.id]),
        ("from:anna", [first.id]),
        ("from:anna@example.org", []),
        ("from:kadri", [note.id, answer.id]),
        ("from:me parcel", [note.id, answer.id]),
        ("to:anna", [answer.id]),
        ("to:boris", []),
        ('parcel label:"long wait"', [note.id, answer.id, first.id]),
        ("label:vip label:nope", []),
        ("is:unread from:boris", [filed.id, other.id]),
        ("is:resolved", []),
        ("channel:toy from:boris", [filed.id, other.id]),
        ("channel:other parcel", []),
        ("has:file", [filed.id]),
        ("has:file from:anna", []),
        ("rechnung", [filed.id]),
        ("marz", [filed.id]),
        ("rechn", [filed.id]),
        ("regular", [note.id]),
        ("from:nobody", []),
        ("colour:parcel", []),
    ):
        assert found(desk, typed) == expected, typed


def test_before_and_after_mean_the_agents_own_day(desk: Desk, anna: Customer) -> None:
    evening, morning = anna.says("in the evening"), anna.says("in the morning")
    sent_at(desk, evening.id, datetime(2026, 11, 1, 10, 59, tzinfo=UTC))
    sent_at(desk, morning.id, datetime(2026, 11, 1, 11, 1, tzinfo=UTC))
    assert found(desk, "before:2026-11-02", zone=AUCKLAND) == [evening.id]
    assert found(desk, "after:2026-11-01 the", zone=AUCKLAND) == [morning.id]
    assert found(desk, "before:2026-11-02") == [morning.id, evening.id]


def test_a_hit_names_its_contact_and_leads_to_its_conversation(desk: Desk, anna: Customer) -> None:
    said = anna.says("the parcel is late")
    desk.store.write(lambda tx: profiles.edit_contact(tx, anna.id, attributes={"plan": "Gold"}))
    (hit,) = desk.finds("parcel")
    assert (hit.contact and hit.contact.name, hit.conversation_id) == (
        "Anna Kask",
        said.conversation_id,
    )
    (person,) = desk.finds("gold")
    assert person.type == "contact"
    assert (person.snippet, person.conversation_id) == ("plan: Gold", said.conversation_id)


@pytest.mark.parametrize("typed", ["parcel is:open", "from:anna", "is:open"])
def test_a_search_with_operators_read_page_by_page_has_no_gap_and_no_double(
    desk: Desk, anna: Customer, boris: Customer, typed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "WINDOW", 2)
    ids = [anna.says(f"parcel {number}").id for number in range(7)]
    closed = boris.says("parcel of another")
    desk.changes(closed.conversation_id, status="resolved")
    seen: list[str] = []
    cursor = None
    while True:
        with desk.store.read() as connection:
            page = Searcher(connection).search(typed, 2, cursor)
        seen += [one.message.id for one in page.items if one.message]
        cursor = page.next
        if cursor is None:
            break
    assert seen == ids[::-1]


def test_a_search_that_fits_nothing_ends_after_a_bounded_number_of_messages(
    desk: Desk, anna: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "WINDOW", 2)
    monkeypatch.setattr(search, "MOST_READ", 4)
    for number in range(9):
        anna.says(f"parcel {number}")
    with desk.store.read() as connection:
        page = Searcher(connection).search("parcel has:file", 5)
        assert (page.items, page.next is None) == ([], False)


def narrowed(desk: Desk, typed: str, **wanted: Any) -> list[str]:
    with desk.store.read() as connection:
        filter_ = Searcher(connection, desk.agent.id).narrow(ConversationFilter(**wanted), typed)
    return [one.id for one in desk.conversations(**vars_of(filter_))]


def vars_of(filter_: ConversationFilter) -> dict[str, Any]:
    return {name: getattr(filter_, name) for name in ConversationFilter.__dataclass_fields__}


def test_a_list_is_narrowed_by_a_search(desk: Desk, anna: Customer, boris: Customer) -> None:
    annas = anna.says("the parcel is late").conversation_id
    boriss = boris.says("hello").conversation_id
    desk.changes(boriss, labels=["vip"])
    for typed, expected in (
        ("parcel", [annas]),
        ("boris", [boriss]),
        ("label:vip", [boriss]),
        ("label:vip parcel", []),
        ("from:anna", [annas]),
        ("is:open", [boriss, annas]),
        ("is:resolved parcel", []),
        ("nothing", []),
        ("channel:toy parcel", [annas]),
        ("channel:other", []),
    ):
        assert narrowed(desk, typed) == expected, typed
    assert narrowed(desk, "parcel", status="pending") == []


def test_a_search_finds_the_conversation_that_another_was_merged_into(
    desk: Desk, anna: Customer, boris: Customer
) -> None:
    annas = anna.says("the parcel is late").conversation_id
    boriss = boris.says("a green hat").conversation_id
    desk.links_up(anna, boris)
    kept = next(one.id for one in desk.conversations())
    assert kept in (annas, boriss)
    assert narrowed(desk, "parcel") == narrowed(desk, "hat") == [kept]


def test_names_of_files_from_before_are_found_once_the_job_has_run(
    desk: Desk, anna: Customer
) -> None:
    from sqlalchemy import insert, text

    from hub.conversations.search_refolding import SearchRefolding
    from hub.store.models import attachments, search_refolds

    file = Attachment(Medium.FILE, "contract.pdf", source="x")
    said = anna.says("here", attachments=(file,))
    with desk.store.read() as connection:
        file_id = connection.execute(attachments.select()).one().id
    removal = {
        "sqlite": "INSERT INTO file_search(file_search, rowid, body)"
        " VALUES ('delete', :id, 'contract pdf')",
        "postgresql": "DELETE FROM file_search WHERE rowid = :id",
    }[desk.store.engine.dialect.name]

    def becomes_old(tx: Any) -> None:
        tx.execute(text(removal), {"id": file_id})
        tx.execute(insert(search_refolds).values(name="file_search", below=file_id))

    desk.store.write(becomes_old)
    assert found(desk, "contract") == []
    SearchRefolding(desk.store).run()
    assert found(desk, "contract") == [said.id]
