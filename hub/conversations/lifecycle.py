"""Loads conversations for a transaction, starts them, and saves what the transaction changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, bindparam, insert, or_, select, update

from hub.contacts import contact_addresses, locks
from hub.contacts.contact_addresses import ContactAddress
from hub.conversations.loaded_conversation import ConversationRow, LoadedConversation
from hub.conversations.merge_state import REOPEN_WITHIN
from hub.errors import NotFound
from hub.store.engine import RunAgain, Transaction, Upsert
from hub.store.is_among import IsAmong
from hub.store.models import (
    contacts,
    conversation_connectors,
    conversations,
    messages,
)
from hub.store.prepared import Prepared


class ConversationOwner(NamedTuple):
    """The contact and the person that a conversation is with, and whether it goes on."""

    contact_id: int
    root_id: int
    status: str
    merged_into_id: int | None


_contact = contacts.alias("own")
# The contact's root is read here: a link may have been made while this waited for a lock.
_ROOT_ID = (
    select(_contact.c.root_id).where(_contact.c.id == bindparam("contact_id")).scalar_subquery()
)
_LATEST = (
    select(conversations, _ROOT_ID.label("root_id"))
    .where(
        IsAmong(
            conversations.c.contact_id, select(contacts.c.id).where(contacts.c.root_id == _ROOT_ID)
        ),
        conversations.c.merged_into_id.is_(None),
    )
    .order_by(conversations.c.created_at.desc(), conversations.c.id.desc())
    .limit(1)
)
_IS_OPEN = conversations.c.status != "resolved"
_FIND_OPEN = Prepared(_LATEST.where(_IS_OPEN).with_only_columns(conversations.c.id))
# A loaded conversation is locked on PostgreSQL; SQLite has one writer anyway. `key_share`: rows
# that refer to it, such as its messages, are added by others all the same.
_LOAD_LATEST = Prepared(_LATEST.with_for_update(of=conversations, key_share=True))
_LOAD_OPEN = Prepared(_LATEST.where(_IS_OPEN).with_for_update(of=conversations, key_share=True))
_LOAD_BY_ID = Prepared(
    select(conversations, contacts.c.root_id)
    .join(contacts, contacts.c.id == conversations.c.contact_id)
    .where(conversations.c.id == bindparam("id"))
    .with_for_update(of=conversations, key_share=True)
)
_FIND_OWNER = Prepared(
    select(
        conversations.c.contact_id,
        contacts.c.root_id,
        conversations.c.status,
        conversations.c.merged_into_id,
    )
    .join(contacts, contacts.c.id == conversations.c.contact_id)
    .where(conversations.c.id == bindparam("id")),
    ConversationOwner,
)
_INSERT_CONVERSATION = insert(conversations).returning(conversations.c.id)
_JOIN_CONNECTOR = Prepared(Upsert(conversation_connectors, ["connector", "conversation_id"]))


def load_open_conversation(
    tx: Transaction, contact_address: ContactAddress
) -> LoadedConversation | None:
    """Loads the customer's conversation that is not resolved, on any channel; None without one."""
    row = _LOAD_OPEN.first(tx.connection, {"contact_id": contact_address.contact_id})
    return None if row is None else _loaded(row, contact_address)


def load_latest_conversation(
    tx: Transaction, contact_address: ContactAddress
) -> LoadedConversation | None:
    """Loads the customer's latest conversation, resolved or not; None when there was none."""
    row = _LOAD_LATEST.first(tx.connection, {"contact_id": contact_address.contact_id})
    return None if row is None else _loaded(row, contact_address)


def load_conversation(
    tx: Transaction, conversation_id: int, contact_address: ContactAddress
) -> LoadedConversation:
    """Loads a conversation by its id, to write to this address in it. Raises NotFound."""
    row = _LOAD_BY_ID.first(tx.connection, {"id": conversation_id})
    if row is None:
        raise NotFound("There is no such conversation.")
    return _loaded(row, contact_address)


def open_conversation_id(tx: Transaction, contact_id: int) -> int | None:
    """The id of the open conversation of a contact's person; None without one."""
    row = _FIND_OPEN.first(tx.connection, {"contact_id": contact_id})
    return None if row is None else int(row.id)


def lock_owner(tx: Transaction, conversation_id: int) -> ConversationOwner:
    """Locks the person of a conversation until the commit.

    Raises:
        NotFound: there is no such conversation.
        RunAgain: a link was made or undone while this waited.
    """
    owner = _find_owner(tx, conversation_id)
    locks.lock_person(tx, owner.root_id)
    root_id, owner = owner.root_id, _find_owner(tx, conversation_id)
    if owner.root_id != root_id:
        raise RunAgain
    return owner


def lock_conversation(tx: Transaction, conversation_id: int) -> ConversationRow:
    """Locks a conversation, or the one that it was merged into, and its person until the commit.

    Raises:
        NotFound: there is no such conversation.
        RunAgain: a link was made or undone while this waited.
    """
    owner = _find_owner(tx, conversation_id)
    while owner.merged_into_id is not None:
        conversation_id = owner.merged_into_id
        owner = _find_owner(tx, conversation_id)
    locks.lock_person(tx, owner.root_id)
    *values, root_id = _LOAD_BY_ID.rows(tx.connection, {"id": conversation_id})[0]
    row = ConversationRow(values)
    if root_id != owner.root_id or row.merged_into_id is not None:
        raise RunAgain
    return row


def _find_owner(tx: Transaction, conversation_id: int) -> ConversationOwner:
    """Raises NotFound."""
    owner = _FIND_OWNER.first(tx.connection, {"id": conversation_id})
    if owner is None:
        raise NotFound("There is no such conversation.")
    return owner


def _loaded(row: Sequence[Any], contact_address: ContactAddress) -> LoadedConversation:
    """A conversation from a row of its columns and its person's root."""
    *values, _root_id = row
    return LoadedConversation(values, contact_address)


def surviving_id(tx: Transaction, conversation_id: int) -> int:
    """The id of the conversation that a conversation was merged into; else its own id."""
    next_id: int | None = conversation_id
    while next_id is not None:
        conversation_id = next_id
        next_id = tx.execute(
            select(conversations.c.merged_into_id).where(conversations.c.id == conversation_id)
        ).scalar()
    return conversation_id


def message_is_in(conversation_id: int) -> ColumnElement[bool]:
    """The condition that a message is in a conversation, or in one that was merged into it."""
    inside = select(conversations.c.id).where(conversations.c.merged_into_id == conversation_id)
    return or_(
        messages.c.conversation_id == conversation_id, messages.c.conversation_id.in_(inside)
    )


def is_conversation_with(
    tx: Transaction, conversation_id: int, contact_address: ContactAddress
) -> bool:
    """Whether a conversation is with the customer of this address."""
    root_id = tx.execute(
        select(contacts.c.root_id)
        .join(conversations, conversations.c.contact_id == contacts.c.id)
        .where(conversations.c.id == conversation_id)
    ).scalar()
    return root_id == contact_address.root_id


def start_conversation(
    tx: Transaction, contact_address: ContactAddress, subject: str = ""
) -> LoadedConversation:
    """Starts a conversation. It is published with its first message."""
    values: dict[str, Any] = {
        "contact_id": contact_address.contact_id,
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
        "answer_address_id": None,
        "answer_connector": None,
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
        "left_by_id": None,
        "sla": None,
        "first_reply_due": None,
        "next_reply_due": None,
        "resolve_due": None,
        "sla_paused_at": None,
        "due_at": None,
        "sla_next_at": None,
        "sla_warned": [],
        "sla_overdue": [],
        "sla_breached": [],
    }
    values["id"] = tx.execute(_INSERT_CONVERSATION, values).scalar_one()
    row = [values[column.name] for column in conversations.c]
    return LoadedConversation(row, contact_address, is_new=True)


def conversation_for_inbound(
    tx: Transaction,
    contact_address: ContactAddress,
    *,
    answered: int | None = None,
    subject: str = "",
) -> LoadedConversation:
    """Loads the conversation that an inbound message belongs to, or starts one.

    It is the customer's open conversation; else the one that the message answers, or one that was
    resolved within the last day, opened again; else a new one.

    Args:
        answered: the id of the conversation that the message answers.
        subject: for a new conversation.

    Raises:
        RunAgain: a link was made or undone while this waited for the person's lock.
    """
    locks.lock_person(tx, contact_address.root_id)
    row = _LOAD_OPEN.first(tx.connection, {"contact_id": contact_address.contact_id})
    if row is not None:
        if row.root_id != contact_address.root_id:
            raise RunAgain
        return _loaded(row, contact_address)
    if tx.is_postgres:
        root_id = contact_addresses.root_contact_id(tx.connection, contact_address.contact_id)
        if root_id != contact_address.root_id:
            raise RunAgain
    latest = load_latest_conversation(tx, contact_address)
    if latest is not None and _is_continued(tx, latest, answered):
        if answered is not None and answered != latest.id:
            latest = load_conversation(tx, surviving_id(tx, answered), contact_address)
        latest.status = "open"
        latest.resolved_at = None
        clear_context_card(latest)
        return latest
    return start_conversation(tx, contact_address, subject)


def join_conversation(
    tx: Transaction, conversation_id: int, contact_address: ContactAddress
) -> LoadedConversation:
    """Loads another customer's conversation for a message of somebody who got a copy there.

    The caller holds the lock of links: two people are locked. A resolved one is opened again.

    Raises:
        RunAgain: a link was made or undone, or the conversation merged, while this waited.
    """
    row = lock_conversation(tx, conversation_id)
    conversation = load_conversation(tx, row.id, contact_address)
    if conversation.status == "resolved":
        conversation.status = "open"
        conversation.resolved_at = None
        clear_context_card(conversation)
    return conversation


def _is_continued(tx: Transaction, latest: LoadedConversation, answered: int | None) -> bool:
    if answered is not None:
        return True
    resolved_at = latest.resolved_at
    return resolved_at is not None and tx.now - resolved_at < REOPEN_WITHIN


def add_connector(tx: Transaction, conversation: LoadedConversation, connector: str) -> None:
    """Adds a connector to a conversation, by which it is found from now on."""
    if connector not in conversation.connectors:
        conversation.connectors = [*conversation.connectors, connector]
        _JOIN_CONNECTOR.run_later(
            tx.connection, {"connector": connector, "conversation_id": conversation.id}
        )


def clear_context_card(conversation: LoadedConversation) -> None:
    """Takes the context card away from a conversation: the agent has answered."""
    if conversation.context_card is not None:
        conversation.context_card = None


def clear_context_cards(tx: Transaction, conversation_ids: Collection[int]) -> None:
    """Takes the context cards away from conversations that have one."""
    tx.execute(
        update(conversations)
        .where(conversations.c.id.in_(conversation_ids), conversations.c.context_card.is_not(None))
        .values(context_card=None)
    )


def save_conversation(tx: Transaction, conversation: LoadedConversation) -> None:
    """Writes the columns that were assigned, in one statement."""
    if not conversation.has_changes:
        return
    if conversation.sla is not None:
        conversation.assign(
            wake_clocks(conversation.saved_columns(), conversation.changes(), tx.now)
        )
    conversation.updated_at = tx.now
    changes = conversation.changes()
    _update_of(frozenset(changes)).run_later(tx.connection, {"row": conversation.id, **changes})
    conversation.mark_saved()


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
