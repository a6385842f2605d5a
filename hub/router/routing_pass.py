"""One routing pass over the conversations that are new or wait.

They are decided in the order of the queue and written some at a time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hub import runtime
from hub.config import Config
from hub.conversations import assignment
from hub.conversations.assignment import AgentTurn, RoutingOutcome
from hub.metrics import ROUTED, ROUTING_WAIT
from hub.router import assignment_writes, routing_reads
from hub.router.assignment_writes import PassContext, RuledConversation, apply_rules
from hub.router.decisions.candidates import choose_agent
from hub.router.decisions.evaluation import assignment_policy, next_team_opening
from hub.router.decisions.values import Agent, AssignmentPolicy, Choice, QueuedConversation
from hub.router.queue import places
from hub.store.engine import Store

#: How many unrouted conversations are read together, and rows of the queue without a pause.
UNROUTED_LIMIT = 200
READ_LIMIT = 500
#: How many decisions share a transaction: screens wait for no longer than that takes.
WRITE_LIMIT = 20
#: The pause between two full transactions, in which other threads get several turns, not one.
PAUSE_SECONDS = 0.003

#: Conversations with the same key meet the same obstacles.
_ObstacleKey = tuple[str | None, tuple[str, ...], str, tuple[int, ...], int | None, float, bool]
_TICK = timedelta(microseconds=1)


@dataclass
class PassResult:
    """The result of a routing pass.

    Args:
        agent_ids: all agents there were.
        waiting: the conversations that still wait, in order; None when the pass did not read the
            whole queue.
        again_at: when time alone may change something.
        has_queued: a new conversation has to wait.
        has_more: there are more unrouted conversations than were read.
        is_stale: another process changed what was decided from: another pass is needed.
    """

    agent_ids: frozenset[int] = frozenset()
    waiting: list[QueuedConversation] | None = None
    again_at: datetime | None = None
    has_queued: bool = False
    has_more: bool = False
    is_stale: bool = False

    def look_again_at(self, moment: datetime | None) -> None:
        """Keeps the earliest of the moments."""
        if moment is not None and (self.again_at is None or moment < self.again_at):
            self.again_at = moment


@dataclass
class _PassState:
    """The state of one pass: the agents as they stand by now, and what is still to be written.

    Args:
        may_assign: False when there is so much that is new that it is queued first.
        last_turns: for each agent, when they were last assigned something, as the database has it.
        without_agent: the keys of conversations for which no agent was free.
        served_root_ids: the customers whom an agent serves already: for that agent one more
            channel of theirs may be no more load.
        assigned: how many conversations this pass has assigned.
    """

    context: PassContext
    agents: list[Agent]
    result: PassResult
    policy: AssignmentPolicy
    may_assign: bool
    last_turns: dict[int, datetime | None] = field(default_factory=dict)
    pending: list[RoutingOutcome] = field(default_factory=list)
    without_agent: set[_ObstacleKey] = field(default_factory=set)
    served_root_ids: set[int] = field(default_factory=set)
    assigned: int = 0


class Router:
    """Runs routing passes on one store."""

    def __init__(self, store: Store, on_queue: Callable[[Sequence[int]], None]) -> None:
        """Makes a router.

        Args:
            on_queue: called with the ids of conversations before they are written as queued: the
                events of that are no news for the caller.
        """
        self._store = store
        self._on_queue = on_queue

    def run_pass(self, config: Config, *, whole: bool = True) -> PassResult:
        """Routes new conversations, and assigns waiting ones when `whole`.

        When very many are new at once, rules look at a part of them and queue it: then all are
        decided in the order of the queue.
        """
        now = datetime.now(UTC)
        result = PassResult()
        with self._store.read() as connection:
            names = routing_reads.read_team_names(connection)
            unrouted = routing_reads.read_unrouted(connection, config, names, now, UNROUTED_LIMIT)
            if not unrouted and not whole:
                return result
            agents = routing_reads.read_agents(connection, config)
        result.agent_ids = frozenset(agent.id for agent in agents)
        result.has_more = len(unrouted) == UNROUTED_LIMIT
        whole = whole and not result.has_more
        context = PassContext(
            now,
            config,
            team_ids={name: team_id for team_id, name in names.items()},
            agent_names={agent.id: agent.name for agent in agents},
        )
        policy = assignment_policy(config, now)
        state = _PassState(context, agents, result, policy, may_assign=not result.has_more)
        state.last_turns = {agent.id: agent.assigned_at for agent in agents}
        state.served_root_ids = {root_id for agent in agents for root_id in agent.loads}
        new = {
            conversation.conversation.conversation_id: apply_rules(conversation, config)
            for conversation in unrouted
        }
        conversations = [ruled.conversation for ruled in new.values()]
        if whole:
            conversations += self._read_queue(config, names)
            result.look_again_at(next_team_opening(config, now))
        waiting = []
        for count, conversation in enumerate(
            places.sort_queue(conversations, config.assignment.order)
        ):
            if count % READ_LIMIT == READ_LIMIT - 1:
                runtime.yield_control()
            ruled = new.get(conversation.conversation_id)
            if not self._decide(state, conversation, ruled):
                waiting.append(conversation)
                result.has_queued = result.has_queued or ruled is not None
            if len(state.pending) >= WRITE_LIMIT:
                self._write_pending(state)
        self._write_pending(state)
        result.waiting = waiting if whole else None
        return result

    def _read_queue(self, config: Config, names: Mapping[int, str]) -> list[QueuedConversation]:
        waiting: list[QueuedConversation] = []
        while True:
            after = waiting[-1].conversation_id if waiting else 0
            with self._store.read() as connection:
                page = routing_reads.read_queue_page(connection, config, names, after, READ_LIMIT)
            waiting += page
            if len(page) < READ_LIMIT:
                return waiting
            runtime.yield_control()

    def _decide(
        self, state: _PassState, conversation: QueuedConversation, ruled: RuledConversation | None
    ) -> bool:
        """Decides about one conversation. Returns whether an agent has it from now on.

        Args:
            ruled: the outcome of the rules where it is new.
        """
        context = state.context
        if ruled is not None and ruled.unrouted.is_accepted:
            state.pending.append(assignment_writes.keep_assigned(context, ruled))
            return True
        key = _obstacle_key(conversation, context)
        if (
            ruled is None
            and key in state.without_agent
            and conversation.root_id not in state.served_root_ids
        ):
            _look_again_when_relaxed(state, conversation)
            return False
        with self._store.read() as connection:
            conversation = routing_reads.with_known_agent(
                connection, conversation, context.config, context.now
            )
        choice = choose_agent(conversation, state.agents, state.policy, context.now)
        if choice.agent is not None and not state.may_assign and not conversation.is_reopened:
            choice = Choice(None, (), obstacle_counts={"crowd": len(state.agents)})
        if choice.agent is not None:
            _assign(state, conversation, choice, choice.agent, ruled)
            return True
        state.result.look_again_at(choice.retry_at)
        if choice.retry_at is None or conversation.known_agent_id is None:
            state.without_agent.add(key)
        _look_again_when_relaxed(state, conversation)
        if ruled is not None:
            state.pending.append(
                assignment_writes.keep_in_queue(context, conversation, choice, ruled)
            )
        return False

    def _write_pending(self, state: _PassState) -> None:
        if not state.pending:
            return
        outcomes, state.pending = state.pending, []
        agent_by_id = {agent.id: agent for agent in state.agents}
        turns = {
            outcome.agent_id: AgentTurn(state.last_turns[outcome.agent_id], assigned_at)
            for outcome in outcomes
            if outcome.is_assigned and outcome.agent_id is not None
            for assigned_at in [agent_by_id[outcome.agent_id].assigned_at]
            if assigned_at is not None
        }
        self._on_queue(
            [outcome.conversation_id for outcome in outcomes if outcome.agent_id is None]
        )
        written_ids = self._store.write(
            lambda tx: assignment.apply_assignments(tx, outcomes, turns)
        )
        for agent_id, turn in turns.items():
            state.last_turns[agent_id] = turn.assigned_at
        for outcome in outcomes:
            if outcome.conversation_id not in written_ids:
                # Another process was faster: the loads of the agents have to be read again.
                state.result.is_stale = True
                continue
            _count_outcome(outcome)
        if len(outcomes) >= WRITE_LIMIT:
            time.sleep(PAUSE_SECONDS)


def _count_outcome(routed: RoutingOutcome) -> None:
    outcome = "kept" if routed.event_fields.get("name") is None else "queued"
    if routed.is_assigned:
        outcome = "given"
        ROUTING_WAIT.labels(team=routed.team).observe(routed.waited_seconds)
    ROUTED.labels(team=routed.team, outcome=outcome).inc()


def _assign(
    state: _PassState,
    conversation: QueuedConversation,
    choice: Choice,
    agent: Agent,
    ruled: RuledConversation | None,
) -> None:
    state.assigned += 1
    # Each assignment of a pass has a moment of its own, by which round_robin takes turns.
    assigned_at = state.context.now + state.assigned * _TICK
    state.agents[state.agents.index(agent)] = agent.with_conversation(conversation, assigned_at)
    state.served_root_ids.add(conversation.root_id)
    state.pending.append(
        assignment_writes.assign(state.context, conversation, choice, agent, ruled)
    )


def _obstacle_key(conversation: QueuedConversation, context: PassContext) -> _ObstacleKey:
    relaxed_at = conversation.queued_at + context.config.assignment.relax_skills_after
    return (
        conversation.team,
        conversation.skills,
        conversation.language,
        conversation.not_for,
        conversation.left_by_id,
        conversation.weight,
        context.now >= relaxed_at,
    )


def _look_again_when_relaxed(state: _PassState, conversation: QueuedConversation) -> None:
    relaxed_at = conversation.queued_at + state.context.config.assignment.relax_skills_after
    if (conversation.skills or conversation.language) and relaxed_at > state.context.now:
        state.result.look_again_at(relaxed_at)
