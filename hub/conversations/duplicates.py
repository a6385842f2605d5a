"""Finds messages that repeat a message from another address of the same customer.

The same text, or the same file, within minutes is one message to answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import ColumnElement, Select, select

from hub.contacts import match_detection
from hub.contacts.contact_addresses import ContactAddress
from hub.conversations import lifecycle
from hub.conversations.loaded_conversation import LoadedConversation
from hub.schema import search_index
from hub.store.engine import Transaction
from hub.store.models import attachments, contacts, messages
from hub.types import Attachment, InboundMessage, Medium

WITHIN = timedelta(minutes=5)
#: Shorter texts are sent by everybody: "ok", "hello".
MIN_CHARACTERS = 12
#: Smaller files are placeholders and icons.
MIN_BYTES = 1024
#: The number of earlier messages that are compared.
MAX_COMPARED = 20


def find_original(
    tx: Transaction,
    conversation: LoadedConversation,
    sender: ContactAddress,
    event: InboundMessage,
) -> int | None:
    """The id of the message in a conversation that a new message repeats from another address.

    Costs no query where the customer wrote from one address only.
    """
    is_first_address = conversation.last_inbound_address_id in (None, sender.address_id)
    if is_first_address and len(conversation.connectors) < 2:
        return None
    if conversation.has_new_status or not _is_comparable(event):
        return None  # a message that opens a conversation again has to be answered
    return _find_same_message(
        tx,
        event,
        lifecycle.message_is_in(conversation.id),
        messages.c.address_id != sender.address_id,
    )


def suggest_same_name(tx: Transaction, sender: ContactAddress, event: InboundMessage) -> None:
    """Suggests contacts of the sender's name that sent the same text or file a moment ago."""
    if not sender.name or not _is_comparable(event):
        return
    contact_ids = [
        contact_id
        for contact_id in match_detection.contacts_named(tx, sender.contact_id, sender.name)
        if _find_same_message(
            tx, event, messages.c.contact_id.in_(_select_linked_contacts(contact_id))
        )
        is not None
    ]
    content = "words" if comparable_text(event.text) else "file"
    match_detection.suggest_same_text(tx, sender.contact_id, contact_ids, sender.name, content)


def comparable_text(text: str) -> str:
    """A text without case, accents and punctuation; empty where it is too short to compare."""
    folded = search_index.fold(text)
    return folded if len(folded) >= MIN_CHARACTERS else ""


def _is_comparable(event: InboundMessage) -> bool:
    has_only_files = not event.text.strip() and bool(_file_signature(event.attachments))
    return bool(comparable_text(event.text)) or has_only_files


def _find_same_message(
    tx: Transaction, event: InboundMessage, *conditions: ColumnElement[bool]
) -> int | None:
    """The id of the newest recent message with the same text or files, under conditions."""
    rows = tx.execute(
        select(messages.c.id, messages.c.text)
        .where(
            *conditions,
            messages.c.direction == "in",
            messages.c.type == "message",
            messages.c.duplicate_of_id.is_(None),
            messages.c.received_at >= tx.now - WITHIN,
        )
        .order_by(messages.c.id.desc())
        .limit(MAX_COMPARED)
    ).all()
    text = comparable_text(event.text)
    if text:
        return next((row.id for row in rows if comparable_text(row.text) == text), None)
    files = _files_by_message(tx, [row.id for row in rows if not row.text.strip()])
    signature = _file_signature(event.attachments)
    return next((row.id for row in rows if files.get(row.id) == signature), None)


def _file_signature(files: Sequence[Attachment]) -> list[tuple[str, int]]:
    """The media types and sizes of files; empty when one of them could be any file."""
    signature = [
        (file.media_type, file.size)
        for file in files
        if file.size is not None and file.size >= MIN_BYTES and file.medium is not Medium.STICKER
    ]
    return sorted(signature) if len(signature) == len(files) else []


def _files_by_message(
    tx: Transaction, message_ids: Sequence[int]
) -> dict[int, list[tuple[str, int]]]:
    """The media types and sizes of the files of messages."""
    files: dict[int, list[tuple[str, int]]] = {}
    rows = tx.execute(
        select(attachments.c.message_id, attachments.c.media_type, attachments.c.size).where(
            attachments.c.message_id.in_(message_ids)
        )
    )
    for row in rows:
        files.setdefault(row.message_id, []).append((row.media_type, row.size or 0))
    return {message_id: sorted(signature) for message_id, signature in files.items()}


def _select_linked_contacts(contact_id: int) -> Select[tuple[int]]:
    """Selects the ids of all contacts that are joined to a contact, with its own."""
    contact = contacts.alias()
    return (
        select(contacts.c.id)
        .join(contact, contact.c.root_id == contacts.c.root_id)
        .where(contact.c.id == contact_id)
    )
