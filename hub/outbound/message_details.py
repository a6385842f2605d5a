"""Reads what a connector needs to compose a message: the message, and everything around it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, and_, select

from hub.outbound.claims import ClaimedDelivery
from hub.store.models import addresses, attachments, conversations, deliveries, messages, reaches
from hub.store.models.message import TOPIC
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
        topic: the part of the chat of the message answered, else of the customer's last message.
        to, cc: the recipients, where the channel has copies.
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
    topic: str
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    references: tuple[str, ...]
    subject: str
    locale: str


def read_message_details(
    connection: Connection, claims: Sequence[ClaimedDelivery], *, with_thread: bool
) -> dict[int, MessageDetails]:
    """The messages of claimed deliveries as they are to leave now, by their ids.

    Args:
        claims: deliveries of one connector.
        with_thread: whether the connector needs `references` and `subject`.
    """
    by_id = {claim.message_id: claim for claim in claims}
    rows = connection.execute(_SELECT_DETAILS.where(messages.c.id.in_(by_id))).all()
    files = _files(connection, by_id)
    answered = _answered(connection, [row.reply_to_id for row in rows if row.reply_to_id])
    details = {}
    for row in rows:
        thread = _thread(connection, row.conversation_id, by_id[row.id]) if with_thread else ()
        answer_to = answered.get((row.reply_to_id, row.address_id, row.connector))
        details[row.id] = MessageDetails(
            message_id=row.id,
            conversation_id=row.conversation_id,
            text=row.text,
            author_type=row.author_type,
            author_name=row.author_name,
            created_at=row.created_at,
            address=Address(row.scheme, row.path, row.scope),
            files=files.get(row.id, ()),
            last_inbound_at=row.last_inbound_at,
            stopped_reason=row.stopped_reason if row.stopped_at else None,
            reply_to=_answered_id(thread) if answer_to is None else answer_to.external_id,
            topic=(row.topic if answer_to is None else answer_to.topic) or "",
            to=tuple(map(Address.parse, row.to)),
            cc=tuple(map(Address.parse, row.cc)),
            references=tuple(external_id for external_id, _ in thread),
            subject=_subject(connection, row.conversation_id, row.address_id)
            if with_thread
            else "",
            locale="",
        )
    return details


_SELECT_DETAILS = (
    select(
        messages.c.id,
        messages.c.conversation_id,
        messages.c.text,
        messages.c.author_type,
        messages.c.author_name,
        messages.c.created_at,
        messages.c.reply_to_id,
        messages.c.to,
        messages.c.cc,
        deliveries.c.address_id,
        deliveries.c.connector,
        addresses.c.scheme,
        addresses.c.scope,
        addresses.c.path,
        reaches.c.last_inbound_at,
        reaches.c.topic,
        reaches.c.stopped_at,
        reaches.c.stopped_reason,
    )
    .join(deliveries, deliveries.c.message_id == messages.c.id)
    .join(addresses, addresses.c.id == deliveries.c.address_id)
    .outerjoin(
        reaches,
        and_(
            reaches.c.address_id == deliveries.c.address_id,
            reaches.c.connector == deliveries.c.connector,
        ),
    )
)


def _files(
    connection: Connection, message_ids: Collection[int]
) -> dict[int, tuple[OutgoingFile, ...]]:
    rows = connection.execute(
        select(attachments)
        .where(attachments.c.message_id.in_(message_ids))
        .order_by(attachments.c.id)
    )
    files: dict[int, tuple[OutgoingFile, ...]] = {}
    for row in rows:
        file = OutgoingFile(row.id, row.medium, row.name, row.media_type, row.size, row.key)
        files[row.message_id] = (*files.get(row.message_id, ()), file)
    return files


class _AnsweredMessage(NamedTuple):
    external_id: str
    topic: str


def _answered(
    connection: Connection, message_ids: Collection[int]
) -> dict[tuple[int, int, str], _AnsweredMessage]:
    """Messages that are answered, by id, address and connector: their ids hold there alone."""
    if not message_ids:
        return {}
    rows = connection.execute(
        select(
            messages.c.id,
            messages.c.address_id,
            messages.c.connector,
            messages.c.external_id,
            messages.c.extra,
        ).where(messages.c.id.in_(message_ids), messages.c.external_id.is_not(None))
    )
    return {
        (row.id, row.address_id, row.connector): _AnsweredMessage(
            row.external_id, str(row.extra.get(TOPIC, ""))
        )
        for row in rows
    }


def _answered_id(thread: Sequence[tuple[str, str]]) -> str:
    """The id that an answer names where its author named none: the customer's last message."""
    return next(
        (external_id for external_id, direction in thread if direction == "in"),
        thread[0][0] if thread else "",
    )


def _thread(
    connection: Connection, conversation_id: int, claim: ClaimedDelivery
) -> tuple[tuple[str, str], ...]:
    """The earlier messages of a conversation with the delivery's address, the latest first.

    Returns: of each the external id and the direction.
    """
    rows = connection.execute(
        select(messages.c.external_id, messages.c.direction)
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
    return tuple((row.external_id, row.direction) for row in rows)


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
