"""Adds messages and events to a conversation's timeline, changes them and finds them again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    Connection,
    Row,
    RowMapping,
    Select,
    and_,
    bindparam,
    insert,
    select,
    text,
    update,
)

from hub.contacts.contact_addresses import ContactAddress
from hub.conversations import lifecycle, publishing
from hub.conversations.loaded_conversation import LoadedConversation
from hub.conversations.merge_state import is_shown_in_list
from hub.schema import search_index
from hub.schema.author import Author
from hub.store.engine import Transaction
from hub.store.models import attachments, external_ids, message_edits, messages
from hub.store.prepared import Prepared, insert_all
from hub.types import MessageOrigin

_INSERT_MESSAGE = Prepared(insert_all(messages))
_UNCLEANED: Select[Any] = (
    select(messages.c.id, messages.c.html)
    .where(text("NOT html_is_clean"))  # as the index has it
    .order_by(messages.c.id.desc())
    .limit(1)
)


def sane_time(sent_at: datetime | None, now: datetime) -> datetime:
    """The provider's time of a message; our time, where the provider's clock cannot be right.

    Args:
        sent_at: the provider's time, None where it gives none.
    """
    if sent_at is None or not now - timedelta(days=400) <= sent_at <= now + timedelta(minutes=2):
        return now
    return min(sent_at, now)


class NewMessage(NamedTuple):
    """A message, note or event that is to be added to a conversation.

    A NamedTuple, because every inbound message makes one: a frozen dataclass takes 2 us longer.

    Args:
        direction: `in` or `out`.
        type: `message`, `note` or `event`.
        contact_address: the sender or the recipient; None for a note or an event.
        connector: the channel's name, with its kind in `kind`; None for a note or an event.
        created_at: the provider's time; None for the time of the transaction.
        folded: the full text, where `text` leaves out quotes or a signature.
        html: cleaned by `clean_html`, with pictures named by their content ids.
        extra: fields that have no column.
        to, cc: the recipients of a mail, as `scheme:path`.
        origin: where the customer came from.
    """

    direction: str
    author: Author
    type: str = "message"
    text: str = ""
    contact_address: ContactAddress | None = None
    connector: str | None = None
    kind: str | None = None
    created_at: datetime | None = None
    subject: str = ""
    folded: str = ""
    html: str = ""
    reply_to_id: int | None = None
    duplicate_of_id: int | None = None
    external_id: str | None = None
    client_id: str | None = None
    journal_id: int | None = None
    extra: Mapping[str, Any] | None = None
    to: Sequence[str] = ()
    cc: Sequence[str] = ()
    origin: MessageOrigin | None = None


def insert_row(
    tx: Transaction, conversation_id: int, contact_id: int, message: NewMessage
) -> dict[str, Any]:
    """Inserts the row of a message, and does nothing else.

    Args:
        contact_id: the contact whose message it is, or in whose conversation.

    Returns: all columns of the row, by name.
    """
    contact_address = message.contact_address
    values: dict[str, Any] = {
        "conversation_id": conversation_id,
        "contact_id": contact_id,
        "address_id": contact_address.address_id if contact_address else None,
        "journal_id": message.journal_id,
        "connector": message.connector,
        "kind": message.kind,
        "direction": message.direction,
        "type": message.type,
        "author_type": message.author.type,
        "author_id": message.author.id,
        "author_name": message.author.name,
        "subject": message.subject,
        "text": message.text,
        "folded": message.folded,
        "html": message.html,
        "html_is_clean": True,
        "reply_to_id": message.reply_to_id,
        "duplicate_of_id": message.duplicate_of_id,
        "external_id": message.external_id,
        "client_id": message.client_id,
        "extra": message.extra or {},
        "to": list(message.to),
        "cc": list(message.cc),
        "origin": None if message.origin is None else asdict(message.origin),
        "created_at": message.created_at or tx.now,
        "received_at": tx.now,
        "edited_at": None,
    }
    values["id"] = _INSERT_MESSAGE.rows(tx.connection, values)[0].id
    return values


def add_message(
    tx: Transaction, conversation: LoadedConversation, message: NewMessage
) -> dict[str, Any]:
    """Adds a message to a conversation and to the search index.

    The conversation is not saved: publishing the message does that.

    Returns: all columns of the row, by name.
    """
    contact_address = message.contact_address or conversation.contact_address
    values = insert_row(tx, conversation.id, contact_address.contact_id, message)
    if message.type != "event":
        search_index.index_message(tx, values["id"], f"{message.subject} {message.text}")
        if is_shown_in_list(message.author.type) or conversation.last_message_id is None:
            conversation.last_message_id = values["id"]
            conversation.last_activity_at = tx.now
        is_answer = message.direction == "out" and message.type == "message"
        if is_answer and message.author.type == "agent":
            lifecycle.clear_context_card(conversation)
        if message.connector is not None:
            lifecycle.add_connector(tx, conversation, message.connector)
    return values


def enter_message(
    tx: Transaction,
    conversation: LoadedConversation,
    message_id: int,
    searched: str,
    connector: str,
) -> None:
    """Makes a row that is there already the last message of its conversation.

    Args:
        searched: the words by which it is found.
    """
    search_index.index_message(tx, message_id, searched)
    conversation.last_message_id = message_id
    conversation.last_activity_at = tx.now
    lifecycle.add_connector(tx, conversation, connector)


def add_event(
    tx: Transaction,
    conversation: LoadedConversation,
    name: str,
    author: Author,
    *,
    created_at: datetime | None = None,
    **fields: Any,
) -> None:
    """Adds an event to the timeline, publishes it and saves the conversation.

    Args:
        name: the event's name, for instance `conversation.status`.
        created_at: the time of the event, where it happened before this transaction.
        fields: what the event says; values of JSON.
    """
    values = add_message(
        tx,
        conversation,
        NewMessage(
            direction="out",
            author=author,
            type="event",
            created_at=created_at,
            extra={"event": {"name": name, **fields}},
        ),
    )
    publishing.publish_new_message(tx, conversation, values["id"])


def set_external_id(tx: Transaction, message_id: int, external_id: str) -> None:
    """Notes the provider's id of a message that has none yet."""
    tx.execute(
        update(messages)
        .where(messages.c.id == message_id, messages.c.external_id.is_(None))
        .values(external_id=external_id)
    )


_SET_EXTERNAL_ID = (
    update(messages)
    .where(messages.c.id == bindparam("message"), messages.c.external_id.is_(None))
    .values(external_id=bindparam("new_id"))
)


def set_external_ids(tx: Transaction, external_ids: Mapping[int, str]) -> None:
    """Notes the provider's ids of messages that have none yet."""
    tx.execute(
        _SET_EXTERNAL_ID,
        [{"message": key, "new_id": external_ids[key]} for key in sorted(external_ids)],
    )


def edit_text(tx: Transaction, message: RowMapping, text: str) -> None:
    """Replaces the text of a message and keeps the old one.

    Args:
        message: its row, as `find_message` returns it.
        text: the text as it was, where the files alone were replaced.
    """
    if text == message["text"]:
        tx.execute(update(messages).where(messages.c.id == message["id"]).values(edited_at=tx.now))
        return
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


def find_uncleaned_html(connection: Connection) -> Row[Any] | None:
    """The newest message whose HTML came in before HTML was cleaned: its `id` and `html`."""
    return connection.execute(_UNCLEANED).first()


def store_clean_html(tx: Transaction, message_id: int, html: str) -> None:
    """Replaces the HTML of a message by what cleaning made of it."""
    tx.execute(
        update(messages).where(messages.c.id == message_id).values(html=html, html_is_clean=True)
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


def set_extra(tx: Transaction, message: RowMapping, **fields: str) -> None:
    """Adds fields without a column to a message.

    Args:
        message: its row, as `find_message` returns it.
    """
    tx.execute(
        update(messages)
        .where(messages.c.id == message["id"])
        .values(extra={**message["extra"], **fields})
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
            # Those of the former channel get nothing by the new one.
            to=[],
            cc=[],
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
    """The newest message with this address that has one of these ids at the provider.

    Returns: its row, or None.
    """
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
        rows = tx.execute(select(messages).where(condition).order_by(messages.c.id.desc()).limit(1))
        row = rows.mappings().first()
        if row is not None:
            return row
    return None
