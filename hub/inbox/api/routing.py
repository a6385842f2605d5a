"""Why a conversation is with whom it is with, told from its own timeline."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from hub.conversations import shapes, views
from hub.conversations.work import EVENTS
from hub.store.models import messages


class Assignment(shapes.Shape):
    """One step: `agent` got it (None: it was released), and why."""

    at: datetime
    agent_id: shapes.OptionalId
    agent: str | None
    by: shapes.Author
    reason: str


class Routing(shapes.Shape):
    conversation_id: shapes.Id
    assignee: shapes.Agent | None
    waiting_since: datetime | None
    reason: str
    assignments: list[Assignment]


def routing_of(connection: Connection, conversation_id: int) -> Routing:
    """Every assignment of a conversation, oldest first. Raises NotFound."""
    conversation = views.conversation(connection, conversation_id)
    rows = connection.execute(
        select(messages)
        .where(messages.c.conversation_id == conversation_id, messages.c.type == "event")
        .order_by(messages.c.id)
    )
    steps = [
        _step(row)
        for row in rows
        if (row.extra.get("event") or {}).get("name") == EVENTS["assignee_id"]
    ]
    return Routing(
        conversation_id=conversation.id,
        assignee=conversation.assignee,
        waiting_since=conversation.waiting_since,
        reason=_now(conversation, steps),
        assignments=steps,
    )


def _step(row: Any) -> Assignment:
    told = row.extra["event"]
    agent, by = (
        told.get("agent"),
        shapes.Author(type=row.author_type, id=row.author_id, name=row.author_name),
    )
    if by.type == "system":
        reason = f"{agent} was online and had the fewest open conversations."
    elif agent is None:
        reason = f"{by.name} gave it back."
    elif by.id is not None and str(by.id) == told.get("agent_id"):
        reason = f"{agent} took it."
    else:
        reason = f"{by.name} gave it to {agent}."
    return Assignment(
        at=row.created_at,
        agent_id=told.get("agent_id"),
        agent=agent,
        by=by,
        reason=reason,
    )


def _now(conversation: shapes.Conversation, steps: list[Assignment]) -> str:
    if conversation.assignee is None:
        if conversation.status == "open":
            return "It waits for an agent who is online."
        return "Nobody has it, and nothing waits for an answer."
    if steps and steps[-1].agent_id == conversation.assignee.id:
        return steps[-1].reason
    return f"{conversation.assignee.name} answered first."
