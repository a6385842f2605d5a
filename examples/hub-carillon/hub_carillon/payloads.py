"""Carillon's JSON, in Carillon's own names. Unknown fields are expected: it adds some.

Source: https://carillon.example/docs/webhooks, https://carillon.example/docs/messages
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
#: Milliseconds since 1970, up to the year 2100.
Millis = Annotated[int, Field(strict=True, ge=0, lt=4_102_444_800_000)]


class Payload(BaseModel):
    model_config = ConfigDict(frozen=True)


# -- webhooks --------------------------------------------------------------------------------------


class Sender(Payload):
    id: Id
    name: str = ""


class File(Payload):
    id: Id
    name: str = ""
    type: str = "application/octet-stream"
    size: int | None = Field(None, ge=0)


class Text(Payload):
    id: Id
    text: str = ""
    file: File | None = None
    reply_to: str = ""


class Event(Payload):
    id: Id
    at: Millis

    @property
    def time(self) -> datetime:
        return datetime.fromtimestamp(self.at / 1000, UTC)


class MessageEvent(Event):
    type: Literal["message"]
    sender: Sender = Field(alias="from")
    message: Text


class ReceiptEvent(Event):
    type: Literal["receipt"]
    message: Id
    status: str


class ContactChange(Event):
    """`start` is the word after `?start=` in the link that a customer followed."""

    type: Literal["started", "blocked"]
    sender: Sender = Field(alias="from")
    start: str = ""


EVENTS: dict[str, type[MessageEvent | ReceiptEvent | ContactChange]] = {
    "message": MessageEvent,
    "receipt": ReceiptEvent,
    "started": ContactChange,
    "blocked": ContactChange,
}


class Envelope(Payload):
    """One request: usually one event, more after Carillon could not reach us for a while."""

    events: list[dict[str, Any]] = Field(min_length=1, max_length=100)


# -- answers ---------------------------------------------------------------------------------------


class Accepted(Payload):
    """The answer to a message."""

    id: Id


class Bot(Payload):
    name: str


class ErrorDetails(Payload):
    code: str = ""
    message: str = ""


class ErrorBody(Payload):
    """`{"error": {"code": "blocked", "message": "..."}}`"""

    error: ErrorDetails
