"""Reports about a copy of a message: they say nothing about the customer's own address."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from hub.store.engine import Transaction
from hub.store.models import addresses, messages
from hub.types import DeliveryStatus, DeliveryUpdate


def find_copied_messages(
    tx: Transaction, message_ids: Sequence[int], report: DeliveryUpdate
) -> list[int]:
    """Those of these messages of which the report's address got a copy, or got it for another."""
    if report.address is None or not message_ids:
        return []
    rows = tx.execute(
        select(messages.c.id, messages.c.to, messages.c.cc, addresses.c.path)
        .join(addresses, addresses.c.id == messages.c.address_id)
        .where(messages.c.id.in_(message_ids))
    ).all()
    address = str(report.address)
    is_copied = {
        row.id for row in rows if row.path != report.address.path and address in (*row.to, *row.cc)
    }
    return [message_id for message_id in message_ids if message_id in is_copied]


def note_of(report: DeliveryUpdate) -> str:
    """What a report about a copy says, for the timeline: it changes no message."""
    assert report.address is not None
    text = " ".join(filter(None, (report.reason, report.note)))
    if report.status is DeliveryStatus.FAILED:
        text = f"No copy arrived at {report.address.path}. {text}".strip()
    return text
