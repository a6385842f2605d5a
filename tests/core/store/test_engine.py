"""The one door to the database: who shares a commit, who fails alone, what is told and when."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from hub.store import models
from hub.store.engine import BATCH, Store, Transaction, _Job
from hub.store.migrate import HEAD, MIGRATIONS, current, is_current, migrate, upgrade
from hub.store.models import connector_states, team_members, teams, tokens
from tests.core.conftest import DATABASES
from tests.core.desk import WAIT, at_once


def add(tx: Transaction, name: str) -> int:
    found = tx.execute(
        insert(teams).values(name=name, created_at=tx.now).returning(teams.c.id)
    ).scalar_one()
    tx.publish(name)
    return int(found)


def names(store: Store) -> list[str]:
    with store.read() as connection:
        return list(connection.execute(select(teams.c.name).order_by(teams.c.id)).scalars())


class Batch:
    """Makes writers wait behind one that holds the door, so that they share a commit."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.outcomes: dict[str, Any] = {}
        self._threads: list[threading.Thread] = []
        self._inside, self._go = threading.Event(), threading.Event()

    def __enter__(self) -> Batch:
        self._start("first", self._hold)
        assert self._inside.wait(WAIT)
        return self

    def _hold(self, tx: Transaction) -> int:
        self._inside.set()
        assert self._go.wait(WAIT)
        return add(tx, "first")

    def write(self, name: str, work: Any) -> None:
        before = len(self.store._waiting)
        self._start(name, work)
        while self.store.is_sqlite and len(self.store._waiting) == before:
            pass

    def _start(self, name: str, work: Any) -> None:
        def run() -> None:
            try:
                self.outcomes[name] = self.store.write(work)
            except Exception as error:  # noqa: BLE001 - it is what the test looks at
                self.outcomes[name] = error

        thread = threading.Thread(target=run)
        self._threads.append(thread)
        thread.start()

    def __exit__(self, *_: object) -> None:
        self._go.set()
        for thread in self._threads:
            thread.join(WAIT)


def test_a_write_returns_what_its_work_returned(store: Store) -> None:
    assert store.write(lambda tx: add(tx, "sales")) == 1
    assert names(store) == ["sales"]


def test_a_write_that_fails_keeps_nothing_and_tells_nothing(store: Store) -> None:
    told: list[Any] = []
    store.subscribe(told.extend)

    def work(tx: Transaction) -> None:
        add(tx, "sales")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.write(work)
    assert (names(store), told) == ([], [])
    store.write(lambda tx: add(tx, "support"))
    assert (names(store), told) == (["support"], ["support"])


def test_only_the_job_that_fails_is_taken_back(store: Store) -> None:
    told: list[Any] = []
    store.subscribe(told.extend)

    def broken(tx: Transaction) -> None:
        add(tx, "broken")
        add(tx, "broken")  # the name is taken

    with Batch(store) as batch:
        batch.write("before", lambda tx: add(tx, "before"))
        batch.write("broken", broken)
        batch.write("after", lambda tx: add(tx, "after"))
    assert isinstance(batch.outcomes["broken"], IntegrityError)
    assert sorted(names(store)) == ["after", "before", "first"]
    assert sorted(told) == ["after", "before", "first"]


def test_what_is_done_at_last_is_part_of_the_commit_and_none_of_who_failed(store: Store) -> None:
    def work(name: str, fails: bool, tx: Transaction) -> None:
        statement = insert(teams).values(name=f"{name} at last", created_at=tx.now)
        tx.before_commit(lambda connection: connection.execute(statement))
        add(tx, name)
        if fails:
            raise ZeroDivisionError

    with Batch(store) as batch:
        for name, fails in (("one", False), ("broken", True), ("other", False)):
            batch.write(name, partial(work, name, fails))
    assert isinstance(batch.outcomes["broken"], ZeroDivisionError)
    assert sorted(names(store)) == ["first", "one", "one at last", "other", "other at last"]
    if store.is_sqlite:
        assert names(store)[-2:] == ["one at last", "other at last"]


def test_what_cannot_be_done_at_last_keeps_nothing(store: Store) -> None:
    def work(tx: Transaction) -> None:
        add(tx, "one")
        tx.before_commit(lambda _: 1 / 0)

    told: list[Any] = []
    store.subscribe(told.extend)
    with pytest.raises(ZeroDivisionError):
        store.write(work)
    assert (names(store), told) == ([], [])
    assert store.write(lambda tx: add(tx, "two"))


def test_when_the_commit_fails_nobody_who_shared_it_is_told_yes(sqlite_store: Store) -> None:
    store = sqlite_store
    told: list[Any] = []
    store.subscribe(told.extend)

    def breaks_the_commit(tx: Transaction) -> None:
        tx.connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        tx.execute(insert(team_members).values(team_id=4711, agent_id=4711))

    with Batch(store) as batch:
        batch.write("good", lambda tx: add(tx, "good"))
        batch.write("bad", breaks_the_commit)
        batch.write("late", lambda tx: add(tx, "late"))
    assert isinstance(batch.outcomes["bad"], IntegrityError)
    assert isinstance(batch.outcomes["good"], IntegrityError)
    assert (names(store), told) == (["first"], ["first"])
    store.write(lambda tx: add(tx, "next"))
    assert names(store) == ["first", "next"]


def test_two_hundred_writers_at_once_all_get_their_own_answer(store: Store) -> None:
    def write(name: str) -> tuple[str, int]:
        return name, store.write(lambda tx: add(tx, name))

    answers = at_once(*[partial(write, str(number)) for number in range(200)])
    with store.read() as connection:
        rows = connection.execute(select(teams.c.name, teams.c.id)).all()
    assert dict(answers) == {row.name: row.id for row in rows}
    assert len(rows) == 200


def test_nobody_is_answered_before_their_own_commit(sqlite_store: Store) -> None:
    """More wait than share one commit: who comes last is not done when the first batch is."""
    store = sqlite_store
    for number in range(BATCH + 10):
        store._waiting.append(_Job(lambda tx, number=number: add(tx, str(number))))
    assert store.write(lambda tx: add(tx, "last")) == BATCH + 11
    assert names(store)[-1] == "last"


def test_events_are_told_after_the_commit(store: Store) -> None:
    seen: list[list[str]] = []
    store.subscribe(lambda events: seen.append(names(store)))
    store.write(lambda tx: add(tx, "sales"))
    assert seen == [["sales"]]


def test_events_are_told_in_the_order_of_the_commits(store: Store) -> None:
    told: list[int] = []
    store.subscribe(told.extend)
    store.write(lambda tx: add(tx, "0"))
    told.clear()

    def count(tx: Transaction) -> None:
        value = tx.execute(
            update(teams).values(name=text("CAST(CAST(name AS INTEGER) + 1 AS VARCHAR)"))
            .returning(teams.c.name)
        ).scalar_one()  # fmt: skip
        tx.publish(int(value))

    at_once(*[lambda: [store.write(count) for _ in range(10)]] * 8)
    assert told == sorted(told)
    assert len(told) == 80


def test_what_is_announced_is_told_and_not_kept(store: Store) -> None:
    told: list[Any] = []
    store.subscribe(told.extend)
    store.publish_unsaved("typing")
    assert told == ["typing"]


# -- types ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 3, 29, 3, 30, 0, 123456, tzinfo=timezone(timedelta(hours=3))),
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    ],
    ids=str,
)
def test_a_moment_comes_back_as_it_was_in_utc(store: Store, moment: datetime) -> None:
    store.write(
        lambda tx: (
            tx.execute(
                insert(tokens).values(name="x", digest="x", created_at=moment, last_used_at=None)
            ).rowcount
        )
    )
    with store.read() as connection:
        row = connection.execute(select(tokens)).one()
    assert row.created_at == moment
    assert row.created_at.utcoffset() == timedelta(0)
    assert row.last_used_at is None


# -- migrations -----------------------------------------------------------------------------------


def test_head_is_the_newest_migration() -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_current_head() == HEAD


def test_an_empty_database_is_not_current_and_then_is(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'new.db'}")
    assert not is_current(store)
    migrate(store)
    assert is_current(store)
    migrate(store)
    with store.read() as connection:
        assert current(connection) == HEAD
    store.close()


SEARCH_TABLES = ("message_search", "contact_search", "file_search")


def differences(connection: Connection) -> list[Any]:
    def include(name: str | None, kind: str, _parents: Any) -> bool:
        if kind == "column":
            return name not in ("written_by", "written_in")
        return not (kind == "table" and str(name).startswith(SEARCH_TABLES))

    context = MigrationContext.configure(
        connection, opts={"include_name": include, "compare_type": True}
    )
    return list(compare_metadata(context, models.metadata))


def test_a_fresh_database_is_what_the_models_say(store: Store) -> None:
    with store.engine.connect() as connection:
        assert differences(connection) == []


def test_the_migrations_end_where_a_fresh_database_begins(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'old.db'}")
    with store.engine.execution_options(writes=True).begin() as connection:
        upgrade(connection)
    with store.engine.connect() as connection:
        assert differences(connection) == []
        assert current(connection) == HEAD
    assert is_current(store)
    store.close()


@pytest.mark.parametrize("store", DATABASES[1:], indirect=True)
def test_partial_indexes_are_partial_on_postgresql_too(store: Store) -> None:
    partial = {
        index.name
        for table in models.metadata.tables.values()
        for index in table.indexes
        if index.dialect_options["sqlite"]["where"] is not None
    }
    with store.read() as connection:
        rows = connection.exec_driver_sql(
            "SELECT indexname FROM pg_indexes WHERE indexdef LIKE '%% WHERE %%'"
        )
        assert partial
        assert partial <= set(rows.scalars())


def test_people_of_an_older_database_are_called_what_they_were(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'old.db'}")
    with store.engine.execution_options(writes=True).begin() as connection:
        upgrade(connection, "0001")
        for row, root, name in ((1, 1, "Ann"), (2, 2, ""), (3, 2, "Owen"), (4, 4, ""), (5, 5, "")):
            connection.exec_driver_sql(
                "INSERT INTO contact (id, root_id, name, avatar_url, locale, attributes,"
                " created_at, updated_at)"
                " VALUES (?, ?, ?, '', '', '{}', '2026-01-01', '2026-01-01')",
                (row, root, name),
            )
        connection.exec_driver_sql(
            "INSERT INTO address (contact_id, scheme, scope, path, evidence, created_at)"
            " VALUES (4, 'tel', '', '+37255512345', 'verified', '2026-01-01')"
        )
    migrate(store)
    with store.read() as connection:
        found = connection.exec_driver_sql(
            "SELECT called FROM contact WHERE root_id = id ORDER BY id"
        )
        assert list(found.scalars()) == ["Ann", "Owen", "+372 5551 2345", ""]
    store.close()


def test_the_rows_of_an_older_search_index_are_noted_for_their_conversion(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'old.db'}")
    with store.engine.execution_options(writes=True).begin() as connection:
        upgrade(connection, "0005")
        for row in (1, 2):
            connection.exec_driver_sql(
                "INSERT INTO contact (id, root_id, name, called, avatar_url, locale, attributes,"
                " created_at, updated_at)"
                " VALUES (?, ?, 'Ann', 'Ann', '', '', '{}', '2026-01-01', '2026-01-01')",
                (row, row),
            )
    migrate(store)
    with store.read() as connection:
        noted = connection.exec_driver_sql("SELECT name, below FROM search_refold").all()
    assert [tuple(row) for row in noted] == [("contact_search", 2)]
    store.close()


@pytest.mark.servers
def test_the_migrations_end_there_on_postgresql_too(postgres_server: Any) -> None:
    postgres_server.psql("CREATE DATABASE migrated")
    store = Store(postgres_server.get_uri("migrated"))
    with store.engine.begin() as connection:
        upgrade(connection)
    with store.engine.connect() as connection:
        assert differences(connection) == []
    store.close()


def test_a_database_that_was_killed_in_the_middle_goes_on(sqlite_store: Store) -> None:
    """A writer that is gone leaves no lock: the next write opens another."""
    store = sqlite_store
    store.write(lambda tx: add(tx, "one"))
    assert store._writer is not None
    store._writer.connection.driver_connection.close()  # type: ignore[union-attr]
    with pytest.raises(Exception, match="closed"):
        store.write(lambda tx: add(tx, "two"))
    store.write(lambda tx: add(tx, "three"))
    assert names(store) == ["one", "three"]


def test_connector_states_are_made_once(store: Store) -> None:
    from hub.store.engine import Upsert

    make = Upsert(connector_states, ["connector"])
    row = {"connector": "mail", "cursor": "", "lease_owner": ""}
    at_once(*[lambda: store.write(lambda tx: tx.execute(make, {**row, "updated_at": tx.now}).rowcount)] * 5)  # fmt: skip  # noqa: E501
    with store.read() as connection:
        assert len(connection.execute(select(connector_states)).all()) == 1
