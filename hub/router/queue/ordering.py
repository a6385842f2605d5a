"""The order of the queue. Pure, and the same at every moment: none is overtaken for ever.

A level of priority is worth ten minutes of waiting: an urgent conversation goes before a normal one
that came up to twenty minutes earlier, and after one that has waited for longer. So the order of
two does not change while they wait, and those that come later sort further and further behind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal, Protocol

Criterion = Literal["priority", "sla", "waiting"]
QueueKey = tuple[float, ...]

PRIORITY_LEVELS: Mapping[str, int] = {"urgent": 0, "high": 1, "normal": 2, "low": 3}
#: The waiting time that one level of priority is worth.
LEVEL_SECONDS = timedelta(minutes=10).total_seconds()
#: Where no clock runs, the answer counts as due this long after the conversation was queued.
DEFAULT_DUE_SECONDS = timedelta(hours=1).total_seconds()


class QueueColumns(Protocol):
    """The columns of a conversation that say its place in the queue."""

    @property
    def queued_at(self) -> datetime | None: ...
    @property
    def waiting_since(self) -> datetime | None: ...
    @property
    def created_at(self) -> datetime: ...
    @property
    def first_reply_due(self) -> datetime | None: ...
    @property
    def next_reply_due(self) -> datetime | None: ...


def waiting_from(row: QueueColumns) -> datetime:
    """When the wait of a conversation began."""
    return row.queued_at or row.waiting_since or row.created_at


def reply_due(row: QueueColumns) -> datetime | None:
    """When the next answer is due; None where no clock runs."""
    dues = (due for due in (row.first_reply_due, row.next_reply_due) if due is not None)
    return min(dues, default=None)


def queue_key(
    order: Sequence[Criterion],
    *,
    conversation_id: int,
    priority: str,
    queued_at: datetime,
    sla_due: datetime | None,
) -> QueueKey:
    """The sort key of a conversation: the smallest key is assigned first.

    Args:
        order: the criteria, the most important first; the waiting time and the id decide the rest.
    """
    at = queued_at.timestamp()
    due_at = at + DEFAULT_DUE_SECONDS if sla_due is None else sla_due.timestamp()
    parts: dict[str, Callable[[], float]] = {
        # Whole levels of time: conversations in the same level are sorted by the next criterion.
        "priority": lambda: (
            at // LEVEL_SECONDS + PRIORITY_LEVELS.get(priority, PRIORITY_LEVELS["normal"])
        ),
        "sla": lambda: due_at,
        "waiting": lambda: at,
    }
    return (*(parts[criterion]() for criterion in order), at, float(conversation_id))
