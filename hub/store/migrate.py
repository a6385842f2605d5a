"""Brings a database to the schema of this version."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from hub.store.engine import Store

MIGRATIONS = Path(__file__).parent / "migrations"

#: The newest migration, so that an up-to-date database costs one query and not an import of
#: Alembic. A test holds it against the folder.
HEAD = "0001"


def current(connection: Connection) -> str | None:
    """The migration a database is at, None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def is_current(store: Store) -> bool:
    with store.read() as connection:
        return current(connection) == HEAD


def migrate(store: Store) -> None:
    """Runs what is missing, in one transaction. Two processes that start at once take turns."""
    if is_current(store):
        return
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))

    with store.engine.execution_options(writes=True).begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(4711)"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
