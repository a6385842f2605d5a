"""Claims of deliveries: which may leave next, and who holds one.

A claimed delivery is a row with a lease. Its worker renews the lease while it sends. When the
worker dies, the lease runs out, and the outcome is unknown until the provider was asked. Messages
to one address leave in the order in which they were written.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, case, func, or_, select, update

from hub.store.engine import Transaction
from hub.store.models import deliveries

#: Longer than any time-out of a connector: an SMTP server may take three minutes for its answer.
LEASE = timedelta(minutes=5)
#: How often a lease is renewed while its delivery is under way.
RENEW_SECONDS = 60.0
#: No lease ends later than this, unless the clock was set back meanwhile.
LONGEST_LEASE = 2 * LEASE
#: The number of deliveries that one look at the outbox reads.
PAGE = 200


@dataclass(frozen=True, slots=True)
class ClaimedDelivery:
    """A delivery that a worker has claimed.

    Args:
        attempts: the number of attempts, this one included.
        parts_sent: the number of calls that the provider took in earlier attempts.
        singly_from: the call from which on one file leaves at a time, None where none does.
        unknown_since: since when it is unknown whether the next call arrived, None where known.
        age: how long the message was in line when it was claimed.
        claimed_at: when that was, by the process's own clock.
    """

    message_id: int
    connector: str
    address_id: int
    attempts: int
    parts_sent: int
    singly_from: int | None
    unknown_since: datetime | None
    age: timedelta
    claimed_at: float

    def time_in_line(self) -> timedelta:
        """How long the message has been in line, whatever became of the clock since its claim."""
        return self.age + timedelta(seconds=time.monotonic() - self.claimed_at)


class DueDelivery(NamedTuple):
    """A queued delivery. `is_first`: no earlier one to its address has yet to leave."""

    next_attempt_at: datetime
    message_id: int
    address_id: int
    is_first: bool


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


_DUE = (
    deliveries.c.next_attempt_at,
    deliveries.c.message_id,
    deliveries.c.address_id,
    _FIRST_IN_LINE.label("is_first"),
)


def read_due_page(
    connection: Connection, connector: str, after: DueDelivery | None, now: datetime
) -> list[DueDelivery]:
    """Deliveries of a connector whose time has come, by their time: at most PAGE of them.

    Args:
        connector: its name.
        after: the last one of the page before, None for the first page.
    """
    query = select(*_DUE).where(
        deliveries.c.status == "queued",
        deliveries.c.connector == connector,
        deliveries.c.next_attempt_at <= now,
    )
    if after is not None:
        query = query.where(
            deliveries.c.next_attempt_at >= after.next_attempt_at,
            or_(
                deliveries.c.next_attempt_at > after.next_attempt_at,
                deliveries.c.message_id > after.message_id,
            ),
        )
    order = (deliveries.c.next_attempt_at, deliveries.c.message_id)
    return [DueDelivery(*row) for row in connection.execute(query.order_by(*order).limit(PAGE))]


def read_head(connection: Connection, connector: str, address_id: int) -> DueDelivery | None:
    """The first queued delivery in the line of an address."""
    row = connection.execute(
        select(*_DUE)
        .where(
            deliveries.c.address_id == address_id,
            deliveries.c.status == "queued",
            deliveries.c.connector == connector,
        )
        .order_by(deliveries.c.message_id)
        .limit(1)
    ).first()
    return None if row is None else DueDelivery(*row)


def read_ended_leases(
    connection: Connection, connectors: Sequence[str], now: datetime
) -> list[int]:
    """The messages whose workers let their leases run out."""
    rows = connection.execute(
        select(deliveries.c.message_id).where(
            deliveries.c.status == "sending",
            deliveries.c.connector.in_(connectors),
            _lease_has_ended(now),
        )
    )
    return list(rows.scalars())


def _lease_has_ended(now: datetime) -> ColumnElement[bool]:
    lease_until = deliveries.c.lease_until
    return or_(lease_until.is_(None), lease_until <= now, lease_until > now + LONGEST_LEASE)


def claim_deliveries(
    tx: Transaction,
    message_ids: Collection[int],
    connectors: Collection[str],
    lease_until: datetime,
) -> list[ClaimedDelivery]:
    """Claims those of these deliveries that may leave now and that no other worker claimed first.

    Args:
        connectors: the names of those that the worker sends by.
        lease_until: unlike that of any other call, so that claims whose commit was lost are found.

    Returns:
        The claims, in the order of their messages; at most one for each address.
    """
    rows = tx.execute(
        select(deliveries)
        .where(
            deliveries.c.message_id.in_(message_ids),
            deliveries.c.connector.in_(connectors),
            or_(
                and_(deliveries.c.status == "queued", deliveries.c.next_attempt_at <= tx.now),
                and_(deliveries.c.status == "sending", _lease_has_ended(tx.now)),
            ),
            _FIRST_IN_LINE,
        )
        .order_by(deliveries.c.message_id)
        .with_for_update(skip_locked=True, of=deliveries, key_share=True)
    ).all()
    if not rows:
        return []
    since = func.coalesce(deliveries.c.unknown_since, deliveries.c.updated_at)
    tx.execute(
        update(deliveries)
        .where(deliveries.c.message_id.in_([row.message_id for row in rows]))
        .values(
            status="sending",
            attempts=deliveries.c.attempts + 1,
            lease_until=lease_until,
            # The worker that held it is gone.
            unknown_since=case(
                (deliveries.c.status == "sending", since), else_=deliveries.c.unknown_since
            ),
            tried_at=tx.now,
            updated_at=tx.now,
        )
    )
    return [
        ClaimedDelivery(
            message_id=row.message_id,
            connector=row.connector,
            address_id=row.address_id,
            attempts=row.attempts + 1,
            parts_sent=row.parts_sent,
            singly_from=row.singly_from,
            unknown_since=row.unknown_since
            or (row.updated_at if row.status == "sending" else None),
            age=tx.now - row.created_at,
            claimed_at=time.monotonic(),
        )
        for row in rows
    ]


def is_still_claimed(claim: ClaimedDelivery) -> ColumnElement[bool]:
    """The condition that no other worker took the delivery over after the lease ran out."""
    return and_(
        deliveries.c.message_id == claim.message_id,
        deliveries.c.status == "sending",
        deliveries.c.attempts == claim.attempts,
    )


def holds_claim(tx: Transaction, claim: ClaimedDelivery) -> bool:
    """Whether the worker still has its claim. Locks the delivery to the end of the transaction."""
    row = tx.execute(
        select(deliveries.c.message_id)
        .where(is_still_claimed(claim))
        .with_for_update(key_share=True)
    ).first()
    return row is not None


# -- leases ----------------------------------------------------------------------------------------


def renew_leases(tx: Transaction, claims: Collection[ClaimedDelivery]) -> None:
    """Makes the leases of deliveries that are under way last longer."""
    held = {claim.message_id: claim.attempts for claim in claims}
    rows = tx.execute(
        select(deliveries.c.message_id, deliveries.c.attempts)
        .where(deliveries.c.message_id.in_(held), deliveries.c.status == "sending")
        .order_by(deliveries.c.message_id)
        .with_for_update(
            skip_locked=True, key_share=True
        )  # the worker itself is about to write its outcome
    )
    ours = [row.message_id for row in rows if row.attempts == held[row.message_id]]
    tx.execute(
        update(deliveries)
        .where(deliveries.c.message_id.in_(ours))
        .values(lease_until=tx.now + LEASE)
    )


def end_leases(tx: Transaction) -> None:
    """Ends every lease: for a process that knows that no other process sends."""
    tx.execute(update(deliveries).where(deliveries.c.status == "sending").values(lease_until=None))


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


def return_lost_claims(tx: Transaction, lease_until: datetime) -> None:
    """Gives back the claims of a transaction of which it is unknown whether it was committed.

    No message of theirs was sent: the worker never got them.

    Args:
        lease_until: as that transaction wrote it.
    """
    tx.execute(
        update(deliveries)
        .where(deliveries.c.status == "sending", deliveries.c.lease_until == lease_until)
        .values(status="queued", attempts=deliveries.c.attempts - 1, lease_until=None)
    )


def let_go(tx: Transaction, claim: ClaimedDelivery) -> None:
    """Gives up a claim whose outcome is unknown, because its sending goes on for far too long."""
    tx.execute(
        update(deliveries)
        .where(is_still_claimed(claim))
        .values(
            status="queued",
            unknown_since=func.coalesce(deliveries.c.unknown_since, deliveries.c.tried_at),
            next_attempt_at=tx.now,
            lease_until=None,
            updated_at=tx.now,
        )
    )
