"""What the router does to conversations: gives them, queues them, takes them back.

A claim is one conditional UPDATE, so whoever decides at the same moment gives nothing twice. Many
decisions are written together: what they share is asked and told once.
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
from hub.conversations import actions, publishing, views
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
from hub.store.prepared import Prepared, insert_all

NO_COLUMNS: Mapping[str, Any] = MappingProxyType({})
ASSIGNED = actions.EVENT_NAMES["assignee_id"]
QUEUED = "conversation.queued"
UNANSWERED = "conversation.unanswered"
OVERFLOWED = "conversation.overflowed"
AGENT_LEFT = "conversation.agent_left"


@dataclass(frozen=True, slots=True)
class Assignment:
    """What was decided about one conversation.

    Args:
        held_by: who had it when it was decided; when that has changed, nothing is written.
        is_first: no rule had looked at it; when one has meanwhile, nothing is written.
        agent_id: who has it from now on.
        columns: what else changes in its row.
        labels: labels to add.
        told: the fields of the line in the timeline; none, no line.
    """

    conversation_id: int
    held_by: int | None
    is_first: bool
    agent_id: int | None
    columns: Mapping[str, Any] = field(default_factory=lambda: NO_COLUMNS)
    labels: tuple[str, ...] = ()
    rule: str = ""
    team: str = ""
    candidates: Sequence[Mapping[str, Any]] = ()
    waited_seconds: float = 0.0
    told: Mapping[str, Any] = field(default_factory=lambda: NO_COLUMNS)

    @property
    def is_given(self) -> bool:
        """Whether it is new to its agent, who has to look at it."""
        return "accept_by" in self.columns


@dataclass(frozen=True, slots=True)
class AgentTurn:
    """An agent who is given something: what was known of them, and what is from now on."""

    seen: datetime | None
    given_at: datetime


def apply_assignments(
    tx: Transaction, settlements: Sequence[Assignment], turns: Mapping[int, AgentTurn]
) -> set[int]:
    """Writes decisions. Returns the ids of the conversations for which they still held.

    Nothing is given to an agent who was given something by another process meanwhile: what was
    decided about them was decided from what is no longer so.
    """
    still = {
        agent_id
        for agent_id, turn in sorted(turns.items())
        if take_turn(tx, agent_id, last_assigned_at=turn.seen, given_at=turn.given_at)
    }
    done = [
        one
        for one in settlements
        if (not one.is_given or one.agent_id in still) and _write_assignment(tx, one)
    ]
    if done:
        _record_decisions(tx, done)
    return {one.conversation_id for one in done}


_INSERT_EVENT = Prepared(insert_all(messages))


def _write_assignment(tx: Transaction, one: Assignment) -> bool:
    columns = {"assignee_id": one.agent_id, "updated_at": tx.now, **one.columns}
    if one.labels:
        row = tx.execute(
            select(conversations.c.labels).where(conversations.c.id == one.conversation_id)
        ).scalar_one()
        columns["labels"] = list(dict.fromkeys([*row, *one.labels]))[: actions.MAX_LABELS]
    statement = _assignment_statement(frozenset(columns), one.held_by is None, one.is_first)
    row = {"row": one.conversation_id, "held_by": one.held_by, **columns}
    if statement.first(tx.connection, row) is None:
        return False
    if one.labels:
        actions.write_labels(tx, one.conversation_id, columns["labels"])
    return True


@cache
def _assignment_statement(columns: frozenset[str], is_free: bool, is_first: bool) -> Prepared[Any]:
    rule, assignee = conversations.c.rule, conversations.c.assignee_id
    return Prepared(
        update(conversations)
        .where(
            conversations.c.id == bindparam("row"),
            conversations.c.status == "open",
            conversations.c.merged_into_id.is_(None),
            rule.is_(None) if is_first else rule.is_not(None),
            assignee.is_(None) if is_free else assignee == bindparam("held_by"),
        )
        .values({name: bindparam(name) for name in columns})
        .returning(conversations.c.id)
    )


def _record_decisions(tx: Transaction, done: Sequence[Assignment]) -> None:
    tx.execute(
        insert(routing_decisions),
        [
            {
                "conversation_id": one.conversation_id,
                "rule": one.rule,
                "team": one.team,
                "agent_id": one.agent_id,
                "candidates": list(one.candidates),
                "waited_seconds": one.waited_seconds,
                "decided_at": tx.now,
            }
            for one in done
        ],
    )
    lines = {one.conversation_id: one.told for one in done if one.told}
    publish_with_events(tx, [one.conversation_id for one in done], lines)


def publish_with_events(
    tx: Transaction, ids: Sequence[int], lines: Mapping[int, Mapping[str, Any]]
) -> None:
    """Writes a line into the timelines of these and says how each conversation stands now.

    Args:
        lines: the fields of the line, by conversation.
    """
    rows = tx.execute(views.SELECT_CONVERSATIONS.where(conversations.c.id.in_(ids))).all()
    found = {int(one.id): one for one in views.conversations_from_rows(tx.connection, rows)}
    written = {
        row.id: _add_event_row(tx, row.id, row.contact_id, lines[row.id])
        for row in rows
        if row.id in lines
    }
    shown = {
        int(one.conversation_id): one
        for one in views.messages_from_rows(
            tx.connection,
            tx.execute(views.SELECT_MESSAGES.where(messages.c.id.in_(written.values()))).all(),
        )
    }
    pages = publishing.page_addresses(tx.connection, ids)
    for conversation_id in ids:
        conversation = found[conversation_id]
        if conversation_id in shown:
            line = MessageCreated(message=shown[conversation_id], conversation=conversation)
            tx.publish(Event(line))
        updated = ConversationUpdated(
            conversation=conversation, context_card=conversation.context_card
        )
        tx.publish(Event(updated))
        for page in pages[conversation_id]:
            tx.publish(Event(updated, page, to_agents=False))


def _add_event_row(
    tx: Transaction, conversation_id: int, contact_id: int, told: Mapping[str, Any]
) -> int:
    values = {
        "conversation_id": conversation_id,
        "contact_id": contact_id,
        "address_id": None,
        "journal_id": None,
        "connector": None,
        "kind": None,
        "direction": "out",
        "type": "event",
        "author_type": author.SYSTEM.type,
        "author_id": None,
        "author_name": "",
        "subject": "",
        "text": "",
        "folded": "",
        "html": "",
        "reply_to_id": None,
        "duplicate_of_id": None,
        "external_id": None,
        "client_id": None,
        "extra": {"event": dict(told)},
        "created_at": tx.now,
        "received_at": tx.now,
        "edited_at": None,
    }
    return int(_INSERT_EVENT.rows(tx.connection, values)[0].id)


# -- looking at it -------------------------------------------------------------------------------


def accept_conversation(
    tx: Transaction, conversation_id: int, agent_id: int | None
) -> resources.Conversation:
    """Whoever was given it says that they have it.

    Raises:
        NotFound: no such conversation.
        Conflict: it is not theirs to accept.
    """
    row = actions.lock_row(tx, conversation_id)
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
    """Whether a conversation waits for this agent to look at it."""
    found = connection.execute(
        select(conversations.c.id).where(
            conversations.c.id == conversation_id,
            conversations.c.assignee_id == agent_id,
            conversations.c.accepted_at.is_(None),
        )
    )
    return found.first() is not None


# -- taking it back ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OverdueConversation:
    """A conversation that its agent did not look at in time."""

    conversation_id: int
    agent_id: int
    team: str
    attempts: int
    not_for: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class OverdueStep:
    """Where it goes then.

    `is_last` when it was the last try: to the team `overflow`, or around again where there is none.
    """

    is_last: bool
    overflow: str | None = None


def requeue_overdue(tx: Transaction, late: OverdueConversation, then: OverdueStep) -> bool:
    """Puts what nobody looked at back in its place in the queue. False when they did look."""
    columns: dict[str, Any] = {
        "assignee_id": None,
        "accept_by": None,
        "attempts": late.attempts + 1,
        "not_for": [*late.not_for, late.agent_id],
        "updated_at": tx.now,
    }
    agent = _agent(tx, late.agent_id)
    text = f"{agent['agent']} did not look in time: it waits again."
    told: dict[str, Any] = {"name": UNANSWERED, **agent, "team": late.team, "text": text}
    if then.is_last:
        columns |= {"attempts": 0, "not_for": [late.agent_id]}
        to = then.overflow or late.team
        text = f"Nobody looked in time: it goes {f'to {to}' if to else 'around again'}."
        told |= {"name": OVERFLOWED, "to": to, "text": text}
        if then.overflow is not None:
            team_id = tx.execute(select(teams.c.id).where(teams.c.name == then.overflow)).scalar()
            columns["team_id"] = team_id
    taken = tx.execute(
        update(conversations)
        .where(
            conversations.c.id == late.conversation_id,
            conversations.c.assignee_id == late.agent_id,
            conversations.c.accept_by <= tx.now,
        )
        .values(columns)
    )
    if taken.rowcount == 0:
        return False
    publish_with_events(tx, [late.conversation_id], {late.conversation_id: told})
    return True


def requeue_of_absent_agent(tx: Transaction, conversation_id: int, agent_id: int) -> bool:
    """Puts back what an agent had who is gone. False when somebody else has it by now."""
    row = actions.lock_row(tx, conversation_id)
    if row.assignee_id != agent_id or row.status != "open":
        return False
    tx.execute(
        update(conversations)
        .where(conversations.c.id == conversation_id)
        .values(
            assignee_id=None,
            accept_by=None,
            accepted_at=None,
            queued_at=row.queued_at or row.waiting_since or tx.now,
            updated_at=tx.now,
        )
    )
    agent = _agent(tx, agent_id)
    told = {"name": AGENT_LEFT, **agent, "text": f"{agent['agent']} is gone: it waits again."}
    publish_with_events(tx, [conversation_id], {conversation_id: told})
    return True


def _agent(tx: Transaction, agent_id: int) -> dict[str, Any]:
    name = tx.execute(select(agents.c.name).where(agents.c.id == agent_id)).scalar_one()
    return {"agent_id": str(agent_id), "agent": name}
