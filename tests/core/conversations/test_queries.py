"""Reading: pages without gap or double, on an index, and search in every script."""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from hub.config.sections import Fallback
from hub.contacts import profiles
from hub.conversations import listing, queries
from hub.conversations.filters import ConversationFilter
from hub.conversations.search import Searcher
from hub.errors import Invalid, NotFound
from hub.outbound import reachability
from hub.schema import search_index
from hub.schema.cursors import Page
from hub.store.engine import Store
from hub.store.models import message_edits
from tests.core.desk import Customer, Desk

Look = Callable[[Connection, int, str | None], Page[Any]]


def pages(desk: Desk, look: Look, limit: int, meanwhile: Callable[[], Any]) -> list[str]:
    seen: list[str] = []
    cursor = None
    while True:
        with desk.store.read() as connection:
            page = look(connection, limit, cursor)
        assert len(page.items) <= limit
        seen += [str(one.id) for one in page.items]
        cursor = page.next
        if cursor is None:
            return seen
        meanwhile()


def lists(desk: Desk, anna: Customer, conversation: str) -> dict[str, Look]:
    everything = ConversationFilter()
    return {
        "conversations": lambda c, n, at: listing.list_conversations(c, everything, n, at),
        "messages": lambda c, n, at: queries.list_messages(c, int(conversation), n, at),
        "timeline": lambda c, n, at: queries.contact_timeline(c, anna.id, n, at),
        "contacts": lambda c, n, at: queries.list_contacts(c, "", n, at),
        "journal": lambda c, n, at: queries.list_journal(c, None, n, at),
    }


LISTS = ("conversations", "messages", "timeline", "contacts", "journal")


@pytest.mark.parametrize("limit", [1, 3])
@pytest.mark.parametrize("name", LISTS)
def test_a_list_read_page_by_page_has_no_gap_and_no_double(
    desk: Desk, anna: Customer, name: str, limit: int
) -> None:
    conversation = anna.says("0").conversation_id
    for number in range(1, 7):
        anna.says(str(number))
        desk.customer(f"other {number}").says("Hello")
    look = lists(desk, anna, conversation)[name]
    with desk.store.read() as connection:
        expected = [str(one.id) for one in look(connection, 100, None).items]
    newcomers = iter(range(1000))

    def meanwhile() -> None:
        desk.customer(f"newcomer {next(newcomers)}").says("I came while you were reading")
        anna.says("me too") if name != "conversations" else None

    assert pages(desk, look, limit, meanwhile) == expected


@pytest.mark.parametrize("limit", [1, 2])
def test_search_read_page_by_page_has_no_gap_and_no_double(
    desk: Desk, anna: Customer, limit: int
) -> None:
    expected = [anna.says(f"yellow shoe {number}").id for number in range(7)]
    anna.says("a hat")
    seen: list[str] = []
    cursor = None
    while True:
        with desk.store.read() as connection:
            page = Searcher(connection).search("yellow", limit, cursor)
        seen += [one.message.id for one in page.items if one.message]
        cursor = page.next
        if cursor is None:
            break
        anna.says("yellow again")
    assert seen == expected[::-1]


@pytest.mark.parametrize("limit", [1, 2])
def test_a_merged_contact_is_found_once(
    desk: Desk, anna: Customer, boris: Customer, limit: int
) -> None:
    mail = desk.customer("anna.kask@example.org", "other", name="Anna")
    for one in (anna, boris, mail):
        one.says("Hello")
    desk.customer("x", name="Anna Other").says("Hello")
    desk.links_up(anna, mail)
    found = pages(desk, lambda c, n, at: queries.list_contacts(c, "anna", n, at), limit, int)
    assert sorted(found) == sorted({anna.contact.id, desk.customer("x").contact.id})


WRONG = [
    "",
    "nonsense",
    "====",
    "ä",
    "e30",
    *(
        base64.urlsafe_b64encode(json.dumps(edge).encode()).decode().rstrip("=")
        for edge in (
            [],
            [1],
            [-1],
            [1.5],
            [None],
            [True],
            ["x"],
            [1, 2],
            ["2026-01-01T00:00:00", 1],
            ["2026-01-01T00:00:00Z", "1"],
            ["2026-01-01T00:00:00Z"],
            ["not a time", 1],
            [2**64],
            ["2026-01-01T00:00:00Z", 2**63],
            [1, 2, 3],
            {"a": 1},
            "x",
            [[1]],
        )
    ),
]


@pytest.mark.parametrize("name", LISTS)
def test_a_cursor_of_another_list_is_refused(desk: Desk, anna: Customer, name: str) -> None:
    conversation = anna.says("Hello").conversation_id
    look = lists(desk, anna, conversation)[name]
    good = {"contacts": [1], "journal": [1]}
    for cursor in WRONG:
        edge = None
        with contextlib.suppress(ValueError):
            edge = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if edge == good.get(name):
            continue
        with desk.store.read() as connection, pytest.raises(Invalid) as refused:
            look(connection, 10, cursor)
        assert refused.value.field == "cursor", cursor


def test_a_cursor_of_another_search_is_refused(desk: Desk, anna: Customer) -> None:
    anna.says("Hello")
    for cursor in [*WRONG[:5], "WyJ4Il0", "WzEsMl0"]:
        with desk.store.read() as connection, pytest.raises(Invalid):
            Searcher(connection).search("hello", 10, cursor)


# -- filters --------------------------------------------------------------------------------------


def test_conversations_are_listed_by_last_activity(
    desk: Desk, anna: Customer, boris: Customer
) -> None:
    anna.says("Hello")
    boris.says("Hi")
    anna.says("Hello again")
    assert [one.contact.name for one in desk.conversations()] == ["Anna Kask", "Boris"]


def test_conversations_are_filtered(desk: Desk, anna: Customer, boris: Customer) -> None:
    annas = anna.says("Hello").conversation_id
    boriss = desk.message(desk.receives(boris.message("Hi"), "other").message_id or 0)
    desk.changes(annas, labels=["vip"], assignee_id=desk.agent.id, status="pending")
    for wanted, expected in (
        ({"status": "pending"}, [annas]),
        ({"assignee": str(desk.agent.id)}, [annas]),
        ({"assignee": "none"}, [boriss.conversation_id]),
        ({"connector": "other"}, [boriss.conversation_id]),
        ({"label": "vip"}, [annas]),
        ({"label": "nope"}, []),
        ({"team": "1"}, []),
        ({"assignee": "nonsense"}, []),
        ({"assignee": "9" * 40}, []),
        ({"status": "pending", "connector": "other"}, []),
    ):
        assert [one.id for one in desk.conversations(**wanted)] == expected, wanted


def test_an_unknown_id_is_not_found(desk: Desk) -> None:
    with desk.store.read() as connection:
        for look in (
            lambda: queries.list_messages(connection, 4711, 10, None),
            lambda: queries.contact_timeline(connection, 4711, 10, None),
            lambda: reachability.list_reachable_addresses(
                connection, 4711, {}, Fallback(), datetime.now(UTC)
            ),
        ):
            with pytest.raises(NotFound):
                look()


def test_after_a_reconnect_nothing_is_missing_and_nothing_double(
    desk: Desk, anna: Customer
) -> None:
    said = [anna.says(str(number)) for number in range(7)]
    seen = [said[0].id]
    more = True
    while more:
        with desk.store.read() as connection:
            found, more = queries.messages_after(connection, int(seen[-1]), 2)
        seen += [one.id for one in found]
    assert seen == [one.id for one in said]


# -- on an index ----------------------------------------------------------------------------------


def explained(store: Store, look: Callable[[Connection], Any]) -> list[tuple[str, list[str]]]:
    """What SQLite plans for every statement that `look` runs."""
    plans: list[tuple[str, list[str]]] = []
    with store.read() as connection:
        driver: Any = connection.connection.driver_connection
        statements: list[str] = []
        driver.set_trace_callback(statements.append)
        look(connection)
        driver.set_trace_callback(None)
        for statement in statements:
            if statement.lstrip().upper().startswith("SELECT"):
                rows = driver.execute(f"EXPLAIN QUERY PLAN {statement}").fetchall()
                plans.append((statement, [row[3] for row in rows]))
    assert plans
    return plans


@pytest.mark.parametrize(
    "name",
    [*LISTS, "open", "mine", "unassigned", "connector", "label", "failed journal", "a person's"],
)
def test_every_list_is_read_along_an_index(sqlite_store: Store, tmp_path: Any, name: str) -> None:
    desk = Desk(sqlite_store, tmp_path)
    anna = desk.customer("anna", name="Anna")
    conversation = anna.says("Hello").conversation_id

    def conversations(**wanted: str) -> Look:
        return lambda c, n, at: listing.list_conversations(c, ConversationFilter(**wanted), n, at)

    looks: dict[str, Look] = {
        **lists(desk, anna, conversation),
        "open": conversations(status="open"),
        "mine": conversations(status="open", assignee="1"),
        "unassigned": conversations(status="open", assignee="none"),
        "connector": conversations(connector="toy"),
        "label": conversations(label="vip"),
        "failed journal": lambda c, n, at: queries.list_journal(c, "failed", n, at),
        "a person's": lambda c, n, at: queries.current_conversation(c, anna.id),  # type: ignore[dict-item,return-value]
    }
    with sqlite_store.read() as connection:
        first = None
        if name != "a person's":
            anna.says("Hello again")
            desk.customer("b").says("Hi")
            first = looks[name](connection, 1, None).next
    for cursor in {None, first}:
        plans = explained(sqlite_store, lambda c, at=cursor: looks[name](c, 10, at))  # type: ignore[misc]
        for statement, plan in plans:
            # What belongs to one page may be sorted; the list itself is in order as it is read.
            is_of_a_page = " IN (" in statement or name == "a person's"
            for line in plan:
                assert "AUTOMATIC" not in line, (statement, plan)
                assert is_of_a_page or "TEMP B-TREE" not in line, (statement, plan)
                # Reading a table by its own key, newest first, is an index too.
                is_by_key = line in ("SCAN contact", "SCAN journal") and name in line + "s"
                if line.startswith("SCAN") and not is_by_key:
                    assert "INDEX" in line, (statement, plan)


# -- search ---------------------------------------------------------------------------------------

TEXTS = {
    "arabic": "أين طلبي رقم ١٢٣ من فضلكم؟ الحقيبة الجديدة",
    "persian": "سلام، می‌خواهم کیف چرمی را پس بدهم",
    "estonian": "Tere! Kas kingad suuruses 39 on müügil? Õhtul, šokolaadipruun",
    "polish": "Dzień dobry, złożyłam zamówienie na żółtą łódkę",
    "english": "Where's my order #A-1042? It's late",
}


FOUND = [
    ("طلبي", "arabic"),
    ("طلبی", "arabic"),  # a Persian keyboard's yeh
    ("اين", "arabic"),  # without the hamza
    ("الحقيبه", "arabic"),  # heh for teh marbuta
    ("می‌خواهم", "persian"),
    ("می خواهم", "persian"),
    ("مي‌خواهم", "persian"),  # an Arabic keyboard's yeh
    ("كيف", "persian"),  # an Arabic keyboard's kaf
    ("کیف چر", "persian"),
    ("müügil", "estonian"),
    ("muugil", "estonian"),
    ("OHTUL", "estonian"),
    ("šokolaad", "estonian"),
    ("sokolaad", "estonian"),
    ("kingad 39", "estonian"),
    ("żółtą łódkę", "polish"),
    ("zolta lodk", "polish"),
    ("ZAMÓWIENIE", "polish"),
    ("order", "english"),
    ("ord", "english"),
    ("a-1042", "english"),
    ("1042", "english"),
    ("late where", "english"),
]


def test_words_are_found_in_every_script(desk: Desk) -> None:
    ids = {name: desk.customer(name).says(text).id for name, text in TEXTS.items()}
    for query, expected in FOUND:
        with desk.store.read() as connection:
            found = Searcher(connection).search(query, 10, None).items
        assert [one.message.id for one in found if one.message] == [ids[expected]], query


HOSTILE = [
    "",
    " ",
    "'",
    '"',
    '"order',
    "order*",
    "order OR late",
    "NEAR(order late)",
    "body:order",
    "-order",
    "^order",
    "(order",
    "order)",
    "order & late",
    "order | late",
    "!order",
    "order:*",
    "a\\b",
    "%",
    "_",
    ";--",
    "\0",
    "\ud83d",
    "{order}",
    "order AND NOT late",
    "'); DROP TABLE",
    "<->",
    "w" * 3000,
    "نَ" * 2000,
    "🙂",
    "1" * 400,
    " ".join(map(str, range(500))),
]


def test_nothing_in_a_query_breaks_the_search(desk: Desk) -> None:
    anna = desk.customer("anna", name="Anna")
    said = anna.says("my order is late")
    for query in HOSTILE:
        with desk.store.read() as connection:
            found = Searcher(connection).search(query, 100, None).items
            queries.list_contacts(connection, query, 10, None)
        if query.strip("!-^():*{}\"'% ") == "order":
            assert said.id in [one.message.id for one in found if one.message], query
        anna.says(query or "empty")  # and nothing in a text breaks the index


def test_only_the_last_word_may_be_the_beginning_of_a_word(desk: Desk, anna: Customer) -> None:
    anna.says("yellow shoes")
    with desk.store.read() as connection:
        assert Searcher(connection).search("yellow sho", 10, None).items
        assert not Searcher(connection).search("yel shoes", 10, None).items


def test_contacts_are_found_by_name_address_and_attribute(desk: Desk) -> None:
    anna = desk.customer("+37255512345", name="Żaneta Õispuu")
    anna.says("Hello")
    desk.store.write(lambda tx: profiles.edit_contact(tx, anna.id, attributes={"city": "Łódź"}))
    with desk.store.read() as connection:
        for query in ("zaneta", "oisp", "372555", "lodz"):
            found = queries.list_contacts(connection, query, 10, None).items
            assert [one.id for one in found] == [anna.contact.id], query
        first = Searcher(connection).search("zaneta", 10, None).items[0]
    assert (first.type, first.contact) == ("contact", anna.contact)


def test_a_contact_that_was_renamed_is_found_by_the_new_name_only(
    desk: Desk, anna: Customer
) -> None:
    anna.says("Hello")
    desk.store.write(lambda tx: profiles.edit_contact(tx, anna.id, name="Maria"))
    with desk.store.read() as connection:
        assert queries.list_contacts(connection, "maria", 10, None).items
        assert not queries.list_contacts(connection, "kask", 10, None).items


def test_a_snippet_shows_the_word(desk: Desk, anna: Customer) -> None:
    anna.says("x " * 500 + "needle " + "y " * 500)
    with desk.store.read() as connection:
        (found,) = Searcher(connection).search("needle", 10, None).items
    assert "needle" in found.snippet
    assert len(found.snippet) < 200


ALPHABET = st.characters(exclude_categories=("Cs", "Cn", "Co"), max_codepoint=0xFFFF)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(text=st.text(ALPHABET, min_size=1, max_size=30))
@pytest.mark.servers
def test_both_databases_find_the_same(
    sqlite_store: Store, postgres_store: Store, text: str
) -> None:
    """What one indexes under a word, the other does, too."""
    words = search_index.fold(text).split()
    results = []
    for store in (sqlite_store, postgres_store):
        with store.engine.execution_options(writes=True).begin() as connection:
            from hub.store.engine import Transaction

            tx = Transaction(connection)
            search_index.index_message(tx, 999_999, text)
            tx.run_before_commit()
            results.append(
                [bool(search_index.find_messages(connection, word, None, 5)) for word in words]
            )
            connection.rollback()
    if all(word.isascii() or any(c < "\u0600" for c in word) for word in words):
        assert results[0] == results[1]
    assert all(results[1])


def test_old_texts_are_kept_in_the_order_of_the_edits(desk: Desk, anna: Customer) -> None:
    said = anna.says("one")
    anna.edits(said, "two")
    anna.edits(said, "three")
    assert [one.text for one in desk.message(said.id).edits] == ["one", "two"]
    assert desk.count(message_edits) == 2
