"""The quiet list: what machines wrote and no conversation was for. An agent can open it as one.

A message stays in the list for `KEPT_FOR`, and in the journal for ever.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection, delete, insert, select, update

from hub.errors import Conflict, NotFound
from hub.schema import cursors, resources
from hub.schema.cursors import Page
from hub.store.engine import Store, Transaction
from hub.store.models import quiet_messages
from hub.types import InboundMessage

KEPT_FOR = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class QuietMessage:
    """A message of the quiet list. `conversation_id`: of the one that it was opened as."""

    id: int
    connector: str
    journal_id: int
    conversation_id: int | None


def add_quiet_message(
    tx: Transaction, connector: str, event: InboundMessage, journal_id: int
) -> None:
    """Adds a machine's message to the list.

    Args:
        connector: the name of the one that it came by.
        journal_id: of its entry, which has the whole message.
    """
    sign = f": the field {event.no_auto_reply} says so" if event.no_auto_reply else ""
    tx.execute(
        insert(quiet_messages).values(
            connector=connector,
            journal_id=journal_id,
            sender=str(event.address),
            subject=event.subject,
            reason=f"A machine wrote it{sign}.",
            received_at=tx.now,
        )
    )


def list_quiet_messages(
    connection: Connection, limit: int, cursor: str | None
) -> Page[resources.QuietMessage]:
    """The messages that no agent opened yet, newest first."""
    table = quiet_messages.c
    query = select(
        table.id, table.connector, table.sender, table.subject, table.reason, table.received_at
    ).where(table.conversation_id.is_(None))
    rows = cursors.page(connection, query, (table.id,), limit, cursor)
    items = [resources.QuietMessage.model_validate(dict(row._mapping)) for row in rows.items]
    return Page(items, rows.next)


def get_quiet_message(connection: Connection, quiet_id: int) -> QuietMessage:
    """Raises NotFound."""
    table = quiet_messages.c
    row = connection.execute(
        select(table.id, table.connector, table.journal_id, table.conversation_id).where(
            table.id == quiet_id
        )
    ).first()
    if row is None:
        raise NotFound("There is no such quiet message.")
    return QuietMessage(*row)


def mark_opened(tx: Transaction, quiet_id: int, conversation_id: int) -> None:
    """Notes the conversation that a message was opened as.

    Raises:
        Conflict: another agent was faster; this transaction is to leave nothing.
    """
    opened = tx.execute(
        update(quiet_messages)
        .where(quiet_messages.c.id == quiet_id, quiet_messages.c.conversation_id.is_(None))
        .values(conversation_id=conversation_id)
    )
    if opened.rowcount == 0:
        raise Conflict("This message was opened a moment ago.")


class OldQuietMessages:
    """Takes messages off the list that nobody opened in `KEPT_FOR`."""

    interval = timedelta(hours=6)

    def __init__(self, store: Store) -> None:
        self._store = store

    def run(self) -> None:
        """Deletes the rows; the journal keeps what came in."""
        self._store.write(
            lambda tx: (
                tx.execute(
                    delete(quiet_messages).where(quiet_messages.c.received_at < tx.now - KEPT_FOR)
                ).rowcount
            )
        )
