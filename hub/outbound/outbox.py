"""The outbox: claims the delivery that may leave next, and records what became of it.

A claimed delivery is a row with a lease. When the worker that holds it dies, the lease runs out and
the outcome is unknown until the provider was asked. Messages to one address leave in the order in
which they were written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, true, update

from hub.contacts import contact_addresses
from hub.conversations import publishing
from hub.errors import ConnectionFailed, CredentialsRefused, SendError
from hub.outbound import receipts
from hub.store.engine import Transaction
from hub.store.models import addresses, deliveries, external_ids
from hub.types import Address, DeliveryStatus, SendReceipt

LEASE = timedelta(seconds=90)
GIVE_UP_AFTER = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class ClaimedDelivery:
    """A delivery that a worker has claimed.

    Args:
        attempts: the number of attempts, this one included.
        parts_sent: the number of calls that the provider took in earlier attempts.
        unknown_since: since when it is unknown whether the next call arrived, None where known.
        created_at: when the message was put in line.
    """

    message_id: int
    connector: str
    address_id: int
    attempts: int
    parts_sent: int
    unknown_since: datetime | None
    created_at: datetime


_earlier = deliveries.alias("earlier")
_FIRST_IN_LINE = ~(
    select(_earlier.c.message_id)
    .where(
        _earlier.c.address_id == deliveries.c.address_id,
        _earlier.c.status.in_(("queued", "sending")),
        _earlier.c.connector == deliveries.c.connector,
        _earlier.c.message_id < deliveries.c.message_id,
    )
    .exists()
)


def _due(now: datetime) -> ColumnElement[bool]:
    return or_(
        and_(deliveries.c.status == "queued", deliveries.c.next_attempt_at <= now),
        and_(deliveries.c.status == "sending", deliveries.c.lease_until <= now),
    )


def has_due_delivery(connection: Connection, connectors: Sequence[str], now: datetime) -> bool:
    """Whether these connectors have a delivery to claim: a read that keeps idle hubs from writing.

    Args:
        connectors: names.
    """
    due = connection.execute(
        select(deliveries.c.message_id)
        .where(_due(now), deliveries.c.connector.in_(connectors), _FIRST_IN_LINE)
        .limit(1)
    )
    return due.first() is not None


def claim_delivery(tx: Transaction, connectors: Sequence[str]) -> ClaimedDelivery | None:
    """Claims the next delivery of these connectors, None where none is due or another was faster.

    Args:
        connectors: names.
    """
    row = tx.execute(
        select(deliveries)
        .where(_due(tx.now), deliveries.c.connector.in_(connectors), _FIRST_IN_LINE)
        .order_by(deliveries.c.next_attempt_at, deliveries.c.message_id)
        .limit(1)
        .with_for_update(skip_locked=True, of=deliveries)
    ).first()
    if row is None:
        return None
    unknown_since = row.unknown_since
    if row.status == "sending" and unknown_since is None:
        unknown_since = row.updated_at  # the worker that held it is gone
    tx.execute(
        update(deliveries)
        .where(deliveries.c.message_id == row.message_id)
        .values(
            status="sending",
            attempts=row.attempts + 1,
            lease_until=tx.now + LEASE,
            unknown_since=unknown_since,
            tried_at=tx.now,
            updated_at=tx.now,
        )
    )
    return ClaimedDelivery(
        message_id=row.message_id,
        connector=row.connector,
        address_id=row.address_id,
        attempts=row.attempts + 1,
        parts_sent=row.parts_sent,
        unknown_since=unknown_since,
        created_at=row.created_at,
    )


def is_still_claimed(claim: ClaimedDelivery) -> ColumnElement[bool]:
    """The condition that no other worker took the delivery over after the lease ran out."""
    return and_(
        deliveries.c.message_id == claim.message_id,
        deliveries.c.status == "sending",
        deliveries.c.attempts == claim.attempts,
    )


def end_leases(tx: Transaction) -> None:
    """Ends every lease: for a process that knows that no other process sends."""
    tx.execute(
        update(deliveries).where(deliveries.c.status == "sending").values(lease_until=tx.now)
    )


# -- outcomes --------------------------------------------------------------------------------------


def record_sent_part(
    tx: Transaction,
    claim: ClaimedDelivery,
    part: int,
    receipt: SendReceipt,
    *,
    is_last: bool,
    follow_after: timedelta | None = None,
) -> None:
    """Records that the provider took one call of a message; after the last the message is sent.

    Args:
        part: the number of the call, from 0.
        follow_after: how long until the hub looks whether the visitor left without reading it;
            None where nothing follows.
    """
    if receipt.moved_to is not None:
        row = tx.execute(select(addresses).where(addresses.c.id == claim.address_id)).one()
        contact_addresses.move_address(
            tx, Address(row.scheme, row.path, row.scope), receipt.moved_to
        )
    receipts.lock_delivery(tx, claim.message_id)
    receipts.remember_external_id(
        tx,
        claim.message_id,
        claim.connector,
        claim.address_id,
        part,
        receipt.external_id,
        is_answer=True,
    )
    tx.execute(
        update(deliveries)
        .where(deliveries.c.message_id == claim.message_id)
        .values(
            parts_sent=part + 1,
            unknown_since=None,
            lease_until=tx.now + LEASE,
            follow_at=tx.now + follow_after if is_last and follow_after is not None else None,
            updated_at=tx.now,
        )
    )
    if is_last:
        receipts.advance_delivery(tx, claim.message_id, receipt.status)


def record_all_sent(tx: Transaction, claim: ClaimedDelivery) -> None:
    """Records that no part of the message is left to send."""
    receipts.advance_delivery(tx, claim.message_id, DeliveryStatus.SENT)


def count_known_parts(connection: Connection, message_id: int) -> int:
    """The number of parts of a message that the provider confirmed: by its answers, or by echo."""
    return connection.execute(
        select(func.count()).where(
            external_ids.c.message_id == message_id, external_ids.c.status == "sent"
        )
    ).scalar_one()


def requeue_delivery(
    tx: Transaction, claim: ClaimedDelivery, error: SendError, again_at: datetime, *, unknown: bool
) -> None:
    """Puts a delivery back in line after an attempt that failed for now.

    Args:
        again_at: the earliest time of the next attempt.
        unknown: whether the call may have arrived in spite of the error.
    """
    values: dict[str, Any] = {
        "status": "queued",
        "code": error.code,
        "reason": error.message,
        "external_code": error.external_code or "",
        "next_attempt_at": again_at,
        "lease_until": None,
        "updated_at": tx.now,
    }
    if unknown:
        values["unknown_since"] = tx.now
    changed = tx.execute(update(deliveries).where(is_still_claimed(claim)).values(values))
    if changed.rowcount:
        publishing.publish_message_update(tx, claim.message_id)


def return_claim(tx: Transaction, claim: ClaimedDelivery, again_at: datetime) -> None:
    """Gives back a claim that our own rate limits do not let out yet. It counts as no attempt."""
    tx.execute(
        update(deliveries)
        .where(is_still_claimed(claim))
        .values(
            status="queued",
            attempts=deliveries.c.attempts - 1,
            next_attempt_at=again_at,
            lease_until=None,
        )
    )


def fail_delivery(
    tx: Transaction, claim: ClaimedDelivery, error: SendError, *, also: str = ""
) -> None:
    """Ends a delivery that will not leave.

    Args:
        also: sentences for the agent about other channels that were tried.
    """
    receipts.advance_delivery(
        tx,
        claim.message_id,
        DeliveryStatus.FAILED,
        code=error.code,
        reason=f"{error.message} {also}".strip(),
        external_code=error.external_code or "",
    )


def mark_maybe_twice(tx: Transaction, claim: ClaimedDelivery) -> None:
    """Marks a delivery that is sent again though it may have arrived, for the agent to see."""
    tx.execute(
        update(deliveries)
        .where(deliveries.c.message_id == claim.message_id)
        .values(maybe_twice=True, unknown_since=None)
    )


def retry_waiting_now(
    tx: Transaction, connector: str | None = None, limit: int | None = None
) -> int:
    """Makes deliveries due now that wait because their provider was away or refused our keys.

    Args:
        connector: its name, None for all connectors.
        limit: the largest number of deliveries, those that are due first; None for all.

    Returns:
        The number of deliveries.
    """
    waiting = (
        select(deliveries.c.message_id)
        .where(
            true() if connector is None else deliveries.c.connector == connector,
            deliveries.c.status == "queued",
            deliveries.c.code.in_((ConnectionFailed.code, CredentialsRefused.code)),
            deliveries.c.next_attempt_at > tx.now,
        )
        .order_by(deliveries.c.next_attempt_at, deliveries.c.message_id)
    )
    if limit is not None:
        waiting = waiting.limit(limit)
    ids = list(tx.execute(waiting).scalars())
    if ids:
        tx.execute(
            update(deliveries)
            .where(deliveries.c.message_id.in_(ids))
            .values(next_attempt_at=tx.now)
        )
    return len(ids)
