"""The whole decision about one conversation, from plain values: rules first, then who. Pure."""

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
    """What becomes of a conversation: what the rules say, what is needed, and who gets it."""

    outcome: RuleOutcome
    need: QueuedConversation
    choice: Choice


def decide_assignment(
    snapshot: ConversationSnapshot,
    config: Config,
    agents: Sequence[Agent],
    now: datetime,
    need: QueuedConversation | None = None,
) -> Decision:
    """Decides about a conversation as it stands at `now`.

    Args:
        need: what is known of it beside what rules see: the person, who answered them last. None
            for a first message of somebody new.
    """
    outcome = rules.evaluate_rules(config.routing, snapshot)
    if need is None:
        weight = config.assignment.capacity.weights.get(snapshot.kind, 1.0)
        need = QueuedConversation(
            conversation_id=0, queued_at=now, weight=weight, language=snapshot.language
        )
    need = apply_outcome(need, outcome)
    return Decision(outcome, need, choose_agent(need, agents, assignment_policy(config, now), now))


def apply_outcome(need: QueuedConversation, outcome: RuleOutcome) -> QueuedConversation:
    """A need after the rules have spoken."""
    team = outcome.team or need.team
    if need.team is not None and not outcome.is_specific:
        team = need.team  # a rule that matches anything does not take it from where it was
    return replace(
        need,
        team=team,
        skills=outcome.skills,
        priority=outcome.priority or need.priority,
        rule=outcome.rule,
    )


def assignment_policy(config: Config, now: datetime) -> AssignmentPolicy:
    """What the configuration says of choosing, at this moment."""
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
    return frozenset(name for name, one in config.hours.items() if hours.is_open(one, now))


def next_team_opening(config: Config, now: datetime) -> datetime | None:
    """When the next team that is closed now opens."""
    closed = assignment_policy(config, now).closed
    names = {config.teams[name].hours for name in closed}
    found = [hours.opens_at(config.hours[name], now) for name in names if name is not None]
    return min((at for at in found if at is not None), default=None)
