"""The queue of a team: the places of its conversations, and how long each waits for about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, func, select

from hub.router.conditions import IS_FREE
from hub.router.decisions.values import QueuedConversation
from hub.router.queue import ordering
from hub.router.queue.ordering import Criterion
from hub.store.models import conversations, routing_decisions, teams

_IS_QUEUED = (*IS_FREE, conversations.c.rule.is_not(None))
#: The pace of a team is told from this many of its last assignments.
SERVED_LIMIT = 10


class _Assignment(NamedTuple):
    decided_at: datetime
    waited_seconds: float


class _WaitingRow(NamedTuple):
    """The columns of a conversation that say its place."""

    id: int
    priority: str
    queued_at: datetime | None
    waiting_since: datetime | None
    created_at: datetime
    first_reply_due: datetime | None
    next_reply_due: datetime | None


_LAST_ASSIGNMENTS = (
    select(routing_decisions.c.decided_at, routing_decisions.c.waited_seconds)
    .where(
        routing_decisions.c.team == bindparam("team"),
        routing_decisions.c.agent_id.is_not(None),
    )
    .order_by(routing_decisions.c.id.desc())
    .limit(SERVED_LIMIT)
)


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the queue of a team.

    Args:
        position: counted from 1.
        wait_seconds: about how long it will take; None while the team assigned none lately.
    """

    position: int
    wait_seconds: int | None


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a team works.

    Args:
        between: seconds from one assignment to the next.
        waited: seconds that the conversations assigned last waited, on average.
    """

    between: float
    waited: float

    def wait(self, position: int) -> int:
        """About how many seconds a place has to wait, rather too many than too few."""
        return round(max(self.between * position, self.waited))


def find_place(
    connection: Connection, conversation_id: int, order: Sequence[Criterion]
) -> Place | None:
    """The place of a conversation in its team's queue.

    Returns: None when it does not wait, or no rule has looked at it yet: then it is in no queue.
    """
    waiting = connection.execute(
        select(conversations.c.team_id, teams.c.name)
        .outerjoin(teams, teams.c.id == conversations.c.team_id)
        .where(conversations.c.id == conversation_id, *_IS_QUEUED)
    ).first()
    if waiting is None:
        return None
    keys = _queue_keys(connection, waiting.team_id, order)
    key = keys.get(conversation_id)
    # It may have been taken between the two reads.
    return None if key is None else _place(connection, keys.values(), key, waiting.name or "")


def future_place(
    connection: Connection, conversation: QueuedConversation, order: Sequence[Criterion]
) -> Place:
    """The place of a conversation that is not in the queue yet, once it is in its team's."""
    team_id = connection.execute(
        select(teams.c.id).where(teams.c.name == conversation.team)
    ).scalar()
    keys = _queue_keys(connection, team_id, order)
    key = conversation_key(conversation, order)
    return _place(connection, keys.values(), key, conversation.team or "")


def _queue_keys(
    connection: Connection, team_id: int | None, order: Sequence[Criterion]
) -> dict[int, ordering.QueueKey]:
    """The sort keys of the conversations in a team's queue, by their ids."""
    rows = connection.execute(
        select(
            conversations.c.id,
            conversations.c.priority,
            conversations.c.queued_at,
            conversations.c.waiting_since,
            conversations.c.created_at,
            conversations.c.first_reply_due,
            conversations.c.next_reply_due,
        ).where(*_IS_QUEUED, conversations.c.team_id.is_not_distinct_from(team_id))
    )
    return {row.id: _row_key(_WaitingRow(*row), order) for row in rows}


def _place(
    connection: Connection, keys: Iterable[ordering.QueueKey], key: ordering.QueueKey, team: str
) -> Place:
    position = 1 + sum(1 for other_key in keys if other_key < key)
    pace = team_pace(connection, team)
    return Place(position, None if pace is None else pace.wait(position))


def waiting_by_team(connection: Connection) -> dict[str, tuple[int, datetime | None]]:
    """The queues of the teams.

    Returns: by the team's name ("" for the conversations that any agent may answer), the number
        of waiting conversations, and since when the first of them waits.
    """
    rows = connection.execute(
        select(
            teams.c.name,
            func.count().label("waiting"),
            func.min(conversations.c.queued_at).label("since"),
        )
        .select_from(conversations)
        .outerjoin(teams, teams.c.id == conversations.c.team_id)
        .where(*IS_FREE)
        .group_by(teams.c.name)
    )
    return {row.name or "": (row.waiting, row.since) for row in rows}


def team_pace(connection: Connection, team: str) -> Pace | None:
    """How fast a team assigned its last conversations; None when it assigned none.

    Args:
        team: its name; "" for the conversations that any agent may answer.
    """
    rows = [_Assignment(*row) for row in connection.execute(_LAST_ASSIGNMENTS, {"team": team})]
    if not rows:
        return None
    waited = sum(row.waited_seconds for row in rows) / len(rows)
    if len(rows) == 1:
        return Pace(waited, waited)
    spent = (rows[0].decided_at - rows[-1].decided_at).total_seconds()
    # A quiet night between two customers says nothing of how long one takes.
    return Pace(min(spent / (len(rows) - 1), max(waited, 1.0)), waited)


def sort_queue(
    waiting: Iterable[QueuedConversation], order: Sequence[Criterion]
) -> list[QueuedConversation]:
    """The conversations in the order in which they are assigned."""
    return sorted(waiting, key=lambda conversation: conversation_key(conversation, order))


def conversation_key(
    conversation: QueuedConversation, order: Sequence[Criterion]
) -> ordering.QueueKey:
    """The key by which the queue is sorted."""
    return ordering.queue_key(
        order,
        conversation_id=conversation.conversation_id,
        priority=conversation.priority,
        queued_at=conversation.queued_at,
        sla_due=conversation.sla_due,
    )


def queue_positions(waiting: Iterable[QueuedConversation]) -> dict[int, tuple[str, int]]:
    """The team and the position of each conversation, by its id.

    Args:
        waiting: the whole queue, sorted.
    """
    lengths: dict[str, int] = defaultdict(int)
    positions = {}
    for conversation in waiting:
        team = conversation.team or ""
        lengths[team] += 1
        positions[conversation.conversation_id] = (team, lengths[team])
    return positions


def queue_lengths(waiting: Iterable[QueuedConversation]) -> Mapping[str, int]:
    """The number of waiting conversations for each team that has any."""
    lengths: dict[str, int] = defaultdict(int)
    for conversation in waiting:
        lengths[conversation.team or ""] += 1
    return lengths


def _row_key(row: _WaitingRow, order: Sequence[Criterion]) -> ordering.QueueKey:
    return ordering.queue_key(
        order,
        conversation_id=row.id,
        priority=row.priority,
        queued_at=ordering.waiting_from(row),
        sla_due=ordering.reply_due(row),
    )
