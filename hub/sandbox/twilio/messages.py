"""Twilio's message resources and their JSON.

Source: https://www.twilio.com/docs/messaging/api/message-resource
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from hub.sandbox.base.screen import Media

Json = dict[str, Any]
VERSION = "2010-04-01"

# The GSM 03.38 alphabet: characters of one unit and of two; any other makes the text UCS-2.
GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_DOUBLE = frozenset("^{}\\[~]|€\f")


class TwilioError(Exception):
    """An error answer of the REST API."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message

    def as_json(self) -> Json:
        return {
            "code": self.code,
            "message": self.message,
            "more_info": f"https://www.twilio.com/docs/errors/{self.code}",
            "status": self.status,
        }


def segments(text: str) -> int:
    """Counts the SMS that a text takes. No character is split over two of them."""
    if all(character in GSM or character in GSM_DOUBLE for character in text):
        sizes = [2 if character in GSM_DOUBLE else 1 for character in text]
        single_size, part_size = 160, 153
    else:
        sizes = [2 if ord(character) > 0xFFFF else 1 for character in text]
        single_size, part_size = 70, 67
    if sum(sizes) <= single_size:
        return 1
    count, used = 1, 0
    for size in sizes:
        if used + size > part_size:
            count, used = count + 1, 0
        used += size
    return count


@dataclass
class Message:
    """A message resource, inbound or outbound."""

    sid: str
    account_sid: str
    direction: str
    sender: str
    to: str
    body: str
    status: str
    created: datetime
    media: dict[str, Media] = field(default_factory=dict)
    callback: str = ""
    error_code: int | None = None
    sent: datetime | None = None
    reported: list[str] = field(default_factory=list)

    @property
    def uri(self) -> str:
        return f"/{VERSION}/Accounts/{self.account_sid}/Messages/{self.sid}"

    def as_json(self) -> Json:
        """Returns the resource: numbers as strings but for error_code, dates as in RFC 2822."""
        return {
            "account_sid": self.account_sid,
            "api_version": VERSION,
            "body": self.body,
            "date_created": format_datetime(self.created),
            "date_sent": self.sent and format_datetime(self.sent),
            "date_updated": format_datetime(self.sent or self.created),
            "direction": self.direction,
            "error_code": self.error_code,
            "error_message": None,
            "from": self.sender,
            "messaging_service_sid": None,
            "num_media": str(len(self.media)),
            "num_segments": str(segments(self.body)),
            "price": None,
            "price_unit": "USD",
            "sid": self.sid,
            "status": self.status,
            "subresource_uris": {"media": f"{self.uri}/Media.json"},
            "to": self.to,
            "uri": f"{self.uri}.json",
        }

    def media_json(self, sid: str) -> Json:
        return {
            "account_sid": self.account_sid,
            "content_type": self.media[sid].media_type,
            "date_created": format_datetime(self.created),
            "date_updated": format_datetime(self.created),
            "parent_sid": self.sid,
            "sid": sid,
            "uri": f"{self.uri}/Media/{sid}.json",
        }


def new_sid(prefix: str) -> str:
    """Makes the id of a resource: two letters for its type and 32 hex digits."""
    return prefix + secrets.token_hex(16)
