"""The same words, or the same file, from two addresses within minutes are one thing to answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, select

from hub.contacts import match_detection
from hub.contacts.contact_addresses import ContactAddress
from hub.conversations import lifecycle
from hub.conversations.loaded_conversation import LoadedConversation
from hub.schema import search_index
from hub.store.engine import Transaction
from hub.store.models import attachments, contacts, messages
from hub.types import Attachment, InboundMessage, Medium

WITHIN = timedelta(minutes=5)
#: Fewer characters than this are said by everybody: "ok", "hello".
MIN_CHARACTERS = 12
#: Smaller files are placeholders and icons.
MIN_BYTES = 1024
#: How far back is looked, in messages.
MAX_LOOKED_AT = 20


def find_original(
    tx: Transaction, target: LoadedConversation, person: ContactAddress, event: InboundMessage
) -> int | None:
    """The message of this conversation that a new one repeats from another address.

    Costs nothing where all was said from one address.
    """
    was_at = target.last_inbound_address_id
    if was_at in (None, person.address_id) and len(target.connectors) < 2:
        return None
    if target.has_new_status or not _is_comparable(event):
        return None  # what opens a conversation again is something to answer
    return _find_same_message(
        tx, event, lifecycle.message_is_in(target.id), messages.c.address_id != person.address_id
    )


def suggest_same_name(tx: Transaction, person: ContactAddress, event: InboundMessage) -> None:
    """Somebody of the same name who sent the same a moment ago may be the same person."""
    if not person.name or not _is_comparable(event):
        return
    others = [
        one
        for one in match_detection.contacts_named(tx, person.contact_id, person.name)
        if _find_same_message(tx, event, messages.c.contact_id.in_(_linked_contact_ids(one)))
        is not None
    ]
    what = "words" if comparable_text(event.text) else "file"
    match_detection.suggest_same_text(tx, person.contact_id, others, person.name, what)


def comparable_text(text: str) -> str:
    """A text without case, accents and punctuation; empty when it is too short to tell anything."""
    plain = search_index.fold(text)
    return plain if len(plain) >= MIN_CHARACTERS else ""


def _is_comparable(event: InboundMessage) -> bool:
    return bool(comparable_text(event.text)) or (
        not event.text.strip() and bool(_file_signature(event.attachments))
    )


def _find_same_message(
    tx: Transaction, event: InboundMessage, *conditions: ColumnElement[bool]
) -> int | None:
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
        .limit(MAX_LOOKED_AT)
    ).all()
    words = comparable_text(event.text)
    if words:
        return next((row.id for row in rows if comparable_text(row.text) == words), None)
    sent = _files_by_message(tx, [row.id for row in rows if not row.text.strip()])
    wanted = _file_signature(event.attachments)
    return next((row.id for row in rows if sent.get(row.id) == wanted), None)


def _file_signature(given: Sequence[Attachment]) -> list[tuple[str, int]]:
    """What tells files from each other; empty when one of them could be any."""
    found = [
        (one.media_type, one.size)
        for one in given
        if one.size is not None and one.size >= MIN_BYTES and one.medium is not Medium.STICKER
    ]
    return sorted(found) if len(found) == len(given) else []


def _files_by_message(
    tx: Transaction, message_ids: Sequence[int]
) -> dict[int, list[tuple[str, int]]]:
    found: dict[int, list[tuple[str, int]]] = {}
    rows: Sequence[Any] = tx.execute(
        select(attachments.c.message_id, attachments.c.media_type, attachments.c.size).where(
            attachments.c.message_id.in_(message_ids)
        )
    ).all()
    for row in rows:
        found.setdefault(row.message_id, []).append((row.media_type, row.size or 0))
    return {message_id: sorted(files) for message_id, files in found.items()}


def _linked_contact_ids(contact_id: int) -> Any:
    own = contacts.alias()
    return (
        select(contacts.c.id)
        .join(own, own.c.root_id == contacts.c.root_id)
        .where(own.c.id == contact_id)
    )
