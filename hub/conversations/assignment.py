"""What the router writes into conversations: it assigns them, queues them and takes them back.

An assignment is one conditional UPDATE, so two processes that decide at the same moment assign
nothing twice. Many outcomes are written together: they share their reads and their events.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from hub.accounts.agents import take_turn
from hub.conversations import actions, lifecycle, publishing, timeline, views
from hub.errors import Conflict
from hub.schema import author, resources
from hub.schema.events import ConversationUpdated, Event, MessageCreated
from hub.store.engine import Transaction
from hub.store.models import (
    agents,
    conversations,
    messages,
    routing_decisions,
    teams,
)
from hub.store.prepared import Prepared

NO_FIELDS: Mapping[str, Any] = MappingProxyType({})
ASSIGNED = actions.EVENT_NAMES["assignee_id"]
QUEUED = "conversation.queued"
UNANSWERED = "conversation.unanswered"
OVERFLOWED = "conversation.overflowed"
AGENT_LEFT = "conversation.agent_left"


@dataclass(frozen=True, slots=True)
class RoutingOutcome:
    """What the router decided about one conversation.

    Args:
        former_agent_id: the agent who had it when the router decided; when another agent has it
            now, nothing is written.
        is_first: no rule had routed it; when a rule has meanwhile, nothing is written.
        decided_from: the columns that it was decided from, as they were read; when one has another
            value now, nothing is written.
        agent_id: the agent who has it from now on.
        columns: the other columns that change.
        labels: labels to add.
        candidates: the agents that were considered, as JSON, for the routing decision.
        event_fields: the fields of the event in the timeline; empty for no event.
    """

    conversation_id: int
    former_agent_id: int | None
    is_first: bool
    agent_id: int | None
    decided_from: Mapping[str, Any] = field(default_factory=lambda: NO_FIELDS)
    columns: Mapping[str, Any] = field(default_factory=lambda: NO_FIELDS)
    labels: tuple[str, ...] = ()
    rule: str = ""
    team: str = ""
    candidates: Sequence[Mapping[str, Any]] = ()
    waited_seconds: float = 0.0
    event_fields: Mapping[str, Any] = field(default_factory=lambda: NO_FIELDS)

    @property
    def is_assigned(self) -> bool:
        """Whether it is new to its agent, who has to accept it."""
        return "accept_by" in self.columns


@dataclass(frozen=True, slots=True)
class AgentTurn:
    """An agent's turn to get a conversation.

    Args:
        last_assigned_at: the agent's last turn, as the router knew it when it decided.
        assigned_at: the time of this turn.
    """

    last_assigned_at: datetime | None
    assigned_at: datetime


def apply_assignments(
    tx: Transaction, outcomes: Sequence[RoutingOutcome], turns: Mapping[int, AgentTurn]
) -> set[int]:
    """Writes the outcomes that still hold.

    An agent who got a conversation from another process meanwhile gets nothing: the outcome was
    decided from a load that is no longer true.

    Args:
        turns: the agents who get a conversation, by id.

    Returns: the ids of the conversations that were written.
    """
    free_agent_ids = {
        agent_id
        for agent_id, turn in sorted(turns.items())
        if take_turn(
            tx, agent_id, last_assigned_at=turn.last_assigned_at, given_at=turn.assigned_at
        )
    }
    written_ids = {
        outcome.conversation_id
        for outcome in sorted(outcomes, key=lambda outcome: outcome.conversation_id)
        if (not outcome.is_assigned or outcome.agent_id in free_agent_ids)
        and _write_outcome(tx, outcome)
    }
    written = [outcome for outcome in outcomes if outcome.conversation_id in written_ids]
    if written:
        _record_decisions(tx, written)
    return written_ids


def _write_outcome(tx: Transaction, outcome: RoutingOutcome) -> bool:
    """Writes one outcome into its conversation. Returns False when it no longer holds."""
    columns = {"assignee_id": outcome.agent_id, "updated_at": tx.now, **outcome.columns}
    if outcome.labels:
        labels = tx.execute(
            select(conversations.c.labels)
            .where(conversations.c.id == outcome.conversation_id)
            .with_for_update(key_share=True)
        ).scalar_one()
        all_labels = list(dict.fromkeys([*labels, *outcome.labels]))
        columns["labels"] = all_labels[: actions.MAX_LABELS]
    statement = _assignment_statement(
        frozenset(columns),
        frozenset(outcome.decided_from),
        outcome.former_agent_id is None,
        outcome.is_first,
    )
    values = {
        "row": outcome.conversation_id,
        "held_by": outcome.former_agent_id,
        **{f"read_{name}": value for name, value in outcome.decided_from.items()},
        **columns,
    }
    if statement.first(tx.connection, values) is None:
        return False
    if outcome.labels:
        actions.write_labels(tx, outcome.conversation_id, columns["labels"])
    return True


@cache
def _assignment_statement(
    columns: frozenset[str], decided_from: frozenset[str], is_free: bool, is_first: bool
) -> Prepared[Any]:
    rule, assignee = conversations.c.rule, conversations.c.assignee_id
    return Prepared(
        update(conversations)
        .where(
            conversations.c.id == bindparam("row"),
            conversations.c.status == "open",
            conversations.c.merged_into_id.is_(None),
            rule.is_(None) if is_first else rule.is_not(None),
            assignee.is_(None) if is_free else assignee == bindparam("held_by"),
            *(
                conversations.c[name].is_not_distinct_from(
                    bindparam(f"read_{name}", type_=conversations.c[name].type)
                )
                for name in decided_from
            ),
        )
        .values({name: bindparam(name) for name in columns})
        .returning(conversations.c.id)
    )


def _record_decisions(tx: Transaction, outcomes: Sequence[RoutingOutcome]) -> None:
    """Writes the routing decisions of outcomes, and publishes their conversations."""
    tx.execute(
        insert(routing_decisions),
        [
            {
                "conversation_id": outcome.conversation_id,
                "rule": outcome.rule,
                "team": outcome.team,
                "agent_id": outcome.agent_id,
                "candidates": list(outcome.candidates),
                "waited_seconds": outcome.waited_seconds,
                "decided_at": tx.now,
            }
            for outcome in outcomes
        ],
    )
    events = {
        outcome.conversation_id: outcome.event_fields
        for outcome in outcomes
        if outcome.event_fields
    }
    publish_with_events(tx, [outcome.conversation_id for outcome in outcomes], events)


def publish_with_events(
    tx: Transaction, conversation_ids: Sequence[int], events: Mapping[int, Mapping[str, Any]]
) -> None:
    """Adds events to the timelines of conversations and publishes the conversations.

    Args:
        conversation_ids: the conversations to publish, with an event or without one.
        events: the fields of the event, by conversation.
    """
    rows = tx.execute(
        views.SELECT_CONVERSATIONS.where(conversations.c.id.in_(conversation_ids))
    ).all()
    conversation_by_id = {
        int(conversation.id): conversation
        for conversation in views.conversations_from_rows(tx.connection, rows)
    }
    message_ids = [
        _add_event_row(tx, row.id, row.contact_id, events[row.id])
        for row in rows
        if row.id in events
    ]
    event_by_conversation = {
        int(message.conversation_id): message
        for message in views.messages_from_rows(
            tx.connection,
            tx.execute(views.SELECT_MESSAGES.where(messages.c.id.in_(message_ids))).all(),
        )
    }
    pages = publishing.page_addresses(tx.connection, conversation_ids)
    for conversation_id in conversation_ids:
        conversation = conversation_by_id[conversation_id]
        if conversation_id in event_by_conversation:
            message = event_by_conversation[conversation_id]
            tx.publish(Event(MessageCreated(message=message, conversation=conversation)))
        updated = ConversationUpdated(
            conversation=conversation, context_card=conversation.context_card
        )
        tx.publish(Event(updated))
        for page in pages[conversation_id]:
            tx.publish(Event(updated, page, to_agents=False))


def _add_event_row(
    tx: Transaction, conversation_id: int, contact_id: int, fields: Mapping[str, Any]
) -> int:
    """Adds an event of the hub to a timeline. Returns the id of its message."""
    event = timeline.NewMessage("out", author.SYSTEM, type="event", extra={"event": dict(fields)})
    return int(timeline.insert_row(tx, conversation_id, contact_id, event)["id"])


# -- accepting -------------------------------------------------------------------------------------


def accept_conversation(
    tx: Transaction, conversation_id: int, agent_id: int | None
) -> resources.Conversation:
    """Notes that an agent accepts a conversation that was assigned to them.

    Raises:
        NotFound: no such conversation.
        Conflict: it is not assigned to this agent.
    """
    row = lifecycle.lock_conversation(tx, conversation_id)
    if row.assignee_id is None:
        raise Conflict("Nobody was given this conversation: take it by setting assignee_id.")
    if row.assignee_id != agent_id:
        raise Conflict("Somebody else has this conversation.")
    if row.accepted_at is not None and row.accept_by is None:
        return views.get_conversation(tx.connection, conversation_id)
    tx.execute(
        update(conversations)
        .where(conversations.c.id == conversation_id)
        .values(accepted_at=tx.now, updated_at=tx.now, **actions.ACCEPTED)
    )
    return publishing.publish_conversation(tx, conversation_id)


def awaits_acceptance(connection: Connection, conversation_id: int, agent_id: int) -> bool:
    """Whether a conversation waits for this agent to accept it."""
    rows = connection.execute(
        select(conversations.c.id).where(
            conversations.c.id == conversation_id,
            conversations.c.assignee_id == agent_id,
            conversations.c.accepted_at.is_(None),
        )
    )
    return rows.first() is not None


# -- taking back -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OverdueConversation:
    """A conversation that its agent did not accept in time.

    Args:
        attempts: the number of agents who did not accept it before.
        not_for: the ids of agents who get it no more.
    """

    conversation_id: int
    agent_id: int
    team: str
    attempts: int
    not_for: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class OverdueStep:
    """The next step of an overdue conversation.

    Args:
        is_last: this was the last attempt: it goes to the team `overflow`, or to all agents again
            where there is no such team.
    """

    is_last: bool
    overflow: str | None = None


def requeue_overdue(tx: Transaction, overdue: OverdueConversation, step: OverdueStep) -> bool:
    """Puts a conversation that was not accepted in time back in its place in the queue.

    Returns: False when the agent did accept it.
    """
    columns: dict[str, Any] = {
        "assignee_id": None,
        "accept_by": None,
        "attempts": overdue.attempts + 1,
        "not_for": [*overdue.not_for, overdue.agent_id],
        "updated_at": tx.now,
    }
    agent = _agent_fields(tx, overdue.agent_id)
    text = f"{agent['agent']} did not look in time: it waits again."
    fields: dict[str, Any] = {"name": UNANSWERED, **agent, "team": overdue.team, "text": text}
    if step.is_last:
        columns |= {"attempts": 0, "not_for": [overdue.agent_id]}
        to = step.overflow or overdue.team
        text = f"Nobody looked in time: it goes {f'to {to}' if to else 'around again'}."
        fields |= {"name": OVERFLOWED, "to": to, "text": text}
        if step.overflow is not None:
            team_id = tx.execute(select(teams.c.id).where(teams.c.name == step.overflow)).scalar()
            columns["team_id"] = team_id
    changed = tx.execute(
        update(conversations)
        .where(
            conversations.c.id == overdue.conversation_id,
            conversations.c.assignee_id == overdue.agent_id,
            conversations.c.accept_by <= tx.now,
        )
        .values(columns)
    )
    if changed.rowcount == 0:
        return False
    publish_with_events(tx, [overdue.conversation_id], {overdue.conversation_id: fields})
    return True


def extend_overdue(tx: Transaction, overdue: OverdueConversation, accept_by: datetime) -> bool:
    """Gives the agent of an overdue conversation more time: no other agent could have it.

    Returns: False when the agent did accept it, or has it no more.
    """
    changed = tx.execute(
        update(conversations)
        .where(
            conversations.c.id == overdue.conversation_id,
            conversations.c.assignee_id == overdue.agent_id,
            conversations.c.accept_by <= tx.now,
        )
        .values(accept_by=accept_by)
    )
    return changed.rowcount > 0


def requeue_of_absent_agent(tx: Transaction, conversation_id: int, agent_id: int) -> bool:
    """Puts a conversation back in the queue because its agent is gone.

    Returns: False when another agent has it by now, or it is not open.
    """
    row = lifecycle.lock_conversation(tx, conversation_id)
    if row.assignee_id != agent_id or row.status != "open":
        return False
    tx.execute(
        update(conversations)
        .where(conversations.c.id == conversation_id)
        .values(
            assignee_id=None,
            accept_by=None,
            accepted_at=None,
            left_by_id=agent_id,
            queued_at=row.queued_at or row.waiting_since or tx.now,
            updated_at=tx.now,
        )
    )
    agent = _agent_fields(tx, agent_id)
    fields = {"name": AGENT_LEFT, **agent, "text": f"{agent['agent']} is gone: it waits again."}
    publish_with_events(tx, [conversation_id], {conversation_id: fields})
    return True


def _agent_fields(tx: Transaction, agent_id: int) -> dict[str, Any]:
    """The fields of an event that name an agent."""
    name = tx.execute(select(agents.c.name).where(agents.c.id == agent_id)).scalar_one()
    return {"agent_id": str(agent_id), "agent": name}
