"""Web chat. There is no provider: the hub's own socket is the channel.

A visitor's message reaches `parse` in the form of `payloads`, made by the socket layer once the
session is known to be theirs; a reply becomes one `SocketCall`, which the socket layer carries to
every page of the session. So web chat goes the way of all channels: journal, outbox, receipts.

Limits: 10,000 characters a message, 25 MB a file; ours, as there is nobody else's.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationError, model_validator

from hub.connectors.base import Connector, ConnectorConfig
from hub.connectors.page_identity import Identity, SignedId, read_identity
from hub.connectors.webchat.payloads import Message, Page, Upload, Visitor
from hub.errors import PayloadInvalid, ResponseUnexpected, Unsupported, WebhookRejected
from hub.types import (
    Address,
    Attachment,
    Capabilities,
    DeliveryStatus,
    InboundEvent,
    InboundMessage,
    Medium,
    MediumLimit,
    OutboundMessage,
    Profile,
    SendReceipt,
    TextUnit,
    WebhookRequest,
)

TEXT_LIMIT = 10_000
MAX_BYTES = 25 * 1024 * 1024

_DEFAULT_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(
    r"(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
    r"(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*"
)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")


def exact_origin(text: str) -> str:
    """An origin in the very form in which browsers send it.

    Raises:
        ValueError: anything but scheme, host and port; a star matches nothing on purpose.

    Source: https://html.spec.whatwg.org/multipage/browsers.html#ascii-serialisation-of-an-origin
    """
    wrong = ValueError(
        "must be an exact origin such as https://shop.example, without a path and without *"
    )
    try:
        parts = urlsplit(text.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise wrong from None
    bare = not (parts.path.rstrip("/") or parts.query or parts.fragment or "@" in parts.netloc)
    if parts.scheme not in _DEFAULT_PORTS or not bare:
        raise wrong
    name = _host(host)
    if name is None:
        raise wrong
    shown = "" if port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{port}"
    return f"{parts.scheme}://{name}{shown}"


def _host(host: str) -> str | None:
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


def _language(text: str) -> str:
    if not _LANGUAGE.fullmatch(text):
        raise ValueError("must be a language tag such as en, ar or pt-BR")
    return text


class WebchatConfig(ConnectorConfig):
    """The options of `kind: webchat`. None is required."""

    allowed_origins: tuple[Annotated[str, AfterValidator(exact_origin)], ...] = Field(
        (),
        description="The sites that may show the widget, as exact origins; "
        "without any it is shown on the hub's own chat page only.",
        examples=[["https://shop.example"]],
    )
    identity_secret: SecretStr | None = Field(
        None, description="The key with which a site signs who its visitor is."
    )
    identity: Literal["optional", "required"] = Field(
        "optional",
        description="`required` lets nobody chat whom the site did not sign in; "
        "needs `identity_secret`.",
    )
    title: str = Field(
        "",
        max_length=60,
        description="What stands at the top of the chat; the label or a greeting by default.",
    )
    color: str = Field(
        "#2f5bea",
        pattern=r"^#[0-9a-fA-F]{6}$",
        description="The button's and the header's colour, as `#rrggbb`.",
    )
    position: Literal["left", "right"] = Field(
        "right", description="The corner of the page where the button is."
    )
    languages: tuple[Annotated[str, AfterValidator(_language)], ...] = Field(
        (),
        description="Languages the widget may speak, the first where none fits; "
        "all it knows by default.",
        examples=[["en", "ar"]],
    )
    departments: tuple[Annotated[str, Field(min_length=1, max_length=40)], ...] = Field(
        (),
        max_length=8,
        description="What a visitor may choose before the first message; a condition of routing.",
        examples=[["Orders", "Returns"]],
    )

    @model_validator(mode="after")
    def _a_required_identity_can_be_checked(self) -> Self:
        if self.identity == "required" and not self.identity_secret:
            raise ValueError("identity: required needs identity_secret")
        return self


@dataclass(frozen=True, slots=True)
class SocketCall:
    """Show this message on the visitor's pages. It is stored already: the id is enough."""

    address: Address
    message_id: str


@dataclass(frozen=True, slots=True)
class SocketTyping:
    """Show on the visitor's pages that somebody is writing, or no longer is."""

    address: Address
    on: bool


class Webchat(Connector[WebchatConfig]):
    kind = "webchat"
    title = "Web chat"
    scheme = "webchat"
    Config = WebchatConfig
    capabilities = Capabilities(
        text_limit=TEXT_LIMIT,
        text_unit=TextUnit.CHARACTERS,
        max_text=TEXT_LIMIT,
        media={medium: MediumLimit(MAX_BYTES, caption=TEXT_LIMIT) for medium in Medium},
        replies=True,
        typing_in=True,
        typing_out=True,
        receipts=(DeliveryStatus.DELIVERED, DeliveryStatus.READ),
    )

    @property
    def scope(self) -> str:
        """A visitor belongs to one connector: two sites never share a session."""
        return self.name

    def verify(self, request: WebhookRequest) -> None:
        """Nothing is ever posted for web chat."""
        raise WebhookRejected("Web chat speaks over its socket; nobody posts to it.")

    def parse(self, request: WebhookRequest) -> Sequence[InboundEvent]:
        try:
            payload = Message.model_validate_json(request.body)
        except ValidationError as error:
            raise PayloadInvalid(_where(error)) from None
        return [self._message(payload, request.body)]

    def compose(self, message: OutboundMessage) -> Sequence[SocketCall]:
        if len(message.text) > TEXT_LIMIT:
            raise Unsupported(f"text over {TEXT_LIMIT} characters")
        if message.location:
            raise Unsupported("a location")
        if len(message.attachments) > self.capabilities.max_attachments:
            raise Unsupported(f"more than {self.capabilities.max_attachments} files")
        if any((attachment.size or 0) > MAX_BYTES for attachment in message.attachments):
            raise Unsupported("a file over 25 MB")
        if not message.text.strip() and not message.attachments:
            return []
        return [SocketCall(message.address, message.id)]

    def typing(self, address: Address, on: bool) -> Sequence[SocketTyping]:
        return [SocketTyping(address, on)]

    def transmit(self, call: Any) -> Any:
        """The call is its own answer: a reply is sent once it is stored for the session."""
        return call

    def accept(self, call: Any, response: Any) -> SendReceipt:
        if isinstance(response, SocketTyping):
            return SendReceipt()
        if not isinstance(response, SocketCall):
            raise ResponseUnexpected("Web chat answers with the call itself.")
        return SendReceipt(external_id=response.message_id)

    def check(self) -> str:
        sites = ", ".join(self.config.allowed_origins) or "the hub's own chat page"
        return f"Shown on {sites}."

    def identify(self, given: str | SignedId, now: datetime) -> Identity:
        """Who the site says its visitor is, by a JWT or by an id with its hash.

        Raises:
            IdentityRefused: it proves nothing, or there is no `identity_secret`.
        """
        secret = self.config.identity_secret
        return read_identity(given, secret.get_secret_value() if secret else "", now)

    def handover_link(self, token: str, code: str) -> str:
        # After the hash, so that the token is in no server's log and in no referrer.
        return f"{self.site.public_url}/chat/{self.name}#resume={token}"

    # -- private -------------------------------------------------------------------------------

    def _message(self, payload: Message, raw: bytes) -> InboundMessage:
        return InboundMessage(
            key=f"{payload.visitor}:{payload.client_id}",
            raw=raw,
            address=self.address(payload.visitor),
            client_id=payload.client_id,
            sent_at=payload.sent_at,
            text=payload.text,
            reply_to=payload.reply_to,
            attachments=tuple(_attachment(upload) for upload in payload.attachments),
            profile=_profile(payload.profile),
            extra=_page(payload.page) | _department(payload.department),
        )


def _attachment(upload: Upload) -> Attachment:
    return Attachment(
        medium=upload.medium,
        name=upload.name,
        media_type=upload.media_type,
        size=upload.size,
        source=f"upload:{upload.upload}",
    )


def _profile(visitor: Visitor) -> Profile:
    typed = {"email": visitor.email, "phone": visitor.phone}
    return Profile(
        name=visitor.name,
        locale=visitor.locale,
        attributes={**visitor.attributes, **{key: value for key, value in typed.items() if value}},
    )


def _page(page: Page | str) -> dict[str, str]:
    if isinstance(page, str):
        page = Page(url=page)
    found = {"page": page.url, "page_title": page.title, "referrer": page.referrer}
    return {key: value for key, value in found.items() if value}


def _department(chosen: str) -> dict[str, str]:
    return {"department": chosen} if chosen else {}


def _where(error: ValidationError) -> str:
    """Which part is wrong, without a word of what the visitor wrote."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(str(step) for step in first["loc"][:3]) or "body"
    return f"Not a web chat event: {place[:100]} ({first['type']})."
