"""Opens the database; the only module that opens connections and transactions.

A reader has a connection for the length of a `with` block. A writer passes a function, which gets a
transaction and must only use it: no network, no waiting. On SQLite the functions that wait at the
same moment share one transaction, each in its own savepoint, so that one flush of the disk serves
all of them. On PostgreSQL each has its own transaction, which runs again when it lost a deadlock or
its connection: so the function must have no effect outside of the transaction.
"""

from __future__ import annotations

import random
import threading
import time
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
    create_engine,
    event,
    make_url,
    text,
)
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import QueuePool
from sqlalchemy.sql import Executable

from hub import runtime
from hub.store import postgres
from hub.store.commit_order import CommitOrder
from hub.store.driver import execute_in_driver
from hub.store.prepared import Prepared
from hub.store.state import StoreState
from hub.store.upsert import Upsert as Upsert

T = TypeVar("T")
Publish = Callable[[Sequence[Any]], None]

#: How many waiting writers share one commit at most: the first of them waits for the last.
BATCH = 64
#: The hub's own number among the keys of PostgreSQL's advisory locks.
LOCK_SPACE = 0x48554200
#: How often a transaction runs before its error is its caller's.
MAX_RUNS = 5
#: The longest wait before the second run, in seconds; it doubles with each further one.
RUN_AGAIN_AFTER = 0.02


class RunAgain(Exception):
    """What a transaction read before it waited for a lock is no longer true: it runs again."""


class Transaction:
    """Runs the statements of one unit of work, and collects its events.

    `now` is the same moment for the whole transaction. Events are published after the commit, and
    not at all when it fails.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.now = datetime.now(UTC)
        self.events: list[Any] = []
        self._before_commit: list[Callable[[Connection], object]] = []

    def execute(
        self,
        statement: Executable | Upsert,
        parameters: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
    ) -> CursorResult[Any]:
        """Runs a statement, once or with each of several sets of parameters."""
        if isinstance(statement, Upsert):
            statement = statement.for_dialect(self.connection.dialect.name)
        return self.connection.execute(statement, parameters)

    def before_commit(self, work: Callable[[Connection], object]) -> None:
        """Runs `work` right before the commit, after all transactions that share the commit.

        The statements of this transaction do not see its effect.
        """
        self._before_commit.append(work)

    def run_before_commit(self) -> None:
        """Runs the functions that were left for the commit. Only the store calls this."""
        for work in self._before_commit:
            work(self.connection)

    def publish(self, *events: Any) -> None:
        """Adds events to publish after the commit."""
        self.events.extend(events)

    @property
    def is_postgres(self) -> bool:
        return self.connection.dialect.name == "postgresql"

    def lock(self, name: str) -> None:
        """Lets the next statement wait until no other transaction holds the lock of this name.

        The lock is held to the end. `hub.store.lock_order` says in which order locks are taken.
        Does nothing on SQLite, which has one writer at a time.
        """
        if self.is_postgres:
            _ADVISORY_LOCK.run_later(self.connection, {"space": LOCK_SPACE, "name": name})


_ADVISORY_LOCK = Prepared(text("SELECT pg_advisory_xact_lock(:space, hashtext(:name))"))


#: Writes what follows from the events of a transaction, in the same transaction.
Observe = Callable[[Transaction], None]


class _Job(Generic[T]):
    """One unit of work, with its outcome."""

    __slots__ = ("error", "finished", "is_committing", "result", "transaction", "work")

    def __init__(self, work: Callable[[Transaction], T]) -> None:
        self.work = work
        self.finished = False
        self.is_committing = False
        self.error: BaseException | None = None
        self.result: T | None = None
        self.transaction: Transaction | None = None

    def run(self, connection: Connection, observers: Sequence[Observe]) -> None:
        self.transaction = Transaction(connection)
        self.result = self.work(self.transaction)
        for observe in observers:
            observe(self.transaction)

    def run_before_commit(self) -> None:
        """Runs the functions that the work left for the commit, unless the work failed."""
        if self.transaction is not None and self.error is None:
            self.transaction.run_before_commit()

    @property
    def events(self) -> list[Any]:
        """The events to publish after the commit; none when the work failed."""
        return [] if self.transaction is None or self.error else self.transaction.events

    def outcome(self) -> T:
        """Returns the result of the work, or raises its error."""
        if self.error is not None:
            raise self.error
        return self.result  # type: ignore[return-value]


class Store:
    """A database whose schema exists. Subscribers get the events of all commits, in their order."""

    def __init__(self, url: str) -> None:
        self.engine = open_engine(url)
        self._writing = self.engine.execution_options(writes=True)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        self._subscribers: list[Publish] = []
        self._observers: list[Observe] = []
        self.state = StoreState(self.write)
        self._waiting: deque[_Job[Any]] = deque()
        self._writer_lock = threading.Lock()
        self._commit_order = CommitOrder(self._publish)
        self._writer: Connection | None = None

    def subscribe(self, publish: Publish) -> None:
        """Calls `publish` with the events of every commit. It must return at once.

        Args:
            publish: is called in the thread that wrote, after the commit.
        """
        self._subscribers.append(publish)

    def observe(self, observe: Observe) -> None:
        """Calls `observe` at the end of every transaction, which its statements belong to.

        It sees the events that the transaction has collected, and may add some.
        """
        self._observers.append(observe)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Lends a connection for reading. On SQLite each statement sees the latest commit."""
        with self.engine.connect() as connection:
            yield connection

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Runs `work` in a transaction and returns when its changes are durably on disk.

        Args:
            work: may run several times, of which the last one counts.

        Returns: the result of `work`.
        Raises: the error of `work`, whose changes are then rolled back; or the error of the commit,
            and then the changes of all work that shared the commit are rolled back.
        """
        job = _Job(work)
        try:
            if self.is_sqlite:
                self._waiting.append(job)
                with self._writer_lock:
                    while not job.finished:  # a batch may be full before this job's turn
                        runtime.yield_control()  # other writers that are ready join the batch
                        self._write_batch()
            else:
                self._write_alone(job)
            return job.outcome()
        except Exception as error:
            self.state.note_error(error)
            raise

    def publish_unsaved(self, *events: Any) -> None:
        """Publishes events without a change in the database, such as that an agent is typing."""
        self._publish(events)

    def close(self) -> None:
        """Closes all connections."""
        self.state.close()
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
            # The transaction is rolled back, and with it the work of all jobs of the batch.
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
        self._publish_batch(batch)

    def _run_batch(self, writer: Connection, batch: list[_Job[Any]]) -> None:
        with writer.begin() as transaction:
            if len(batch) == 1:
                try:
                    batch[0].run(writer, self._observers)
                    batch[0].run_before_commit()
                except Exception as error:  # noqa: BLE001 - the caller of `write` gets it
                    batch[0].error = error
                    transaction.rollback()  # the only job of the transaction needs no savepoint
                return
            for job in batch:
                execute_in_driver(writer, "SAVEPOINT job")
                try:
                    job.run(writer, self._observers)
                except Exception as error:  # noqa: BLE001 - the caller of `write` gets it
                    # Before the rollback: a full disk may have ended the whole transaction, and
                    # then there is no savepoint to go back to.
                    job.error = error
                    execute_in_driver(writer, "ROLLBACK TO job")
                execute_in_driver(writer, "RELEASE job")
            for job in batch:
                job.run_before_commit()

    # -- PostgreSQL: one transaction each ---------------------------------------------------------

    def _write_alone(self, job: _Job[Any]) -> None:
        for run in range(1, MAX_RUNS + 1):
            job.is_committing = False
            try:
                self._run_alone(job)
                return
            except Exception as error:
                if run == MAX_RUNS or not _succeeds_later(error, job):
                    raise
            # For a random time: two that met would meet again.
            time.sleep(random.uniform(0, RUN_AGAIN_AFTER * 2**run))  # noqa: S311

    def _run_alone(self, job: _Job[Any]) -> None:
        with self._writing.connect() as connection, connection.begin() as transaction:
            job.run(connection, self._observers)
            job.run_before_commit()
            job.is_committing = True
            if job.events:
                self._commit_order.commit(transaction.commit, job.events)

    def _publish_batch(self, batch: list[_Job[Any]]) -> None:
        events = [event for job in batch for event in job.events]
        if events:
            self._publish(events)

    def _publish(self, events: Sequence[Any]) -> None:
        for publish in self._subscribers:
            publish(events)


def database_exists(url: str) -> bool:
    """Whether the file of an SQLite database exists. True for other databases, unchecked."""
    path = make_url(url).database if url.startswith("sqlite") else None
    return path is None or Path(path).exists()


def open_engine(url: str) -> Engine:
    """Creates the engine for a database URL.

    Args:
        url: `sqlite:///path` or `postgresql://...`.
    """
    if url.startswith(("postgres://", "postgresql://")):
        url = "postgresql+psycopg2://" + url.split("://", 1)[1]
    options: dict[str, Any] = {
        "hide_parameters": True,  # the texts of customers stay out of errors, and so out of logs
        "json_serializer": lambda value: orjson.dumps(value).decode(),
        "json_deserializer": orjson.loads,
    }
    if not url.startswith("sqlite"):
        engine = create_engine(
            url,
            # A new connection costs as much as twenty messages: what a burst opened stays open.
            pool_size=40,
            max_overflow=8,
            # The connection that was used last: its server process has its plans and is warm.
            pool_use_lifo=True,
            isolation_level="AUTOCOMMIT",
            connect_args={"connection_factory": postgres.create_connection_type()},
            **options,
        )
        postgres.listen_to(engine)
        return engine
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
    # Readers run without a transaction: each statement sees the latest commit, and with WAL no
    # reader blocks the writer. The writer takes the lock at its beginning: it cannot lose it later.
    if connection.get_execution_options().get("writes"):
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _succeeds_later(error: Exception, job: _Job[Any]) -> bool:
    """Whether a transaction of PostgreSQL had no effect and is worth another run.

    Where the connection was lost in the commit, nobody knows whether it had an effect.
    """
    if isinstance(error, RunAgain) or postgres.runs_again(error):
        return True
    return isinstance(error, DBAPIError) and error.connection_invalidated and not job.is_committing


def is_unavailable(error: BaseException) -> bool:
    """Whether an error says that the database is locked, full or gone: a later try may succeed.

    So it may where every run of a transaction met others that changed what it had read.
    """
    return isinstance(error, OperationalError | RunAgain)
