"""One look at everything that is new or waits: decided in order, written some at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hub import runtime
from hub.config import Config
from hub.conversations import assignment
from hub.conversations.assignment import Settlement, Turn
from hub.metrics import ROUTED, ROUTING_WAIT
from hub.router import assignment_writes, routing_reads
from hub.router.assignment_writes import PassContext, RuledConversation, apply_rules
from hub.router.decisions.candidates import choose_agent
from hub.router.decisions.evaluation import assignment_policy, next_team_opening
from hub.router.decisions.values import Agent, AssignmentPolicy, Choice, QueuedConversation
from hub.router.queue import places
from hub.store.engine import Store

#: How many new ones are looked at together, and rows of the queue read without a pause.
UNROUTED_LIMIT = 200
READ_LIMIT = 500
#: How many decisions share a transaction: the screens wait for no longer than that takes.
WRITE_LIMIT = 20
#: What is between two of them belongs to everybody else: several turns, not one.
PAUSE_SECONDS = 0.003

#: What two needs have in common for whom the same agents are in the way.
_ObstacleKey = tuple[str | None, tuple[str, ...], str, tuple[int, ...], float, bool]
_TICK = timedelta(microseconds=1)


@dataclass
class PassResult:
    """What a round found.

    Args:
        waiting: who still waits, in order; None when nobody looked at the whole queue.
        again_at: when time alone may change something.
        has_queued: somebody new has to wait.
        has_more: there is more that is new than was looked at.
        is_stale: somebody else changed what it decided from: look again.
    """

    agent_ids: frozenset[int] = frozenset()
    waiting: list[QueuedConversation] | None = None
    again_at: datetime | None = None
    has_queued: bool = False
    has_more: bool = False
    is_stale: bool = False

    def again(self, at: datetime | None) -> None:
        if at is not None and (self.again_at is None or at < self.again_at):
            self.again_at = at


@dataclass
class _PassState:
    """The state of one look: who holds what by now, and what is still to be written."""

    scene: PassContext
    agents: list[Agent]
    result: PassResult
    terms: AssignmentPolicy
    gives: bool
    seen: dict[int, datetime | None] = field(default_factory=dict)
    pending: list[Settlement] = field(default_factory=list)
    hopeless: set[_ObstacleKey] = field(default_factory=set)
    #: Whom somebody has already: for that agent one more channel of theirs may be no more load.
    served: set[int] = field(default_factory=set)
    given: int = 0


class Router:
    """Plays rounds on one store."""

    def __init__(self, store: Store, on_own: Callable[[Sequence[int]], None]) -> None:
        """`on_own` is told of what is about to be queued: that is no news to whoever plays."""
        self._store = store
        self._on_own = on_own

    def play(self, config: Config, *, whole: bool = True) -> PassResult:
        """Routes what is new; gives away what waits when `whole`.

        Of very much that is new at once, rules look at a part and queue it: then all is decided in
        the order of the queue.
        """
        now = datetime.now(UTC)
        result = PassResult()
        with self._store.read() as connection:
            names = routing_reads.read_team_names(connection)
            fresh = routing_reads.read_unrouted(connection, config, names, now, UNROUTED_LIMIT)
            if not fresh and not whole:
                return result
            agents = routing_reads.read_agents(connection, config)
        result.agent_ids = frozenset(agent.id for agent in agents)
        result.has_more = len(fresh) == UNROUTED_LIMIT
        whole = whole and not result.has_more
        scene = PassContext(
            now,
            config,
            team_ids={name: team_id for team_id, name in names.items()},
            names={agent.id: agent.name for agent in agents},
        )
        state = _PassState(
            scene, agents, result, assignment_policy(config, now), gives=not result.has_more
        )
        state.seen = {agent.id: agent.given_at for agent in agents}
        state.served = {person for agent in agents for person in agent.people}
        new = {one.need.conversation_id: apply_rules(one, config) for one in fresh}
        needs = [one.need for one in new.values()]
        if whole:
            needs += self._waiting(config, names)
            result.again(next_team_opening(config, now))
        left = []
        for count, need in enumerate(places.sort_queue(needs, config.assignment.order)):
            if count % READ_LIMIT == READ_LIMIT - 1:
                runtime.yield_control()
            if not self._decide(state, need, new.get(need.conversation_id)):
                left.append(need)
                result.has_queued = result.has_queued or need.conversation_id in new
            if len(state.pending) >= WRITE_LIMIT:
                self._write(state)
        self._write(state)
        result.waiting = left if whole else None
        return result

    def _waiting(self, config: Config, names: Mapping[int, str]) -> list[QueuedConversation]:
        found: list[QueuedConversation] = []
        while True:
            after = found[-1].conversation_id if found else 0
            with self._store.read() as connection:
                part = routing_reads.read_queue_page(connection, config, names, after, READ_LIMIT)
            found += part
            if len(part) < READ_LIMIT:
                return found
            runtime.yield_control()

    def _decide(
        self, state: _PassState, need: QueuedConversation, new: RuledConversation | None
    ) -> bool:
        """Decides about one. True when somebody has it from now on."""
        scene = state.scene
        if new is not None and new.fresh.is_taken:
            state.pending.append(assignment_writes.keep_assigned(scene, new))
            return True
        kind = _obstacle_key(need, scene)
        if new is None and kind in state.hopeless and need.person_id not in state.served:
            _relaxes(state, need)
            return False
        with self._store.read() as connection:
            need = routing_reads.with_known_agent(connection, need, scene.config, scene.now)
        choice = choose_agent(need, state.agents, state.terms, scene.now)
        if choice.agent is not None and not state.gives and not need.is_reopened:
            choice = Choice(None, (), counts={"crowd": len(state.agents)})
        if choice.agent is not None:
            _assign(state, need, choice, choice.agent, new)
            return True
        state.result.again(choice.retry_at)
        if choice.retry_at is None or need.known_agent is None:
            state.hopeless.add(kind)
        _relaxes(state, need)
        if new is not None:
            state.pending.append(assignment_writes.keep_in_queue(scene, need, choice, new))
        return False

    def _write(self, state: _PassState) -> None:
        if not state.pending:
            return
        decided, state.pending = state.pending, []
        by_id = {agent.id: agent for agent in state.agents}
        turns = {
            one.agent_id: Turn(state.seen[one.agent_id], given_at)
            for one in decided
            if one.is_given and one.agent_id is not None
            for given_at in [by_id[one.agent_id].given_at]
            if given_at is not None
        }
        self._on_own([one.conversation_id for one in decided if one.agent_id is None])
        done = self._store.write(lambda tx: assignment.settle(tx, decided, turns))
        for agent_id, turn in turns.items():
            state.seen[agent_id] = turn.given_at
        for one in decided:
            if one.conversation_id not in done:
                # Somebody was faster: what is held by whom is to be asked again.
                state.result.is_stale = True
                continue
            outcome = "kept" if one.told.get("name") is None else "queued"
            if one.is_given:
                outcome = "given"
                ROUTING_WAIT.labels(team=one.team).observe(one.waited_seconds)
            ROUTED.labels(team=one.team, outcome=outcome).inc()
        if len(decided) >= WRITE_LIMIT:
            time.sleep(PAUSE_SECONDS)


def _assign(
    state: _PassState,
    need: QueuedConversation,
    choice: Choice,
    agent: Agent,
    new: RuledConversation | None,
) -> None:
    state.given += 1
    at = state.scene.now + state.given * _TICK
    state.agents[state.agents.index(agent)] = agent.holding(need, at)
    state.served.add(need.person_id)
    state.pending.append(assignment_writes.assign(state.scene, need, choice, agent, new))


def _obstacle_key(need: QueuedConversation, scene: PassContext) -> _ObstacleKey:
    is_relaxed = scene.now >= need.queued_at + scene.config.assignment.relax_skills_after
    return (need.team, need.skills, need.language, need.not_for, need.weight, is_relaxed)


def _relaxes(state: _PassState, need: QueuedConversation) -> None:
    at = need.queued_at + state.scene.config.assignment.relax_skills_after
    if (need.skills or need.language) and at > state.scene.now:
        state.result.again(at)
