"""What the socket layer hands on for a visitor, and what the journal keeps of it.

Visitors never write this form themselves: the session says who they are.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from hub.types import Medium

_Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
#: Made by the visitor's browser, usually a UUID; part of a key of at most 255 characters.
_ClientId = Annotated[str, Field(pattern=r"^[!-~]{1,128}$")]


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("is out of all time") from None


_Time = Annotated[AwareDatetime, AfterValidator(_in_utc)]
_Short = Annotated[str, Field(max_length=500)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Upload(_Part):
    """A file that was uploaded before the message was sent. `size` in bytes."""

    upload: _Id
    name: _Short = ""
    media_type: _Short = ""
    size: int | None = Field(None, ge=0)
    medium: Medium = Medium.FILE


class Visitor(_Part):
    """What the visitor typed about themselves. Asserted, never proved."""

    name: _Short = ""
    email: _Short = ""
    phone: _Short = ""
    locale: _Short = ""
    attributes: dict[_Short, _Short] = Field(default={}, max_length=50)


class Page(_Part):
    """Where the visitor is."""

    url: Annotated[str, Field(max_length=2000)] = ""
    title: _Short = ""
    referrer: Annotated[str, Field(max_length=2000)] = ""


class Message(_Part):
    """One message. `reply_to` is the id of the hub's message that it answers."""

    type: Literal["message"]
    visitor: _Id
    client_id: _ClientId
    text: Annotated[str, Field(max_length=10_000)] = ""
    reply_to: Annotated[str, Field(max_length=128)] = ""
    attachments: tuple[Upload, ...] = Field((), max_length=10)
    sent_at: _Time | None = None
    profile: Visitor = Visitor()
    page: Page | Annotated[str, Field(max_length=2000)] = Page()
    department: _Short = ""
