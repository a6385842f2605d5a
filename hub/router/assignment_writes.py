"""What is written of a decision: who has it, what the rules said, the line that tells it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from hub.config import Config
from hub.conversations import assignment
from hub.conversations.assignment import Settlement
from hub.router.decisions.evaluation import apply_outcome
from hub.router.decisions.reasons import summarize_obstacles
from hub.router.decisions.rules import RuleOutcome, evaluate_rules
from hub.router.decisions.values import Agent, Choice, QueuedConversation
from hub.router.routing_reads import UnroutedConversation
from hub.router.sla import clocks


@dataclass(frozen=True, slots=True)
class PassContext:
    """What holds for a whole round: the moment, the file, who is called what."""

    now: datetime
    config: Config
    team_ids: Mapping[str, int]
    names: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class RuledConversation:
    """What is new, with what the rules say of it and what it needs by that."""

    need: QueuedConversation
    fresh: UnroutedConversation
    outcome: RuleOutcome


def apply_rules(fresh: UnroutedConversation, config: Config) -> RuledConversation:
    outcome = evaluate_rules(config.routing, fresh.snapshot)
    return RuledConversation(apply_outcome(fresh.need, outcome), fresh, outcome)


def assign(
    scene: PassContext,
    need: QueuedConversation,
    choice: Choice,
    agent: Agent,
    new: RuledConversation | None,
) -> Settlement:
    """`agent`, who was chosen, has it, and some time to look at it."""
    within = scene.config.assignment.accept_within
    columns: dict[str, Any] = {
        # Without a time to look at it, what is given counts as looked at.
        "accept_by": scene.now + within if within else None,
        "accepted_at": None if within else scene.now,
    }
    why = next(one for one in choice.verdicts if one.chosen).reasons[0]
    return replace(
        _settlement(scene, need, choice, new),
        agent_id=agent.id,
        columns=_rule_columns(scene, new) | columns,
        told={
            "name": assignment.ASSIGNED,
            "agent_id": str(agent.id),
            "agent": agent.name,
            "before": None if new is None else _assignee_name(scene, new),
            "rule": need.rule,
            "team": need.team or "",
            "code": why.code,
            "reason": why.text,
        },
    )


def keep_in_queue(
    scene: PassContext, need: QueuedConversation, choice: Choice, new: RuledConversation
) -> Settlement:
    """Nobody has it: it waits."""
    return replace(
        _settlement(scene, need, choice, new),
        columns=_rule_columns(scene, new),
        told={
            "name": assignment.QUEUED,
            "rule": need.rule,
            "team": need.team or "",
            "before": _assignee_name(scene, new),
            "reason": summarize_obstacles(choice.counts),
        },
    )


def keep_assigned(scene: PassContext, new: RuledConversation) -> Settlement:
    """The rules have spoken, and whoever took it keeps it."""
    return replace(
        _settlement(scene, new.need, None, new),
        agent_id=new.fresh.held_by,
        columns=_rule_columns(scene, new),
    )


def candidate_records(choice: Choice) -> list[dict[str, Any]]:
    """What a decision remembers of everybody who was considered."""
    return [
        {
            "agent_id": verdict.agent_id,
            "chosen": verdict.chosen,
            "reasons": [{"code": one.code, "text": one.text} for one in verdict.reasons],
        }
        for verdict in choice.verdicts
    ]


def _settlement(
    scene: PassContext,
    need: QueuedConversation,
    choice: Choice | None,
    new: RuledConversation | None,
) -> Settlement:
    return Settlement(
        conversation_id=need.conversation_id,
        held_by=None if new is None else new.fresh.held_by,
        is_first=new is not None,
        agent_id=None,
        labels=() if new is None else new.outcome.labels,
        rule=need.rule,
        team=need.team or "",
        candidates=() if choice is None else candidate_records(choice),
        waited_seconds=max(0.0, (scene.now - need.queued_at).total_seconds()),
    )


def _assignee_name(scene: PassContext, new: RuledConversation) -> str | None:
    held_by = new.fresh.held_by
    return None if held_by is None else scene.names.get(held_by)


def _rule_columns(scene: PassContext, new: RuledConversation | None) -> dict[str, Any]:
    """The columns in which a conversation remembers what the rules said."""
    if new is None:
        return {}
    need = new.need
    return {
        "rule": new.outcome.rule,
        "team_id": None if need.team is None else scene.team_ids.get(need.team),
        "skills": list(need.skills),
        "language": need.language,
        "priority": need.priority,
        "queued_at": need.queued_at,
        **_sla_columns(scene, new),
    }


def _sla_columns(scene: PassContext, new: RuledConversation) -> dict[str, Any]:
    """The policy that holds, whose clocks begin anew where another one held before."""
    policies = scene.config.sla
    name = new.outcome.sla or ("default" if "default" in policies else None)
    before = new.fresh.policy
    if name is None:
        return {"sla": None}
    marked = {"sla": name, "sla_next_at": scene.now}
    if before is None or before == name:
        return marked
    policy = policies[name]
    hours = None if policy.within is None else scene.config.hours[policy.within]
    since = new.need.queued_at
    return (
        clocks.clock_columns(clocks.ClockUpdate(clocks.start_clocks(policy, hours, since))) | marked
    )
