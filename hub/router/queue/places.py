"""Who waits, in which place, and for how long about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, or_, select

from hub.router.conditions import IS_FREE
from hub.router.decisions.values import QueuedConversation
from hub.router.queue import ordering
from hub.router.queue.ordering import Criterion
from hub.store.models import conversations, routing_decisions, teams
from hub.store.prepared import Prepared

#: How many who were served last tell how fast a team works, and how long ago they may have been.
SERVED_LIMIT = 10

_SERVED = Prepared(
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
    """A place in the queue of a team, counted from 1.

    `wait_seconds` is about how long it will take; None while nobody was served lately.
    """

    position: int
    wait_seconds: int | None


@dataclass(frozen=True, slots=True)
class Pace:
    """How a team works: seconds between two who were served, and what the last of them waited."""

    between: float
    waited: float

    def wait(self, position: int) -> int:
        """About how long it takes from a place, rather too much than too little."""
        return round(max(self.between * position, self.waited))


def find_place(
    connection: Connection, conversation_id: int, order: Sequence[Criterion]
) -> Place | None:
    """The place of a conversation in its team's queue; None when it does not wait."""
    own = connection.execute(
        select(conversations.c.team_id).where(conversations.c.id == conversation_id, *IS_FREE)
    ).first()
    if own is None:
        return None
    rows = connection.execute(
        select(
            conversations.c.id,
            conversations.c.priority,
            conversations.c.queued_at,
            conversations.c.waiting_since,
            conversations.c.created_at,
            conversations.c.first_reply_due,
            conversations.c.next_reply_due,
        ).where(
            *IS_FREE,
            or_(conversations.c.rule.is_not(None), conversations.c.id == conversation_id),
            conversations.c.team_id.is_not_distinct_from(own.team_id),
        )
    ).all()
    keys = {row.id: _row_key(row, order) for row in rows}
    if conversation_id not in keys:
        return None  # it was taken between the two looks
    position = 1 + sum(1 for one in keys.values() if one < keys[conversation_id])
    team = connection.execute(select(teams.c.name).where(teams.c.id == own.team_id)).scalar()
    found = team_pace(connection, team or "")
    return Place(position, None if found is None else found.wait(position))


def waiting_by_team(connection: Connection) -> dict[str, tuple[int, datetime | None]]:
    """How many wait for each team, and since when the first of them; "" where any may answer."""
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
    """How fast a team ("" for everybody) took the last who waited; None when nobody did."""
    rows = _SERVED.rows(connection, {"team": team})
    if not rows:
        return None
    waited = sum(row.waited_seconds for row in rows) / len(rows)
    if len(rows) == 1:
        return Pace(waited, waited)
    spent = (rows[0].decided_at - rows[-1].decided_at).total_seconds()
    # A quiet night between two customers says nothing of how long one takes.
    return Pace(min(spent / (len(rows) - 1), max(waited, 1.0)), waited)


def sort_queue(
    needs: Iterable[QueuedConversation], order: Sequence[Criterion]
) -> list[QueuedConversation]:
    """In the order in which they are served."""
    return sorted(needs, key=lambda need: conversation_key(need, order))


def conversation_key(need: QueuedConversation, order: Sequence[Criterion]) -> ordering.QueueKey:
    return ordering.queue_key(
        order,
        conversation_id=need.conversation_id,
        priority=need.priority,
        queued_at=need.queued_at,
        sla_due=need.sla_due,
    )


def queue_positions(needs: Iterable[QueuedConversation]) -> dict[int, tuple[str, int]]:
    """The team and the place of each, from the queue in its order."""
    count: dict[str, int] = defaultdict(int)
    found = {}
    for need in needs:
        team = need.team or ""
        count[team] += 1
        found[need.conversation_id] = (team, count[team])
    return found


def _row_key(row: Any, order: Sequence[Criterion]) -> ordering.QueueKey:
    return ordering.queue_key(
        order,
        conversation_id=row.id,
        priority=row.priority,
        queued_at=ordering.waiting_from(row),
        sla_due=ordering.reply_due(row),
    )


def queue_lengths(needs: Iterable[QueuedConversation]) -> Mapping[str, int]:
    """How many wait for each team."""
    count: dict[str, int] = defaultdict(int)
    for need in needs:
        count[need.team or ""] += 1
    return count
