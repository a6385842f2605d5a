"""Writes what a merge, or its undoing, changes in conversations and their messages."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import delete, insert, select, update

from hub.conversations import actions
from hub.store.engine import Transaction
from hub.store.models import contacts, conversation_connectors, conversations, messages


def update_conversation(tx: Transaction, conversation_id: int, values: Mapping[str, Any]) -> None:
    """Writes columns of one conversation, with the rows by which it is filtered.

    Args:
        values: the columns that change; `updated_at` is set to the transaction's time.
    """
    tx.execute(
        update(conversations)
        .where(conversations.c.id == conversation_id)
        .values(**values, updated_at=tx.now)
    )
    if "labels" in values:
        actions.write_labels(tx, conversation_id, values["labels"])
    if "connectors" in values:
        _write_connectors(tx, conversation_id, values["connectors"])


def _write_connectors(tx: Transaction, conversation_id: int, connectors: Collection[str]) -> None:
    tx.execute(
        delete(conversation_connectors).where(
            conversation_connectors.c.conversation_id == conversation_id
        )
    )
    if connectors:
        tx.execute(
            insert(conversation_connectors),
            [{"connector": name, "conversation_id": conversation_id} for name in connectors],
        )


def lock_messages(tx: Transaction, message_ids: Collection[int]) -> None:
    """Locks messages in the order of their ids, in whatever order they are changed after that."""
    tx.execute(
        select(messages.c.id)
        .where(messages.c.id.in_(message_ids))
        .order_by(messages.c.id)
        .with_for_update(key_share=True)
    )


def move_messages(tx: Transaction, message_ids: Collection[int], conversation_id: int) -> None:
    """Moves messages into another conversation."""
    tx.execute(
        update(messages)
        .where(messages.c.id.in_(message_ids))
        .values(conversation_id=conversation_id)
    )


def clear_duplicates(tx: Transaction, message_ids: Collection[int]) -> None:
    """Makes messages count that were marked as duplicates of other messages."""
    tx.execute(update(messages).where(messages.c.id.in_(message_ids)).values(duplicate_of_id=None))


def set_author_contact(tx: Transaction, message_ids: Collection[int], contact_id: int) -> None:
    """Names a contact as the author of messages, with the name that the contact has now."""
    name = select(contacts.c.name).where(contacts.c.id == contact_id).scalar_subquery()
    tx.execute(
        update(messages)
        .where(messages.c.id.in_(message_ids))
        .values(author_id=contact_id, author_name=name)
    )
