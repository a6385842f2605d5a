"""Brings a database to the schema of this version."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from hub.store.engine import Store
from hub.store.faults import DatabaseUnusable
from hub.store.models import metadata

MIGRATIONS = Path(__file__).parent / "migrations"

#: The full-text tables, for which SQLModel has no words. Folded text only (see
#: hub.schema.search_index), so the plainest tokenizers do.
SEARCH_TABLES = {
    "sqlite": (
        "CREATE VIRTUAL TABLE message_search USING fts5(body, content='', detail='none')",
        "CREATE VIRTUAL TABLE contact_search USING fts5(body, content='', detail='none')",
        "CREATE VIRTUAL TABLE file_search USING fts5(body, content='', detail='none')",
    ),
    "postgresql": (
        "CREATE TABLE message_search (rowid bigint PRIMARY KEY, body tsvector NOT NULL)",
        "CREATE INDEX ix_message_search ON message_search USING gin (body)",
        "CREATE TABLE contact_search (rowid bigint PRIMARY KEY, body tsvector NOT NULL)",
        "CREATE INDEX ix_contact_search ON contact_search USING gin (body)",
        "CREATE TABLE file_search (rowid bigint PRIMARY KEY, body tsvector NOT NULL)",
        "CREATE INDEX ix_file_search ON file_search USING gin (body)",
    ),
}

#: What else only one of the databases has. On PostgreSQL transactions commit in another order than
#: their messages got ids: each message keeps its transaction, and the snapshot it was written in.
#: Source: https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-SNAPSHOT
OWN_PARTS: dict[str, tuple[str, ...]] = {
    "sqlite": (),
    "postgresql": (
        "ALTER TABLE message ADD COLUMN written_by xid8",
        "ALTER TABLE message ADD COLUMN written_in pg_snapshot",
        # Set afterwards, so that the messages of before have neither: they are long committed.
        "ALTER TABLE message ALTER COLUMN written_by SET DEFAULT pg_current_xact_id()",
        "ALTER TABLE message ALTER COLUMN written_in SET DEFAULT pg_current_snapshot()",
        # The models say which rows an index has for SQLite alone: the option for PostgreSQL would
        # import its dialect into every hub.
        "DROP INDEX ix_conversation_waiting, ix_conversation_due, ix_conversation_priority",
        "CREATE INDEX ix_conversation_waiting ON conversation (waiting_since, id)"
        " WHERE waiting_since IS NOT NULL",
        "CREATE INDEX ix_conversation_due ON conversation (due_at, id) WHERE due_at IS NOT NULL",
        "CREATE INDEX ix_conversation_priority ON conversation (priority, last_activity_at, id)"
        " WHERE priority != 'normal'",
    ),
}

#: The newest migration. With it an up-to-date database costs one query instead of the import of
#: Alembic. A test compares it with the folder.
HEAD = "0021"


def current(connection: Connection) -> str | None:
    """The newest migration that a database has; None for an empty database."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def is_current(store: Store) -> bool:
    """Whether a database has the newest schema.

    Raises:
        DatabaseUnusable: its schema is of a newer version of the hub.
    """
    with store.read() as connection:
        version = current(connection)
    known = {path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("*.py")}
    if version is not None and version not in known:
        raise DatabaseUnusable(
            f"The database is of a newer version of the hub: its schema is {version}, and this "
            f"version knows {HEAD} at most. Start the newer version, or restore the backup that "
            "was made before it."
        )
    return version == HEAD


def migrate(store: Store) -> None:
    """Brings the schema to HEAD, in one transaction. Processes that start together take turns.

    An empty database gets the newest schema directly, in a tenth of Alembic's time and without its
    memory. A test compares that schema with the result of the migrations.

    Raises:
        DatabaseUnusable: the schema is of a newer version of the hub.
    """
    if is_current(store):
        return
    with store.engine.execution_options(writes=True).begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(4711)"))
        if current(connection) is None:
            _create(connection)
        else:
            upgrade(connection)


def upgrade(connection: Connection, to: str = "head") -> None:
    """Runs the migrations that a database lacks, up to the revision `to`."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, to)


def _create(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        _make_indexes_partial()
    metadata.create_all(connection)
    name = connection.dialect.name
    for statement in (*SEARCH_TABLES[name], *OWN_PARTS[name]):
        connection.execute(text(statement))
    version = "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"
    connection.execute(text(version))
    connection.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": HEAD})


def _make_indexes_partial() -> None:
    """Gives PostgreSQL the conditions of partial indexes that the models name for SQLite.

    Named there for both they would load both dialects, in every hub.
    """
    for table in metadata.tables.values():
        for index in table.indexes:
            index.dialect_options["postgresql"]["where"] = index.dialect_options["sqlite"]["where"]
