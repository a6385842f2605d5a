"""What our own side said by the provider's app, or what we sent and hear of again."""

from __future__ import annotations

from sqlalchemy import select

from hub.contacts import contact_addresses
from hub.conversations import attachments, lifecycle, publishing, timeline
from hub.outbound import receipts
from hub.schema.author import Author
from hub.store.engine import Transaction
from hub.store.models import deliveries
from hub.types import InboundMessage


def receive_echo(
    tx: Transaction, connector: str, kind: str, event: InboundMessage, journal_id: int
) -> int | None:
    """Our page said something: either we know it, or somebody answered in the provider's app.

    The echo of our own message may come before the answer to our call; `metadata` is our id.
    """
    person = contact_addresses.find_or_create(tx, event.address, event.profile)
    known = timeline.find_message(tx, connector, person.address_id, (event.external_id,))
    if known is not None:
        return None
    if event.metadata.isdecimal():
        own = tx.execute(
            select(deliveries.c.message_id).where(
                deliveries.c.message_id == int(event.metadata),
                deliveries.c.address_id == person.address_id,
            )
        ).scalar()
        if own is not None:
            receipts.remember_external_id(
                tx, own, connector, person.address_id, 0, event.external_id
            )
            return None
    target = lifecycle.conversation_for_inbound(tx, person)
    values = timeline.add_message(
        tx,
        target,
        person=person,
        connector=connector,
        kind=kind,
        direction="out",
        author=Author("agent", None, "Answered elsewhere"),
        text=event.text,
        created_at=timeline.sane_time(event.sent_at, tx.now),
        external_id=event.external_id or None,
        journal_id=journal_id,
        extra=dict(event.extra),
    )
    attachments.attach(tx, connector, values["id"], person, event.attachments)
    target.changes["waiting_since"] = None
    publishing.message(tx, target, values["id"])
    found = values["id"]
    assert isinstance(found, int)
    return found
