"""Reads what a decision is made from: the agents, the queue, the last messages of a customer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

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
from hub.types import MessageOrigin

#: How many messages of a customer the rules see; more would tell them nothing new.
MESSAGES_READ = 10


class _MemberRow(NamedTuple):
    agent_id: int
    name: str


class _AssignedRow(NamedTuple):
    """A conversation that an agent has."""

    assignee_id: int
    root_id: int
    connectors: list[str]


class _QueuedRow(NamedTuple):
    """A conversation that waits, with the root contact of its customer."""

    id: int
    root_id: int
    assignee_id: int | None
    accepted_at: datetime | None
    team_id: int | None
    skills: list[str]
    language: str
    priority: str
    connectors: list[str]
    queued_at: datetime | None
    waiting_since: datetime | None
    created_at: datetime
    first_reply_due: datetime | None
    next_reply_due: datetime | None
    not_for: list[int]
    left_by_id: int | None
    rule: str | None


class _UnroutedRow(NamedTuple):
    """A `_QueuedRow` with what rules ask for. `attributes` are those of the root contact."""

    id: int
    root_id: int
    assignee_id: int | None
    accepted_at: datetime | None
    team_id: int | None
    skills: list[str]
    language: str
    priority: str
    connectors: list[str]
    queued_at: datetime | None
    waiting_since: datetime | None
    created_at: datetime
    first_reply_due: datetime | None
    next_reply_due: datetime | None
    not_for: list[int]
    left_by_id: int | None
    rule: str | None
    labels: list[str]
    department: str
    sla: str | None
    attributes: dict[str, Any]


class _MessageRow(NamedTuple):
    """A message of the customer."""

    connector: str | None
    kind: str | None
    subject: str
    text: str
    extra: dict[str, Any]
    origin: dict[str, Any] | None
    received_at: datetime


class _AuthorRow(NamedTuple):
    author_id: int


_ROOT = contacts.alias("root")

_MEMBERS = Prepared(
    select(team_members.c.agent_id, teams.c.name).join(teams, teams.c.id == team_members.c.team_id),
    _MemberRow,
)
_AGENTS = Prepared(select(agents).order_by(agents.c.id))
_ASSIGNED = Prepared(
    select(conversations.c.assignee_id, contacts.c.root_id, conversations.c.connectors)
    .join(contacts, contacts.c.id == conversations.c.contact_id)
    .where(
        *IS_OPEN,
        conversations.c.assignee_id.is_not(None),
        # A reopened conversation is about to be decided: until then it is no load of its agent.
        or_(conversations.c.rule.is_not(None), conversations.c.accepted_at.is_not(None)),
    ),
    _AssignedRow,
)
_QUEUED_COLUMNS = [
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
    conversations.c.left_by_id,
    conversations.c.rule,
]
_WAITING = Prepared(
    select(*_QUEUED_COLUMNS)
    .join(contacts, contacts.c.id == conversations.c.contact_id)
    .where(
        *IS_FREE,
        conversations.c.rule.is_not(None),
        conversations.c.id > bindparam("after"),
    )
    .order_by(conversations.c.id)
    .limit(bindparam("limit")),
    _QueuedRow,
)
_ONE_WAITING = (
    select(*_QUEUED_COLUMNS)
    .join(contacts, contacts.c.id == conversations.c.contact_id)
    .where(conversations.c.id == bindparam("conversation"))
)
_SELECT_UNROUTED = (
    select(
        *_QUEUED_COLUMNS,
        conversations.c.labels,
        conversations.c.department,
        conversations.c.sla,
        _ROOT.c.attributes,
    )
    .join(contacts, contacts.c.id == conversations.c.contact_id)
    .join(_ROOT, _ROOT.c.id == contacts.c.root_id)
    .where(*IS_OPEN, conversations.c.rule.is_(None))
)
_UNROUTED = Prepared(
    _SELECT_UNROUTED.order_by(conversations.c.id).limit(bindparam("limit")), _UnroutedRow
)
_ONE_UNROUTED = _SELECT_UNROUTED.where(conversations.c.id == bindparam("conversation"))
_LAST_MESSAGES = Prepared(
    select(
        messages.c.connector,
        messages.c.kind,
        messages.c.subject,
        messages.c.text,
        messages.c.extra,
        messages.c.origin,
        messages.c.received_at,
    )
    .where(
        messages.c.conversation_id == bindparam("conversation"),
        messages.c.direction == "in",
        messages.c.type == "message",
    )
    .order_by(messages.c.id.desc())
    .limit(MESSAGES_READ),
    _MessageRow,
)
_LAST_ANSWER = Prepared(
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
    .limit(1),
    _AuthorRow,
)


@dataclass(frozen=True, slots=True)
class UnroutedConversation:
    """A conversation that no rule has looked at since it was opened or reopened.

    Args:
        assignee_id: the agent who has it already.
        is_accepted: that agent has accepted it: it stays with them.
        sla: the policy whose clocks it has from before.
    """

    conversation: QueuedConversation
    snapshot: ConversationSnapshot
    assignee_id: int | None
    is_accepted: bool
    sla: str | None


def read_agents(connection: Connection, config: Config) -> list[Agent]:
    """All agents, with the customers that each serves now."""
    teams_of: dict[int, set[str]] = defaultdict(set)
    for member in _MEMBERS.rows(connection, {}):
        teams_of[member.agent_id].add(member.name)
    loads_of: dict[int, dict[int, float]] = defaultdict(dict)
    for row in _ASSIGNED.rows(connection, {}):
        loads = loads_of[row.assignee_id]
        loads[row.root_id] = max(
            loads.get(row.root_id, 0.0), customer_weight(config, row.connectors)
        )
    return [
        Agent(
            id=row.id,
            name=row.name,
            presence=row.presence if row.connected_at is not None else "offline",
            may_answer=row.disabled_at is None,
            teams=frozenset(teams_of[row.id]),
            skills=frozenset(row.skills),
            languages=frozenset(row.languages),
            capacity=config.assignment.capacity.default if row.capacity is None else row.capacity,
            loads=loads_of[row.id],
            assigned_at=row.assigned_at,
            load=sum(loads_of[row.id].values()),
        )
        for row in _AGENTS.rows(connection, {})
    ]


def read_team_names(connection: Connection) -> dict[int, str]:
    """The names of all teams, by id."""
    return {row.id: row.name for row in connection.execute(select(teams.c.id, teams.c.name))}


def read_queue_page(
    connection: Connection, config: Config, names: Mapping[int, str], after: int, limit: int
) -> list[QueuedConversation]:
    """A part of the queue, in the order of ids.

    Args:
        names: the names of the teams, by id.
        after: the id of the last conversation of the part before; 0 for the first part.
    """
    rows = _WAITING.rows(connection, {"after": after, "limit": limit})
    return [_queued_conversation(row, config, names) for row in rows]


def read_queued_conversation(
    connection: Connection, config: Config, conversation_id: int
) -> QueuedConversation | None:
    """One conversation as the router sees it; None when there is no such conversation."""
    row = connection.execute(_ONE_WAITING, {"conversation": conversation_id}).first()
    if row is None:
        return None
    return _queued_conversation(_QueuedRow(*row), config, read_team_names(connection))


def read_unrouted(
    connection: Connection, config: Config, names: Mapping[int, str], now: datetime, limit: int
) -> list[UnroutedConversation]:
    """The conversations that no rule has looked at yet, the oldest first.

    Args:
        names: the names of the teams, by id.
    """
    names_of_open_hours = open_hours(config, now)
    return [
        _unrouted_conversation(connection, row, config, names, names_of_open_hours, now)
        for row in _UNROUTED.rows(connection, {"limit": limit})
    ]


def read_unrouted_conversation(
    connection: Connection, config: Config, conversation_id: int, now: datetime
) -> UnroutedConversation | None:
    """One conversation for the rules; None where a rule has looked at it, or none ever will."""
    row = connection.execute(_ONE_UNROUTED, {"conversation": conversation_id}).first()
    if row is None:
        return None
    names, hours = read_team_names(connection), open_hours(config, now)
    return _unrouted_conversation(connection, _UnroutedRow._make(row), config, names, hours, now)


def with_known_agent(
    connection: Connection, conversation: QueuedConversation, config: Config, now: datetime
) -> QueuedConversation:
    """The same conversation, with the agent who answered this customer last."""
    if conversation.is_reopened or not config.assignment.sticky:
        return conversation
    answer = _LAST_ANSWER.first(
        connection, {"root": conversation.root_id, "since": now - config.assignment.sticky}
    )
    return (
        conversation if answer is None else replace(conversation, known_agent_id=answer.author_id)
    )


def customer_weight(config: Config, connectors: Iterable[str]) -> float:
    """The load that a customer on these connectors is: that of the heaviest of them."""
    weights = config.assignment.capacity.weights
    kinds = [config.connectors[name].kind for name in connectors if name in config.connectors]
    return max((weights.get(kind, 1.0) for kind in kinds), default=1.0)


def _queued_conversation(
    row: _QueuedRow | _UnroutedRow, config: Config, names: Mapping[int, str]
) -> QueuedConversation:
    return QueuedConversation(
        conversation_id=row.id,
        root_id=row.root_id,
        team=None if row.team_id is None else names.get(row.team_id),
        skills=tuple(row.skills),
        language=row.language,
        priority=row.priority,
        weight=customer_weight(config, row.connectors),
        queued_at=ordering.waiting_from(row),
        sla_due=ordering.reply_due(row),
        not_for=tuple(row.not_for),
        left_by_id=row.left_by_id,
        rule=row.rule or "",
    )


def _unrouted_conversation(
    connection: Connection,
    row: _UnroutedRow,
    config: Config,
    names: Mapping[int, str],
    names_of_open_hours: frozenset[str],
    now: datetime,
) -> UnroutedConversation:
    conversation = _queued_conversation(row, config, names)
    latest = _LAST_MESSAGES.rows(connection, {"conversation": row.id})
    snapshot = _snapshot(row, latest, config, names_of_open_hours)
    is_reopened = row.assignee_id is not None and row.accepted_at is None
    return UnroutedConversation(
        conversation=replace(
            conversation,
            queued_at=row.queued_at or row.waiting_since or now,
            language=snapshot.language or conversation.language,
            known_agent_id=row.assignee_id if is_reopened else None,
            is_reopened=is_reopened,
        ),
        snapshot=snapshot,
        assignee_id=row.assignee_id,
        is_accepted=row.accepted_at is not None,
        sla=row.sla,
    )


def _snapshot(
    row: _UnroutedRow,
    latest: Sequence[_MessageRow],
    config: Config,
    names_of_open_hours: frozenset[str],
) -> ConversationSnapshot:
    """The snapshot for the rules.

    Args:
        latest: the last messages of the customer, the newest first.
    """
    # The messages that wait for an answer; where none does, the last one.
    since = row.waiting_since
    unanswered = [
        message for message in latest if since is not None and message.received_at >= since
    ] or latest[:1]
    text = "\n".join(
        f"{message.subject}\n{message.text}".strip() for message in reversed(unanswered)
    )
    last = unanswered[0] if unanswered else None
    connector = last.connector if last is not None else next(iter(row.connectors[-1:]), "")
    configured = config.connectors.get(connector or "")
    kind = last.kind if last is not None else (configured.kind if configured is not None else "")
    return ConversationSnapshot(
        connector=connector or "",
        kind=kind or "",
        page=_extra(unanswered, "page"),
        referrer=_extra(unanswered, "referrer"),
        language=detect_language(text),
        text=text,
        labels=tuple(row.labels),
        contact=row.attributes,
        department=row.department or _extra(unanswered, "department"),
        origin=next((MessageOrigin(**row.origin) for row in unanswered if row.origin), None),
        open_hours=names_of_open_hours,
    )


def _extra(latest: Sequence[_MessageRow], name: str) -> str:
    """The newest value under a name in what connectors noted beside the messages; "" if none."""
    return next((str(message.extra[name]) for message in latest if message.extra.get(name)), "")
