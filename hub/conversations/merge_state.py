"""The state of a conversation as far as a merge changes it, and the merge of two states. Pure.

Every conversation belongs to the contact that began it. When a link joins two contacts that each
have an open conversation, one of the two is merged into the other: it gets all later messages. The
states before the merge are remembered with the link.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

#: A message within this time after a conversation was resolved opens it again.
REOPEN_WITHIN = timedelta(hours=24)
#: In the order of their urgency: a merge takes the most urgent of both.
STATUSES = ("resolved", "snoozed", "pending", "open")
PRIORITIES = ("low", "normal", "high", "urgent")
#: The types of authors whose messages no person wrote.
AUTOMATIC = ("system", "bot")
NEVER = datetime.max.replace(tzinfo=UTC)


def is_shown_in_list(author_type: str) -> bool:
    """Whether a message is the last one that lists show of its conversation.

    What the hub says on its own is not: agents read in their lists what the customer said.
    """
    return author_type not in AUTOMATIC


#: The event that a customer changed a message: an edit, or a reaction.
CHANGED_EVENT = "contact.changed_message"


@dataclass(slots=True)
class ConversationState:
    """A conversation, as far as messages, decisions and merges change it.

    The fields are columns of its row. An id below zero stands for one that has no row yet.
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
    answer_address_id: int | None = None
    answer_connector: str | None = None
    merged_into_id: int | None = None

    @property
    def is_open(self) -> bool:
        return self.status != "resolved" and self.merged_into_id is None


def choose_survivor(candidates: Sequence[ConversationState]) -> ConversationState:
    """The open conversation that stays in a merge.

    One that is assigned to an agent comes first, else the one whose customer waits longest.
    """
    return min(
        candidates,
        key=lambda state: (
            state.assignee_id is None,
            state.waiting_since or NEVER,
            state.created_at,
        ),
    )


def merge_into(
    survivor: ConversationState, merged: ConversationState, *, moves_customer: bool = False
) -> None:
    """Merges a conversation into another, which has the work of both from now on.

    Args:
        moves_customer: whether the customer went from one to the other by a handover. Otherwise an
            answer in the survivor goes where it would have gone without the merge.
    """
    if STATUSES.index(merged.status) > STATUSES.index(survivor.status):
        survivor.status, survivor.snoozed_until = merged.status, merged.snoozed_until
    survivor.priority = max(survivor.priority, merged.priority, key=PRIORITIES.index)
    if survivor.team_id is None:
        survivor.team_id = merged.team_id
    survivor.unread_count += merged.unread_count
    survivor.waiting_since = min(
        filter(None, (survivor.waiting_since, merged.waiting_since)), default=None
    )
    survivor.labels = union(survivor.labels, merged.labels)
    survivor.connectors = union(survivor.connectors, merged.connectors)
    if merged.last_activity_at > survivor.last_activity_at:
        survivor.last_activity_at = merged.last_activity_at
        survivor.last_message_id = merged.last_message_id
        if moves_customer:
            survivor.last_inbound_address_id = merged.last_inbound_address_id
            survivor.last_inbound_connector = merged.last_inbound_connector
            survivor.answer_address_id = merged.answer_address_id
            survivor.answer_connector = merged.answer_connector
    merged.merged_into_id = survivor.id


def copies(states: Iterable[ConversationState]) -> list[ConversationState]:
    return [replace(state) for state in states]


def union(names: tuple[str, ...], more_names: Iterable[str]) -> tuple[str, ...]:
    """Each name once, in the order in which they came."""
    return tuple(dict.fromkeys((*names, *more_names)))
