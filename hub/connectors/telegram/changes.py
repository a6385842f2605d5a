"""Changes of a message that the customer has: another text, or taken back.

Source: https://core.telegram.org/bots/api#editmessagetext,
https://core.telegram.org/bots/api#editmessagecaption,
https://core.telegram.org/bots/api#deletemessage (within 48 hours)
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hub.connectors.http import HttpResponse
from hub.connectors.telegram.errors import is_missing, is_unchanged
from hub.connectors.telegram.outbound import (
    CAPTION_LIMIT,
    TEXT_LIMIT,
    BotCall,
    compose_message,
)
from hub.connectors.text import utf16_length
from hub.errors import Unsupported
from hub.types import OutboundMessage, SentMessage

#: No part of a message depends on the time.
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DELETABLE_FOR = timedelta(hours=48)


def edit_calls(message: SentMessage, text: str) -> list[BotCall]:
    """The call that gives a message another text, or another caption.

    Raises:
        Unsupported: the text went in several parts, has no part of its own, or is too long.
    """
    parts = _parts(message)
    with_text = [
        (call, external_id)
        for call, external_id in zip(parts, message.external_ids, strict=False)
        if "text" in call.options or "caption" in call.options
    ]
    if len(with_text) != 1 or len(parts) != len(message.external_ids):
        raise Unsupported(
            "the change",
            "This message left in several parts, which Telegram cannot change as one. "
            "Send a correction instead.",
        )
    ((call, external_id),) = with_text
    is_caption = "caption" in call.options
    limit = CAPTION_LIMIT if is_caption else TEXT_LIMIT
    if not text.strip() or utf16_length(text) > limit:
        raise Unsupported(
            "the text", f"Telegram takes a new text of 1 to {limit} characters for this message."
        )
    method = "edit_message_caption" if is_caption else "edit_message_text"
    field = "caption" if is_caption else "text"
    options = {"message_id": int(external_id), field: text.strip()}
    return [BotCall(method, message.address.path, options)]


def delete_calls(message: SentMessage) -> list[BotCall]:
    """The calls that delete all parts of a message.

    Raises:
        Unsupported: it is too old, or an album.
    """
    if message.age >= DELETABLE_FOR:
        raise Unsupported(
            "the deletion",
            "Telegram lets a bot delete a message within 48 hours, and this one is older.",
        )
    parts = _parts(message)
    if any(call.method == "send_media_group" for call in parts) or len(parts) != len(
        message.external_ids
    ):
        raise Unsupported(
            "the deletion",
            "Telegram names one message of an album only, so it cannot be deleted as a whole.",
        )
    chat = message.address.path
    return [
        BotCall("delete_message", chat, {"message_id": int(external_id)})
        for external_id in message.external_ids
    ]


def is_done_already(call: BotCall, response: HttpResponse) -> bool:
    """Whether Telegram refused a change because the message is as it should be."""
    if call.method == "delete_message":
        return is_missing(response)
    return call.method in ("edit_message_text", "edit_message_caption") and is_unchanged(response)


def _parts(message: SentMessage) -> list[BotCall]:
    """The calls by which a message left, as they are composed today."""
    return compose_message(
        OutboundMessage(
            id="",
            address=message.address,
            text=message.text,
            attachments=message.attachments,
            now=EPOCH,
        )
    )
