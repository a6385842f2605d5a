"""What a routing decision writes: the agent, the outcome of the rules, the timeline event. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from hub.config import Config
from hub.conversations import assignment
from hub.conversations.assignment import RoutingOutcome
from hub.router.decisions.evaluation import apply_outcome
from hub.router.decisions.reasons import summarize_obstacles
from hub.router.decisions.rules import RuleOutcome, evaluate_rules
from hub.router.decisions.values import Agent, Choice, QueuedConversation
from hub.router.routing_reads import UnroutedConversation
from hub.router.sla import clocks


@dataclass(frozen=True, slots=True)
class PassContext:
    """What holds for a whole routing pass.

    Args:
        team_ids: the ids of the teams, by name.
        agent_names: the names of the agents, by id.
    """

    now: datetime
    config: Config
    team_ids: Mapping[str, int]
    agent_names: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class RuledConversation:
    """An unrouted conversation with the outcome of the rules, and as that outcome leaves it."""

    conversation: QueuedConversation
    unrouted: UnroutedConversation
    outcome: RuleOutcome


def apply_rules(unrouted: UnroutedConversation, config: Config) -> RuledConversation:
    """Evaluates the rules for a conversation that none has looked at."""
    outcome = evaluate_rules(config.routing, unrouted.snapshot)
    return RuledConversation(apply_outcome(unrouted.conversation, outcome), unrouted, outcome)


def assign(
    context: PassContext,
    conversation: QueuedConversation,
    choice: Choice,
    agent: Agent,
    ruled: RuledConversation | None,
) -> RoutingOutcome:
    """What is written when `agent` was chosen: they have it, and some time to accept it.

    Args:
        ruled: the outcome of the rules where they have just looked at it.
    """
    within = context.config.assignment.accept_within
    columns: dict[str, Any] = {
        # Without a time to accept it, a conversation counts as accepted when it is assigned.
        "accept_by": context.now + within if within else None,
        "accepted_at": None if within else context.now,
        "left_by_id": None,
    }
    reason = next(result for result in choice.results if result.chosen).reasons[0]
    return replace(
        _outcome(context, conversation, choice, ruled),
        agent_id=agent.id,
        columns=_rule_columns(context, ruled) | columns,
        event_fields={
            "name": assignment.ASSIGNED,
            "agent_id": str(agent.id),
            "agent": agent.name,
            "before": None if ruled is None else _assignee_name(context, ruled),
            "rule": conversation.rule,
            "team": conversation.team or "",
            "code": reason.code,
            "reason": reason.text,
        },
    )


def keep_in_queue(
    context: PassContext,
    conversation: QueuedConversation,
    choice: Choice,
    ruled: RuledConversation,
) -> RoutingOutcome:
    """What is written when no agent was chosen: the conversation waits."""
    return replace(
        _outcome(context, conversation, choice, ruled),
        columns=_rule_columns(context, ruled),
        event_fields={
            "name": assignment.QUEUED,
            "rule": conversation.rule,
            "team": conversation.team or "",
            "before": _assignee_name(context, ruled),
            "reason": summarize_obstacles(choice.obstacle_counts),
        },
    )


def keep_assigned(context: PassContext, ruled: RuledConversation) -> RoutingOutcome:
    """What is written when an agent had taken it already: the outcome of the rules alone."""
    return replace(
        _outcome(context, ruled.conversation, None, ruled),
        agent_id=ruled.unrouted.assignee_id,
        columns=_rule_columns(context, ruled),
    )


def candidate_records(choice: Choice) -> list[dict[str, Any]]:
    """The results of the candidates, as a decision keeps them and the API shows them."""
    return [
        {
            "agent_id": result.agent_id,
            "chosen": result.chosen,
            "reasons": [{"code": reason.code, "text": reason.text} for reason in result.reasons],
        }
        for result in choice.results
    ]


def _outcome(
    context: PassContext,
    conversation: QueuedConversation,
    choice: Choice | None,
    ruled: RuledConversation | None,
) -> RoutingOutcome:
    return RoutingOutcome(
        conversation_id=conversation.conversation_id,
        former_agent_id=None if ruled is None else ruled.unrouted.assignee_id,
        is_first=ruled is not None,
        agent_id=None,
        decided_from=_decided_from(context, conversation, ruled),
        labels=() if ruled is None else ruled.outcome.labels,
        rule=conversation.rule,
        team=conversation.team or "",
        candidates=() if choice is None else candidate_records(choice),
        waited_seconds=max(0.0, (context.now - conversation.queued_at).total_seconds()),
    )


def _decided_from(
    context: PassContext, conversation: QueuedConversation, ruled: RuledConversation | None
) -> dict[str, Any]:
    """The columns that an agent may have changed since the decision, as they were read."""
    read = conversation if ruled is None else ruled.unrouted.conversation
    team_id = None if read.team is None else context.team_ids.get(read.team)
    return (
        {"team_id": team_id} if ruled is None else {"team_id": team_id, "priority": read.priority}
    )


def _assignee_name(context: PassContext, ruled: RuledConversation) -> str | None:
    """The name of the agent who has the conversation already."""
    assignee_id = ruled.unrouted.assignee_id
    return None if assignee_id is None else context.agent_names.get(assignee_id)


def _rule_columns(context: PassContext, ruled: RuledConversation | None) -> dict[str, Any]:
    """The columns in which a conversation keeps the outcome of the rules."""
    if ruled is None:
        return {}
    conversation = ruled.conversation
    return {
        "rule": ruled.outcome.rule,
        "team_id": None if conversation.team is None else context.team_ids.get(conversation.team),
        "skills": list(conversation.skills),
        "language": conversation.language,
        "priority": conversation.priority,
        "queued_at": conversation.queued_at,
        **_sla_columns(context, ruled),
    }


def _sla_columns(context: PassContext, ruled: RuledConversation) -> dict[str, Any]:
    """The columns of the SLA policy; where another policy held before, the clocks start anew."""
    policies = context.config.sla
    name = ruled.outcome.sla or ("default" if "default" in policies else None)
    before = ruled.unrouted.sla
    if name is None:
        return {"sla": None}
    columns = {"sla": name, "sla_next_at": context.now}
    if before is None or before == name:
        return columns
    policy = policies[name]
    hours = None if policy.within is None else context.config.hours[policy.within]
    started = clocks.start_clocks(policy, hours, ruled.conversation.queued_at)
    return clocks.clock_columns(clocks.ClockUpdate(started)) | columns
