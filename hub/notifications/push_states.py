"""What each device may show of each conversation: the outbox of pushes.

A row says that a device may show something else than it should. Who sends looks up what it should
show at that moment, so a push tells nothing that was seen or resolved meanwhile, and several
changes are one push.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, delete, select, update

from hub.store.engine import Transaction, Upsert
from hub.store.models import push_states, push_subscriptions
from hub.store.prepared import Prepared

#: An agent who looks at the conversation reads the message within this time: nothing is pushed.
DELAY = timedelta(seconds=2)
#: How long one try may take before another process takes the row over.
LEASE = timedelta(seconds=60)
#: The conversation of a test push.
TEST = 0

_MARK_DUE = Prepared(
    Upsert(push_states, ["subscription_id", "conversation_id"], update=["due_at", "attempts"])
)


@dataclass(frozen=True, slots=True)
class ClaimedPush:
    """A device that is to be brought up to date about a conversation, by who claimed it.

    Args:
        lease: the time until which nobody else takes it, and by which the claim is known.
        attempts: how many tries there were, with this one.
    """

    subscription_id: int
    conversation_id: int
    is_shown: bool
    attempts: int
    lease: datetime


def mark_due(tx: Transaction, subscription_ids: Sequence[int], conversation_id: int) -> None:
    """Lets these devices be told of a conversation soon; of a test at once."""
    due_at = tx.now if conversation_id == TEST else tx.now + DELAY
    for subscription_id in subscription_ids:
        _MARK_DUE.rows(
            tx.connection,
            {
                "subscription_id": subscription_id,
                "conversation_id": conversation_id,
                "due_at": due_at,
                "is_shown": False,
                "attempts": 0,
            },
        )


def mark_changed(tx: Transaction, agent_id: int, conversation_ids: Sequence[int]) -> None:
    """Lets the agent's devices that were told of these conversations be brought up to date."""
    devices = select(push_subscriptions.c.id).where(push_subscriptions.c.agent_id == agent_id)
    tx.execute(
        update(push_states)
        .where(
            push_states.c.subscription_id.in_(devices),
            push_states.c.conversation_id.in_(conversation_ids),
        )
        .values(due_at=tx.now, attempts=0)
    )


def next_due(connection: Connection) -> datetime | None:
    """When the next device is to be brought up to date; None for never."""
    return connection.execute(
        select(push_states.c.due_at)
        .where(push_states.c.due_at.is_not(None))
        .order_by(push_states.c.due_at)
        .limit(1)
    ).scalar()


def claim_due(tx: Transaction, limit: int) -> list[ClaimedPush]:
    """Claims what is due, the longest due first, except for what another process takes."""
    lease = tx.now + LEASE
    rows = tx.execute(
        select(push_states)
        .where(push_states.c.due_at <= tx.now)
        .order_by(push_states.c.due_at)
        .limit(limit)
    ).all()
    return [
        ClaimedPush(row.subscription_id, row.conversation_id, row.is_shown, row.attempts + 1, lease)
        for row in rows
        if tx.execute(
            update(push_states)
            .where(*_is(row.subscription_id, row.conversation_id), push_states.c.due_at <= tx.now)
            .values(due_at=lease, attempts=row.attempts + 1)
        ).rowcount
    ]


def finish(tx: Transaction, push: ClaimedPush, *, is_shown: bool) -> None:
    """Notes what a device shows now. A change that came meanwhile stays due."""
    key = _is(push.subscription_id, push.conversation_id)
    if not is_shown:
        is_unchanged = push_states.c.due_at == push.lease
        tx.execute(delete(push_states).where(*key, is_unchanged))
    tx.execute(update(push_states).where(*key).values(is_shown=is_shown))
    tx.execute(
        update(push_states)
        .where(*key, push_states.c.due_at == push.lease)
        .values(due_at=None, attempts=0)
    )


def postpone(tx: Transaction, push: ClaimedPush, until: datetime, *, counts: bool) -> None:
    """Leaves a device as it is until a time.

    Args:
        counts: whether the try counts as an attempt.
    """
    tx.execute(
        update(push_states)
        .where(*_is(push.subscription_id, push.conversation_id), push_states.c.due_at == push.lease)
        .values(due_at=until, attempts=push.attempts if counts else push.attempts - 1)
    )


def _is(subscription_id: int, conversation_id: int) -> tuple[ColumnElement[bool], ...]:
    return (
        push_states.c.subscription_id == subscription_id,
        push_states.c.conversation_id == conversation_id,
    )
