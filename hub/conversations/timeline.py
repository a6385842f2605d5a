"""What is said and done, written into a thread and found there again."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import RowMapping, and_, insert, select, update

from hub.contacts.contact_addresses import ContactAddress
from hub.conversations import lifecycle, publishing
from hub.conversations.loaded_conversation import LoadedConversation
from hub.schema import search_index
from hub.schema.author import Author
from hub.store.engine import Transaction
from hub.store.models import attachments, external_ids, message_edits, messages
from hub.store.prepared import Prepared, insert_all

_INSERT_MESSAGE = Prepared(insert_all(messages))


def sane_time(sent_at: datetime | None, now: datetime) -> datetime:
    """The provider's time, unless its clock cannot be right; then ours."""
    if sent_at is None or not now - timedelta(days=400) <= sent_at <= now + timedelta(minutes=2):
        return now
    return min(sent_at, now)


def add_message(
    tx: Transaction,
    target: LoadedConversation,
    *,
    person: ContactAddress | None,
    connector: str | None,
    kind: str | None,
    direction: str,
    author: Author,
    type: str = "message",
    text: str = "",
    created_at: datetime | None = None,
    **columns: Any,
) -> dict[str, Any]:
    """Adds one row and indexes its words. Returns all its columns."""
    where = person or target.contact_address
    values: dict[str, Any] = {
        "conversation_id": target.id,
        "contact_id": where.contact_id,
        "address_id": where.address_id if person else None,
        "journal_id": None,
        "connector": connector,
        "kind": kind,
        "direction": direction,
        "type": type,
        "author_type": author.type,
        "author_id": author.id,
        "author_name": author.name,
        "subject": "",
        "text": text,
        "folded": "",
        "html": "",
        "reply_to_id": None,
        "duplicate_of_id": None,
        "external_id": None,
        "client_id": None,
        "extra": {},
        "created_at": created_at or tx.now,
        "received_at": tx.now,
        "edited_at": None,
        **columns,
    }
    values["id"] = _INSERT_MESSAGE.rows(tx.connection, values)[0].id
    if type != "event":
        search_index.index_message(tx, values["id"], f"{values['subject']} {text}")
        target.last_message_id = values["id"]
        target.last_activity_at = tx.now
        if direction == "out" and author.type == "agent" and type == "message":
            lifecycle.clear_context_card(target)
        if connector is not None:
            lifecycle.add_connector(tx, target, connector)
    return values


def add_event(
    tx: Transaction, target: LoadedConversation, name: str, author: Author, **fields: Any
) -> None:
    """A line in the timeline that says what happened, for whoever reads it later."""
    add_event_at(tx, target, None, author, {"name": name, **fields})


def add_event_at(
    tx: Transaction,
    target: LoadedConversation,
    at: datetime | None,
    author: Author,
    told: dict[str, Any],
) -> None:
    """The same for what happened at a moment before this one. `told` has the event's `name`."""
    values = add_message(
        tx,
        target,
        person=None,
        connector=None,
        kind=None,
        direction="out",
        author=author,
        type="event",
        created_at=at,
        extra={"event": told},
    )
    publishing.publish_new_message(tx, target, values["id"])


def set_external_id(tx: Transaction, message_id: int, external_id: str) -> None:
    """Notes the provider's id of a message that has none yet."""
    tx.execute(
        update(messages)
        .where(messages.c.id == message_id, messages.c.external_id.is_(None))
        .values(external_id=external_id)
    )


def edit_text(tx: Transaction, message: RowMapping, text: str) -> None:
    """Replaces the text of a message and keeps the old one.

    Args:
        message: its row, as `find_message` returns it.
    """
    tx.execute(
        insert(message_edits).values(
            message_id=message["id"], text=message["text"], created_at=tx.now
        )
    )
    tx.execute(
        update(messages).where(messages.c.id == message["id"]).values(text=text, edited_at=tx.now)
    )
    search_index.reindex_message(
        tx,
        message["id"],
        f"{message['subject']} {message['text']}",
        f"{message['subject']} {text}",
    )


def set_customer_reaction(tx: Transaction, message: RowMapping, emoji: str) -> None:
    """Writes a customer's reaction to a message; an empty emoji takes it back.

    Args:
        message: its row, as `find_message` returns it.
    """
    extra = message["extra"]
    reactions = [item for item in extra.get("reactions", []) if item["by"] != "contact"]
    if emoji:
        reactions.append({"emoji": emoji, "by": "contact"})
    tx.execute(
        update(messages)
        .where(messages.c.id == message["id"])
        .values(extra={**extra, "reactions": reactions})
    )


def redirect_message(
    tx: Transaction,
    message_id: int,
    *,
    connector: str,
    kind: str,
    address_id: int,
    contact_id: int,
    client_id: str | None,
) -> None:
    """Gives an outgoing message and its files another connector and address."""
    tx.execute(
        update(messages)
        .where(messages.c.id == message_id)
        .values(
            connector=connector,
            kind=kind,
            address_id=address_id,
            contact_id=contact_id,
            client_id=client_id,
        )
    )
    tx.execute(
        update(attachments)
        .where(attachments.c.message_id == message_id)
        .values(contact_id=contact_id)
    )


def find_message(
    tx: Transaction, connector: str, address_id: int, ids: tuple[str, ...]
) -> RowMapping | None:
    """The newest message with this address that the provider knows by one of these ids."""
    if not ids:
        return None
    ours = select(external_ids.c.message_id).where(
        external_ids.c.connector == connector,
        external_ids.c.external_id.in_(ids),
        external_ids.c.address_id == address_id,
    )
    theirs = and_(
        messages.c.address_id == address_id,
        messages.c.connector == connector,
        messages.c.external_id.in_(ids),
    )
    for condition in (theirs, messages.c.id.in_(ours)):
        found = tx.execute(
            select(messages).where(condition).order_by(messages.c.id.desc()).limit(1)
        )
        row = found.mappings().first()
        if row is not None:
            return row
    return None
