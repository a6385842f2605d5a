"""Puts conversations back into the queue: not accepted in time, or with an agent who is gone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import structlog
from sqlalchemy import ColumnElement, func, or_, select

from hub.config import Config
from hub.conversations import assignment
from hub.conversations.assignment import OverdueConversation, OverdueStep
from hub.metrics import UNANSWERED
from hub.router import routing_reads
from hub.router.conditions import IS_OPEN
from hub.router.decisions.candidates import choose_agent
from hub.router.decisions.evaluation import assignment_policy
from hub.router.decisions.values import Agent, AssignmentPolicy
from hub.store.engine import Store
from hub.store.models import agents, conversations, messages, teams

log = structlog.get_logger()

#: How many conversations are put back at a time.
READ_LIMIT = 100


@dataclass
class _ReclaimState:
    """One look at what is overdue: the agents, and how full they are by then.

    Args:
        agents: None until the first overdue conversation asks for them.
    """

    config: Config
    now: datetime
    policy: AssignmentPolicy
    agents: list[Agent] | None = None


class Reclaimer:
    """Finds the conversations that have to go back to the queue, and puts them back."""

    def __init__(self, store: Store, config: Callable[[], Config]) -> None:
        self._store = store
        self._config = config
        self._grace_until: datetime | None = None

    def begin_grace(self) -> None:
        """Gives all agents a moment to come back after a start: their screens connect again."""
        self._grace_until = datetime.now(UTC) + self._config().assignment.offline_grace

    def reclaim_due(self) -> None:
        """Puts back every conversation that is due by now."""
        now = datetime.now(UTC)
        config = self._config()
        state = _ReclaimState(config, now, assignment_policy(config, now))
        for overdue in self._overdue(now):
            self._take_back(overdue, state)
        if self._grace_until is None or now >= self._grace_until:
            for conversation_id, agent_id in self._of_absent_agents(config):
                self._put_back(conversation_id, agent_id)
            self._grace_until = None

    def _take_back(self, overdue: OverdueConversation, state: _ReclaimState) -> None:
        """Puts an overdue conversation back, or leaves it where no other agent could have it."""
        is_last = overdue.attempts + 1 >= state.config.assignment.accept_attempts
        if not is_last and not self._finds_another(state, overdue, overdue.not_for, overdue.team):
            is_last = True
        team = state.config.teams.get(overdue.team)
        next_step = OverdueStep(is_last, team.overflow if team is not None and is_last else None)
        if is_last and not self._finds_another(
            state, overdue, (), next_step.overflow or overdue.team
        ):
            self._leave(overdue, state)
            return
        if not self._store.write(lambda tx: assignment.requeue_overdue(tx, overdue, next_step)):
            return
        UNANSWERED.labels(team=overdue.team, outcome="last" if is_last else "again").inc()
        if is_last:
            log.warning(
                "assign.overflowed", to=next_step.overflow or overdue.team, **_fields(overdue)
            )
        else:
            log.info("assign.unanswered", **_fields(overdue))

    def _leave(self, overdue: OverdueConversation, state: _ReclaimState) -> None:
        """Leaves a conversation with the only agent who could have it, for another while."""
        accept_by = state.now + state.config.assignment.accept_within
        if self._store.write(lambda tx: assignment.extend_overdue(tx, overdue, accept_by)):
            UNANSWERED.labels(team=overdue.team, outcome="kept").inc()
            log.warning("assign.unanswered_by_the_only_agent", **_fields(overdue))

    def _finds_another(
        self,
        state: _ReclaimState,
        overdue: OverdueConversation,
        not_for: tuple[int, ...],
        team: str,
    ) -> bool:
        """Whether an agent other than the present one could have the conversation now.

        Args:
            not_for: the agents before the present one who get it no more.
            team: the name of the team it would go to; "" for all agents.
        """
        with self._store.read() as connection:
            if state.agents is None:
                state.agents = routing_reads.read_agents(connection, state.config)
            queued = routing_reads.read_queued_conversation(
                connection, state.config, overdue.conversation_id
            )
        if queued is None:
            return True
        for_others = replace(queued, not_for=(*not_for, overdue.agent_id), team=team or None)
        agent = choose_agent(for_others, state.agents, state.policy, state.now).agent
        if agent is not None:
            state.agents[state.agents.index(agent)] = agent.with_conversation(for_others, state.now)
        return agent is not None

    def _put_back(self, conversation_id: int, agent_id: int) -> None:
        if self._store.write(
            lambda tx: assignment.requeue_of_absent_agent(tx, conversation_id, agent_id)
        ):
            log.info("assign.agent_left", conversation=conversation_id, agent=agent_id)

    def _overdue(self, now: datetime) -> list[OverdueConversation]:
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
                OverdueConversation(
                    row.id, row.assignee_id, row.name or "", row.attempts, tuple(row.not_for)
                )
                for row in rows
            ]

    def next_due(self) -> datetime | None:
        """When the next conversation is to be put back, if nothing happens until then."""
        with self._store.read() as connection:
            accept_by = connection.execute(
                select(func.min(conversations.c.accept_by)).where(
                    *IS_OPEN,
                    conversations.c.assignee_id.is_not(None),
                )
            ).scalar()
        assert accept_by is None or isinstance(accept_by, datetime)
        moments = (accept_by, self._grace_until)
        return min((moment for moment in moments if moment), default=None)

    def _of_absent_agents(self, config: Config) -> list[tuple[int, int]]:
        """The conversations that wait for an answer from an agent who is gone, with that agent.

        Those that were answered before move as well where the configuration says so. A conversation
        that a colleague gave to an absent agent stays: they chose so.
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
            conditions.append(~_IS_ANSWERED)
        with self._store.read() as connection:
            rows = connection.execute(
                select(conversations.c.id, conversations.c.assignee_id)
                .join(agents, agents.c.id == conversations.c.assignee_id)
                .where(*conditions)
                .limit(READ_LIMIT)
            )
            return [(row.id, row.assignee_id) for row in rows]


def _fields(overdue: OverdueConversation) -> dict[str, object]:
    """The fields of a line in the log about an overdue conversation."""
    return {
        "conversation": overdue.conversation_id,
        "agent": overdue.agent_id,
        "team": overdue.team,
    }


#: Whether an agent has answered since the conversation was queued.
_IS_ANSWERED = (
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
