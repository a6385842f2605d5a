"""A prepared statement does what the same statement does in SQLAlchemy, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any, NamedTuple

import pytest
from sqlalchemy import bindparam, cast, null, select, text, update
from sqlalchemy.exc import IntegrityError, OperationalError

from hub.store.columns import UtcDateTime
from hub.store.engine import Store, Transaction, Upsert, is_unavailable
from hub.store.models import journal, teams
from hub.store.prepared import Prepared, insert_all
from tests.core.store.test_engine import Batch, add, names

NOW = datetime(2026, 7, 1, 12, 30, 15, 123456, tzinfo=UTC)
LONG_TEXT = "x" * 300_000


class TeamRow(NamedTuple):
    id: int
    name: str


def entry(key: str, **more: Any) -> dict[str, Any]:
    """A row of the journal."""
    return {
        "connector": "mail",
        "key": key,
        "status": "done",
        "path": "",
        "media_type": "text/plain",
        "query": {"a": ["1", "ü"]},
        "body": b"\x00\xff",
        "error": "",
        "received_at": NOW,
        **more,
    }


def add_entries(store: Store, *keys: str) -> list[int]:
    insert_entry = Prepared(insert_all(journal))
    return store.write(
        lambda tx: [insert_entry.rows(tx.connection, entry(key))[0].id for key in keys]
    )


def test_an_insert_returns_the_id_and_converts_every_value(store: Store) -> None:
    (entry_id,) = add_entries(store, "1")
    with store.read() as connection:
        row = connection.execute(select(journal)).mappings().one()
    assert dict(row) == {"id": entry_id, **entry("1")}


def test_rows_are_the_same_as_those_of_sqlalchemy(store: Store) -> None:
    add_entries(store, "1", "2")
    statement = select(journal).order_by(journal.c.id)
    with store.read() as connection:
        prepared = Prepared(statement).rows(connection, {})
        plain = connection.execute(statement).all()
    assert [tuple(row) for row in prepared] == [tuple(row) for row in plain]
    assert [row.received_at for row in prepared] == [NOW, NOW]
    assert [row.query for row in prepared] == [row.query for row in plain]


def test_a_time_of_another_zone_is_stored_as_utc(store: Store) -> None:
    abroad = NOW.astimezone(timezone(timedelta(hours=-7)))
    insert_entry = Prepared(insert_all(journal))
    store.write(lambda tx: insert_entry.rows(tx.connection, entry("1", received_at=abroad)))
    at_that_time = Prepared(
        select(journal.c.received_at).where(journal.c.received_at == bindparam("received_at"))
    )
    with store.read() as connection:
        row = at_that_time.first(connection, {"received_at": abroad})
    assert row is not None
    assert (row.received_at, row.received_at.tzinfo) == (NOW, UTC)


def test_null_stays_null(store: Store) -> None:
    store.write(lambda tx: add(tx, "sales"))
    empty = Prepared(select(null().label("name"), cast(None, UtcDateTime).label("at")))
    with store.read() as connection:
        assert tuple(empty.rows(connection, {})[0]) == (None, None)


def test_a_statement_without_rows_gives_none(store: Store) -> None:
    add_entries(store, "1")
    fail = Prepared(
        update(journal).where(journal.c.key == bindparam("entry")).values(status="failed")
    )
    assert store.write(lambda tx: fail.rows(tx.connection, {"entry": "1"})) == []
    with store.read() as connection:
        assert connection.execute(select(journal.c.status)).scalar_one() == "failed"


def test_a_statement_in_sql_runs_on_both_databases(store: Store) -> None:
    add_entries(store, "1", "2")
    remove = Prepared(text("DELETE FROM journal WHERE key = :key"))
    store.write(lambda tx: remove.rows(tx.connection, {"key": "1"}))
    with store.read() as connection:
        assert connection.execute(select(journal.c.key)).scalars().all() == ["2"]


def test_a_constant_of_the_statement_needs_no_parameter(store: Store) -> None:
    add_entries(store, "1", "2", "3")
    newest = Prepared(
        select(journal.c.key)
        .where(journal.c.status == "done", journal.c.id >= bindparam("first"))
        .order_by(journal.c.id.desc())
        .limit(1)
    )
    with store.read() as connection:
        assert [row.key for row in newest.rows(connection, {"first": 1})] == ["3"]


def test_one_statement_takes_lists_of_any_length(store: Store) -> None:
    add_entries(store, "1", "2", "3")
    among = Prepared(
        select(journal.c.key)
        .where(journal.c.key.in_(bindparam("keys", expanding=True)))
        .order_by(journal.c.key)
    )
    with store.read() as connection:
        for keys in (["1", "3"], [], ["2"], ["3", "1", "2", "4"]):
            rows = among.rows(connection, {"keys": keys})
            assert [row.key for row in rows] == sorted(set(keys) & {"1", "2", "3"})


def test_an_upsert_that_meets_its_row_gives_no_row(store: Store) -> None:
    once = Prepared(Upsert(journal, ["connector", "key"], returning=["id"]))
    first = store.write(lambda tx: once.first(tx.connection, entry("1")))
    again = store.write(lambda tx: once.first(tx.connection, entry("1")))
    assert first is not None
    assert again is None


def test_rows_have_the_type_that_was_named(store: Store) -> None:
    store.write(lambda tx: add(tx, "sales"))
    by_name = Prepared(
        select(teams.c.id, teams.c.name).where(teams.c.name == bindparam("name")), TeamRow
    )
    with store.read() as connection:
        assert by_name.first(connection, {"name": "sales"}) == TeamRow(1, "sales")
        assert by_name.first(connection, {"name": "support"}) is None


def test_a_row_type_with_other_columns_is_refused(sqlite_store: Store) -> None:
    by_name = Prepared(select(teams.c.name, teams.c.id), TeamRow)
    with sqlite_store.read() as connection, pytest.raises(AssertionError, match="other columns"):
        by_name.rows(connection, {})


# -- errors --------------------------------------------------------------------------------------


def test_an_error_is_that_of_sqlalchemy_and_keeps_what_customers_wrote_to_itself(
    store: Store,
) -> None:
    add_entries(store, "a secret key")
    with pytest.raises(IntegrityError) as refused:
        add_entries(store, "a secret key")
    assert not is_unavailable(refused.value)
    assert "INSERT INTO journal" in str(refused.value)
    if store.is_sqlite:  # PostgreSQL itself names the key that is there already
        assert "a secret key" not in str(refused.value)
    assert refused.value.orig is not None
    assert refused.value.__cause__ is refused.value.orig


def has_no_room(store: Store, tx: Transaction) -> None:
    """Fills the only free page, and more."""
    tx.connection.exec_driver_sql("PRAGMA max_page_count = 1")
    Prepared(insert_all(journal)).rows(tx.connection, entry("1", error=LONG_TEXT))


def test_a_full_database_is_unavailable(sqlite_store: Store) -> None:
    with pytest.raises(OperationalError, match="full") as full:
        sqlite_store.write(lambda tx: has_no_room(sqlite_store, tx))
    assert is_unavailable(full.value)


def test_of_those_who_share_a_commit_a_full_database_is_told_to_who_found_no_room(
    sqlite_store: Store,
) -> None:
    store = sqlite_store
    with Batch(store) as batch:
        batch.write("before", lambda tx: add(tx, "before"))
        batch.write("full", lambda tx: has_no_room(store, tx))
        batch.write("after", lambda tx: add(tx, "after"))
    full = batch.outcomes.pop("full")
    assert isinstance(full, OperationalError)
    assert "full" in str(full)
    confirmed = {name for name, outcome in batch.outcomes.items() if isinstance(outcome, int)}
    refused = {name for name in batch.outcomes if name not in confirmed}
    assert all(is_unavailable(batch.outcomes[name]) for name in refused)
    assert set(names(store)) == confirmed


def test_when_a_fault_ends_the_whole_transaction_everybody_in_it_is_told_unavailable(
    sqlite_store: Store,
) -> None:
    """SQLite may end a transaction on its own: the savepoints of those in it are gone then."""
    store = sqlite_store

    def loses_the_transaction(tx: Transaction) -> None:
        tx.connection.exec_driver_sql("ROLLBACK")
        raise OperationalError("INSERT", None, Exception("disk I/O error"))

    with Batch(store) as batch:
        batch.write("before", lambda tx: add(tx, "before"))
        batch.write("lost", loses_the_transaction)
        batch.write("after", lambda tx: add(tx, "after"))
    first = batch.outcomes.pop("first")
    assert isinstance(first, int)
    assert "disk I/O error" in str(batch.outcomes["lost"])
    assert all(is_unavailable(outcome) for outcome in batch.outcomes.values()), batch.outcomes
    assert names(store) == ["first"]
    store.write(lambda tx: add(tx, "next"))
    assert names(store) == ["first", "next"]
