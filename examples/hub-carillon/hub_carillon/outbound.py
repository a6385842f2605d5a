"""A message of the hub as bodies of Carillon's messages.

Limits: https://carillon.example/docs/messages (text 2000 characters, images 10 MB, files 20 MB)
"""

from __future__ import annotations

from typing import Any

from hub.connector_kit import (
    Attachment,
    Medium,
    MediumLimit,
    OutboundMessage,
    Unsupported,
    split_text,
)

TEXT_LIMIT = 2000
MEGABYTE = 1024 * 1024
MEDIA = {
    Medium.IMAGE: MediumLimit(10 * MEGABYTE, ("image/jpeg", "image/png"), caption=TEXT_LIMIT),
    Medium.FILE: MediumLimit(20 * MEGABYTE, caption=TEXT_LIMIT),
}


def message_bodies(message: OutboundMessage) -> list[dict[str, Any]]:
    """The bodies in order, each with one file or one piece of text. Raises Unsupported."""
    if message.location:
        raise Unsupported("a location")
    if message.buttons:
        raise Unsupported("buttons")
    for file in message.attachments:
        _check_file(file)
    texts = split_text(message.text, TEXT_LIMIT)
    bodies: list[dict[str, Any]] = [
        {"text": texts.pop(0) if texts and not number else "", "file_url": file.url}
        for number, file in enumerate(message.attachments)
    ]
    bodies += [{"text": text} for text in texts]
    if bodies and message.reply_to:
        bodies[0]["reply_to"] = message.reply_to
    # Carillon takes one `ref` once: a message that is sent again arrives once.
    return [
        {"to": message.address.path, "ref": f"{message.id}-{number}", **body}
        for number, body in enumerate(bodies)
    ]


def _check_file(file: Attachment) -> None:
    limit = MEDIA.get(file.medium)
    if limit is None:
        raise Unsupported(f"{file.medium.value} files")
    if file.size is not None and file.size > limit.max_bytes:
        raise Unsupported(f"files over {limit.max_bytes // MEGABYTE} MB")
