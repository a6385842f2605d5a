"""What a message that the customer has becomes: changed, or taken back.

The provider is asked first, outside of any transaction; what it did is written afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, select, update

from hub.conversations import lifecycle, publishing, timeline
from hub.errors import Conflict, NotFound
from hub.schema.events import RETRACTED_BY
from hub.store.engine import Transaction
from hub.store.models import addresses, attachments, deliveries, external_ids, messages
from hub.types import Address, Attachment, Medium, SentMessage

_HAS_LEFT = ("sent", "delivered", "read")


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that the customer has, with the connector that it left by."""

    connector: str
    message: SentMessage


def find_sent(connection: Connection, message_id: int, now: datetime) -> Sent:
    """A message of ours that has left.

    Raises:
        NotFound: there is no such message of ours.
        Conflict: it has not left, goes elsewhere, or was taken back before.
    """
    row = connection.execute(
        select(
            messages.c.text,
            messages.c.extra,
            messages.c.created_at,
            messages.c.external_id,
            deliveries.c.status,
            deliveries.c.connector,
            deliveries.c.address_id,
            deliveries.c.fallback_from,
            deliveries.c.tried_at,
            addresses.c.scheme,
            addresses.c.path,
            addresses.c.scope,
        )
        .join(deliveries, deliveries.c.message_id == messages.c.id)
        .join(addresses, addresses.c.id == deliveries.c.address_id)
        .where(messages.c.id == message_id, messages.c.type == "message")
    ).first()
    if row is None:
        raise NotFound("There is no such message of yours.")
    if RETRACTED_BY in row.extra:
        raise Conflict("This message was taken back before.")
    if row.status not in _HAS_LEFT:
        raise Conflict("This message is on its way. Wait until it has arrived, or has failed.")
    ids = connection.execute(
        select(external_ids.c.external_id)
        .where(
            external_ids.c.message_id == message_id,
            external_ids.c.connector == row.connector,
            external_ids.c.address_id == row.address_id,
        )
        .order_by(external_ids.c.part)
    ).scalars()
    return Sent(
        row.connector,
        SentMessage(
            address=Address(row.scheme, row.path, row.scope),
            external_ids=tuple(ids) or ((row.external_id,) if row.external_id else ()),
            text=row.text,
            attachments=_files(connection, message_id),
            age=now - (row.tried_at or row.created_at),
        ),
    )


def record_edit(tx: Transaction, message_id: int, text: str) -> None:
    """Writes the new text of a message, and keeps the old one for the team. Raises Conflict."""
    timeline.edit_text(tx, _locked(tx, message_id), text)
    publishing.publish_message_update(tx, message_id)


def record_retraction(tx: Transaction, message_id: int, agent_name: str) -> None:
    """Marks a message that its customer has no longer; the team keeps it. Raises Conflict."""
    tx.execute(
        update(deliveries)
        .where(deliveries.c.message_id == message_id)
        .values(follow_at=None)  # it follows no visitor who left
    )
    timeline.set_extra(tx, _locked(tx, message_id), **{RETRACTED_BY: agent_name})
    publishing.publish_message_update(tx, message_id)


def _locked(tx: Transaction, message_id: int) -> RowMapping:
    """The row of a message, with its person locked. Raises Conflict where it was taken back."""
    query = select(messages).where(messages.c.id == message_id)
    lifecycle.lock_owner(tx, tx.execute(query).one().conversation_id)
    row = tx.execute(query).mappings().one()
    if RETRACTED_BY in row["extra"]:
        raise Conflict("This message was taken back before.")
    return row


def _files(connection: Connection, message_id: int) -> tuple[Attachment, ...]:
    rows = connection.execute(
        select(attachments).where(attachments.c.message_id == message_id).order_by(attachments.c.id)
    )
    return tuple(
        Attachment(
            medium=Medium(row.medium), name=row.name, media_type=row.media_type, size=row.size
        )
        for row in rows
    )
