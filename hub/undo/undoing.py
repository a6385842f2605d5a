"""Undoes what was recorded: every value goes back that nobody has changed since."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from hub.accounts.principal import Principal
from hub.conversations import actions, lifecycle, timeline
from hub.conversations.column_json import load_columns
from hub.errors import Conflict, Forbidden, Invalid, NotFound
from hub.schema import resources
from hub.schema.author import Author
from hub.store.engine import Store, Transaction
from hub.store.models import undo_changes, undo_records
from hub.undo.fields import put_back

#: How long changes can be undone.
KEPT_FOR = timedelta(hours=24)
UNDONE = "undone"
CHANGED = "It was changed since."
MERGED = "The conversation was merged into another one since."


def undo(store: Store, record_id: int, principal: Principal) -> resources.UndoReport:
    """Puts back every value that still is as the change left it.

    Each conversation is a transaction of its own. An undo that was interrupted goes on where it
    stopped, and one that is asked for again answers what the first one did.

    Raises:
        NotFound: there is no such record, or its time is over.
        Forbidden: another agent made the changes.
    """
    with store.read() as connection:
        record = _get_record(connection, record_id)
        is_own = principal.agent_id is not None and principal.agent_id == record.author_id
        if not is_own and principal.role != "admin":
            raise Forbidden("Only the one who changed it, or an admin, can undo it.")
        ids = list(
            connection.execute(
                select(undo_changes.c.conversation_id)
                .where(undo_changes.c.record_id == record_id, undo_changes.c.outcome == "")
                .distinct()
                .order_by(undo_changes.c.conversation_id)
            ).scalars()
        )
    for conversation_id in ids:
        store.write(
            partial(
                _undo_in_conversation,
                record=record,
                conversation_id=conversation_id,
                by=principal.author,
            )
        )
    with store.read() as connection:
        return _report(connection, record_id)


class OldUndoRecords:
    """Deletes the records of changes that can be undone no more."""

    interval = timedelta(hours=1)

    def __init__(self, store: Store) -> None:
        self._store = store

    def run(self) -> None:
        """Deletes the changes before their record."""
        self._store.write(_delete_old)


def _delete_old(tx: Transaction) -> None:
    old = select(undo_records.c.id).where(undo_records.c.created_at < tx.now - KEPT_FOR)
    tx.execute(delete(undo_changes).where(undo_changes.c.record_id.in_(old)))
    tx.execute(delete(undo_records).where(undo_records.c.created_at < tx.now - KEPT_FOR))


def _get_record(connection: Connection, record_id: int) -> Row[Any]:
    row = connection.execute(select(undo_records).where(undo_records.c.id == record_id)).first()
    if row is None or row.created_at < datetime.now(UTC) - KEPT_FOR:
        raise NotFound("This cannot be undone, or no more: a change can be undone for a day.")
    return row


def _undo_in_conversation(
    tx: Transaction, record: Row[Any], conversation_id: int, by: Author
) -> None:
    """Undoes what the record has of one conversation, and says so in its timeline."""
    is_merged = lifecycle.lock_conversation(tx, conversation_id).id != conversation_id
    rows = tx.execute(
        select(undo_changes).where(
            undo_changes.c.record_id == record.id,
            undo_changes.c.conversation_id == conversation_id,
            undo_changes.c.outcome == "",
        )
    ).all()
    outcomes = {
        row.field: ("merged", MERGED) if is_merged else _undo_change(tx, row, by)
        for row in sorted(rows, key=lambda row: _ORDER.index(row.field))
    }
    for field, (outcome, reason) in outcomes.items():
        tx.execute(
            update(undo_changes)
            .where(
                undo_changes.c.record_id == record.id,
                undo_changes.c.conversation_id == conversation_id,
                undo_changes.c.field == field,
            )
            .values(outcome=outcome, reason=reason)
        )
    if outcomes:
        _add_event(tx, record, conversation_id, outcomes, by)


#: The status first: what it changes beside is overwritten by the assignee's own.
_ORDER = ("status", "assignee_id", "team", "priority", "labels")


def _undo_change(tx: Transaction, change: Row[Any], by: Author) -> tuple[str, str]:
    """Undoes a change of one field. Returns the outcome, and why the value was kept."""
    row = vars(lifecycle.lock_conversation(tx, change.conversation_id))
    back = put_back(change.field, load_columns(change.before), load_columns(change.after), row)
    if back is None:
        return "changed", CHANGED
    if back.changes:
        try:
            # What is refused is refused before anything is written.
            actions.change_conversation(tx, change.conversation_id, back.changes, by, back.restored)
        except (Invalid, Conflict) as error:
            return "impossible", error.message
    return UNDONE, ""


def _add_event(
    tx: Transaction,
    record: Row[Any],
    conversation_id: int,
    outcomes: Mapping[str, tuple[str, str]],
    by: Author,
) -> None:
    row = lifecycle.lock_conversation(tx, conversation_id)
    conversation = lifecycle.load_conversation(
        tx, row.id, actions.any_contact_address(tx, row.contact_id)
    )
    timeline.add_event(
        tx,
        conversation,
        "conversation.undone",
        by,
        title=record.title,
        undone=[field for field, (outcome, _) in outcomes.items() if outcome == UNDONE],
        kept=[field for field, (outcome, _) in outcomes.items() if outcome != UNDONE],
    )


def _report(connection: Connection, record_id: int) -> resources.UndoReport:
    rows = connection.execute(
        select(undo_changes)
        .where(undo_changes.c.record_id == record_id)
        .order_by(undo_changes.c.conversation_id, undo_changes.c.field)
    ).all()
    return resources.UndoReport(
        undone=[
            resources.UndoneField(conversation_id=row.conversation_id, field=row.field)
            for row in rows
            if row.outcome == UNDONE
        ],
        kept=[
            resources.KeptField(
                conversation_id=row.conversation_id,
                field=row.field,
                code=row.outcome,
                reason=row.reason,
            )
            for row in rows
            if row.outcome not in ("", UNDONE)
        ],
    )
