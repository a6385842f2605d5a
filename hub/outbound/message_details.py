"""What a connector needs to compose a message: the message, and everything around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from hub.outbound.outbox import ClaimedDelivery
from hub.store.models import addresses, attachments, conversations, deliveries, messages, reaches
from hub.types import Address

#: A mail names at most so many of those before it in its thread.
MAX_REFERENCES = 20


@dataclass(frozen=True, slots=True)
class MessageDetails:
    """A message with everything around it, as the database has it."""

    row: Any
    address: Address
    files: Sequence[Any]
    last_inbound_at: datetime | None
    #: Set where the address is closed for us: nothing may leave for it.
    stopped_reason: str | None
    reply_to: str
    references: tuple[str, ...]
    subject: str
    locale: str


def read_message_details(connection: Connection, claim: ClaimedDelivery) -> MessageDetails:
    """The message of a delivery, as it is to leave now."""
    row = connection.execute(
        select(messages, addresses.c.scheme, addresses.c.scope, addresses.c.path)
        .join(deliveries, deliveries.c.message_id == messages.c.id)
        .join(addresses, addresses.c.id == deliveries.c.address_id)
        .where(messages.c.id == claim.message_id)
    ).one()
    files = connection.execute(
        select(attachments).where(attachments.c.message_id == row.id).order_by(attachments.c.id)
    ).all()
    thread_ids = [
        found.external_id
        for found in connection.execute(
            select(messages.c.external_id)
            .where(
                messages.c.address_id == claim.address_id,
                messages.c.conversation_id == row.conversation_id,
                messages.c.connector == claim.connector,
                messages.c.id < row.id,
                messages.c.external_id.is_not(None),
            )
            .order_by(messages.c.created_at.desc(), messages.c.id.desc())
            .limit(MAX_REFERENCES)
        )
    ]
    reach = connection.execute(
        select(reaches).where(
            reaches.c.address_id == claim.address_id, reaches.c.connector == claim.connector
        )
    ).first()
    return MessageDetails(
        row=row,
        address=Address(row.scheme, row.path, row.scope),
        files=files,
        last_inbound_at=None if reach is None else reach.last_inbound_at,
        stopped_reason=reach.stopped_reason if reach is not None and reach.stopped_at else None,
        reply_to=_external_id_of(connection, row.reply_to_id, claim),
        references=tuple(thread_ids),
        subject=_subject(connection, row.conversation_id, claim.address_id),
        locale="",
    )


def _external_id_of(connection: Connection, message_id: int | None, claim: ClaimedDelivery) -> str:
    """The id of the message answered, where this channel knows it: it may have come by another."""
    if message_id is None:
        return ""
    found = connection.execute(
        select(messages.c.external_id).where(
            messages.c.id == message_id,
            messages.c.address_id == claim.address_id,
            messages.c.connector == claim.connector,
        )
    ).scalar()
    return found or ""


def _subject(connection: Connection, conversation_id: int, address_id: int) -> str:
    """What this address wrote last in the subject line, else the conversation's own."""
    found = connection.execute(
        select(messages.c.subject)
        .where(messages.c.address_id == address_id, messages.c.subject != "")
        .order_by(messages.c.created_at.desc(), messages.c.id.desc())
        .limit(1)
    ).scalar()
    if found:
        return str(found)
    own = connection.execute(
        select(conversations.c.subject).where(conversations.c.id == conversation_id)
    ).scalar()
    return own or ""
