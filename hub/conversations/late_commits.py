"""Which messages became visible after a message with a higher id. None on SQLite.

PostgreSQL gives an id when a row is written and shows the row when its transaction commits: of two
transactions at the same time the one with the higher id may be seen first. Each message keeps the
snapshot that it was written in, so what was not visible then is known for certain.
"""

from __future__ import annotations

from sqlalchemy import Connection, text

#: How far below an id others may commit later. Ids are given out in the order of writing, so this
#: many messages would have to be written while one transaction is open.
WINDOW = 2_000

#: The times bound what a restored dump shows, whose transactions another server counted.
_LATE = text(
    """
    SELECT late.id FROM message seen JOIN message late
      ON late.id < seen.id AND late.id > seen.id - :window
    WHERE seen.id = :after AND seen.written_in IS NOT NULL AND late.written_by IS NOT NULL
      AND late.received_at > seen.received_at - interval '10 minutes'
      AND NOT pg_visible_in_snapshot(late.written_by, seen.written_in)
    """
)


def ids_seen_later(connection: Connection, after: int) -> list[int]:
    """The ids below `after` that were not visible when that message was written."""
    if connection.dialect.name == "sqlite":
        return []
    rows = connection.execute(_LATE, {"after": after, "window": WINDOW})
    return sorted(rows.scalars())
