"""Adds deliveries to the outbox."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert

from hub.contacts.contact_addresses import ContactAddress
from hub.outbound.destinations import OutboundChannel
from hub.store.engine import Transaction
from hub.store.models import deliveries
from hub.store.prepared import Prepared

_INSERT_DELIVERY = Prepared(insert(deliveries))


def queue_delivery(
    tx: Transaction,
    message_id: int,
    recipient: ContactAddress,
    channel: OutboundChannel,
    *,
    fallback_from: dict[str, Any] | None = None,
) -> None:
    """Queues the delivery of a message.

    Args:
        fallback_from: for a message that took another route, its first destination and its trail.
    """
    _INSERT_DELIVERY.run_later(
        tx.connection,
        {
            "message_id": message_id,
            "connector": channel.name,
            "address_id": recipient.address_id,
            "status": "queued",
            "code": "",
            "reason": "",
            "external_code": "",
            "attempts": 0,
            "parts_sent": 0,
            "singly_from": None,
            "maybe_twice": False,
            "reported": {},
            "tried_at": None,
            "unknown_since": None,
            "lease_until": None,
            "fallback_from": fallback_from,
            "follow_at": None,
            "next_attempt_at": tx.now,
            "created_at": tx.now,
            "updated_at": tx.now,
        },
    )
