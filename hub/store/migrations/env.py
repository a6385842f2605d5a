"""Alembic's entry: the connection comes from `hub.store.migrate`, or from the command line."""

from __future__ import annotations

from alembic import context

from hub.store.engine import open_engine
from hub.store.models import metadata

#: Full-text tables belong to the migrations alone: SQLModel has no words for them.
HAND_MADE = ("message_search", "contact_search")
#: Columns that only PostgreSQL has.
OWN_COLUMNS = ("written_by", "written_in")


def include_name(name: str | None, kind: str, _parents: object) -> bool:
    if kind == "column":
        return name not in OWN_COLUMNS
    return not (kind == "table" and name is not None and name.startswith(HAND_MADE))


def run() -> None:
    connection = context.config.attributes.get("connection")
    if connection is None:
        url = context.get_x_argument(as_dictionary=True).get("url", "sqlite:///hub.db")
        with open_engine(url).connect() as connection:
            _upgrade(connection)
    else:
        _upgrade(connection)


def _upgrade(connection: object) -> None:
    context.configure(
        connection=connection,  # type: ignore[arg-type]
        target_metadata=metadata,
        render_as_batch=True,
        include_name=include_name,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
