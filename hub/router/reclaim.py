"""Takes back what is with nobody who looks: not accepted in time, or whose agent is gone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import structlog
from sqlalchemy import ColumnElement, func, or_, select

from hub.config import Config
from hub.conversations import assignment
from hub.conversations.assignment import Next, Overdue
from hub.metrics import UNANSWERED
from hub.router.conditions import IS_ONLINE, IS_OPEN
from hub.store.engine import Store
from hub.store.models import agents, conversations, messages, team_members, teams

log = structlog.get_logger()

READ_LIMIT = 100


class Reclaimer:
    """Looks for what has to go back to the queue."""

    def __init__(self, store: Store, config: Callable[[], Config]) -> None:
        self._store = store
        self._config = config
        self._everybody_back_by: datetime | None = None

    def begin(self) -> None:
        """After a start everybody has a moment to come back: their screens connect again."""
        self._everybody_back_by = datetime.now(UTC) + self._config().assignment.offline_grace

    def take_back(self) -> None:
        """Puts everything back that is due."""
        now = datetime.now(UTC)
        config = self._config()
        for late in self._overdue(now):
            self._take_back(late, config)
        settled_at = self._everybody_back_by
        if settled_at is None or now >= settled_at:
            for conversation_id, agent_id in self._left_behind(config):
                self._leave(conversation_id, agent_id)
            self._everybody_back_by = None

    def _take_back(self, late: Overdue, config: Config) -> None:
        is_last = late.attempts + 1 >= config.assignment.accept_attempts
        if not is_last and not self._somebody_else(late):
            is_last = True
        team = config.teams.get(late.team)
        then = Next(is_last, team.overflow if team is not None and is_last else None)
        if not self._store.write(lambda tx: assignment.take_back(tx, late, then)):
            return
        UNANSWERED.labels(team=late.team, outcome="last" if is_last else "again").inc()
        told = {"conversation": late.conversation_id, "agent": late.agent_id, "team": late.team}
        if is_last:
            log.warning("assign.overflowed", to=then.overflow or late.team, **told)
        else:
            log.info("assign.unanswered", **told)

    def _leave(self, conversation_id: int, agent_id: int) -> None:
        if self._store.write(lambda tx: assignment.leave(tx, conversation_id, agent_id)):
            log.info("assign.agent_left", conversation=conversation_id, agent=agent_id)

    def _overdue(self, now: datetime) -> list[Overdue]:
        with self._store.read() as connection:
            rows = connection.execute(
                select(
                    conversations.c.id,
                    conversations.c.assignee_id,
                    conversations.c.attempts,
                    conversations.c.not_for,
                    teams.c.name,
                )
                .outerjoin(teams, teams.c.id == conversations.c.team_id)
                .where(
                    *IS_OPEN,
                    conversations.c.accept_by <= now,
                    conversations.c.assignee_id.is_not(None),
                )
                .order_by(conversations.c.accept_by)
                .limit(READ_LIMIT)
            )
            return [
                Overdue(row.id, row.assignee_id, row.name or "", row.attempts, tuple(row.not_for))
                for row in rows
            ]

    def next_due(self) -> datetime | None:
        """When there will be something to put back, if nobody does anything until then."""
        with self._store.read() as connection:
            found = connection.execute(
                select(func.min(conversations.c.accept_by)).where(
                    *IS_OPEN,
                    conversations.c.assignee_id.is_not(None),
                )
            ).scalar()
        assert found is None or isinstance(found, datetime)
        return min((at for at in (found, self._everybody_back_by) if at), default=None)

    def _somebody_else(self, late: Overdue) -> bool:
        """Whether anybody is there who has not had it yet."""
        query = select(agents.c.id).where(
            *IS_ONLINE,
            agents.c.id.not_in([late.agent_id, *late.not_for]),
        )
        if late.team:
            query = query.where(
                agents.c.id.in_(
                    select(team_members.c.agent_id)
                    .join(teams, teams.c.id == team_members.c.team_id)
                    .where(teams.c.name == late.team)
                )
            )
        with self._store.read() as connection:
            return connection.execute(query.limit(1)).first() is not None

    def _left_behind(self, config: Config) -> list[tuple[int, int]]:
        """What waits for an answer from somebody who is gone; also answered ones, if they move.

        What a colleague gave to somebody who is away stays: they chose so.
        """
        conditions: list[ColumnElement[bool]] = [
            *IS_OPEN,
            conversations.c.waiting_since.is_not(None),
            or_(conversations.c.accept_by.is_not(None), conversations.c.accepted_at.is_not(None)),
            or_(
                agents.c.connected_at.is_(None),
                agents.c.presence == "offline",
                agents.c.disabled_at.is_not(None),
            ),
        ]
        if config.assignment.answered_when_offline == "wait":
            conditions.append(~_ANSWERED)
        with self._store.read() as connection:
            rows = connection.execute(
                select(conversations.c.id, conversations.c.assignee_id)
                .join(agents, agents.c.id == conversations.c.assignee_id)
                .where(*conditions)
                .limit(READ_LIMIT)
            )
            return [(row.id, row.assignee_id) for row in rows]


#: Whether somebody has answered since the customer came.
_ANSWERED = (
    select(messages.c.id)
    .where(
        messages.c.conversation_id == conversations.c.id,
        messages.c.direction == "out",
        messages.c.type == "message",
        messages.c.author_type == "agent",
        messages.c.received_at
        >= func.coalesce(conversations.c.queued_at, conversations.c.created_at),
    )
    .exists()
)
