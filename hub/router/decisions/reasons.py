"""The reasons of a decision: why this agent was chosen, and why each other was not. Pure.

Every reason has a code for programs and a sentence for people.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hub.router.decisions.values import Agent, AssignmentPolicy, QueuedConversation, Reason

#: In the order in which they are checked: the later the obstacle, the nearer the agent was.
OBSTACLES = (
    "not_allowed",
    "not_member",
    "offline",
    "away",
    "closed",
    "full",
    "lacks_skills",
    "lacks_language",
    "let_go",
)


_SUMMARY: Mapping[str, str] = {
    "offline": "offline",
    "away": "away",
    "closed": "outside their hours",
    "full": "without room",
    "lacks_skills": "without the skills",
    "lacks_language": "without the language",
    "let_go": "had it and let it go",
}


def summarize_obstacles(counts: Mapping[str, int]) -> str:
    """Why no agent gets a conversation, in one sentence.

    Args:
        counts: the number of agents for each obstacle, as `Choice.obstacle_counts` has it.
    """
    if "crowd" in counts:
        return "Very many came at once: it waits for its turn."
    if "manual" in counts:
        return "Conversations are taken here, not given."
    if "awaited" in counts:
        return "It waits a moment for the agent who knows this customer."
    parts = [f"{count} {_SUMMARY[code]}" for code, count in counts.items() if code in _SUMMARY]
    return f"Nobody is free: {', '.join(parts)}." if parts else "There is nobody who may answer."


def reasons_for(
    agent: Agent, conversation: QueuedConversation, policy: AssignmentPolicy, is_known: bool
) -> Iterator[Reason]:
    """The reasons for the agent who was chosen.

    Args:
        is_known: they were chosen because they know the customer, not by the strategy.
    """
    if is_known and conversation.is_reopened:
        yield Reason("same_agent", "Had it before it was resolved.")
    elif is_known:
        yield Reason("known", "Answered this customer last.")
    elif policy.strategy == "round_robin":
        yield Reason("round_robin", "Was given nothing for the longest time.")
    else:
        yield Reason("least_loaded", f"Holds the least: {_load_text(agent)}.")
    if conversation.team is not None:
        yield Reason("member", f"Is in the team {conversation.team}.")
    if conversation.skills:
        if agent.has_skills_for(conversation):
            yield Reason("skills", f"Can do what is needed: {', '.join(conversation.skills)}.")
        else:
            yield Reason("skills_relaxed", "Nobody with the skills was free in time.")
    if conversation.language and agent.languages:
        if agent.writes_language_of(conversation):
            yield Reason("language", f"Writes the customer's language: {conversation.language}.")
        else:
            yield Reason(
                "language_relaxed", f"Nobody who writes {conversation.language} was free in time."
            )


def reason_against(agent: Agent, chosen: Agent, policy: AssignmentPolicy, is_known: bool) -> Reason:
    """The reason why an agent who could have taken the conversation was not chosen."""
    if is_known:
        return Reason("not_known", f"Could take it, but {chosen.name} knows this customer.")
    if policy.strategy == "round_robin" or agent.load_share == chosen.load_share:
        return Reason("later_turn", f"Could take it, but it was the turn of {chosen.name}.")
    return Reason("busier", f"Could take it, but holds more: {_load_text(agent)}.")


def _load_text(agent: Agent) -> str:
    return f"{agent.load:g} of {agent.capacity:g}"


def obstacle_text(obstacle: str, agent: Agent, conversation: QueuedConversation) -> str:
    """The sentence for what stood in an agent's way."""
    match obstacle:
        case "not_allowed":
            return "May not answer."
        case "not_member":
            return f"Is not in the team {conversation.team}."
        case "offline":
            return "Is offline."
        case "away":
            return "Is away."
        case "closed":
            return f"The team {conversation.team} is closed now."
        case "full":
            return f"Has no room: holds {_load_text(agent)}."
        case "lacks_skills":
            missing = [skill for skill in conversation.skills if skill not in agent.skills]
            return f"Lacks {', '.join(missing)}."
        case "lacks_language":
            return f"Does not write {conversation.language}."
        case _:
            return "Had it already and let it go."
