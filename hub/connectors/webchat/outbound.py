"""A message of the hub as a call to the visitor's pages.

Limits: 10,000 characters a message, 25 MB a file; the hub's own, as there is no provider.
"""

from __future__ import annotations

from dataclasses import dataclass

from hub.errors import ResponseUnexpected, Unsupported
from hub.types import Address, Medium, MediumLimit, OutboundMessage, SendReceipt

TEXT_LIMIT = 10_000
MAX_BYTES = 25 * 1024 * 1024
MAX_FILES = 10

MEDIA = {medium: MediumLimit(MAX_BYTES, caption=TEXT_LIMIT) for medium in Medium}


@dataclass(frozen=True, slots=True)
class SocketCall:
    """Show this message on the visitor's pages. It is stored already: the id is enough."""

    address: Address
    message_id: str


@dataclass(frozen=True, slots=True)
class SocketTyping:
    """Show on the visitor's pages that an agent is writing, or no longer is."""

    address: Address
    on: bool


def compose_message(message: OutboundMessage) -> list[SocketCall]:
    """The call for a message, none where there is nothing in it.

    Raises:
        Unsupported: a limit is exceeded, or the page cannot show a part of the message.
    """
    if len(message.text) > TEXT_LIMIT:
        raise Unsupported(f"text over {TEXT_LIMIT} characters")
    if message.location:
        raise Unsupported("a location")
    if len(message.attachments) > MAX_FILES:
        raise Unsupported(f"more than {MAX_FILES} files")
    if any((attachment.size or 0) > MAX_BYTES for attachment in message.attachments):
        raise Unsupported("a file over 25 MB")
    if not message.text.strip() and not message.attachments:
        return []
    return [SocketCall(message.address, message.id)]


def accept_answer(answer: SocketCall | SocketTyping) -> SendReceipt:
    """The receipt for a call. Raises ResponseUnexpected for an answer that is not a call."""
    if isinstance(answer, SocketTyping):
        return SendReceipt()
    if not isinstance(answer, SocketCall):
        raise ResponseUnexpected("Web chat answers with the call itself.")
    return SendReceipt(external_id=answer.message_id)
