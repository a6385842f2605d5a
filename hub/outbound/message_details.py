"""Reads what a connector needs to compose a message: the message, and everything around it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from hub.outbound.claims import ClaimedDelivery
from hub.store.models import addresses, attachments, conversations, deliveries, messages, reaches
from hub.types import Address

#: A mail names at most so many of the mails before it.
MAX_REFERENCES = 20


@dataclass(frozen=True, slots=True)
class OutgoingFile:
    """A file of a message. `key` is its name in the media folder, `size` is in bytes."""

    id: int
    medium: str
    name: str
    media_type: str
    size: int | None
    key: str


@dataclass(frozen=True, slots=True)
class MessageDetails:
    """An outgoing message with everything around it, as the database has it.

    Args:
        last_inbound_at: when the customer last wrote from this address by this connector.
        stopped_reason: why the address is closed for us, None where it is open.
        reply_to: the external id of the message answered, "" where the channel does not know it.
        references: the external ids of earlier messages with this address, the latest first.
        locale: always "": no message asks for a language yet.
    """

    message_id: int
    conversation_id: int
    text: str
    author_type: str
    author_name: str
    created_at: datetime
    address: Address
    files: tuple[OutgoingFile, ...]
    last_inbound_at: datetime | None
    stopped_reason: str | None
    reply_to: str
    references: tuple[str, ...]
    subject: str
    locale: str


def read_message_details(connection: Connection, claim: ClaimedDelivery) -> MessageDetails:
    """The message of a claimed delivery, which must exist, as it is to leave now."""
    row = connection.execute(
        select(messages, addresses.c.scheme, addresses.c.scope, addresses.c.path)
        .join(deliveries, deliveries.c.message_id == messages.c.id)
        .join(addresses, addresses.c.id == deliveries.c.address_id)
        .where(messages.c.id == claim.message_id)
    ).one()
    files = _files(connection, claim.message_id)
    references = _references(connection, row.conversation_id, claim)
    reach = connection.execute(
        select(reaches).where(
            reaches.c.address_id == claim.address_id, reaches.c.connector == claim.connector
        )
    ).first()
    return MessageDetails(
        message_id=row.id,
        conversation_id=row.conversation_id,
        text=row.text,
        author_type=row.author_type,
        author_name=row.author_name,
        created_at=row.created_at,
        address=Address(row.scheme, row.path, row.scope),
        files=files,
        last_inbound_at=None if reach is None else reach.last_inbound_at,
        stopped_reason=reach.stopped_reason if reach is not None and reach.stopped_at else None,
        reply_to=_external_id_of(connection, row.reply_to_id, claim),
        references=references,
        subject=_subject(connection, row.conversation_id, claim.address_id),
        locale="",
    )


def _files(connection: Connection, message_id: int) -> tuple[OutgoingFile, ...]:
    rows = connection.execute(
        select(attachments).where(attachments.c.message_id == message_id).order_by(attachments.c.id)
    )
    return tuple(
        OutgoingFile(row.id, row.medium, row.name, row.media_type, row.size, row.key)
        for row in rows
    )


def _references(
    connection: Connection, conversation_id: int, claim: ClaimedDelivery
) -> tuple[str, ...]:
    """The external ids of earlier messages of a conversation with the delivery's address."""
    rows = connection.execute(
        select(messages.c.external_id)
        .where(
            messages.c.address_id == claim.address_id,
            messages.c.conversation_id == conversation_id,
            messages.c.connector == claim.connector,
            messages.c.id < claim.message_id,
            messages.c.external_id.is_not(None),
        )
        .order_by(messages.c.created_at.desc(), messages.c.id.desc())
        .limit(MAX_REFERENCES)
    )
    return tuple(rows.scalars())


def _external_id_of(connection: Connection, message_id: int | None, claim: ClaimedDelivery) -> str:
    """The external id of a message, "" where it came by another channel than the delivery's."""
    if message_id is None:
        return ""
    external_id = connection.execute(
        select(messages.c.external_id).where(
            messages.c.id == message_id,
            messages.c.address_id == claim.address_id,
            messages.c.connector == claim.connector,
        )
    ).scalar()
    return external_id or ""


def _subject(connection: Connection, conversation_id: int, address_id: int) -> str:
    """The last subject line from this address, else that of the conversation."""
    last_subject = connection.execute(
        select(messages.c.subject)
        .where(messages.c.address_id == address_id, messages.c.subject != "")
        .order_by(messages.c.created_at.desc(), messages.c.id.desc())
        .limit(1)
    ).scalar()
    if last_subject:
        return str(last_subject)
    conversation_subject = connection.execute(
        select(conversations.c.subject).where(conversations.c.id == conversation_id)
    ).scalar()
    return conversation_subject or ""
