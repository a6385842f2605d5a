"""Records many messages as sent in one transaction, with as many statements as for one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from hub.conversations import publishing
from hub.outbound import receipts
from hub.outbound.claims import ClaimedDelivery
from hub.store.engine import Transaction
from hub.store.models import deliveries
from hub.types import DeliveryStatus, SendReceipt


@dataclass(frozen=True, slots=True)
class SentMessage:
    """The last call of a message, which the provider took.

    Args:
        part: the number of the call, from 0.
        follow_after: as `outbox.record_sent_part` takes it.
    """

    claim: ClaimedDelivery
    part: int
    receipt: SendReceipt
    follow_after: timedelta | None = None

    @property
    def is_plain(self) -> bool:
        """Whether it is sent, and nothing else is to be done."""
        receipt = self.receipt
        is_sent = receipt.status is DeliveryStatus.SENT
        return is_sent and receipt.moved_to is None and not receipt.note


def record_sent_messages(tx: Transaction, sent: Sequence[SentMessage]) -> set[int]:
    """Records plain messages as sent.

    Args:
        sent: the messages, each once.

    Returns:
        The ids of those that it recorded. The others have lost their claims, or have receipts that
        came before: each of them is to be recorded alone.
    """
    by_id = {message.claim.message_id: message for message in sent}
    rows = tx.execute(
        select(
            deliveries.c.message_id,
            deliveries.c.status,
            deliveries.c.attempts,
            deliveries.c.parts_sent,
            deliveries.c.reported,
        )
        .where(deliveries.c.message_id.in_(by_id))
        .order_by(deliveries.c.message_id)
        .with_for_update(key_share=True)
    ).all()
    held = [
        by_id[row.message_id]
        for row in rows
        if row.status == "sending"
        and row.attempts == by_id[row.message_id].claim.attempts
        and row.parts_sent <= by_id[row.message_id].part
        and not row.reported
    ]
    if not held:
        return set()
    for values, message_ids in _by_values(tx, held):
        tx.execute(
            update(deliveries).where(deliveries.c.message_id.in_(message_ids)).values(values)
        )
    receipts.remember_answers(
        tx,
        [
            (
                message.claim.message_id,
                message.claim.connector,
                message.claim.address_id,
                message.part,
                external_id,
            )
            for message in held
            if (external_id := message.receipt.external_id)
        ],
    )
    recorded = [message.claim.message_id for message in held]
    publishing.publish_message_updates(tx, recorded)
    return set(recorded)


def _by_values(
    tx: Transaction, held: Sequence[SentMessage]
) -> list[tuple[dict[str, Any], list[int]]]:
    """The columns of the deliveries, for all messages with the same ones together."""
    groups: dict[tuple[int, timedelta | None], list[int]] = defaultdict(list)
    for message in held:
        groups[message.part, message.follow_after].append(message.claim.message_id)
    return [
        (
            {
                "status": DeliveryStatus.SENT.value,
                "code": "",
                "reason": "",
                "external_code": "",
                "parts_sent": part + 1,
                "unknown_since": None,
                "lease_until": None,
                "follow_at": None if follow_after is None else tx.now + follow_after,
                "updated_at": tx.now,
            },
            message_ids,
        )
        for (part, follow_after), message_ids in groups.items()
    ]
