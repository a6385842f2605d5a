"""Conversations in the hands of a verb: found, opened, changed and written back."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, bindparam, insert, or_, select, update

from hub.contacts import contact_addresses
from hub.contacts.contact_addresses import ContactAddress
from hub.conversations.loaded_conversation import LoadedConversation
from hub.conversations.merge_state import REOPEN_WITHIN
from hub.errors import NotFound
from hub.store.engine import Transaction, Upsert
from hub.store.models import (
    contacts,
    conversation_connectors,
    conversations,
    messages,
)
from hub.store.prepared import Prepared

_own = contacts.alias("own")
_LATEST = (
    select(conversations)
    .join(contacts, contacts.c.id == conversations.c.contact_id)
    .where(
        # Whoever the record is by now: it may have been linked while we waited for our turn.
        contacts.c.root_id
        == select(_own.c.root_id).where(_own.c.id == bindparam("record")).scalar_subquery(),
        conversations.c.merged_into_id.is_(None),
    )
    .order_by(conversations.c.created_at.desc(), conversations.c.id.desc())
    .limit(1)
    # What a verb has in its hands, no other changes (PostgreSQL; SQLite has one writer anyway).
    .with_for_update(of=conversations)
)
_OPEN = Prepared(_LATEST.where(conversations.c.status != "resolved"))
_INSERT_CONVERSATION = insert(conversations).returning(conversations.c.id)
_JOIN_CONNECTOR = Upsert(conversation_connectors, ["connector", "conversation_id"])


def load_open_conversation(tx: Transaction, person: ContactAddress) -> LoadedConversation | None:
    """The conversation going on with this person, on whatever channel."""
    row = _OPEN.first(tx.connection, {"record": person.contact_id})
    return None if row is None else LoadedConversation(row, person)


def load_latest_conversation(tx: Transaction, person: ContactAddress) -> LoadedConversation | None:
    """The conversation that began last with this person, also one that is resolved."""
    row = tx.execute(_LATEST, {"record": person.contact_id}).first()
    return None if row is None else LoadedConversation(row, person)


def load_conversation(
    tx: Transaction, conversation_id: int, person: ContactAddress
) -> LoadedConversation:
    """A conversation by its id, to say something to this person in. Raises NotFound."""
    row = tx.execute(
        select(conversations).where(conversations.c.id == conversation_id).with_for_update()
    ).first()
    if row is None:
        raise NotFound("There is no such conversation.")
    return LoadedConversation(row, person)


def surviving_id(tx: Transaction, conversation_id: int) -> int:
    """The conversation that stands for this one: itself, unless a merge brought it into another."""
    found: int | None = conversation_id
    while found is not None:
        conversation_id = found
        found = tx.execute(
            select(conversations.c.merged_into_id).where(conversations.c.id == conversation_id)
        ).scalar()
    return conversation_id


def message_is_in(conversation_id: int) -> ColumnElement[bool]:
    """Whether a message is in a conversation, or in one that was brought into it."""
    inside = select(conversations.c.id).where(conversations.c.merged_into_id == conversation_id)
    return or_(
        messages.c.conversation_id == conversation_id, messages.c.conversation_id.in_(inside)
    )


def is_conversation_with(tx: Transaction, conversation_id: int, person: ContactAddress) -> bool:
    """Whether a conversation is one with this person."""
    found = tx.execute(
        select(contacts.c.root_id)
        .join(conversations, conversations.c.contact_id == contacts.c.id)
        .where(conversations.c.id == conversation_id)
    ).scalar()
    return found == person.root_id


def start_conversation(
    tx: Transaction, person: ContactAddress, subject: str = ""
) -> LoadedConversation:
    """Begins a conversation; it is published with the first thing said in it."""
    values: dict[str, Any] = {
        "contact_id": person.contact_id,
        "status": "open",
        "assignee_id": None,
        "merged_into_id": None,
        "team_id": None,
        "priority": "normal",
        "subject": subject,
        "labels": [],
        "connectors": [],
        "unread_count": 0,
        "waiting_since": None,
        "snoozed_until": None,
        "resolved_at": None,
        "last_message_id": None,
        "last_inbound_address_id": None,
        "last_inbound_connector": None,
        "context_card": None,
        "last_activity_at": tx.now,
        "created_at": tx.now,
        "updated_at": tx.now,
        "rule": None,
        "skills": [],
        "language": "",
        "department": "",
        "queued_at": None,
        "accept_by": None,
        "accepted_at": None,
        "attempts": 0,
        "not_for": [],
        "sla": None,
        "first_reply_due": None,
        "next_reply_due": None,
        "resolve_due": None,
        "sla_paused_at": None,
        "sla_next_at": None,
        "sla_warned": [],
        "sla_overdue": [],
        "sla_breached": [],
    }
    values["id"] = tx.execute(_INSERT_CONVERSATION, values).scalar_one()
    row = [values[column.name] for column in conversations.c]
    return LoadedConversation(row, person, is_new=True)


def conversation_for_inbound(
    tx: Transaction, person: ContactAddress, *, answered: int | None = None, subject: str = ""
) -> LoadedConversation:
    """Where an inbound message belongs.

    Whatever is going on with the person; else what their message answers (`answered`), or what was
    resolved within the last day, opened again; else something new.
    """
    tx.lock(f"contact:{person.root_id}")
    found = load_open_conversation(tx, person)
    if found is None and tx.is_postgres:
        now = contact_addresses.find_contact_address(tx.connection, person.address)
        if now is not None and now.root_id != person.root_id:
            # A link came between: the one who stands for both is who must be waited for.
            return conversation_for_inbound(tx, now, answered=answered, subject=subject)
    if found is not None:
        return found
    latest = load_latest_conversation(tx, person)
    if latest is not None and _is_continued(tx, latest, answered):
        if answered is not None and answered != latest.id:
            latest = load_conversation(tx, surviving_id(tx, answered), person)
        latest.status = "open"
        latest.resolved_at = None
        clear_context_card(latest)
        return latest
    return start_conversation(tx, person, subject)


def _is_continued(tx: Transaction, latest: LoadedConversation, answered: int | None) -> bool:
    if answered is not None:
        return True
    resolved_at = latest.resolved_at
    return resolved_at is not None and tx.now - resolved_at < REOPEN_WITHIN


def add_connector(tx: Transaction, target: LoadedConversation, connector: str) -> None:
    """From now on it is found by this connector, too."""
    if connector not in target.connectors:
        target.connectors = [*target.connectors, connector]
        tx.execute(_JOIN_CONNECTOR, {"connector": connector, "conversation_id": target.id})


def clear_context_card(target: LoadedConversation) -> None:
    """Whoever answered knows what there was to know of the switch."""
    if target.context_card is not None:
        target.context_card = None


def clear_context_cards(tx: Transaction, conversation_ids: Collection[int]) -> None:
    """Takes the context cards away from conversations that have one."""
    tx.execute(
        update(conversations)
        .where(conversations.c.id.in_(conversation_ids), conversations.c.context_card.is_not(None))
        .values(context_card=None)
    )


def save_conversation(tx: Transaction, target: LoadedConversation) -> None:
    """Writes what the verb changed."""
    if not target.has_changes:
        return
    if target.sla is not None:
        target.assign(wake_clocks(target.saved_columns(), target.changes(), tx.now))
    target.updated_at = tx.now
    changes = target.changes()
    _update_of(frozenset(changes)).rows(tx.connection, {"row": target.id, **changes})
    target.mark_saved()


def wake_clocks(
    row: Mapping[str, Any], changes: Mapping[str, Any], now: datetime
) -> dict[str, datetime]:
    """The time at which the SLA clocks look again, when these changes start or stop a clock.

    Args:
        row: the columns before the changes.

    Returns: the column `sla_next_at`, or nothing when no clock is concerned.
    """
    if changes.get("sla", row["sla"]) is None:
        return {}
    if all(
        changes.get(name, row[name]) == row[name] for name in ("status", "waiting_since", "sla")
    ):
        return {}
    next_at = changes.get("sla_next_at", row["sla_next_at"])
    return {"sla_next_at": now if next_at is None else min(next_at, now)}


@cache
def _update_of(columns: frozenset[str]) -> Prepared[Any]:
    """The statement for a set of columns, built once: building costs more than running it."""
    return Prepared(
        update(conversations)
        .where(conversations.c.id == bindparam("row"))
        .values({name: bindparam(name) for name in columns})
    )
