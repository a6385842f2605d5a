"""The order of the queue. Pure, and the same at every moment: none is overtaken for ever.

Waiting makes up for priority. A level is worth ten minutes: a conversation goes before one of a
level below that came up to ten minutes earlier, and after one that has waited for longer. Only the
two times of arrival count, never the clock on the wall. So the order of two does not change while
they wait, and those that come later sort further and further behind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Literal, Protocol

Criterion = Literal["priority", "sla", "waiting"]
QueueKey = tuple[float, ...]

PRIORITY_LEVELS: Mapping[str, int] = {"urgent": 0, "high": 1, "normal": 2, "low": 3}
#: The waiting time that one level of priority is worth.
LEVEL_SECONDS = timedelta(minutes=10).total_seconds()
#: The time until an answer is due counts up to this much. It is less than a level: no clock puts a
#: conversation before a higher one that came less than this much later.
SLACK_SECONDS = timedelta(minutes=5).total_seconds()
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
        queued_at: since when it waits.
        sla_due: when its answer is due; None where no clock runs.
    """
    at = queued_at.timestamp()
    slack = DEFAULT_DUE_SECONDS if sla_due is None else sla_due.timestamp() - at
    parts: dict[str, float] = {
        "priority": at + LEVEL_SECONDS * PRIORITY_LEVELS.get(priority, PRIORITY_LEVELS["normal"]),
        "sla": at + slack,
        "waiting": at,
    }
    if _is_sla_next_to_priority(order):
        parts["priority"] += max(0.0, min(slack, SLACK_SECONDS))
    return (*(parts[criterion] for criterion in order), at, float(conversation_id))


def _is_sla_next_to_priority(order: Sequence[Criterion]) -> bool:
    """Whether of conversations with the same priority the one whose answer is due sooner is first.

    No two wait for equally long, so the time until the answer is due is a part of the priority.
    """
    return ("priority", "sla") in pairwise(order)
