"""Channels whose customers are on pages that this hub serves: live chats.

Such a channel has no provider. The hub opens the page at `/chat/<connector>`, keeps the visitor's
session, checks the identity that a site signed, and shows each stored message on the pages of its
conversation by its own socket. A kind takes part by inheriting from `PageConnector`: it says which
sites may show the page and how it looks, and it reads a visitor's message, which the page layer
writes as a `PageMessage`. So a live chat goes the way of all channels: journal, outbox, receipts.
"""

from __future__ import annotations

import ipaddress
import re
from abc import ABC
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from hub.connectors.base import AnswerT, CallT, ConfigT, Connector
from hub.connectors.page_identity import Identity, IdentityNotConfigured, SignedId
from hub.errors import WebhookRejected
from hub.types import Medium, WebhookRequest

_DEFAULT_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(
    r"(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
    r"(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*"
)


@dataclass(frozen=True, slots=True)
class PageLook:
    """How the chat looks on the page.

    Args:
        title: the text at the top, "" for a greeting in the visitor's language.
        color: of the button and the header, as `#rrggbb`.
        position: the corner of the site's page where the button is.
        languages: the languages the page may speak, the first where none fits; empty: all.
        departments: what a visitor may choose before the first message.
    """

    title: str = ""
    color: str = "#2f5bea"
    position: Literal["left", "right"] = "right"
    languages: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()


class PageConnector(Connector[ConfigT, CallT, AnswerT], ABC):
    """A channel whose customers are on pages of this hub.

    The path of an address is the visitor's id, its scope the connector: two sites never share a
    session. `parse` reads a `PageMessage`. A call that `compose` gives has nothing to do but to say
    which message it is for: the message is on the page as soon as it is stored.
    """

    # -- may override ----------------------------------------------------------------

    @property
    def allowed_origins(self) -> tuple[str, ...]:
        """The sites that may show the chat, as `exact_origin` gives them; the hub always may."""
        return ()

    @property
    def look(self) -> PageLook:
        """How the chat looks on the page."""
        return PageLook(self.config.label)

    @property
    def identity_required(self) -> bool:
        """Whether only visitors whom a site signed in may chat."""
        return False

    def identify(self, proof: str | SignedId, now: datetime) -> Identity:
        """The person that a site says its visitor is.

        Args:
            proof: what the page brought: a JWT, or an id with its hash.
            now: the time at which the proof must be valid.

        Raises:
            IdentityRefused: the proof is not valid, or this chat takes none.
        """
        raise IdentityNotConfigured("This chat has no secret to check an identity with.")

    # -- need not touch ----------------------------------------------------------------

    @property
    def scope(self) -> str:
        """The connector's name: a visitor belongs to one connector."""
        return self.name

    def verify(self, request: WebhookRequest) -> None:
        """Refuses every request: visitors' messages come by the hub's socket, never by webhook."""
        raise WebhookRejected(f"{self.title} speaks over its socket; nobody posts to it.")


# -- a visitor's message, as the page layer writes it ----------------------------------------------

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


class PageUpload(_Part):
    """A file that was uploaded before the message was sent. `size` in bytes.

    Its bytes are on this hub already: an attachment refers to them by `upload:<upload>`.
    """

    upload: _Id
    name: _Short = ""
    media_type: _Short = ""
    size: int | None = Field(None, ge=0)
    medium: Medium = Medium.FILE


class PageVisitor(_Part):
    """What the visitor typed about themselves. Asserted, never proved."""

    name: _Short = ""
    email: _Short = ""
    phone: _Short = ""
    locale: _Short = ""
    attributes: dict[_Short, _Short] = Field(default={}, max_length=50)


class PageView(_Part):
    """The page of the site on which the visitor is."""

    url: Annotated[str, Field(max_length=2000)] = ""
    title: _Short = ""
    referrer: Annotated[str, Field(max_length=2000)] = ""


class PageMessage(_Part):
    """One message of a visitor, in the form that the journal keeps.

    Visitors never write this form themselves: the session names the visitor. `reply_to` is the id
    of the hub's message that this one answers.
    """

    type: Literal["message"]
    visitor: _Id
    client_id: _ClientId
    text: Annotated[str, Field(max_length=10_000)] = ""
    reply_to: Annotated[str, Field(max_length=128)] = ""
    attachments: tuple[PageUpload, ...] = Field((), max_length=10)
    sent_at: _Time | None = None
    profile: PageVisitor = PageVisitor()
    page: PageView | Annotated[str, Field(max_length=2000)] = PageView()
    department: _Short = ""


# -- origins of sites ------------------------------------------------------------------------------


def exact_origin(text: str) -> str:
    """An origin in the very form in which browsers send it.

    Args:
        text: `https://shop.example`, with a port where it is not the default one.

    Raises:
        ValueError: anything but scheme, host and port; a star matches nothing on purpose.

    Source: https://html.spec.whatwg.org/multipage/browsers.html#ascii-serialisation-of-an-origin
    """
    not_exact = ValueError(
        "must be an exact origin such as https://shop.example, without a path and without *"
    )
    try:
        parts = urlsplit(text.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise not_exact from None
    bare = not (parts.path.rstrip("/") or parts.query or parts.fragment or "@" in parts.netloc)
    if parts.scheme not in _DEFAULT_PORTS or not bare:
        raise not_exact
    name = _ascii_host(host)
    if name is None:
        raise not_exact
    shown_port = "" if port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{port}"
    return f"{parts.scheme}://{name}{shown_port}"


def _ascii_host(host: str) -> str | None:
    """A host as it travels, None for text that is no host."""
    if ":" in host:
        try:
            return f"[{ipaddress.IPv6Address(host)}]"
        except ValueError:
            return None
    try:
        name = host.encode("idna").decode() if not host.isascii() else host
    except UnicodeError:
        return None
    return name if _HOST.fullmatch(name) else None


Origin = Annotated[str, AfterValidator(exact_origin)]
