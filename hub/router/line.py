"""The order of the queue. Pure, and the same at every moment: nobody is overtaken for ever.

A level of priority is worth ten minutes of waiting: an urgent conversation goes before a normal one
that came up to twenty minutes earlier, and after one that has waited for longer. So the order of
two does not change while they wait, and whoever comes later moves back by and by.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal

Criterion = Literal["priority", "sla", "waiting"]
Key = tuple[float, ...]

DEFAULT: tuple[Criterion, ...] = ("priority", "sla", "waiting")
LEVELS: Mapping[str, int] = {"urgent": 0, "high": 1, "normal": 2, "low": 3}
#: What one level of priority is worth.
LEVEL = timedelta(minutes=10).total_seconds()
#: Where no clock runs, the answer counts as due this long after the customer came.
NO_CLOCK = timedelta(hours=1).total_seconds()


def key(
    order: Sequence[Criterion],
    *,
    conversation_id: int,
    priority: str,
    queued_at: datetime,
    sla_due: datetime | None,
) -> Key:
    """The place of a conversation: the smallest key is served first."""
    at = queued_at.timestamp()
    due = at + NO_CLOCK if sla_due is None else sla_due.timestamp()
    parts: dict[str, Callable[[], float]] = {
        # Whole levels of time, so that equals in it are told apart by what comes next.
        "priority": lambda: at // LEVEL + LEVELS.get(priority, LEVELS["normal"]),
        "sla": lambda: due,
        "waiting": lambda: at,
    }
    return (*(parts[criterion]() for criterion in order), at, float(conversation_id))
