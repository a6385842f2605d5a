"""The order of the queue. Pure, and the same at every moment: nobody is overtaken for ever.

A level of priority is worth ten minutes of waiting: an urgent conversation goes before a normal one
that came up to twenty minutes earlier, and after one that has waited for longer. So the order of
two does not change while they wait, and whoever comes later moves back by and by.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal, Protocol

Criterion = Literal["priority", "sla", "waiting"]
QueueKey = tuple[float, ...]

PRIORITY_LEVELS: Mapping[str, int] = {"urgent": 0, "high": 1, "normal": 2, "low": 3}
#: What one level of priority is worth.
LEVEL_SECONDS = timedelta(minutes=10).total_seconds()
#: Where no clock runs, the answer counts as due this long after the customer came.
DEFAULT_DUE_SECONDS = timedelta(hours=1).total_seconds()


class QueueColumns(Protocol):
    """The columns of a conversation that say where it stands."""

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
    """From when its wait counts."""
    return row.queued_at or row.waiting_since or row.created_at


def reply_due(row: QueueColumns) -> datetime | None:
    """When its next answer is due, where a clock says so."""
    found = (at for at in (row.first_reply_due, row.next_reply_due) if at is not None)
    return min(found, default=None)


def queue_key(
    order: Sequence[Criterion],
    *,
    conversation_id: int,
    priority: str,
    queued_at: datetime,
    sla_due: datetime | None,
) -> QueueKey:
    """The place of a conversation: the smallest key is served first."""
    at = queued_at.timestamp()
    due_at = at + DEFAULT_DUE_SECONDS if sla_due is None else sla_due.timestamp()
    parts: dict[str, Callable[[], float]] = {
        # Whole levels of time, so that equals in it are told apart by what comes next.
        "priority": lambda: (
            at // LEVEL_SECONDS + PRIORITY_LEVELS.get(priority, PRIORITY_LEVELS["normal"])
        ),
        "sla": lambda: due_at,
        "waiting": lambda: at,
    }
    return (*(parts[criterion]() for criterion in order), at, float(conversation_id))
