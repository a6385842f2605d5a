"""Chooses the agent for a conversation, and says what speaks against each other agent. Pure.

The same obstacles are checked for every agent in the same order; the first one that stands in the
way is the reason. Of the agents without an obstacle the one that the customer knows goes first,
then the strategy decides.
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

#: How many candidates a decision keeps: those that were nearest to getting the conversation.
MAX_RESULTS = 20

#: An agent with the code of the first obstacle in their way; None when there is none.
_CheckedAgent = tuple[Agent, str | None]

#: A resolved conversation goes back to the agent who resolved it in spite of these.
_IGNORED_WHEN_REOPENED = frozenset({"lacks_skills", "lacks_language"})
#: An agent who was offline gets back what they lost by it in spite of these.
_IGNORED_WHEN_RETURNED = frozenset({"full", "lacks_skills", "lacks_language"})


def choose_agent(
    conversation: QueuedConversation,
    agents: Sequence[Agent],
    policy: AssignmentPolicy,
    now: datetime,
) -> Choice:
    """Chooses one of these agents for the conversation, with the reasons for and against each.

    Returns: a choice without an agent when the conversation has to wait.
    """
    checked: list[_CheckedAgent] = [
        (agent, _obstacle(agent, conversation, policy)) for agent in agents
    ]
    fitting = [agent for agent, obstacle in checked if obstacle is None]
    retry_at: datetime | None = None
    relaxed_at = conversation.queued_at + policy.relax_skills_after
    for code, is_able in (
        ("lacks_skills", Agent.has_skills_for),
        ("lacks_language", Agent.writes_language_of),
    ):
        able = [agent for agent in fitting if is_able(agent, conversation)]
        if len(able) == len(fitting) or not (able or _is_worth_a_wait(code, checked, conversation)):
            continue
        if able or now < relaxed_at:
            checked = [
                (agent, obstacle or (None if is_able(agent, conversation) else code))
                for agent, obstacle in checked
            ]
            retry_at = relaxed_at if not able else retry_at
            fitting = able
    counts = _obstacle_counts(checked)
    returned = _returned_agent(conversation, checked)
    if returned is not None:
        results = _results_when_returned(conversation, checked, returned)
        return Choice(returned, results, None, counts)
    known, awaited = _known_agent(conversation, checked, policy, now)
    if known is None and awaited is not None and fitting:
        until = conversation.queued_at + policy.sticky_wait
        results = _results_while_awaiting(conversation, checked, awaited)
        return Choice(None, results, until, {"awaited": len(fitting)})
    chosen = known or STRATEGIES[policy.strategy](fitting)
    if chosen is None and policy.strategy == "manual" and fitting:
        reason = Reason("manual", "Could take it: here conversations are taken, not given.")
        results = _results(conversation, checked, lambda _: (reason,))
        return Choice(None, results, None, {"manual": len(fitting)})
    results = _results_of_choice(conversation, checked, chosen, policy, known is not None)
    return Choice(chosen, results, None if chosen else retry_at, counts)


def _obstacle(
    agent: Agent, conversation: QueuedConversation, policy: AssignmentPolicy
) -> str | None:
    """The first obstacle, apart from skills and language, which time relaxes."""
    if not agent.may_answer:
        return "not_allowed"
    if conversation.team is not None and conversation.team not in agent.teams:
        return "not_member"
    if agent.presence != "online":
        return "away" if agent.presence == "away" else "offline"
    if conversation.team is not None and conversation.team in policy.closed:
        return "closed"
    if not agent.has_room_for(conversation):
        return "full"
    if agent.id in conversation.not_for:
        return "let_go"
    return None


def _is_worth_a_wait(
    code: str, checked: Sequence[_CheckedAgent], conversation: QueuedConversation
) -> bool:
    """Whether an agent with the ability exists: no wait for a language that the team lacks."""
    if code == "lacks_skills":
        return True
    return any(
        agent.languages and agent.writes_language_of(conversation)
        for agent, obstacle in checked
        if obstacle not in ("not_allowed", "not_member")
    )


def _known_agent(
    conversation: QueuedConversation,
    checked: Sequence[_CheckedAgent],
    policy: AssignmentPolicy,
    now: datetime,
) -> tuple[Agent | None, Agent | None]:
    """The agent that the customer knows: first where free, second where it is worth a wait."""
    if conversation.known_agent_id is None or policy.strategy == "manual":
        return None, None
    for agent, obstacle in checked:
        if agent.id == conversation.known_agent_id:
            if obstacle is None or (
                conversation.is_reopened and obstacle in _IGNORED_WHEN_REOPENED
            ):
                return agent, None
            if obstacle == "full" and now < conversation.queued_at + policy.sticky_wait:
                return None, agent
    return None, None


def _returned_agent(
    conversation: QueuedConversation, checked: Sequence[_CheckedAgent]
) -> Agent | None:
    """The agent who lost it by going offline, when they are back before another agent has it."""
    for agent, obstacle in checked:
        if agent.id == conversation.left_by_id and (
            obstacle is None or obstacle in _IGNORED_WHEN_RETURNED
        ):
            return agent
    return None


def _results_when_returned(
    conversation: QueuedConversation, checked: Sequence[_CheckedAgent], returned: Agent
) -> tuple[CandidateResult, ...]:
    def reasons_of_fitting(agent: Agent) -> tuple[Reason, ...]:
        if agent is returned:
            return (Reason("returned", "Had it, was offline, and is back before another had it."),)
        return (Reason("not_returned", f"Could take it, but {returned.name} had it before."),)

    return _results(conversation, checked, reasons_of_fitting, returned)


def _results_while_awaiting(
    conversation: QueuedConversation, checked: Sequence[_CheckedAgent], awaited: Agent
) -> tuple[CandidateResult, ...]:
    reason = Reason("awaited", f"Could take it, but {awaited.name} knows this customer.")
    return _results(conversation, checked, lambda _: (reason,))


def _results_of_choice(
    conversation: QueuedConversation,
    checked: Sequence[_CheckedAgent],
    chosen: Agent | None,
    policy: AssignmentPolicy,
    is_known: bool,
) -> tuple[CandidateResult, ...]:
    def reasons_of_fitting(agent: Agent) -> tuple[Reason, ...]:
        if agent is chosen:
            return tuple(reasons_for(agent, conversation, policy, is_known))
        assert chosen is not None
        return (reason_against(agent, chosen, policy, is_known),)

    return _results(conversation, checked, reasons_of_fitting, chosen)


def _obstacle_counts(checked: Sequence[_CheckedAgent]) -> dict[str, int]:
    obstacles = [obstacle for _, obstacle in checked]
    return {code: obstacles.count(code) for code in OBSTACLES if code in obstacles}


def _results(
    conversation: QueuedConversation,
    checked: Sequence[_CheckedAgent],
    reasons_of_fitting: Callable[[Agent], tuple[Reason, ...]],
    chosen: Agent | None = None,
) -> tuple[CandidateResult, ...]:
    """The results of the agents, the nearest first, and of many only the nearest."""

    def rank(checked_agent: _CheckedAgent) -> tuple[bool, int, int]:
        agent, obstacle = checked_agent
        passed = len(OBSTACLES) if obstacle is None else OBSTACLES.index(obstacle)
        return agent is not chosen, -passed, agent.id

    return tuple(
        CandidateResult(
            agent.id,
            agent is chosen,
            reasons_of_fitting(agent)
            if obstacle is None or agent is chosen
            else (Reason(obstacle, obstacle_text(obstacle, agent, conversation)),),
        )
        for agent, obstacle in sorted(checked, key=rank)[:MAX_RESULTS]
    )
