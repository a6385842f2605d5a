"""What agents do with a conversation: take, assign, label, snooze, resolve, read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from hub.contacts import contact_addresses
from hub.contacts.contact_addresses import ContactAddress
from hub.conversations import lifecycle, publishing, timeline, views
from hub.conversations.loaded_conversation import ConversationRow
from hub.errors import Conflict, Invalid
from hub.schema import author, resources
from hub.schema.author import Author
from hub.schema.storable_text import storable
from hub.store.engine import Transaction
from hub.store.models import (
    addresses,
    agents,
    conversation_labels,
    conversations,
    messages,
    teams,
)
from hub.store.models.message import ONLY_HANDOVER
from hub.types import Address

#: The columns whose changes are events in the timeline, with the name of the event.
EVENT_NAMES = {
    "status": "conversation.status",
    "assignee_id": "conversation.assigned",
    "team_id": "conversation.team",
    "priority": "conversation.priority",
    "labels": "conversation.labels",
}
MAX_LABELS = 50
#: The messages with only a handover's code that are expected among the unread ones.
MAX_CODES = 20
#: An agent accepted the conversation: no time to accept runs, and earlier attempts do not count.
ACCEPTED: Mapping[str, Any] = MappingProxyType(
    {"accept_by": None, "attempts": 0, "not_for": [], "left_by_id": None}
)
#: A resolved conversation is routed anew when it is opened again.
UNROUTED: Mapping[str, Any] = MappingProxyType(
    {**ACCEPTED, "rule": None, "queued_at": None, "accepted_at": None}
)


def change_conversation(
    tx: Transaction,
    conversation_id: int,
    changes: Mapping[str, Any],
    by: Author,
    restored: Mapping[str, Any] = MappingProxyType({}),
) -> resources.Conversation:
    """Changes status, assignee, team, priority, labels or the time a snooze ends.

    Args:
        changes: the columns `status`, `assignee_id`, `team_id`, `priority`, `labels` and
            `snoozed_until`, as far as they change.
        restored: further columns, whose values come back when a change is undone.

    Raises:
        NotFound: no such conversation.
        Invalid: an agent or team that is not there, or a snooze without its time.
        Conflict: another conversation is open with this customer.
    """
    row = lifecycle.lock_conversation(tx, conversation_id)
    conversation_id = row.id
    new_values = _check_changes(tx, row, dict(changes))
    is_reopened = row.status == "resolved" and new_values.get("status", "resolved") != "resolved"
    if is_reopened and lifecycle.open_conversation_id(tx, row.contact_id) is not None:
        raise Conflict("Another conversation is open with this customer: go on there.")
    contact_address = any_contact_address(tx, row.contact_id)
    conversation = lifecycle.load_conversation(tx, conversation_id, contact_address)
    changed = {name: value for name, value in new_values.items() if value != getattr(row, name)}
    if not changed:
        return views.get_conversation(tx.connection, conversation_id)
    conversation.assign(changed)
    conversation.assign(_routing_changes(tx, row, changed, by))
    conversation.assign(restored)
    if "labels" in changed:
        write_labels(tx, conversation_id, changed["labels"])
    lifecycle.save_conversation(tx, conversation)
    for name, event in EVENT_NAMES.items():
        if name in changed:
            fields = _event_fields(tx, name, getattr(row, name), changed[name])
            timeline.add_event(tx, conversation, event, by, **fields)
    pages = publishing.page_addresses(tx.connection, [conversation_id])
    return publishing.publish_conversation(tx, conversation_id, pages[conversation_id])


def snoozes_over(connection: Connection, now: datetime) -> list[int]:
    """The ids of conversations whose snooze is over, the first that ended first."""
    rows = connection.execute(
        select(conversations.c.id)
        .where(conversations.c.status == "snoozed", conversations.c.snoozed_until <= now)
        .order_by(conversations.c.snoozed_until, conversations.c.id)
    )
    return list(rows.scalars())


def next_snooze_end(connection: Connection) -> datetime | None:
    """When the next snooze is over; None without any."""
    return connection.execute(
        select(conversations.c.snoozed_until)
        .where(conversations.c.status == "snoozed", conversations.c.snoozed_until.is_not(None))
        .order_by(conversations.c.snoozed_until)
        .limit(1)
    ).scalar()


def end_snooze(tx: Transaction, conversation_id: int) -> bool:
    """Opens a conversation whose snooze is over.

    Returns: False where it was opened or snoozed anew meanwhile, by whatever process.
    """
    row = lifecycle.lock_conversation(tx, conversation_id)
    ends_at = row.snoozed_until
    if row.status != "snoozed" or ends_at is None or ends_at > tx.now:
        return False
    change_conversation(tx, conversation_id, {"status": "open"}, author.SYSTEM)
    return True


def mark_read(tx: Transaction, conversation_id: int, message_id: int) -> resources.Conversation:
    """Marks a conversation as read up to a message, with it. Raises NotFound."""
    row = lifecycle.lock_conversation(tx, conversation_id)
    conversation_id = row.id
    later_messages = tx.execute(
        select(messages.c.extra)
        .where(
            lifecycle.message_is_in(conversation_id),
            messages.c.id > message_id,
            messages.c.direction == "in",
            messages.c.type == "message",
            messages.c.duplicate_of_id.is_(None),
        )
        .limit(row.unread_count + MAX_CODES)
    )
    unread = sum(ONLY_HANDOVER not in message.extra for message in later_messages)
    if unread < row.unread_count:
        tx.execute(
            update(conversations)
            .where(conversations.c.id == conversation_id)
            .values(unread_count=unread)
        )
    return publishing.publish_conversation(tx, conversation_id)


def _check_changes(
    tx: Transaction, row: ConversationRow, changes: dict[str, Any]
) -> dict[str, Any]:
    """Checks changes, and adds the columns that change with them.

    Raises:
        Invalid: an agent or team that is not there, or a snooze without its time.
    """
    agent_id, team_id = changes.get("assignee_id"), changes.get("team_id")
    if agent_id is not None:
        enabled_agent = tx.execute(
            select(agents.c.id).where(agents.c.id == agent_id, agents.c.disabled_at.is_(None))
        ).first()
        if enabled_agent is None:
            raise Invalid("There is no such agent.", "assignee_id")
    if (
        team_id is not None
        and not tx.execute(select(teams.c.id).where(teams.c.id == team_id)).first()
    ):
        raise Invalid("There is no such team.", "team")
    if "labels" in changes:
        stripped = [storable(label).strip() for label in changes["labels"]]
        labels = list(dict.fromkeys(label for label in stripped if label))
        if len(labels) > MAX_LABELS or any(len(label) > 64 for label in labels):
            raise Invalid(f"At most {MAX_LABELS} labels of at most 64 characters.", "labels")
        changes["labels"] = labels
    status = changes.get("status", row.status)
    until: datetime | None = changes.get("snoozed_until")
    ends = changes.get("snoozed_until", row.snoozed_until)
    if until is not None:
        changes["status"] = status = "snoozed"
    elif row.status == "snoozed" and ends is None and "status" not in changes:
        changes["status"] = status = "open"  # a snooze without an end would be lost
    if status == "snoozed" and ends is None:
        raise Invalid("Say until when: set snoozed_until.", "snoozed_until")
    if status != "snoozed":
        changes["snoozed_until"] = None
    if status == "resolved":
        changes |= {"waiting_since": None, "unread_count": 0}
        if row.status != "resolved":
            changes["resolved_at"] = tx.now
    elif row.status == "resolved":
        changes["resolved_at"] = None
    return changes


def _routing_changes(
    tx: Transaction, row: ConversationRow, changed: Mapping[str, Any], by: Author
) -> dict[str, Any]:
    """The columns of the queue and of acceptance that a change by hand changes."""
    if changed.get("status") == "resolved":
        return dict(UNROUTED)
    if "assignee_id" in changed:
        agent_id = changed["assignee_id"]
        if agent_id is None:
            return {
                "accept_by": None,
                "accepted_at": None,
                "left_by_id": None,
                "not_for": [*row.not_for, row.assignee_id],
                # A conversation that was never accepted keeps its place.
                "queued_at": row.queued_at
                if row.queued_at is not None and row.accepted_at is None
                else row.waiting_since or tx.now,
            }
        is_taken = by.type == "agent" and by.id == agent_id and _is_connected(tx, agent_id)
        # Another agent's choice stands, also before a rule has routed it.
        rule = "" if row.rule is None and not is_taken else row.rule
        return {**ACCEPTED, "accepted_at": tx.now if is_taken else None, "rule": rule}
    if row.assignee_id is not None and by.type == "agent" and by.id == row.assignee_id:
        # The agent who works on it has accepted it.
        return {**ACCEPTED, "accepted_at": row.accepted_at or tx.now}
    return {}


def _is_connected(tx: Transaction, agent_id: int) -> bool:
    """Whether an agent has a screen open: only then can the agent leave again."""
    rows = tx.execute(
        select(agents.c.id).where(agents.c.id == agent_id, agents.c.connected_at.is_not(None))
    )
    return rows.first() is not None


def write_labels(tx: Transaction, conversation_id: int, labels: list[str]) -> None:
    """Writes the labels of a conversation as rows of their own, to filter by."""
    tx.execute(
        delete(conversation_labels).where(conversation_labels.c.conversation_id == conversation_id)
    )
    if labels:
        tx.execute(
            insert(conversation_labels),
            [{"label": label, "conversation_id": conversation_id} for label in labels],
        )


def _event_fields(tx: Transaction, column: str, old: Any, new: Any) -> dict[str, Any]:
    """The fields of the event that says how a column changed."""
    if column == "assignee_id":
        names = {
            row.id: row.name
            for row in tx.execute(
                select(agents.c.id, agents.c.name).where(agents.c.id.in_([new or 0, old or 0]))
            )
        }
        return {
            "agent_id": None if new is None else str(new),
            "agent": names.get(new),
            "before": names.get(old),
        }
    return {"from": old, "to": new}


def any_contact_address(tx: Transaction, contact_id: int) -> ContactAddress:
    """Any address of a contact, for changes that concern the contact and no address."""
    row = tx.execute(select(addresses).where(addresses.c.contact_id == contact_id).limit(1)).first()
    assert row is not None
    contact_address = contact_addresses.find_contact_address(
        tx.connection, Address(row.scheme, row.path, row.scope)
    )
    assert contact_address is not None
    return contact_address
