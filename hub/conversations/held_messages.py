"""The rows of messages that have not left: agents see them, and they are no part of the thread."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Connection, Row, func, select, update

from hub.conversations import lifecycle, timeline
from hub.conversations.loaded_conversation import LoadedConversation
from hub.conversations.timeline import NewMessage
from hub.store.engine import Transaction
from hub.store.models import attachments, messages
from hub.store.models.message import CANCELLED, HELD, SEND_AT, SEND_ZONE


class WallClock(Protocol):
    """The zone in whose wall clock a message was planned."""

    @property
    def zone(self) -> str: ...


def add(
    tx: Transaction,
    conversation: LoadedConversation,
    message: NewMessage,
    due_at: datetime,
    planned: WallClock | None,
) -> int:
    """Adds the row of a message that waits until `due_at`. Returns its id.

    Args:
        planned: its time, for a message to be sent later.
    """
    assert message.contact_address is not None
    extra = {**(message.extra or {}), SEND_AT: due_at.isoformat()}
    if planned is not None:
        extra[SEND_ZONE] = planned.zone
    row = message._replace(type=HELD, extra=extra)
    contact_id = message.contact_address.contact_id
    return int(timeline.insert_row(tx, conversation.id, contact_id, row)["id"])


def release(tx: Transaction, conversation: LoadedConversation, row: Row[Any]) -> None:
    """Makes a held message one of its conversation, as if it were written now.

    The conversation is not saved.
    """
    extra = {name: value for name, value in row.extra.items() if name != SEND_AT}
    tx.execute(
        update(messages)
        .where(messages.c.id == row.message_id)
        .values(
            type="message",
            conversation_id=conversation.id,
            extra=extra,
            created_at=tx.now,
            received_at=tx.now,
        )
    )
    timeline.enter_message(
        tx, conversation, row.message_id, f"{row.subject} {row.text}", row.connector
    )
    if row.author_type == "agent":
        lifecycle.clear_context_card(conversation)


def cancel(tx: Transaction, message_id: int) -> None:
    """Hides a message that was taken back, and frees its files for the draft.

    The row stays: a sender that sends the same `client_id` again finds it.
    """
    tx.execute(update(messages).where(messages.c.id == message_id).values(type=CANCELLED))
    tx.execute(
        update(attachments)
        .where(attachments.c.message_id == message_id)
        .values(message_id=None, contact_id=None, created_at=tx.now)
    )


def change_text(tx: Transaction, message_id: int, text: str) -> None:
    """Changes the text of a message that nobody but agents has seen."""
    tx.execute(update(messages).where(messages.c.id == message_id).values(text=text))


def newest_inbound(connection: Connection, conversation_id: int) -> int:
    """The id of the newest message that came into a conversation; 0 for none."""
    return (
        connection.execute(
            select(func.max(messages.c.id)).where(
                lifecycle.message_is_in(conversation_id),
                messages.c.direction == "in",
                messages.c.type == "message",
            )
        ).scalar()
        or 0
    )


def last_message_id(connection: Connection, conversation_id: int) -> int | None:
    """The id of the newest message or note of a conversation; None without any."""
    return connection.execute(
        select(func.max(messages.c.id)).where(
            lifecycle.message_is_in(conversation_id), messages.c.type.in_(("message", "note"))
        )
    ).scalar()


def unanswered_since(connection: Connection, conversation_id: int) -> datetime | None:
    """When the first message came that no agent's message follows; None where one follows all."""
    answered = (
        select(func.coalesce(func.max(messages.c.id), 0))
        .where(
            lifecycle.message_is_in(conversation_id),
            messages.c.direction == "out",
            messages.c.type == "message",
        )
        .scalar_subquery()
    )
    return connection.execute(
        select(messages.c.received_at)
        .where(
            lifecycle.message_is_in(conversation_id),
            messages.c.id > answered,
            messages.c.direction == "in",
            messages.c.type == "message",
        )
        .order_by(messages.c.id)
        .limit(1)
    ).scalar()
