"""Receives echoes: messages of our own side that the provider reports back."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from hub.contacts import address_state, contact_addresses
from hub.contacts.contact_addresses import ContactAddress
from hub.conversations import attachments, lifecycle, publishing, timeline
from hub.conversations.timeline import NewMessage
from hub.outbound import receipts
from hub.schema.author import Author
from hub.store.engine import Transaction
from hub.store.models import deliveries
from hub.types import InboundMessage

#: A greeting of the provider's own app comes within it, and no person reads and writes as fast.
INSTANT = timedelta(seconds=3)


def receive_echo(
    tx: Transaction, connector: str, kind: str, event: InboundMessage, journal_id: int
) -> int | None:
    """Adds a message that a person wrote in the provider's own app; a message of the hub is known.

    The echo of a message of the hub may come before the answer to our call; `metadata` is then the
    hub's id.

    Args:
        connector: its name.
        event: its address is the customer's, to whom the message went.

    Returns:
        The id of the message that was added, None where the hub had sent it.
    """
    recipient = contact_addresses.find_or_create_contact_address(tx, event.address, event.profile)
    known = timeline.find_message(tx, connector, recipient.address_id, (event.external_id,))
    if known is not None:
        return None
    if event.metadata.isdecimal():
        sent_id = tx.execute(
            select(deliveries.c.message_id).where(
                deliveries.c.message_id == int(event.metadata),
                deliveries.c.address_id == recipient.address_id,
            )
        ).scalar()
        if sent_id is not None:
            receipts.lock_delivery(tx, sent_id)
            receipts.remember_external_id(
                tx, sent_id, connector, recipient.address_id, 0, event.external_id
            )
            return None
    is_automatic = event.automatic or _is_instant(tx, connector, recipient, event)
    conversation = lifecycle.conversation_for_inbound(tx, recipient)
    values = timeline.add_message(
        tx,
        conversation,
        NewMessage(
            contact_address=recipient,
            connector=connector,
            kind=kind,
            direction="out",
            author=Author("bot" if is_automatic else "agent", None, "Answered elsewhere"),
            text=event.text,
            created_at=timeline.sane_time(event.sent_at, tx.now),
            external_id=event.external_id or None,
            journal_id=journal_id,
            extra=dict(event.extra),
        ),
    )
    attachments.add_inbound_files(tx, connector, values["id"], recipient, event.attachments)
    if not is_automatic:
        conversation.waiting_since = None
    publishing.publish_new_message(tx, conversation, values["id"])
    message_id = values["id"]
    assert isinstance(message_id, int)
    return message_id


def _is_instant(
    tx: Transaction, connector: str, recipient: ContactAddress, event: InboundMessage
) -> bool:
    """Whether an answer came so soon after the customer's words that no person wrote it."""
    if event.sent_at is None:
        return False
    last_inbound_at = address_state.last_inbound_at(tx.connection, recipient.address_id, connector)
    if last_inbound_at is None:
        return False
    return timedelta(0) <= event.sent_at - last_inbound_at < INSTANT
