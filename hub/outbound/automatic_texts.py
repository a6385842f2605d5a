"""Automatic texts: sends one in a conversation, and chooses its language."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select

from hub.contacts.contact_addresses import ContactAddress
from hub.conversations import publishing, timeline
from hub.conversations.loaded_conversation import LoadedConversation
from hub.conversations.timeline import NewMessage
from hub.outbound.delivery_queue import queue_delivery
from hub.outbound.destinations import OutboundChannel
from hub.schema import author
from hub.store.engine import Transaction
from hub.store.models import contacts, reaches


def send_automatic_text(
    tx: Transaction,
    conversation: LoadedConversation,
    recipient: ContactAddress,
    channel: OutboundChannel,
    text: str,
    client_id: str | None = None,
) -> int | None:
    """Adds an automatic text to a conversation and queues its delivery.

    The text answers nothing: the conversation still waits for an answer, and what is unread stays
    unread. The caller makes sure that the recipient is no machine.

    Args:
        client_id: a key for a text that is sent once in a conversation.

    Returns:
        The id of the message; None where the text is empty or the address is closed for us.
    """
    if not text or _is_closed(tx, recipient.address_id, channel.name):
        return None
    values = timeline.add_message(
        tx,
        conversation,
        NewMessage(
            contact_address=recipient,
            connector=channel.name,
            kind=channel.kind,
            direction="out",
            author=author.SYSTEM,
            text=text,
            client_id=client_id,
        ),
    )
    queue_delivery(tx, values["id"], recipient, channel)
    publishing.publish_new_message(tx, conversation, values["id"])
    message_id = values["id"]
    assert isinstance(message_id, int)
    return message_id


def text_in_language(texts: Mapping[str, str], *locales: str) -> str:
    """The text for the first locale that has one, else the English text, else any text.

    `pt-BR` is served by `pt-BR`, then by `pt`.

    Args:
        texts: texts by language tag.
        locales: the recipient's locales, the best first; "" counts as unknown.

    Returns:
        The text; "" when there are no texts.
    """
    return texts.get(choose_language(texts, *locales), "")


def choose_language(texts: Mapping[str, str], *locales: str) -> str:
    """The language tag of the text that `text_in_language` returns.

    Returns:
        The tag as `texts` writes it; "" when there are no texts.
    """
    by_tag = {tag.lower(): tag for tag, text in texts.items() if text}
    for locale in (*locales, "en"):
        wanted = locale.replace("_", "-").lower()
        tag = by_tag.get(wanted) or by_tag.get(wanted.partition("-")[0])
        if tag:
            return tag
    return next(iter(by_tag.values()), "")


def find_locales(tx: Transaction, recipient: ContactAddress) -> list[str]:
    """The known locales of a contact, that of the record with this address first."""
    rows = tx.execute(
        select(contacts.c.id, contacts.c.locale).where(
            contacts.c.root_id == recipient.root_id, contacts.c.locale != ""
        )
    ).all()
    return [row.locale for row in sorted(rows, key=lambda row: row.id != recipient.contact_id)]


def _is_closed(tx: Transaction, address_id: int, connector: str) -> bool:
    stopped = tx.execute(
        select(reaches.c.stopped_at).where(
            reaches.c.address_id == address_id,
            reaches.c.connector == connector,
            reaches.c.stopped_at.is_not(None),
        )
    )
    return stopped.first() is not None
