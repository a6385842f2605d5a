"""The clocks of a conversation, as its row keeps them. How they run is for the router to say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, select, update

from hub.conversations import actions, lifecycle, publishing, timeline, views
from hub.schema import author
from hub.schema.events import Event, SlaBreached, SlaWarning
from hub.store.engine import Transaction
from hub.store.models import conversations, messages

Clock = Literal["first_reply", "next_reply", "resolve"]


def due_conversations(connection: Connection, now: datetime, limit: int) -> list[int]:
    """The conversations whose clocks want to be looked at by now, the most urgent first."""
    found = connection.execute(
        select(conversations.c.id)
        .where(conversations.c.sla_next_at <= now)
        .order_by(conversations.c.sla_next_at, conversations.c.id)
        .limit(limit)
    )
    return list(found.scalars())


def lock_due_row(tx: Transaction, conversation_id: int) -> Any | None:
    """The row, held until the commit; None when somebody has looked at it meanwhile."""
    return tx.execute(
        select(conversations)
        .where(conversations.c.id == conversation_id, conversations.c.sla_next_at <= tx.now)
        .with_for_update()
    ).first()


def is_answered_by_agent(connection: Connection, conversation_id: int) -> bool:
    """Whether a person of ours has written in it, or in what a merge brought into it."""
    merged = select(conversations.c.id).where(conversations.c.merged_into_id == conversation_id)
    ids = [conversation_id, *connection.execute(merged).scalars()]
    found = connection.execute(
        select(messages.c.id)
        .where(
            messages.c.conversation_id.in_(ids),
            messages.c.direction == "out",
            messages.c.type == "message",
            messages.c.author_type == "agent",
        )
        .limit(1)
    )
    return found.first() is not None


def save_clocks(
    tx: Transaction,
    row: Any,
    values: Mapping[str, Any],
    warnings: Sequence[tuple[Clock, datetime]] = (),
    breaches: Sequence[tuple[Clock, datetime]] = (),
) -> None:
    """Writes how the clocks stand and says what has fallen due, in the timeline and on screens.

    Args:
        row: as `take` gave it.
        values: columns of the conversation; `sla_next_at` is always set.
    """
    broken = [*row.sla_breached, *(clock for clock, _ in breaches)]
    new = {**values, "sla_breached": list(dict.fromkeys(broken))}
    tx.execute(update(conversations).where(conversations.c.id == row.id).values(**new))
    for name, said in (("sla.warning", warnings), ("sla.breached", breaches)):
        for clock, moment in said:
            target = lifecycle.load_conversation(
                tx, row.id, actions.any_contact_address(tx, row.contact_id)
            )
            timeline.add_event(
                tx, target, name, author.SYSTEM, clock=clock, policy=row.sla, due=_time_text(moment)
            )
    shown = ("first_reply_due", "next_reply_due", "resolve_due", "sla_paused_at", "sla_breached")
    if all(new.get(name) == getattr(row, name) for name in shown) and not warnings:
        return
    publishing.publish_conversation(tx, row.id)
    conversation = views.get_conversation(tx.connection, row.id)
    for clock, moment in warnings:
        tx.publish(Event(SlaWarning(conversation=conversation, clock=clock, due=moment)))
    for clock, moment in breaches:
        tx.publish(Event(SlaBreached(conversation=conversation, clock=clock, due=moment)))


def _time_text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
