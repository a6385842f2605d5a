"""A conversation as far as a link changes it, and what becomes of two when people become one. Pure.

Every conversation belongs to the record that began it. When a link makes one person of two who
each have one open, one conversation is brought into the other: it stands for both from then on, and
takes all that is said later. What stood before is remembered with the link.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

#: A customer who writes again within this time after the end means the same thing.
REOPEN_WITHIN = timedelta(hours=24)
#: What is more urgent stands for both.
STATUSES = ("resolved", "snoozed", "pending", "open")
PRIORITIES = ("low", "normal", "high", "urgent")
NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(slots=True)
class ConversationState:
    """A conversation, as far as what is said and decided in it changes it.

    The fields are columns of its row. The database has yet to give an id that is below zero.
    """

    id: int
    contact_id: int
    created_at: datetime
    status: str = "open"
    assignee_id: int | None = None
    team_id: int | None = None
    priority: str = "normal"
    labels: tuple[str, ...] = ()
    connectors: tuple[str, ...] = ()
    unread_count: int = 0
    waiting_since: datetime | None = None
    snoozed_until: datetime | None = None
    resolved_at: datetime | None = None
    last_message_id: int | None = None
    last_activity_at: datetime = NEVER
    last_inbound_address_id: int | None = None
    last_inbound_connector: str | None = None
    merged_into_id: int | None = None

    @property
    def is_open(self) -> bool:
        return self.status != "resolved" and self.merged_into_id is None


def choose_survivor(candidates: Sequence[ConversationState]) -> ConversationState:
    """Which of several open conversations stays: one that somebody has, else who waits longest."""
    return min(
        candidates,
        key=lambda one: (one.assignee_id is None, one.waiting_since or NEVER, one.created_at),
    )


def merge_into(keep: ConversationState, give: ConversationState, *, goes_on: bool = False) -> None:
    """Brings one conversation into another, which shows the work of both from now on.

    `goes_on`: the customer went from one to the other themselves. Else an answer in either goes
    where it would have gone.
    """
    if STATUSES.index(give.status) > STATUSES.index(keep.status):
        keep.status, keep.snoozed_until = give.status, give.snoozed_until
    keep.priority = max(keep.priority, give.priority, key=PRIORITIES.index)
    keep.team_id = keep.team_id if keep.team_id is not None else give.team_id
    keep.unread_count += give.unread_count
    keep.waiting_since = min(filter(None, (keep.waiting_since, give.waiting_since)), default=None)
    keep.labels = union(keep.labels, give.labels)
    keep.connectors = union(keep.connectors, give.connectors)
    if give.last_activity_at > keep.last_activity_at:
        keep.last_activity_at = give.last_activity_at
        keep.last_message_id = give.last_message_id
        if goes_on:
            keep.last_inbound_address_id = give.last_inbound_address_id
            keep.last_inbound_connector = give.last_inbound_connector
    give.merged_into_id = keep.id


def copies(states: Iterable[ConversationState]) -> list[ConversationState]:
    return [replace(one) for one in states]


def union(own: tuple[str, ...], more: Iterable[str]) -> tuple[str, ...]:
    """Each name once, in the order in which they came."""
    return tuple(dict.fromkeys((*own, *more)))
