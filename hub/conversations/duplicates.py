"""Finds messages that repeat a message from another address of the same customer.

The same text, or the same file, within minutes is one message to answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

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

_IS_COMPARED = (messages.c.direction == "in", messages.c.type == "message")


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
    content = _content_of_event(tx, event)
    if conversation.has_new_status or content is None:
        return None  # a message that opens a conversation again has to be answered
    return _find_same_message(
        tx,
        content,
        lifecycle.message_is_in(conversation.id),
        messages.c.address_id != sender.address_id,
    )


def came_by_another_way(
    tx: Transaction, connector: str, sender: ContactAddress, event: InboundMessage, at: datetime
) -> bool:
    """Whether a mail is here already, and one of the two only has more words around the same ones.

    A list or a gateway on one of two ways adds a footer or a warning, so that the keys of the same
    mail differ; its id, sender, time and files do not.
    """
    if not (event.recipients and event.external_id and event.sent_at):
        return False
    rows = tx.execute(
        select(messages.c.id, messages.c.text, messages.c.folded).where(
            messages.c.address_id == sender.address_id,
            messages.c.external_id == event.external_id,
            messages.c.connector == connector,
            messages.c.created_at == at,
            *_IS_COMPARED,
        )
    ).all()
    text = "".join((event.full_text or event.text).split())
    files = sorted(file.name for file in event.attachments)
    for row in rows:
        known_text = "".join((row.folded or row.text).split())
        is_longer = bool(known_text) and known_text != text and known_text in text
        is_shorter = bool(text) and known_text != text and text in known_text
        if (is_longer or is_shorter) and files == _file_names(tx, row.id):
            return True
    return False


def _file_names(tx: Transaction, message_id: int) -> list[str]:
    names = tx.execute(select(attachments.c.name).where(attachments.c.message_id == message_id))
    return sorted(names.scalars())


def suggest_same_name(tx: Transaction, sender: ContactAddress, event: InboundMessage) -> None:
    """Suggests contacts of the sender's name that sent the same text or file a moment ago."""
    content = _content_of_event(tx, event)
    if content is not None:
        _suggest_same_content(tx, sender.contact_id, sender.name, [content])


def suggest_for_new_name(tx: Transaction, contact_id: int, name: str) -> None:
    """Suggests contacts with a name that became known after messages had come.

    Args:
        contact_id: the contact that has the name now; its last messages are compared with what the
            others sent within minutes of each.
    """
    rows = tx.execute(
        select(messages.c.id, messages.c.text, messages.c.received_at)
        .where(messages.c.contact_id == contact_id, *_IS_COMPARED)
        .order_by(messages.c.created_at.desc(), messages.c.id.desc())
        .limit(MAX_COMPARED)
    ).all()
    files = _files_by_message(tx, [row.id for row in rows if not row.text.strip()])
    contents = [
        Content(comparable_text(row.text), files.get(row.id, []), row.received_at) for row in rows
    ]
    _suggest_same_content(tx, contact_id, name, [content for content in contents if content])


def comparable_text(text: str) -> str:
    """A text without case, accents and punctuation; empty where it is too short to compare."""
    folded = search_index.fold(text)
    return folded if len(folded) >= MIN_CHARACTERS else ""


@dataclass(frozen=True, slots=True)
class Content:
    """What is compared of a message: its text, or its files where it has no text.

    It is false where neither can be compared.

    Args:
        text: as `comparable_text` returns it.
        files: the media type and the size in bytes of each file, sorted.
        at: when the message arrived.
    """

    text: str
    files: list[tuple[str, int]]
    at: datetime

    def __bool__(self) -> bool:
        return bool(self.text or self.files)

    @property
    def kind(self) -> str:
        """`words` or `file`, for the sentence of a suggestion."""
        return "words" if self.text else "file"


def _content_of_event(tx: Transaction, event: InboundMessage) -> Content | None:
    files = [] if event.text.strip() else _file_signature(event.attachments)
    return Content(comparable_text(event.text), files, tx.now) or None


def _suggest_same_content(
    tx: Transaction, contact_id: int, name: str, contents: Sequence[Content]
) -> None:
    """Suggests the contacts with a name that sent one of these contents within minutes of it."""
    if not name or not contents:
        return
    for other_id in match_detection.contacts_named(tx, contact_id, name):
        is_of_other = messages.c.contact_id.in_(_select_linked_contacts(other_id))
        for content in contents:
            if _find_same_message(tx, content, is_of_other) is not None:
                match_detection.suggest_same_text(tx, contact_id, other_id, name, content.kind)
                break


def _find_same_message(
    tx: Transaction, content: Content, *conditions: ColumnElement[bool]
) -> int | None:
    """The id of the newest message with the same content within minutes, under conditions."""
    rows = tx.execute(
        select(messages.c.id, messages.c.text)
        .where(
            *conditions,
            *_IS_COMPARED,
            messages.c.duplicate_of_id.is_(None),
            messages.c.received_at.between(content.at - WITHIN, content.at + WITHIN),
        )
        .order_by(messages.c.id.desc())
        .limit(MAX_COMPARED)
    ).all()
    if content.text:
        return next((row.id for row in rows if comparable_text(row.text) == content.text), None)
    files = _files_by_message(tx, [row.id for row in rows if not row.text.strip()])
    return next((row.id for row in rows if files.get(row.id) == content.files), None)


def _file_signature(files: Sequence[Attachment]) -> list[tuple[str, int]]:
    """The media types and sizes of files; empty when one of them could be any file."""
    return _signature((file.media_type, file.size, file.medium) for file in files)


def _signature(files: Iterable[tuple[str, int | None, str]]) -> list[tuple[str, int]]:
    """The same of files by media type, size and medium."""
    signature = []
    for media_type, size, medium in files:
        if size is None or size < MIN_BYTES or medium == Medium.STICKER:
            return []
        signature.append((media_type, size))
    return sorted(signature)


def _files_by_message(
    tx: Transaction, message_ids: Sequence[int]
) -> dict[int, list[tuple[str, int]]]:
    """The media types and sizes of the files of messages."""
    files: dict[int, list[tuple[str, int | None, str]]] = {}
    rows = tx.execute(
        select(
            attachments.c.message_id,
            attachments.c.media_type,
            attachments.c.size,
            attachments.c.medium,
        ).where(attachments.c.message_id.in_(message_ids))
    )
    for row in rows:
        files.setdefault(row.message_id, []).append((row.media_type, row.size, row.medium))
    return {message_id: _signature(signature) for message_id, signature in files.items()}


def _select_linked_contacts(contact_id: int) -> Select[tuple[int]]:
    """Selects the ids of all contacts that are joined to a contact, with its own."""
    contact = contacts.alias()
    return (
        select(contacts.c.id)
        .join(contact, contact.c.root_id == contacts.c.root_id)
        .where(contact.c.id == contact_id)
    )
