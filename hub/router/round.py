"""One look at everything that is new or waits: decided in order, written some at a time."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hub import runtime
from hub.config import Config
from hub.conversations import assigning
from hub.conversations.assigning import Settlement, Turn
from hub.metrics import ROUTED, ROUTING_WAIT
from hub.router import board, queue
from hub.router.board import Fresh
from hub.router.candidates import Agent, Choice, Need, Terms, choose, summary
from hub.router.decisions import needed, opens_next, terms_of
from hub.router.rules import Outcome, evaluate
from hub.store.engine import Store

#: How many new ones are looked at together, and rows of the queue read without a pause.
FRESH_LIMIT = 200
READ_LIMIT = 500
#: How many decisions share a transaction: the screens wait for no longer than that takes.
WRITE_LIMIT = 10
#: What is between two of them belongs to everybody else: several turns, not one.
REST_SECONDS = 0.003

_TICK = timedelta(microseconds=1)


@dataclass
class Result:
    """What a round found.

    Args:
        waiting: who still waits, in order; None when nobody looked at the whole queue.
        again_at: when time alone may change something.
        has_queued: somebody new has to wait.
        has_more: there is more that is new than was looked at.
        is_stale: somebody else changed what it decided from: look again.
    """

    agent_ids: frozenset[int] = frozenset()
    waiting: list[Need] | None = None
    again_at: datetime | None = None
    has_queued: bool = False
    has_more: bool = False
    is_stale: bool = False

    def again(self, at: datetime | None) -> None:
        if at is not None and (self.again_at is None or at < self.again_at):
            self.again_at = at


@dataclass(frozen=True, slots=True)
class _Decided:
    need: Need
    settlement: Settlement


@dataclass
class _Round:
    """The state of one look: who holds what by now, and what is still to be written."""

    now: datetime
    agents: list[Agent]
    teams: Mapping[int, str]
    result: Result
    terms: Terms
    gives: bool
    seen: dict[int, datetime | None] = field(default_factory=dict)
    pending: list[_Decided] = field(default_factory=list)
    hopeless: set[Any] = field(default_factory=set)
    #: Whom somebody has already: for that agent one more channel of theirs may be no more load.
    served: set[int] = field(default_factory=set)
    given: int = 0


class Router:
    """Plays rounds on one store."""

    def __init__(self, store: Store, on_own: Any = None) -> None:
        self._store = store
        self._on_own = on_own or (lambda _ids: None)

    def play(self, config: Config, *, whole: bool = True) -> Result:
        """Routes what is new; gives away what waits when `whole`.

        Of very much that is new at once, rules look at a part and queue it: then all is decided in
        the order of the queue.
        """
        now = datetime.now(UTC)
        result = Result()
        with self._store.read() as connection:
            names = board.team_names(connection)
            fresh = board.read_unrouted(connection, config, names, now, FRESH_LIMIT)
            if not fresh and not whole:
                return result
            agents = board.read_agents(connection, config)
        result.agent_ids = frozenset(agent.id for agent in agents)
        result.has_more = len(fresh) == FRESH_LIMIT
        whole = whole and not result.has_more
        state = _Round(now, agents, names, result, terms_of(config, now), gives=not result.has_more)
        state.seen = {agent.id: agent.given_at for agent in agents}
        state.served = {person for agent in agents for person in agent.people}
        new = {one.need.conversation_id: _ruled(one, config) for one in fresh}
        needs = [need for need, _, _ in new.values()]
        if whole:
            needs += self._waiting(config, names)
            result.again(opens_next(config, now))
        left = []
        for count, need in enumerate(queue.sorted_needs(needs, config.assignment.order)):
            if count % READ_LIMIT == READ_LIMIT - 1:
                runtime.breathe()
            if not self._decide(state, config, need, new.get(need.conversation_id)):
                left.append(need)
                result.has_queued = result.has_queued or need.conversation_id in new
            if len(state.pending) >= WRITE_LIMIT:
                self._write(state)
        self._write(state)
        result.waiting = left if whole else None
        return result

    def _waiting(self, config: Config, names: Mapping[int, str]) -> list[Need]:
        found: list[Need] = []
        while True:
            after = found[-1].conversation_id if found else 0
            with self._store.read() as connection:
                part = board.read_waiting(connection, config, names, after, READ_LIMIT)
            found += part
            if len(part) < READ_LIMIT:
                return found
            runtime.breathe()

    def _decide(self, state: _Round, config: Config, need: Need, new: _New | None) -> bool:
        """Decides about one. True when somebody has it from now on."""
        fresh = new[1] if new is not None else None
        if fresh is not None and fresh.is_taken:
            state.pending.append(_Decided(need, _taken(state, config, need, new)))
            return True
        kind = _kind(need, state.now, config)
        if new is None and kind in state.hopeless and need.person_id not in state.served:
            _relaxes(state, config, need)
            return False
        with self._store.read() as connection:
            need = board.with_known_agent(connection, need, config, state.now)
        choice = choose(need, state.agents, state.terms, state.now)
        if choice.agent is not None and not state.gives and not need.is_reopened:
            choice = Choice(None, choice.verdicts)
        if choice.agent is not None:
            self._give(state, config, need, choice, new)
            return True
        state.result.again(choice.retry_at)
        if choice.retry_at is None or need.known_agent is None:
            state.hopeless.add(kind)
        _relaxes(state, config, need)
        if new is not None:
            state.pending.append(_Decided(need, _queued(state, config, need, choice, new)))
        return False

    def _give(
        self, state: _Round, config: Config, need: Need, choice: Choice, new: _New | None
    ) -> None:
        chosen = choice.agent
        assert chosen is not None
        state.given += 1
        at = state.now + state.given * _TICK
        index = state.agents.index(chosen)
        state.agents[index] = chosen.holding(need, at)
        state.served.add(need.person_id)
        settlement = _given(state, config, need, choice, new)
        state.pending.append(_Decided(need, settlement))

    def _write(self, state: _Round) -> None:
        if not state.pending:
            return
        settlements = [one.settlement for one in state.pending]
        state.pending = []
        by_id = {agent.id: agent for agent in state.agents}
        turns = {
            one.agent_id: Turn(state.seen[one.agent_id], given_at)
            for one in settlements
            if one.is_given and one.agent_id is not None
            for given_at in [by_id[one.agent_id].given_at]
            if given_at is not None
        }
        self._on_own([one.conversation_id for one in settlements if one.agent_id is None])
        done = self._store.write(lambda tx: assigning.settle(tx, settlements, turns))
        for agent_id, turn in turns.items():
            state.seen[agent_id] = turn.given_at
        for one in settlements:
            if one.conversation_id not in done:
                # Somebody was faster: what is held by whom is to be asked again.
                state.result.is_stale = True
                continue
            outcome = "kept" if one.told.get("name") is None else "queued"
            if one.is_given:
                outcome = "given"
                ROUTING_WAIT.labels(team=one.team).observe(one.waited_seconds)
            ROUTED.labels(team=one.team, outcome=outcome).inc()
        if len(settlements) >= WRITE_LIMIT:
            time.sleep(REST_SECONDS)


_New = tuple[Need, Fresh, Outcome]


def _ruled(fresh: Fresh, config: Config) -> _New:
    outcome = evaluate(config.routing, fresh.snapshot)
    return needed(fresh.need, outcome), fresh, outcome


def _kind(need: Need, now: datetime, config: Config) -> Any:
    """What two needs have in common for whom the same agents are in the way."""
    is_relaxed = now >= need.queued_at + config.assignment.relax_skills_after
    return (need.team, need.skills, need.language, need.not_for, need.weight, is_relaxed)


def _relaxes(state: _Round, config: Config, need: Need) -> None:
    at = need.queued_at + config.assignment.relax_skills_after
    if (need.skills or need.language) and at > state.now:
        state.result.again(at)


# -- what is written -------------------------------------------------------------------------------


def _given(
    state: _Round, config: Config, need: Need, choice: Choice, new: _New | None
) -> Settlement:
    agent = choice.agent
    assert agent is not None
    within = config.assignment.accept_within
    columns: dict[str, Any] = {
        "accept_by": state.now + within if within else None,
        "accepted_at": None,
    }
    why = next(one for one in choice.verdicts if one.chosen).reasons[0]
    return replace(
        _settlement(state, need, choice, new),
        agent_id=agent.id,
        columns={**_routed(state, config, need, new), **columns},
        told={
            "name": assigning.ASSIGNED,
            "agent_id": str(agent.id),
            "agent": agent.name,
            "before": _name_of(state, new[1].held_by) if new is not None else None,
            "rule": need.rule,
            "team": need.team or "",
            "code": why.code,
            "reason": why.text,
        },
    )


def _queued(state: _Round, config: Config, need: Need, choice: Choice, new: _New) -> Settlement:
    return replace(
        _settlement(state, need, choice, new),
        columns=_routed(state, config, need, new),
        told={
            "name": assigning.QUEUED,
            "rule": need.rule,
            "team": need.team or "",
            "before": _name_of(state, new[1].held_by),
            "reason": summary(choice.counts),
        },
    )


def _taken(state: _Round, config: Config, need: Need, new: _New | None) -> Settlement:
    """The rules have spoken, and whoever took it keeps it."""
    assert new is not None
    return replace(
        _settlement(state, need, None, new),
        agent_id=new[1].held_by,
        columns=_routed(state, config, need, new),
    )


def _settlement(state: _Round, need: Need, choice: Choice | None, new: _New | None) -> Settlement:
    return Settlement(
        conversation_id=need.conversation_id,
        held_by=None if new is None else new[1].held_by,
        is_first=new is not None,
        agent_id=None,
        labels=() if new is None else new[2].labels,
        rule=need.rule,
        team=need.team or "",
        candidates=() if choice is None else candidates_of(choice),
        waited_seconds=max(0.0, (state.now - need.queued_at).total_seconds()),
    )


def _routed(state: _Round, config: Config, need: Need, new: _New | None) -> dict[str, Any]:
    """The columns in which a conversation remembers what the rules said."""
    if new is None:
        return {}
    outcome = new[2]
    teams = {name: team_id for team_id, name in state.teams.items()}
    policy = outcome.sla or ("default" if "default" in config.sla else None)
    return {
        "rule": outcome.rule,
        "team_id": None if need.team is None else teams.get(need.team),
        "skills": list(need.skills),
        "language": need.language,
        "priority": need.priority,
        "queued_at": need.queued_at,
        "sla": policy,
        **({"sla_next_at": state.now} if policy is not None else {}),
    }


def _name_of(state: _Round, agent_id: int | None) -> str | None:
    return next((agent.name for agent in state.agents if agent.id == agent_id), None)


def candidates_of(choice: Choice) -> list[dict[str, Any]]:
    """What a decision remembers of everybody who was considered."""
    return [
        {
            "agent_id": verdict.agent_id,
            "chosen": verdict.chosen,
            "reasons": [{"code": one.code, "text": one.text} for one in verdict.reasons],
        }
        for verdict in choice.verdicts
    ]
