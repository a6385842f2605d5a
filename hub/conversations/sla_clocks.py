"""The SLA clocks of a conversation, as its row keeps them. The router decides how they run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from hub.conversations import actions, lifecycle, publishing, timeline, views
from hub.conversations.loaded_conversation import Clock, ConversationRow
from hub.schema import author
from hub.schema.events import Event, SlaBreached, SlaWarning
from hub.store.engine import Transaction
from hub.store.models import conversations, messages

_DUES = ("first_reply_due", "next_reply_due", "resolve_due")
#: The columns that agents see.
_SHOWN = (*_DUES, "sla_paused_at", "sla_breached")


def due_conversations(connection: Connection, now: datetime, limit: int) -> list[int]:
    """The ids of conversations whose clocks have to be looked at, the most urgent first."""
    rows = connection.execute(
        select(conversations.c.id)
        .where(conversations.c.sla_next_at <= now)
        .order_by(conversations.c.sla_next_at, conversations.c.id)
        .limit(limit)
    )
    return list(rows.scalars())


def next_due(connection: Connection) -> datetime | None:
    """When the next clocks have to be looked at; None where none run."""
    return connection.execute(
        select(conversations.c.sla_next_at)
        .where(conversations.c.sla_next_at.is_not(None))
        .order_by(conversations.c.sla_next_at)
        .limit(1)
    ).scalar()


def lock_due_row(tx: Transaction, conversation_id: int) -> ConversationRow | None:
    """Locks a conversation whose clocks are due until the commit.

    Returns: its row; None when another process has looked at the clocks meanwhile.
    """
    row = tx.execute(
        select(conversations)
        .where(conversations.c.id == conversation_id, conversations.c.sla_next_at <= tx.now)
        .with_for_update(key_share=True)
    ).first()
    return None if row is None else ConversationRow(row)


def is_answered_by_agent(connection: Connection, conversation_id: int) -> bool:
    """Whether an agent has written in a conversation, or in one that was merged into it."""
    merged = select(conversations.c.id).where(conversations.c.merged_into_id == conversation_id)
    ids = [conversation_id, *connection.execute(merged).scalars()]
    rows = connection.execute(
        select(messages.c.id)
        .where(
            messages.c.conversation_id.in_(ids),
            messages.c.direction == "out",
            messages.c.type == "message",
            messages.c.author_type == "agent",
        )
        .limit(1)
    )
    return rows.first() is not None


def save_clocks(
    tx: Transaction,
    row: ConversationRow,
    values: Mapping[str, Any],
    warnings: Sequence[tuple[Clock, datetime]] = (),
    breaches: Sequence[tuple[Clock, datetime]] = (),
) -> None:
    """Writes the clocks of a conversation, and publishes the clocks that fell due.

    Args:
        row: as `lock_due_row` returned it.
        values: columns of the conversation; `sla_next_at` is always set.
        warnings: the clocks that run out soon, with the time at which they do.
        breaches: the clocks that ran out, with the time at which they did.
    """
    breached = [*row.sla_breached, *(clock for clock, _ in breaches)]
    columns = {**values, "sla_breached": list(dict.fromkeys(breached))}
    columns["due_at"] = _first_due(row, columns)
    tx.execute(update(conversations).where(conversations.c.id == row.id).values(**columns))
    for name, clocks in (("sla.warning", warnings), ("sla.breached", breaches)):
        for clock, due in clocks:
            loaded = lifecycle.load_conversation(
                tx, row.id, actions.any_contact_address(tx, row.contact_id)
            )
            timeline.add_event(
                tx, loaded, name, author.SYSTEM, clock=clock, policy=row.sla, due=_time_text(due)
            )
    if all(columns.get(name) == getattr(row, name) for name in _SHOWN) and not warnings:
        return
    publishing.publish_conversation(tx, row.id)
    conversation = views.get_conversation(tx.connection, row.id)
    for clock, due in warnings:
        tx.publish(Event(SlaWarning(conversation=conversation, clock=clock, due=due)))
    for clock, due in breaches:
        tx.publish(Event(SlaBreached(conversation=conversation, clock=clock, due=due)))


def _first_due(row: ConversationRow, columns: Mapping[str, Any]) -> datetime | None:
    """When the first clock that runs is due, after these changes of a row; None where none runs."""

    def value(name: str) -> Any:
        return columns.get(name, getattr(row, name))

    if value("sla_paused_at") is not None:
        return None
    return min((due for due in map(value, _DUES) if due is not None), default=None)


def _time_text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
