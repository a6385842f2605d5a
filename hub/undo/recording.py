"""Records what changes conversations at once, in the transactions that change them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import insert, select, update

from hub.conversations import lifecycle
from hub.conversations.column_json import dump_columns
from hub.schema.author import Author
from hub.schema.storable_text import storable
from hub.store.engine import Transaction
from hub.store.models import undo_changes, undo_records
from hub.undo.fields import FIELDS, columns_after, columns_before, columns_before_both

T = TypeVar("T")


def begin_record(tx: Transaction, title: str, by: Author) -> int:
    """Begins a record of changes, in the transaction of the first one or before it.

    Args:
        title: what the changes are together, for the timeline: the name of a macro.

    Returns: the id, by which the changes can be undone.
    """
    statement = insert(undo_records).values(
        author_id=by.id, author_name=by.name, title=storable(title), created_at=tx.now
    )
    return int(tx.execute(statement.returning(undo_records.c.id)).scalar_one())


def record_changes(
    tx: Transaction, record_id: int, conversation_id: int, change: Callable[[], T]
) -> T:
    """Calls `change`, and records the fields of the conversation that it changed.

    A transaction may do so several times for one conversation, but only for one conversation:
    no transaction locks two people. A field that was recorded before keeps its value before.

    Raises: NotFound, and what `change` raises; then nothing is recorded.
    """
    before = vars(lifecycle.lock_conversation(tx, conversation_id)).copy()
    result = change()
    after = vars(lifecycle.lock_conversation(tx, conversation_id))
    for field, columns in FIELDS.items():
        if any(before[name] != after[name] for name in columns):
            _write_change(tx, record_id, field, before, after)
    return result


def _write_change(
    tx: Transaction, record_id: int, field: str, before: dict[str, Any], after: dict[str, Any]
) -> None:
    table = undo_changes.c
    value = dump_columns(columns_after(field, after))
    is_same_change = (
        (table.record_id == record_id)
        & (table.conversation_id == before["id"])
        & (table.field == field)
    )
    first = tx.execute(select(table.before).where(is_same_change)).scalar()
    if first is not None:
        columns = columns_before_both(first, dump_columns(before))
        tx.execute(update(undo_changes).where(is_same_change).values(before=columns, after=value))
        return
    tx.execute(
        insert(undo_changes).values(
            record_id=record_id,
            conversation_id=before["id"],
            field=field,
            before=dump_columns(columns_before(field, before)),
            after=value,
            outcome="",
            reason="",
        )
    )
