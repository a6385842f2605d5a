"""Why a conversation is with whom it is with: the rule, everybody who was considered, the queue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from hub.accounts.agents import agent_resource
from hub.config import Config
from hub.conversations.assignment import AGENT_LEFT, ASSIGNED, OVERFLOWED, QUEUED, UNANSWERED
from hub.errors import NotFound
from hub.router import routing_reads
from hub.router.assignment_writes import candidate_records
from hub.router.decisions.candidates import choose_agent
from hub.router.decisions.evaluation import assignment_policy
from hub.router.queue import places
from hub.schema import resources
from hub.store.models import agents, conversations, messages, routing_decisions, teams

#: The line that says who gave it is among the last of them.
EVENTS_READ = 50
#: The lines that tell that it came to somebody, or from somebody back into the queue.
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
    """The last decision about a conversation; the one of this moment while it waits.

    Raises NotFound.
    """
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
        # What the rules found in somebody's hands has no candidates: it was left there.
        is_ours = last is not None and last.agent_id == row.assignee_id and last.candidates != []
        by_hand = _by_hand(connection, conversation_id, row.assignee_id, is_ours=is_ours)
    place = places.find_place(connection, conversation_id, config.assignment.order)
    candidates = last.candidates if last is not None else []
    decided_at = last.decided_at if last is not None else None
    need = (
        None
        if place is None
        else routing_reads.read_queued_conversation(connection, config, conversation_id)
    )
    if need is not None:
        need = routing_reads.with_known_agent(connection, need, config, now)
        everybody = routing_reads.read_agents(connection, config)
        candidates = candidate_records(
            choose_agent(need, everybody, assignment_policy(config, now), now)
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


def _by_hand(
    connection: Connection, conversation_id: int, agent_id: int, *, is_ours: bool
) -> tuple[dict[str, Any], datetime | None] | None:
    """Who has it though the router did not give it last, and since when; None when it did.

    Args:
        is_ours: the router gave it to this agent last, unless a line of a person's says otherwise.
    """
    rows = connection.execute(
        select(messages)
        .where(messages.c.conversation_id == conversation_id, messages.c.type == "event")
        .order_by(messages.c.id.desc())
        .limit(EVENTS_READ)
    )
    reason, at = Reason(code="answered", text="Answered first."), None
    for row in rows:
        told = row.extra.get("event") or {}
        if told.get("name") not in MOVES:
            continue
        if told["name"] == ASSIGNED and told.get("agent_id") == str(agent_id):
            if row.author_type != "agent" and is_ours:
                return None
            reason, at = _who_gave(row, told, agent_id), row.created_at
        break
    else:
        if is_ours:
            return None
    return {"agent_id": agent_id, "chosen": True, "reasons": [reason.model_dump()]}, at


def _who_gave(line: Any, told: Mapping[str, Any], agent_id: int) -> Reason:
    if line.author_type != "agent":
        return Reason(code="same_agent", text="Had it before it was resolved.")
    if line.author_id == agent_id:
        return Reason(code="taken", text="Took it.")
    return Reason(code="by_hand", text=f"{line.author_name} gave it to {told['agent']}.")


def _candidates(connection: Connection, found: Iterable[Mapping[str, Any]]) -> list[Candidate]:
    found = list(found)
    ids = [one["agent_id"] for one in found]
    people = {
        row.id: agent_resource(row)
        for row in connection.execute(select(agents).where(agents.c.id.in_(ids)))
    }
    return [
        Candidate(
            agent=people[one["agent_id"]],
            chosen=one["chosen"],
            reasons=[Reason(**reason) for reason in one["reasons"]],
        )
        for one in found
        if one["agent_id"] in people
    ]
