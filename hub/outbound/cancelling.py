"""Takes a message back that is in line and was not sent yet: its provider is away, for instance."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select

from hub.connectors.registry import has_pages
from hub.conversations import actions, held_messages, lifecycle, publishing
from hub.outbound import holding
from hub.schema import resources
from hub.store.engine import Transaction
from hub.store.models import deliveries, messages


def cancel_queued(tx: Transaction, message_id: int) -> resources.Draft | None:
    """Takes a message back of which nothing has left.

    Deleting its delivery decides: a worker that claims it at the same moment finds nothing.

    Returns: the draft that it came from; None where it has left or may have.
    """
    row = tx.execute(
        select(messages, messages.c.id.label("message_id"), messages.c.author_id.label("agent_id"))
        .join(deliveries, deliveries.c.message_id == messages.c.id)
        .where(messages.c.id == message_id, deliveries.c.status == "queued")
    ).first()
    if row is None or has_pages(row.kind):  # a page shows it from the beginning
        return None
    lifecycle.lock_owner(tx, row.conversation_id)
    deleted = tx.execute(
        delete(deliveries).where(
            deliveries.c.message_id == message_id,
            deliveries.c.status == "queued",
            deliveries.c.parts_sent == 0,
            deliveries.c.unknown_since.is_(None),
            deliveries.c.fallback_from.is_(None),
        )
    )
    if deleted.rowcount == 0:
        return None
    contact_address = actions.any_contact_address(tx, row.contact_id)
    conversation_id = lifecycle.surviving_id(tx, row.conversation_id)
    conversation = lifecycle.load_conversation(tx, conversation_id, contact_address)
    draft = holding.give_draft(tx, row)
    if conversation.last_message_id == message_id:
        conversation.last_message_id = held_messages.last_message_id(tx.connection, conversation.id)
    if conversation.waiting_since is None and conversation.status != "resolved":
        conversation.waiting_since = held_messages.unanswered_since(tx.connection, conversation.id)
    lifecycle.save_conversation(tx, conversation)
    publishing.publish_conversation(tx, conversation.id)
    return draft


def author_of(connection: Connection, message_id: int) -> tuple[str, int | None] | None:
    """The type and id of the author of an outgoing message; None where there is none."""
    row = connection.execute(
        select(messages.c.author_type, messages.c.author_id).where(
            messages.c.id == message_id,
            messages.c.direction == "out",
            messages.c.type.in_(("message", "held")),
        )
    ).first()
    return None if row is None else (row.author_type, row.author_id)
