"""The outbox: records what became of claimed deliveries, and puts them back in line.

Every outcome is written only while its worker holds the claim (`hub.outbound.claims`).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, true, update

from hub.contacts import contact_addresses
from hub.conversations import publishing
from hub.errors import ConnectionFailed, CredentialsRefused, SendError
from hub.outbound import claims, failure_sentences, receipts
from hub.outbound.claims import ClaimedDelivery
from hub.store.engine import Transaction
from hub.store.models import addresses, deliveries, external_ids
from hub.types import Address, DeliveryStatus, SendReceipt


def record_sent_part(
    tx: Transaction,
    claim: ClaimedDelivery,
    part: int,
    receipt: SendReceipt,
    *,
    is_last: bool,
    follow_after: timedelta | None = None,
) -> bool:
    """Records that the provider took one call of a message; after the last the message is sent.

    Args:
        part: the number of the call, from 0.
        follow_after: how long until the hub looks whether the visitor left without reading it;
            None where nothing follows.

    Returns:
        False where the worker has lost its claim: nothing more may be sent for it.
    """
    if receipt.moved_to is not None:
        row = tx.execute(select(addresses).where(addresses.c.id == claim.address_id)).one()
        contact_addresses.move_address(
            tx, Address(row.scheme, row.path, row.scope), receipt.moved_to
        )
    changed = tx.execute(
        update(deliveries)
        .where(claims.is_still_claimed(claim), deliveries.c.parts_sent <= part)
        .values(
            parts_sent=part + 1,
            unknown_since=None,
            lease_until=tx.now + claims.LEASE,
            follow_at=tx.now + follow_after if is_last and follow_after is not None else None,
            updated_at=tx.now,
        )
    )
    if changed.rowcount == 0:
        return _record_late_part(tx, claim, part, receipt)
    _remember_part(tx, claim, part, receipt, in_message=not is_last)
    if receipt.note and is_last:  # once for a message of many parts
        receipts.add_note(tx, claim.message_id, receipt.status, receipt.note)
    if is_last:
        receipts.advance_delivery(
            tx, claim.message_id, receipt.status, external_id=receipt.external_id
        )
    return True


def _record_late_part(
    tx: Transaction, claim: ClaimedDelivery, part: int, receipt: SendReceipt
) -> bool:
    """Records what the provider took for a worker that does not hold the delivery any more.

    The provider's id keeps the next attempt from sending the part again. An attempt that began
    meanwhile sends, or sent, the part a second time: the message is marked.

    Returns:
        True where the part had been recorded, by a commit whose answer was lost.
    """
    row = tx.execute(
        select(deliveries.c.attempts, deliveries.c.parts_sent)
        .where(deliveries.c.message_id == claim.message_id)
        .with_for_update(key_share=True)
    ).one()
    if row.attempts == claim.attempts and row.parts_sent > part:
        return True
    is_known = receipts.is_external_id_of(
        tx, claim.message_id, claim.connector, receipt.external_id
    )
    _remember_part(tx, claim, part, receipt)
    if row.attempts > claim.attempts and not is_known:
        tx.execute(
            update(deliveries)
            .where(deliveries.c.message_id == claim.message_id)
            .values(maybe_twice=True)
        )
        publishing.publish_message_update(tx, claim.message_id)
    return False


def _remember_part(
    tx: Transaction,
    claim: ClaimedDelivery,
    part: int,
    receipt: SendReceipt,
    *,
    in_message: bool = True,
) -> None:
    receipts.remember_external_id(
        tx,
        claim.message_id,
        claim.connector,
        claim.address_id,
        part,
        receipt.external_id,
        is_answer=True,
        in_message=in_message,
    )


def send_singly(tx: Transaction, claim: ClaimedDelivery, part: int) -> bool:
    """Has the files of a message sent one by one from a call on that was refused as a whole.

    Args:
        part: the number of the call, from 0.

    Returns:
        False where the worker has lost its claim, and may not send.
    """
    changed = tx.execute(
        update(deliveries)
        .where(claims.is_still_claimed(claim), deliveries.c.parts_sent <= part)
        .values(singly_from=part, unknown_since=None, lease_until=tx.now + claims.LEASE)
    )
    return changed.rowcount > 0


def record_all_sent(tx: Transaction, claim: ClaimedDelivery) -> None:
    """Records that no part of the message is left to send."""
    if claims.holds_claim(tx, claim):
        receipts.advance_delivery(tx, claim.message_id, DeliveryStatus.SENT)


def count_known_parts(connection: Connection, message_id: int) -> int:
    """The number of parts of a message that the provider confirmed: by its answers, or by echo."""
    return connection.execute(
        select(func.count()).where(
            external_ids.c.message_id == message_id, external_ids.c.status == "sent"
        )
    ).scalar_one()


def requeue_delivery(
    tx: Transaction,
    claim: ClaimedDelivery,
    error: SendError,
    again_at: datetime,
    *,
    unknown: bool = False,
) -> None:
    """Puts a delivery back in line after an attempt that failed for now.

    Args:
        again_at: the earliest time of the next attempt.
        unknown: whether the call may have arrived in spite of the error.
    """
    values: dict[str, Any] = {
        "status": "queued",
        "code": error.code,
        "reason": failure_sentences.waiting_reason(error),
        "external_code": error.external_code or "",
        "next_attempt_at": again_at,
        "lease_until": None,
        "updated_at": tx.now,
    }
    if unknown:
        values["unknown_since"] = tx.now
    changed = tx.execute(update(deliveries).where(claims.is_still_claimed(claim)).values(values))
    if changed.rowcount:
        publishing.publish_message_update(tx, claim.message_id)


def fail_delivery(
    tx: Transaction, claim: ClaimedDelivery, error: SendError, *, also: str = ""
) -> None:
    """Ends a delivery that will not leave, or of which the rest will not.

    Args:
        also: sentences for the agent about other channels that were tried.
    """
    if claims.holds_claim(tx, claim):
        has_begun = tx.execute(
            select(deliveries.c.parts_sent > 0).where(deliveries.c.message_id == claim.message_id)
        ).scalar()
        reason = failure_sentences.failure_reason(error, partly_arrived=bool(has_begun), also=also)
        receipts.advance_delivery(
            tx,
            claim.message_id,
            DeliveryStatus.FAILED,
            code=error.code,
            reason=reason,
            external_code=error.external_code or "",
        )


def mark_maybe_twice(tx: Transaction, claim: ClaimedDelivery) -> bool:
    """Marks a delivery that is sent again though it may have arrived, for the agent to see.

    Returns:
        False where the worker has lost its claim, and may not send.
    """
    changed = tx.execute(
        update(deliveries)
        .where(claims.is_still_claimed(claim))
        .values(maybe_twice=True, unknown_since=None)
    )
    return changed.rowcount > 0


def retry_waiting_now(tx: Transaction, connector: str | None, limit: int) -> int:
    """Makes deliveries due now that wait because their provider was away or refused our keys.

    Args:
        connector: its name, None for all connectors.
        limit: the largest number of deliveries, those that are due first.

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
        .limit(limit)
    )
    changed = tx.execute(
        update(deliveries)
        .where(deliveries.c.message_id.in_(waiting))
        .values(next_attempt_at=tx.now)
    )
    return changed.rowcount


# -- when the clock was set ------------------------------------------------------------------------


#: How soon after it was set that is noticed.
NOTICED_WITHIN = timedelta(seconds=5)


def follow_clock(tx: Transaction, jump: timedelta, after: int, limit: int) -> int | None:
    """Lets deliveries wait, and be tried, as long as before the clock was set.

    Args:
        jump: by how much it was set.
        after: the last message that was looked at, 0 for none.
        limit: how many are looked at.

    Returns:
        The last message looked at, None where there is none left.
    """
    rows = tx.execute(
        select(
            deliveries.c.message_id,
            deliveries.c.next_attempt_at,
            deliveries.c.created_at,
            deliveries.c.updated_at,
        )
        .where(deliveries.c.message_id > after, deliveries.c.status.in_(("queued", "sending")))
        .order_by(deliveries.c.message_id)
        .limit(limit)
        .with_for_update(key_share=True)
    ).all()
    if not rows:
        return None

    def is_of_former_clock(moment: datetime) -> bool:
        return not tx.now - NOTICED_WITHIN <= moment <= tx.now

    tx.execute(
        _SET_TIMES,
        [
            {
                "message": row.message_id,
                "at": _after_jump(row.next_attempt_at, jump, tx.now)
                if is_of_former_clock(row.updated_at)
                else row.next_attempt_at,
                "since": row.created_at + jump
                if is_of_former_clock(row.created_at)
                else row.created_at,
            }
            for row in rows
        ],
    )
    return int(rows[-1].message_id)


def _after_jump(due: datetime, jump: timedelta, now: datetime) -> datetime:
    """The time of an attempt by the new clock; what was due stays due."""
    return due + jump if due > now - jump else min(due, now)


_SET_TIMES = (
    update(deliveries)
    .where(deliveries.c.message_id == bindparam("message"))
    .values(next_attempt_at=bindparam("at"), created_at=bindparam("since"))
)
