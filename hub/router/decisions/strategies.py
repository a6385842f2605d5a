"""The strategies that choose one of the agents who could take a conversation. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from hub.router.decisions.values import Agent

Strategy = Callable[[Sequence[Agent]], Agent | None]

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def least_loaded(agents: Sequence[Agent]) -> Agent | None:
    """The agent with the smallest share of load; of equals, the one that waited longest."""
    return min(agents, key=lambda agent: (agent.load_share, *_last_assignment(agent)), default=None)


def round_robin(agents: Sequence[Agent]) -> Agent | None:
    """The agent whose last assignment is the longest ago, whatever their load."""
    return min(agents, key=_last_assignment, default=None)


def manual(_agents: Sequence[Agent]) -> Agent | None:
    """No agent: the conversation waits to be taken."""
    return None


STRATEGIES: Mapping[str, Strategy] = {
    "least_loaded": least_loaded,
    "round_robin": round_robin,
    "manual": manual,
}


def _last_assignment(agent: Agent) -> tuple[datetime, int]:
    return agent.assigned_at or _LONG_AGO, agent.id
