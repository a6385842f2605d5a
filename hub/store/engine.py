"""Opens the database, and is the only door to it.

Reading takes a connection for as long as a block lasts. Writing hands over a function, which gets a
transaction and must do nothing but use it: no network, no waiting. On SQLite the functions that
wait at the same moment share one transaction, each in a savepoint of its own, so that one flush of
the disk serves all of them; on PostgreSQL each has its own transaction.
"""

from __future__ import annotations

import importlib
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Generic, TypeVar

import orjson
from sqlalchemy import (
    Connection,
    CursorResult,
    Engine,
    Table,
    create_engine,
    event,
    make_url,
    text,
)
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import QueuePool
from sqlalchemy.sql import Executable

from hub import runtime
from hub.store.driver import execute_in_driver

T = TypeVar("T")
Publish = Callable[[Sequence[Any]], None]

#: How many waiting writers share one commit. More would make the first of them wait for the last.
BATCH = 64
#: A constant of ours in the space of PostgreSQL's advisory locks.
LOCK_SPACE = 0x48554200


class Upsert:
    """An INSERT that meets a row with the same `key`: both databases can, each in its words.

    Without `update` the present row stays; `returning` then gives no row. With `update` the named
    columns take the new values, and those of `compute` what is made of the old row and the new one.
    """

    def __init__(
        self,
        table: Table,
        key: Sequence[str],
        *,
        update: Sequence[str] = (),
        compute: Mapping[str, Callable[[Any], Any]] | None = None,
        returning: Sequence[str] = (),
    ) -> None:
        self._table = table
        self._key = list(key)
        self._update = update
        self._compute = compute or {}
        self._returning = returning
        self._by_dialect: dict[str, Executable] = {}

    def for_dialect(self, name: str) -> Executable:
        if name not in self._by_dialect:
            # Only the dialect in use is imported: the other would cost every hub 2.5 MB.
            dialect = importlib.import_module(f"sqlalchemy.dialects.{name}")
            self._by_dialect[name] = self._build(dialect.insert(self._table))
        return self._by_dialect[name]

    def _build(self, insert: Any) -> Executable:
        if self._update:
            values = {name: insert.excluded[name] for name in self._update}
            values |= {name: made(insert.excluded) for name, made in self._compute.items()}
            insert = insert.on_conflict_do_update(index_elements=self._key, set_=values)
        else:
            insert = insert.on_conflict_do_nothing(index_elements=self._key)
        columns = [self._table.c[name] for name in self._returning]
        found = insert.returning(*columns) if columns else insert
        assert isinstance(found, Executable)
        return found


class Transaction:
    """What a unit of work may do: run statements, and say what happened.

    `now` is one moment for the whole of it. Events are published after the commit, or never.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.now = datetime.now(UTC)
        self.events: list[Any] = []
        self._last: list[Callable[[Connection], object]] = []

    def execute(
        self,
        statement: Executable | Upsert,
        parameters: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
    ) -> CursorResult[Any]:
        if isinstance(statement, Upsert):
            statement = statement.for_dialect(self.connection.dialect.name)
        return self.connection.execute(statement, parameters)

    def at_last(self, work: Callable[[Connection], object]) -> None:
        """Does this right before the commit, after all that shares it; nothing in here sees it."""
        self._last.append(work)

    def end(self) -> None:
        """Does what was left for the last. The store's to call."""
        for work in self._last:
            work(self.connection)

    def publish(self, *events: Any) -> None:
        self.events.extend(events)

    @property
    def is_postgres(self) -> bool:
        return self.connection.dialect.name == "postgresql"

    def lock(self, name: str) -> None:
        """Waits until no other transaction holds this name. SQLite has one writer anyway."""
        if self.is_postgres:
            self.connection.execute(_ADVISORY_LOCK, {"space": LOCK_SPACE, "name": name})


_ADVISORY_LOCK = text("SELECT pg_advisory_xact_lock(:space, hashtext(:name))")


class _Job(Generic[T]):
    """One unit of work on its way through the writer."""

    __slots__ = ("error", "finished", "result", "transaction", "work")

    def __init__(self, work: Callable[[Transaction], T]) -> None:
        self.work = work
        self.finished = False
        self.error: BaseException | None = None
        self.result: T | None = None
        self.transaction: Transaction | None = None

    def run(self, connection: Connection) -> None:
        self.transaction = Transaction(connection)
        self.result = self.work(self.transaction)

    def end(self) -> None:
        """Does the rest, right before the commit; of what failed nothing is left to do."""
        if self.transaction is not None and self.error is None:
            self.transaction.end()

    @property
    def events(self) -> list[Any]:
        """What to tell once it is on disk."""
        return [] if self.transaction is None or self.error else self.transaction.events

    def outcome(self) -> T:
        if self.error is not None:
            raise self.error
        return self.result  # type: ignore[return-value]


class Store:
    """A database with its schema in place. `publish` gets the events of every commit, in order."""

    def __init__(self, url: str) -> None:
        self.engine = open_engine(url)
        self._writing = self.engine.execution_options(writes=True)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        self._subscribers: list[Publish] = []
        self._waiting: deque[_Job[Any]] = deque()
        self._writer_lock = threading.Lock()
        self._in_order = threading.Lock()
        self._writer: Connection | None = None

    def subscribe(self, publish: Publish) -> None:
        """Calls `publish` with the events of every commit. It must return at once."""
        self._subscribers.append(publish)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with self.engine.connect() as connection:
            yield connection

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Runs `work` in a transaction and returns once it is durably on disk.

        Raises whatever `work` raises, with nothing of it kept; or the database's own error when
        the commit fails, with nothing kept of anything that shared it.
        """
        job = _Job(work)
        if self.is_sqlite:
            self._waiting.append(job)
            with self._writer_lock:
                while not job.finished:  # more may have waited before us than one commit takes
                    runtime.breathe()  # those who are ready to write come along
                    self._write_batch()
        else:
            self._write_alone(job)
        return job.outcome()

    def announce(self, *events: Any) -> None:
        """Publishes what is written nowhere: that somebody is typing."""
        for publish in self._subscribers:
            publish(events)

    def close(self) -> None:
        with self._writer_lock:
            if self._writer is not None:
                self._writer.close()
                self._writer = None
        self.engine.dispose()

    # -- SQLite: one writer, many jobs ----------------------------------------------------------

    def _write_batch(self) -> None:
        batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), BATCH))]
        try:
            if self._writer is None:
                self._writer = self._writing.connect()
            self._run_batch(self._writer, batch)
        except BaseException as error:
            # The transaction is gone, and with it the work of everybody in it.
            for job in batch:
                job.error = job.error or error
            if self._writer is not None:
                self._writer.invalidate()
                self._writer.close()
                self._writer = None
            if not isinstance(error, Exception):
                raise
        finally:
            for job in batch:
                job.finished = True
        self._published(batch)

    def _run_batch(self, writer: Connection, batch: list[_Job[Any]]) -> None:
        with writer.begin() as transaction:
            if len(batch) == 1:
                try:
                    batch[0].run(writer)
                    batch[0].end()
                except Exception as error:  # noqa: BLE001 - it is handed to whoever asked
                    batch[0].error = error
                    transaction.rollback()  # only it is in there: no savepoint is needed
                return
            for job in batch:
                execute_in_driver(writer, "SAVEPOINT job")
                try:
                    job.run(writer)
                except Exception as error:  # noqa: BLE001 - it is handed to whoever asked
                    # Before the rollback: a full disk may have ended the whole transaction, and
                    # then there is no savepoint to go back to.
                    job.error = error
                    execute_in_driver(writer, "ROLLBACK TO job")
                execute_in_driver(writer, "RELEASE job")
            for job in batch:
                job.end()

    # -- PostgreSQL: one transaction each ---------------------------------------------------------

    def _write_alone(self, job: _Job[Any]) -> None:
        with self._writing.connect() as connection, connection.begin() as transaction:
            job.run(connection)
            job.end()
            if job.events:
                with self._in_order:  # or a later commit could be told before an earlier one
                    transaction.commit()
                    self._published([job])

    def _published(self, batch: list[_Job[Any]]) -> None:
        events = [event for job in batch for event in job.events]
        if events:
            for publish in self._subscribers:
                publish(events)


def is_there(url: str) -> bool:
    """Whether a database was ever made under this URL, as far as can be told without a look."""
    path = make_url(url).database if url.startswith("sqlite") else None
    return path is None or Path(path).exists()


def open_engine(url: str) -> Engine:
    """An engine for `sqlite:///path` or `postgresql://...`, with JSON by orjson."""
    if url.startswith(("postgres://", "postgresql://")):
        url = "postgresql+psycopg2://" + url.split("://", 1)[1]
    options: dict[str, Any] = {
        "hide_parameters": True,  # what customers wrote stays out of errors, and so out of logs
        "json_serializer": lambda value: orjson.dumps(value).decode(),
        "json_deserializer": orjson.loads,
    }
    if not url.startswith("sqlite"):
        return create_engine(url, pool_size=16, max_overflow=32, pool_pre_ping=True, **options)
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=8,
        max_overflow=64,
        connect_args={"check_same_thread": False, "timeout": 10, "isolation_level": None},
        **options,
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",  # an acknowledged event survives a power cut
        "foreign_keys = ON",
        "busy_timeout = 10000",
        "wal_autocheckpoint = 4000",  # 16 MB: fewer, larger copies back into the file
        "cache_size = -16000",
        "temp_store = MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_immediate(connection: Connection) -> None:
    # Readers run without a transaction: every statement sees the latest commit, and WAL keeps them
    # out of the writer's way. The writer takes the lock at once, so that it never fails half-way.
    if connection.get_execution_options().get("writes"):
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def is_unavailable(error: BaseException) -> bool:
    """Whether the database itself is the problem (locked, full, gone), not what was asked."""
    return isinstance(error, OperationalError)
