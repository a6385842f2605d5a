"""The whole decision about one conversation: rules first, then an agent. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hub.config import Config
from hub.router import hours
from hub.router.decisions import rules
from hub.router.decisions.candidates import choose_agent
from hub.router.decisions.rules import ConversationSnapshot, RuleOutcome
from hub.router.decisions.values import Agent, AssignmentPolicy, Choice, QueuedConversation


@dataclass(frozen=True, slots=True)
class Decision:
    """The outcome of the rules, the conversation as they leave it, and the agent chosen."""

    outcome: RuleOutcome
    conversation: QueuedConversation
    choice: Choice


def decide_assignment(
    snapshot: ConversationSnapshot,
    config: Config,
    agents: Sequence[Agent],
    now: datetime,
    conversation: QueuedConversation | None = None,
) -> Decision:
    """Decides about a conversation as it stands at `now`.

    Args:
        conversation: what is known of it beside what rules see: the customer, the agent who
            answered them last. None for the first message of a new customer.
    """
    outcome = rules.evaluate_rules(config.routing, snapshot)
    if conversation is None:
        weight = config.assignment.capacity.weights.get(snapshot.kind, 1.0)
        conversation = QueuedConversation(
            conversation_id=0, queued_at=now, weight=weight, language=snapshot.language
        )
    conversation = apply_outcome(conversation, outcome)
    policy = assignment_policy(config, now)
    return Decision(outcome, conversation, choose_agent(conversation, agents, policy, now))


def apply_outcome(conversation: QueuedConversation, outcome: RuleOutcome) -> QueuedConversation:
    """The conversation with the team, skills and priority that the rules give it."""
    team = outcome.team or conversation.team
    if conversation.team is not None and not outcome.is_specific:
        team = conversation.team  # a rule without conditions does not move it to another team
    return replace(
        conversation,
        team=team,
        skills=outcome.skills,
        priority=outcome.priority or conversation.priority,
        rule=outcome.rule,
    )


def assignment_policy(config: Config, now: datetime) -> AssignmentPolicy:
    """The policy of the configuration at this moment."""
    assignment = config.assignment
    return AssignmentPolicy(
        strategy=assignment.strategy,
        sticky_wait=assignment.sticky_wait if assignment.sticky else timedelta(0),
        relax_skills_after=assignment.relax_skills_after,
        closed=frozenset(
            name
            for name, team in config.teams.items()
            if team.hours is not None
            and team.hours in config.hours
            and not hours.is_open(config.hours[team.hours], now)
        ),
    )


def open_hours(config: Config, now: datetime) -> frozenset[str]:
    """The names of the hours that are open now."""
    return frozenset(
        name for name, opening_hours in config.hours.items() if hours.is_open(opening_hours, now)
    )


def next_team_opening(config: Config, now: datetime) -> datetime | None:
    """When the next team that is closed now opens; None when no closed team ever does."""
    closed = assignment_policy(config, now).closed
    names = {config.teams[name].hours for name in closed}
    openings = [hours.opens_at(config.hours[name], now) for name in names if name is not None]
    return min((moment for moment in openings if moment is not None), default=None)
