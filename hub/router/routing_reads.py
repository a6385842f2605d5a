"""What a decision is made from, read from the database: who is there, what waits, what was said."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, or_, select

from hub.config import Config
from hub.router.conditions import IS_FREE, IS_OPEN
from hub.router.decisions.evaluation import open_hours
from hub.router.decisions.language import detect_language
from hub.router.decisions.rules import ConversationSnapshot
from hub.router.decisions.values import Agent, QueuedConversation
from hub.router.queue import ordering
from hub.store.models import agents, contacts, conversations, messages, team_members, teams
from hub.store.prepared import Prepared

#: What a customer said before they were answered; more of it would tell a rule nothing new.
MESSAGES_READ = 10

_ROOT = contacts.alias("root")

_MEMBERS = Prepared(
    select(team_members.c.agent_id, teams.c.name).join(teams, teams.c.id == team_members.c.team_id)
)
_AGENTS = Prepared(select(agents).order_by(agents.c.id))
_ASSIGNED = Prepared(
    select(conversations.c.assignee_id, contacts.c.root_id, conversations.c.connectors)
    .join(contacts, contacts.c.id == conversations.c.contact_id)
    .where(
        *IS_OPEN,
        conversations.c.assignee_id.is_not(None),
        # What was opened again is about to be decided: who had it holds it only afterwards.
        or_(conversations.c.rule.is_not(None), conversations.c.accepted_at.is_not(None)),
    )
)
_QUEUED = [
    conversations.c.id,
    contacts.c.root_id,
    conversations.c.assignee_id,
    conversations.c.accepted_at,
    conversations.c.team_id,
    conversations.c.skills,
    conversations.c.language,
    conversations.c.priority,
    conversations.c.connectors,
    conversations.c.queued_at,
    conversations.c.waiting_since,
    conversations.c.created_at,
    conversations.c.first_reply_due,
    conversations.c.next_reply_due,
    conversations.c.not_for,
    conversations.c.rule,
]
_WAITING = Prepared(
    select(*_QUEUED)
    .join(contacts, contacts.c.id == conversations.c.contact_id)
    .where(
        *IS_FREE,
        conversations.c.rule.is_not(None),
        conversations.c.id > bindparam("after"),
    )
    .order_by(conversations.c.id)
    .limit(bindparam("limit"))
)
_ONE_WAITING = Prepared(
    select(*_QUEUED)
    .join(contacts, contacts.c.id == conversations.c.contact_id)
    .where(conversations.c.id == bindparam("conversation"))
)
_UNROUTED = Prepared(
    select(
        *_QUEUED,
        conversations.c.labels,
        conversations.c.department,
        conversations.c.sla,
        _ROOT.c.attributes,
    )
    .join(contacts, contacts.c.id == conversations.c.contact_id)
    .join(_ROOT, _ROOT.c.id == contacts.c.root_id)
    .where(
        *IS_OPEN,
        conversations.c.rule.is_(None),
    )
    .order_by(conversations.c.id)
    .limit(bindparam("limit"))
)
_LAST_MESSAGES = Prepared(
    select(
        messages.c.connector,
        messages.c.kind,
        messages.c.subject,
        messages.c.text,
        messages.c.extra,
        messages.c.received_at,
    )
    .where(
        messages.c.conversation_id == bindparam("conversation"),
        messages.c.direction == "in",
        messages.c.type == "message",
    )
    .order_by(messages.c.id.desc())
    .limit(MESSAGES_READ)
)
_ANSWERED_LAST = Prepared(
    select(messages.c.author_id)
    .join(contacts, contacts.c.id == messages.c.contact_id)
    .where(
        contacts.c.root_id == bindparam("root"),
        messages.c.direction == "out",
        messages.c.type == "message",
        messages.c.author_type == "agent",
        messages.c.author_id.is_not(None),
        messages.c.created_at >= bindparam("since"),
    )
    .order_by(messages.c.created_at.desc(), messages.c.id.desc())
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class UnroutedConversation:
    """A conversation that no rule has looked at since it was opened (again).

    Args:
        held_by: who has it already.
        is_taken: whoever has it chose to: it stays with them.
        policy: the one of `sla` whose clocks it has from before.
    """

    need: QueuedConversation
    snapshot: ConversationSnapshot
    held_by: int | None
    is_taken: bool
    policy: str | None


def read_agents(connection: Connection, config: Config) -> list[Agent]:
    """Everybody, with what they hold."""
    in_teams: dict[int, set[str]] = defaultdict(set)
    for row in _MEMBERS.rows(connection, {}):
        in_teams[row.agent_id].add(row.name)
    people: dict[int, dict[int, float]] = defaultdict(dict)
    for row in _ASSIGNED.rows(connection, {}):
        held = people[row.assignee_id]
        held[row.root_id] = max(held.get(row.root_id, 0.0), person_weight(config, row.connectors))
    return [
        Agent(
            id=row.id,
            name=row.name,
            presence=row.presence if row.connected_at is not None else "offline",
            may_answer=row.disabled_at is None,
            teams=frozenset(in_teams[row.id]),
            skills=frozenset(row.skills),
            languages=frozenset(row.languages),
            capacity=config.assignment.capacity.default if row.capacity is None else row.capacity,
            people=people[row.id],
            given_at=row.assigned_at,
            load=sum(people[row.id].values()),
        )
        for row in _AGENTS.rows(connection, {})
    ]


def read_team_names(connection: Connection) -> dict[int, str]:
    return {row.id: row.name for row in connection.execute(select(teams.c.id, teams.c.name))}


def read_queue_page(
    connection: Connection, config: Config, names: Mapping[int, str], after: int, limit: int
) -> list[QueuedConversation]:
    """A part of the queue, in the order of ids: what comes after one of them."""
    rows = _WAITING.rows(connection, {"after": after, "limit": limit})
    return [_queued_conversation(row, config, names) for row in rows]


def read_queued_conversation(
    connection: Connection, config: Config, conversation_id: int
) -> QueuedConversation | None:
    """What one conversation needs; None when it is not there."""
    row = _ONE_WAITING.first(connection, {"conversation": conversation_id})
    return None if row is None else _queued_conversation(row, config, read_team_names(connection))


def read_unrouted(
    connection: Connection, config: Config, names: Mapping[int, str], now: datetime, limit: int
) -> list[UnroutedConversation]:
    """What no rule has looked at yet, the oldest first."""
    opened = open_hours(config, now)
    return [
        _unrouted_conversation(connection, row, config, names, opened, now)
        for row in _UNROUTED.rows(connection, {"limit": limit})
    ]


def with_known_agent(
    connection: Connection, need: QueuedConversation, config: Config, now: datetime
) -> QueuedConversation:
    """The same need, with the agent who answered this person last."""
    if need.is_reopened or not config.assignment.sticky:
        return need
    found = _ANSWERED_LAST.first(
        connection, {"root": need.person_id, "since": now - config.assignment.sticky}
    )
    return need if found is None else replace(need, known_agent=found.author_id)


def person_weight(config: Config, connectors: Iterable[str]) -> float:
    """What a person counts for who writes on these connectors: the heaviest of them."""
    weights = config.assignment.capacity.weights
    found = [config.connectors[name].kind for name in connectors if name in config.connectors]
    return max((weights.get(kind, 1.0) for kind in found), default=1.0)


def _queued_conversation(row: Any, config: Config, names: Mapping[int, str]) -> QueuedConversation:
    return QueuedConversation(
        conversation_id=row.id,
        person_id=row.root_id,
        team=None if row.team_id is None else names.get(row.team_id),
        skills=tuple(row.skills),
        language=row.language,
        priority=row.priority,
        weight=person_weight(config, row.connectors),
        queued_at=ordering.waiting_from(row),
        sla_due=ordering.reply_due(row),
        not_for=tuple(row.not_for),
        rule=row.rule or "",
    )


def _unrouted_conversation(
    connection: Connection,
    row: Any,
    config: Config,
    names: Mapping[int, str],
    opened: frozenset[str],
    now: datetime,
) -> UnroutedConversation:
    need = _queued_conversation(row, config, names)
    said = _LAST_MESSAGES.rows(connection, {"conversation": row.id})
    snapshot = _snapshot(row, said, config, opened)
    is_reopened = row.assignee_id is not None and row.accepted_at is None
    return UnroutedConversation(
        need=replace(
            need,
            queued_at=row.queued_at or row.waiting_since or now,
            language=snapshot.language or need.language,
            known_agent=row.assignee_id if is_reopened else None,
            is_reopened=is_reopened,
        ),
        snapshot=snapshot,
        held_by=row.assignee_id,
        is_taken=row.accepted_at is not None,
        policy=row.sla,
    )


def _snapshot(
    row: Any, said: Sequence[Any], config: Config, opened: frozenset[str]
) -> ConversationSnapshot:
    # What waits for an answer; where nothing does, the last thing that was said.
    since = row.waiting_since
    new = [one for one in said if since is not None and one.received_at >= since] or said[:1]
    text = "\n".join(f"{one.subject}\n{one.text}".strip() for one in reversed(new))
    last = new[0] if new else None
    connector = last.connector if last is not None else next(iter(row.connectors[-1:]), "")
    known = config.connectors.get(connector)
    return ConversationSnapshot(
        connector=connector or "",
        kind=last.kind if last is not None else (known.kind if known is not None else ""),
        page=_extra(new, "page"),
        referrer=_extra(new, "referrer"),
        language=detect_language(text),
        text=text,
        labels=tuple(row.labels),
        contact=row.attributes,
        department=row.department or _extra(new, "department"),
        open_hours=opened,
    )


def _extra(said: Sequence[Any], name: str) -> str:
    return next((str(one.extra[name]) for one in said if one.extra.get(name)), "")
