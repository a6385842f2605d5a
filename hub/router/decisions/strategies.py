"""Who of those who could take it gets it. Pure: values in, one of them out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from hub.router.decisions.values import Agent

Strategy = Callable[[Sequence[Agent]], Agent | None]

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def least_loaded(agents: Sequence[Agent]) -> Agent | None:
    """Who holds the least of what they can hold; of equals, who was given nothing the longest."""
    return min(agents, key=lambda one: (one.share, *_idle(one)), default=None)


def round_robin(agents: Sequence[Agent]) -> Agent | None:
    """Who was given nothing the longest, whatever they hold."""
    return min(agents, key=_idle, default=None)


def manual(_agents: Sequence[Agent]) -> Agent | None:
    """Nobody: it waits to be taken."""
    return None


STRATEGIES: Mapping[str, Strategy] = {
    "least_loaded": least_loaded,
    "round_robin": round_robin,
    "manual": manual,
}


def _idle(agent: Agent) -> tuple[datetime, int]:
    return agent.given_at or _LONG_AGO, agent.id
