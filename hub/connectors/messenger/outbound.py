"""A message of the hub as bodies of the Send API.

Limits: https://developers.facebook.com/docs/messenger-platform/reference/send-api (text),
https://developers.facebook.com/docs/messenger-platform/send-messages/quick-replies (buttons),
https://developers.facebook.com/docs/messenger-platform/policy/policy-overview (reply window)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from hub.connectors.text import split_text
from hub.errors import Unsupported, WindowClosed
from hub.types import Attachment, Medium, MediumLimit, OutboundMessage, ReplyWindow, TextUnit

#: The unit is not documented; UTF-16 is the strictest that could be meant.
TEXT_LIMIT = 2000
QUICK_REPLIES = 13
TITLE_LIMIT = 20
FILE_BYTES = 25 * 1024 * 1024
WINDOW = ReplyWindow(timedelta(hours=24), timedelta(days=7))

MEDIA = {
    Medium.IMAGE: MediumLimit(FILE_BYTES, ("image/*",)),
    Medium.STICKER: MediumLimit(FILE_BYTES, ("image/*",)),
    Medium.AUDIO: MediumLimit(FILE_BYTES, ("audio/*",)),
    Medium.VOICE: MediumLimit(FILE_BYTES, ("audio/*",)),
    Medium.VIDEO: MediumLimit(FILE_BYTES, ("video/*",)),
    Medium.FILE: MediumLimit(FILE_BYTES),
}
TYPES = {
    Medium.IMAGE: "image",
    Medium.STICKER: "image",
    Medium.AUDIO: "audio",
    Medium.VOICE: "audio",
    Medium.VIDEO: "video",
    Medium.FILE: "file",
}


@dataclass(frozen=True, slots=True)
class Part:
    """One message of the Send API.

    Args:
        content: its `message`.
        file: the file to upload with it, None where the content has a URL or a text.
    """

    content: Mapping[str, Any] = field(repr=False)
    file: Attachment | None = None


def message_parts(message: OutboundMessage) -> list[Part]:
    """The messages that carry a message: Messenger takes a text or one file in each.

    Raises:
        Unsupported: Messenger cannot carry a part of it.
    """
    if message.location:
        raise Unsupported("a location")
    if len(message.buttons) > QUICK_REPLIES:
        raise Unsupported(f"more than {QUICK_REPLIES} buttons")
    for file in message.attachments:
        check_size(file, file.size or 0)
    contents: list[tuple[dict[str, Any], Attachment | None]] = [
        ({"text": piece}, None) for piece in split_text(message.text, TEXT_LIMIT, TextUnit.UTF16)
    ]
    contents += [({"attachment": _attachment(file)}, file) for file in message.attachments]
    if not contents:
        raise Unsupported("a message without text or attachment")
    if message.buttons:
        # Shown only under the last message, and gone with the next one.
        contents[-1][0]["quick_replies"] = [_quick_reply(title) for title in message.buttons]
    return [
        Part({**content, "metadata": message.id}, file if file and file.content else None)
        for content, file in contents
    ]


def messaging_type(message: OutboundMessage) -> dict[str, str]:
    """The type and tag under which Meta's policy allows a message at `message.now`.

    RESPONSE for a day after the customer's last message; then, for a week, a person may go on as a
    human agent, which the policy forbids inside the day and to automatic texts.

    Raises:
        WindowClosed: the policy allows no message now.
    """
    since = message.now - message.last_inbound_at if message.last_inbound_at else None
    if since is None:
        raise WindowClosed("On Messenger the customer has to write first.")
    if since <= WINDOW.standard:
        return {"messaging_type": "RESPONSE"}
    if WINDOW.human is None or since > WINDOW.human:
        raise WindowClosed(
            "More than 7 days passed since this customer last wrote, and Messenger then takes "
            "nothing: answer on another channel, or wait until they write again."
        )
    if not message.written_by_person:
        raise WindowClosed(
            "More than 24 hours passed since this customer last wrote, and Messenger then takes "
            "only what a person wrote."
        )
    return {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}


def check_size(file: Attachment, size: int) -> None:
    """Raises Unsupported for a file that is larger than Messenger takes. `size` in bytes."""
    if size > MEDIA[file.medium].max_bytes:
        raise Unsupported(f"a {file.medium} over {FILE_BYTES // 1024 // 1024} MB")


def _attachment(file: Attachment) -> dict[str, Any]:
    if file.content is not None:
        return {"type": TYPES[file.medium], "payload": {}}
    if not file.url:
        raise Unsupported("a file that is not at hand")
    return {"type": TYPES[file.medium], "payload": {"url": file.url}}


def _quick_reply(title: str) -> dict[str, str]:
    shown = title if len(title) <= TITLE_LIMIT else title[: TITLE_LIMIT - 1] + "…"
    return {"content_type": "text", "title": shown, "payload": title[:1000]}
