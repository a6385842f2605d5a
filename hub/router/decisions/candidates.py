"""Who could take a conversation, and what speaks against everybody else. Pure.

Every agent is asked the same questions in the same order; the first that is answered with no is
the reason. Of those who are left, the one the customer knows goes first, then the strategy says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from hub.router.decisions.reasons import OBSTACLES, obstacle_text, reason_against, reasons_for
from hub.router.decisions.strategies import STRATEGIES
from hub.router.decisions.values import (
    Agent,
    AssignmentPolicy,
    CandidateResult,
    Choice,
    QueuedConversation,
    Reason,
)

#: How many candidates a decision keeps: whoever was nearest to getting it.
MAX_RESULTS = 20


def choose_agent(
    need: QueuedConversation, agents: Sequence[Agent], terms: AssignmentPolicy, now: datetime
) -> Choice:
    """Who of these agents gets the conversation, and why each of the others does not."""
    found = [(agent, _obstacle(agent, need, terms)) for agent in agents]
    fitting = [agent for agent, obstacle in found if obstacle is None]
    retry_at: datetime | None = None
    relaxed_at = need.queued_at + terms.relax_skills_after
    for code, has in (("lacks_skills", Agent.can_do), ("lacks_language", Agent.writes)):
        able = [agent for agent in fitting if has(agent, need)]
        if len(able) == len(fitting) or not (able or _somebody(code, found, need)):
            continue
        if able or now < relaxed_at:
            found = [
                (agent, obstacle or (None if has(agent, need) else code))
                for agent, obstacle in found
            ]
            retry_at = relaxed_at if not able else retry_at
            fitting = able
    counts = _counted(found)
    known, waits_for = _known(need, found, terms, now)
    if known is None and waits_for is not None and fitting:
        until = need.queued_at + terms.sticky_wait
        return Choice(None, _awaiting(need, found, waits_for), until, {"awaited": len(fitting)})
    chosen = known or STRATEGIES[terms.strategy](fitting)
    if chosen is None and terms.strategy == "manual" and fitting:
        reason = Reason("manual", "Could take it: here conversations are taken, not given.")
        verdicts = _verdicts(need, found, lambda _: (reason,))
        return Choice(None, verdicts, None, {"manual": len(fitting)})
    verdicts = _chosen(need, found, chosen, terms, known is not None)
    return Choice(chosen, verdicts, None if chosen else retry_at, counts)


def _obstacle(agent: Agent, need: QueuedConversation, terms: AssignmentPolicy) -> str | None:
    """The first thing in the way, apart from what time relaxes."""
    if not agent.may_answer:
        return "not_allowed"
    if need.team is not None and need.team not in agent.teams:
        return "not_member"
    if agent.presence != "online":
        return "away" if agent.presence == "away" else "offline"
    if need.team is not None and need.team in terms.closed:
        return "closed"
    if not agent.room_for(need):
        return "full"
    if agent.id in need.not_for:
        return "let_go"
    return None


def _somebody(
    code: str, found: Sequence[tuple[Agent, str | None]], need: QueuedConversation
) -> bool:
    """Whether it is worth a wait: a language that nobody of the team writes is not waited for."""
    if code == "lacks_skills":
        return True
    return any(
        agent.languages and agent.writes(need)
        for agent, obstacle in found
        if obstacle not in ("not_allowed", "not_member")
    )


def _known(
    need: QueuedConversation,
    found: Sequence[tuple[Agent, str | None]],
    terms: AssignmentPolicy,
    now: datetime,
) -> tuple[Agent | None, Agent | None]:
    """The agent the customer knows, if free; else the one to wait for a little, if busy."""
    if need.known_agent is None or terms.strategy == "manual":
        return None, None
    for agent, obstacle in found:
        if agent.id == need.known_agent:
            if obstacle is None or (need.is_reopened and obstacle in _SOFT):
                return agent, None
            if obstacle == "full" and now < need.queued_at + terms.sticky_wait:
                return None, agent
    return None, None


#: What does not keep a conversation that was resolved from who resolved it.
_SOFT = frozenset({"lacks_skills", "lacks_language"})


def _awaiting(
    need: QueuedConversation, found: Sequence[tuple[Agent, str | None]], awaited: Agent
) -> tuple[CandidateResult, ...]:
    reason = Reason("awaited", f"Could take it, but {awaited.name} knows this customer.")
    return _verdicts(need, found, lambda _: (reason,))


def _chosen(
    need: QueuedConversation,
    found: Sequence[tuple[Agent, str | None]],
    chosen: Agent | None,
    terms: AssignmentPolicy,
    is_known: bool,
) -> tuple[CandidateResult, ...]:
    def of_fitting(agent: Agent) -> tuple[Reason, ...]:
        if agent is chosen:
            return tuple(reasons_for(agent, need, terms, is_known))
        assert chosen is not None
        return (reason_against(agent, chosen, terms, is_known),)

    return _verdicts(need, found, of_fitting, chosen)


def _counted(found: Sequence[tuple[Agent, str | None]]) -> dict[str, int]:
    obstacles = [obstacle for _, obstacle in found]
    return {code: obstacles.count(code) for code in OBSTACLES if code in obstacles}


def _verdicts(
    need: QueuedConversation,
    found: Sequence[tuple[Agent, str | None]],
    of_fitting: Callable[[Agent], tuple[Reason, ...]],
    chosen: Agent | None = None,
) -> tuple[CandidateResult, ...]:
    """The nearest first, and of many only the nearest."""

    def rank(pair: tuple[Agent, str | None]) -> tuple[bool, int, int]:
        agent, obstacle = pair
        passed = len(OBSTACLES) if obstacle is None else OBSTACLES.index(obstacle)
        return agent is not chosen, -passed, agent.id

    return tuple(
        CandidateResult(
            agent.id,
            agent is chosen,
            of_fitting(agent)
            if obstacle is None or agent is chosen
            else (Reason(obstacle, obstacle_text(obstacle, agent, need)),),
        )
        for agent, obstacle in sorted(found, key=rank)[:MAX_RESULTS]
    )
