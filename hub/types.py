"""Value types that cross layers: frozen, with aware UTC datetimes and tuples.

Nothing in here knows a provider, a database or the web.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

EMPTY: Mapping[str, str] = MappingProxyType({})


# -- who ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Address:
    """Where one person can be reached, written `scheme:path`.

    `scope` is set where the provider's ids hold for one bot or page only (a Messenger PSID): the
    same path in two scopes is two people.
    """

    scheme: str
    path: str
    scope: str = ""

    def __str__(self) -> str:
        return f"{self.scheme}:{self.path}"

    @classmethod
    def parse(cls, text: str, scope: str = "") -> Address:
        """Reads `tel:+37255512345`. Raises ValueError when there is no scheme or no path."""
        scheme, colon, path = text.partition(":")
        if not (scheme and colon and path):
            raise ValueError(f"{text!r} is not an address: it needs the form scheme:path")
        return cls(scheme, path, scope)


@dataclass(frozen=True, slots=True)
class Profile:
    """What a provider tells about a person. Empty fields are unknown, never a deletion."""

    name: str = ""
    avatar_url: str = ""
    locale: str = ""
    attributes: Mapping[str, str] = field(default_factory=lambda: EMPTY)


# -- what ----------------------------------------------------------------------------------------


class Medium(StrEnum):
    IMAGE = "image"
    AUDIO = "audio"
    VOICE = "voice"
    VIDEO = "video"
    STICKER = "sticker"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came in or goes out.

    Inbound, the bytes are either at hand (`content`) or fetched later from `source`, a reference
    only its connector understands: a URL, a Telegram file id. `source` never holds a secret.
    Outbound, `content` is read when it is needed and `url` is where a provider may fetch it.
    """

    medium: Medium
    name: str = ""
    media_type: str = ""
    size: int | None = None
    source: str = ""
    content: Callable[[], bytes] | None = field(default=None, compare=False, repr=False)
    url: str = field(default="", repr=False)
    content_id: str = ""


@dataclass(frozen=True, slots=True)
class Location:
    latitude: float
    longitude: float
    name: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class ContactCard:
    """A person somebody shared. `own` when the provider proves it is the sender's own number."""

    name: str
    phone: str
    own: bool = False  # vague-name: a public field of the connector contract


# -- what comes in -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundMessage:
    """One thing a customer said.

    Args:
        key: idempotency key, unique in the connector; the same event sent twice has the same key.
        raw: the smallest request body from which `parse` makes this event again: what the journal
            keeps and what a replay reads.
        address: who wrote. `to` is which of our own addresses they wrote to, where that is known.
        external_id: the provider's id, by which replies, edits and receipts refer to it.
        sent_at: the provider's time, None where it gives none.
        text: as it should be read; `full_text` has what was folded away (quotes, signatures).
        html: the mail's own HTML, not yet sanitised.
        reply_to: external id of the message this one answers.
        references: external ids of messages that put this one into a thread, nearest first.
        reply_token: the token of ours that came back in a recipient's address.
        edits: external id of the message whose text this replaces. The old text is kept.
        automatic: an auto-reply: joins its thread as an event, reopens nothing, never opens one.
        authenticated: the address is proved (by the provider, or by mail authentication).
        sent_by_us: somebody answered in the provider's own app (an echo): outgoing, not to be sent.
        extra: what has no field of its own, shown as it is: reactions, buttons, stories.
    """

    key: str
    address: Address
    raw: bytes = field(repr=False)
    external_id: str = ""
    sent_at: datetime | None = None
    text: str = ""
    full_text: str = ""
    html: str = ""
    subject: str = ""
    to: str = ""
    attachments: tuple[Attachment, ...] = ()
    location: Location | None = None
    card: ContactCard | None = None
    profile: Profile = Profile()
    reply_to: str = ""
    references: tuple[str, ...] = ()
    reply_token: str = ""
    handover_token: str = ""
    edits: str = ""
    client_id: str = ""
    automatic: bool = False
    authenticated: bool = True
    sent_by_us: bool = False
    metadata: str = ""
    extra: Mapping[str, str] = field(default_factory=lambda: EMPTY)


class DeliveryStatus(StrEnum):
    """The life of an outgoing message; it only moves forward."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryUpdate:
    """What a provider reports about messages of ours.

    Either `external_ids` (or our own `message_id`) names them, or `up_to` means every message to
    `address` that was sent by then (Messenger's watermarks).
    """

    key: str
    raw: bytes = field(repr=False)
    status: DeliveryStatus
    address: Address | None = None
    external_ids: tuple[str, ...] = ()
    message_id: str = ""
    up_to: datetime | None = None
    at: datetime | None = None
    code: str = ""
    reason: str = ""
    external_code: str = ""
    stopped: bool = False
    note: str = ""


ContactEventName = Literal["started", "stopped", "typing", "read", "referral", "reaction", "help"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactEvent:
    """Something a customer did that is not a message.

    `started` and `stopped` open and close the address for us; `typing` is never stored;
    `referral` carries the handover token of a link that was followed; `reaction` has its emoji in
    `text` (empty: taken back) and the message it is about in `external_id`.
    """

    key: str
    address: Address
    name: ContactEventName
    raw: bytes = field(repr=False)
    at: datetime | None = None
    text: str = ""
    external_id: str = ""
    handover_token: str = ""
    profile: Profile = Profile()


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressMoved:
    """The provider gave a chat another id (a Telegram group that became a supergroup)."""

    key: str
    raw: bytes = field(repr=False)
    address: Address
    new_address: Address


InboundEvent = InboundMessage | DeliveryUpdate | ContactEvent | AddressMoved


# -- what goes out -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundMessage:
    """One reply, with all a connector needs to compose it without asking anybody.

    Args:
        id: our message id; goes along wherever a provider lets us attach one.
        now: the time of composing, because compose has no clock.
        last_inbound_at: the customer's last message from this address, for reply windows.
        written_by_person: False for bots and automatic texts.
        automatic: a text nobody wrote for this occasion (greeting, queue notice): mail marks it so.
        reply_to: external id of the message answered; `references` its thread, nearest first.
        status_url: where the provider reports on this message, our id in its query.
    """

    id: str
    address: Address
    text: str = ""
    html: str = ""
    subject: str = ""
    attachments: tuple[Attachment, ...] = ()
    location: Location | None = None
    buttons: tuple[str, ...] = ()
    author_name: str = ""
    now: datetime
    last_inbound_at: datetime | None = None
    written_by_person: bool = True
    automatic: bool = False
    reply_to: str = ""
    references: tuple[str, ...] = ()
    conversation_id: str = ""
    reply_token: str = ""
    status_url: str = ""
    locale: str = ""


@dataclass(frozen=True, slots=True)
class SendReceipt:
    """The provider took it. `external_id` may be empty where the provider gives none.

    `moved_to` is the address the provider told us to use from now on.
    """

    external_id: str = ""
    status: DeliveryStatus = DeliveryStatus.SENT
    moved_to: Address | None = None


# -- what a channel can do -----------------------------------------------------------------------


class TextUnit(StrEnum):
    """How a channel counts the length of a text."""

    CHARACTERS = "characters"
    UTF16 = "utf16"
    BYTES = "bytes"
    SMS_SEGMENTS = "sms_segments"


@dataclass(frozen=True, slots=True)
class MediumLimit:
    """What a channel takes of one medium. `caption` is the text limit beside it, 0 for none."""

    max_bytes: int
    media_types: tuple[str, ...] = ("*/*",)
    caption: int = 0


@dataclass(frozen=True, slots=True)
class ReplyWindow:
    """Free for `standard` after the customer's last message; a person may write until `human`."""

    standard: timedelta
    human: timedelta | None = None


@dataclass(frozen=True, slots=True)
class RateLimit:
    """`count` messages in `per` seconds."""

    count: float
    per: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a kind can do, as data: the composer, the router and delivery read the same lines.

    Args:
        text_limit: per message as the customer sees it; longer text is split, not refused.
        max_text: what is refused whatever the splitting, None for no bound.
        can_start: whether we may write first to an address that never wrote to us.
        receipts: the statuses a provider reports beyond `sent`.
    """

    text_limit: int
    text_unit: TextUnit
    max_text: int | None = None
    media: Mapping[Medium, MediumLimit] = field(default_factory=dict)
    max_attachments: int = 10
    html: bool = False
    subject: bool = False
    buttons: int = 0
    locations: bool = False
    replies: bool = False
    edits: bool = False
    reactions: bool = False
    typing_in: bool = False
    typing_out: bool = False
    receipts: tuple[DeliveryStatus, ...] = ()
    window: ReplyWindow | None = None
    can_start: bool = False
    rate: RateLimit | None = None
    rate_per_address: RateLimit | None = None


# -- the web, without a framework ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """A provider's request as it came. Header names are in lower case.

    `url` is the address the provider called, made from our public URL, never from a Host header.
    `form` has every field with all its values, blank ones too, in the order they came.
    `path` is what follows `/webhooks/<connector>`: "" or "status".
    """

    method: str
    url: str
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=lambda: EMPTY, repr=False)
    query: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    form: tuple[tuple[str, str], ...] = ()
    path: str = ""


@dataclass(frozen=True, slots=True)
class WebhookReply:
    """What the provider wants to hear. Never echoes what came in, but for a checked challenge."""

    status: int = 200
    body: str = ""
    media_type: str = "text/plain"
