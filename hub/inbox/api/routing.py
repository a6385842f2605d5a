"""Explains the assignment of a conversation: the rule, the candidates, the place in the queue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from hub.accounts.agents import agents_by_id
from hub.config import Config
from hub.conversations.assignment import AGENT_LEFT, ASSIGNED, OVERFLOWED, QUEUED, UNANSWERED
from hub.errors import NotFound
from hub.router import routing_reads
from hub.router.assignment_writes import apply_rules, candidate_records
from hub.router.decisions.candidates import choose_agent
from hub.router.decisions.evaluation import assignment_policy
from hub.router.queue import places
from hub.router.routing_reads import UnroutedConversation
from hub.schema import resources
from hub.store.models import conversations, messages, routing_decisions, teams

#: The event that names the assigning agent is among the newest of them.
EVENTS_READ = 50
#: The events by which a conversation came to an agent, or went from one back into the queue.
MOVES = frozenset({ASSIGNED, QUEUED, UNANSWERED, OVERFLOWED, AGENT_LEFT})


class Reason(resources.Shape):
    """Why, for a program (`code`) and in words."""

    code: str
    text: str


class Candidate(resources.Shape):
    """An agent who was considered, and what spoke for or against them."""

    agent: resources.Agent
    chosen: bool
    reasons: list[Reason]


class QueuePlace(resources.Shape):
    """A place in the queue of the team, counted from 1, and how long it will take, about."""

    position: int
    wait_seconds: int | None


class Routing(resources.Shape):
    """How a conversation was decided about. While it waits, the candidates are those of now."""

    rule: str | None
    team: str | None
    skills: list[str]
    priority: resources.Priority
    candidates: list[Candidate]
    decided_at: datetime | None
    queue: QueuePlace | None
    attempts: int


def routing_of(
    connection: Connection, conversation_id: int, config: Config, now: datetime
) -> Routing:
    """The last decision about a conversation; while it waits, the decision as it would be now.

    Before any rule has looked at it, `decided_at` is None, and the rest is what the rules say.

    Raises NotFound.
    """
    unrouted = routing_reads.read_unrouted_conversation(connection, config, conversation_id, now)
    if unrouted is not None and not unrouted.is_accepted:
        return _future_routing(connection, unrouted, config, now)
    row = connection.execute(
        select(conversations, teams.c.name.label("team"))
        .outerjoin(teams, teams.c.id == conversations.c.team_id)
        .where(conversations.c.id == conversation_id)
    ).first()
    if row is None:
        raise NotFound("There is no such conversation.")
    last = connection.execute(
        select(routing_decisions)
        .where(routing_decisions.c.conversation_id == conversation_id)
        .order_by(routing_decisions.c.id.desc())
        .limit(1)
    ).first()
    by_hand = None
    if row.assignee_id is not None:
        # A conversation that had an agent when the rules ran has no candidates: it stayed there.
        is_ours = last is not None and last.agent_id == row.assignee_id and last.candidates != []
        by_hand = _by_hand(connection, conversation_id, row.assignee_id, is_ours=is_ours)
    place = places.find_place(connection, conversation_id, config.assignment.order)
    candidates = last.candidates if last is not None else []
    decided_at = last.decided_at if last is not None else None
    queued = (
        None
        if place is None
        else routing_reads.read_queued_conversation(connection, config, conversation_id)
    )
    if queued is not None:
        queued = routing_reads.with_known_agent(connection, queued, config, now)
        all_agents = routing_reads.read_agents(connection, config)
        candidates = candidate_records(
            choose_agent(queued, all_agents, assignment_policy(config, now), now)
        )
        decided_at = now
    if by_hand is not None:
        candidates, decided_at = [by_hand[0]], by_hand[1]
    return Routing(
        rule=row.rule or (last.rule if last is not None else None) or None,
        team=row.team,
        skills=row.skills,
        priority=row.priority,
        candidates=_candidates(connection, candidates),
        decided_at=decided_at,
        queue=None
        if place is None
        else QueuePlace(position=place.position, wait_seconds=place.wait_seconds),
        attempts=row.attempts,
    )


def _future_routing(
    connection: Connection, unrouted: UnroutedConversation, config: Config, now: datetime
) -> Routing:
    """The decision about a conversation that no rule has looked at yet, as it would be now."""
    conversation = apply_rules(unrouted, config).conversation
    conversation = routing_reads.with_known_agent(connection, conversation, config, now)
    choice = choose_agent(
        conversation,
        routing_reads.read_agents(connection, config),
        assignment_policy(config, now),
        now,
    )
    queue = None
    if unrouted.assignee_id is None:
        place = places.future_place(connection, conversation, config.assignment.order)
        queue = QueuePlace(position=place.position, wait_seconds=place.wait_seconds)
    return Routing.model_validate(
        {
            "rule": conversation.rule or None,
            "team": conversation.team,
            "skills": conversation.skills,
            "priority": conversation.priority,
            "candidates": _candidates(connection, candidate_records(choice)),
            "decided_at": None,
            "queue": queue,
            "attempts": 0,
        }
    )


def _by_hand(
    connection: Connection, conversation_id: int, agent_id: int, *, is_ours: bool
) -> tuple[dict[str, Any], datetime | None] | None:
    """The agent to whom a person gave a conversation, and when; None when the router did.

    Args:
        is_ours: the router gave it to this agent last, unless an event by a person says otherwise.
    """
    rows = connection.execute(
        select(messages)
        .where(messages.c.conversation_id == conversation_id, messages.c.type == "event")
        .order_by(messages.c.id.desc())
        .limit(EVENTS_READ)
    )
    reason, at = Reason(code="answered", text="Answered first."), None
    for row in rows:
        event = row.extra.get("event") or {}
        if event.get("name") not in MOVES:
            continue
        if event["name"] == ASSIGNED and event.get("agent_id") == str(agent_id):
            if row.author_type != "agent" and is_ours:
                return None
            reason, at = _reason_by_hand(row, event, agent_id), row.created_at
        break
    else:
        if is_ours:
            return None
    return {"agent_id": agent_id, "chosen": True, "reasons": [reason.model_dump()]}, at


def _reason_by_hand(row: Row[Any], event: Mapping[str, Any], agent_id: int) -> Reason:
    if row.author_type != "agent":
        return Reason(code="same_agent", text="Had it before it was resolved.")
    if row.author_id == agent_id:
        return Reason(code="taken", text="Took it.")
    return Reason(code="by_hand", text=f"{row.author_name} gave it to {event['agent']}.")


def _candidates(connection: Connection, records: Sequence[Mapping[str, Any]]) -> list[Candidate]:
    agents = agents_by_id(connection, {record["agent_id"] for record in records})
    return [
        Candidate(
            agent=agents[record["agent_id"]],
            chosen=record["chosen"],
            reasons=[Reason(**reason) for reason in record["reasons"]],
        )
        for record in records
        if record["agent_id"] in agents
    ]
