"""How far the rows of the search indexes are converted to the folding of today.

A migration notes the newest row of each index; from there a job goes back to the oldest, some rows
in each transaction, and notes how far it came. New rows are above the mark and need no conversion.
"""

from __future__ import annotations

from sqlalchemy import Connection, delete, select, update

from hub.store.engine import Transaction
from hub.store.models import search_refolds

MESSAGES, CONTACTS, FILES = "message_search", "contact_search", "file_search"


def former_below(connection: Connection, name: str) -> int:
    """The newest row of an index that still has its former words; 0 where none has."""
    below = connection.execute(
        select(search_refolds.c.below).where(search_refolds.c.name == name)
    ).scalar()
    return below or 0


def note_progress(tx: Transaction, name: str, below: int) -> None:
    """Notes that only rows up to `below` still have their former words; 0 for none."""
    is_index = search_refolds.c.name == name
    if below <= 0:
        tx.execute(delete(search_refolds).where(is_index))
    else:
        tx.execute(update(search_refolds).where(is_index).values(below=below))
