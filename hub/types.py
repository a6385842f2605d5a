"""Value types that all layers use: frozen, with aware UTC datetimes and tuples.

This module knows no provider, no database and no web framework.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

#: The field of `extra` with recipients of a message that are ours too, after commas.
OWN_ALIASES = "own_aliases"

EMPTY: Mapping[str, str] = MappingProxyType({})


# -- people ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Address:
    """Where one person can be reached, written `scheme:path`.

    `scope` is set where the ids of a provider are valid for one bot or page only (a Messenger
    PSID): the same path in two scopes means two people.
    """

    scheme: str
    path: str
    scope: str = ""

    def __str__(self) -> str:
        return f"{self.scheme}:{self.path}"

    @classmethod
    def parse(cls, text: str, scope: str = "") -> Address:
        """Reads an address such as `tel:+37255512345`.

        Raises:
            ValueError: the text has no scheme or no path.
        """
        scheme, colon, path = text.partition(":")
        if not (scheme and colon and path):
            raise ValueError(f"{text!r} is not an address: it needs the form scheme:path")
        return cls(scheme, path, scope)


@dataclass(frozen=True, slots=True)
class Profile:
    """The data of a provider about a person. An empty field is unknown; it deletes nothing."""

    name: str = ""
    avatar_url: str = ""
    locale: str = ""
    attributes: Mapping[str, str] = field(default_factory=lambda: EMPTY)


# -- content -------------------------------------------------------------------------------------


class Medium(StrEnum):
    IMAGE = "image"
    AUDIO = "audio"
    VOICE = "voice"
    VIDEO = "video"
    STICKER = "sticker"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Attachment:
    """An incoming or outgoing file.

    Inbound, `content` has the bytes, or they are fetched later from `source`: a reference for the
    connector, such as a URL or a Telegram file id. `source` never contains a secret. Outbound,
    `content` reads the bytes when a connector needs them, and providers may fetch them from `url`.
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
    """A contact card that a customer sent. `own`: the provider proves that the card is theirs."""

    name: str
    phone: str
    own: bool = False  # vague-name: a public field of the connector contract


MessageOriginKind = Literal["ad", "link", "story", "post", "product", "start"]


@dataclass(frozen=True, slots=True)
class MessageOrigin:
    """Where a customer came from, or which post of ours their message is about.

    Args:
        kind: `ad`, `link` (of a referral), `story`, `post`, `product`, or `start` (a bot's link).
        ref: the reference that we gave the link or the ad, or the provider's id of the post.
    """

    kind: MessageOriginKind
    title: str = ""
    ref: str = ""
    url: str = ""


# -- what comes in -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundMessage:
    """One message of a customer.

    Args:
        key: idempotency key, unique in the connector; the same event sent twice has the same key.
        raw: the smallest request body from which `parse` makes this event again: the journal
            stores it and a replay reads it.
        address: the sender. `to` is our own address that they wrote to, where that is known.
        external_id: the provider's id, by which replies, edits and receipts refer to the message.
        sent_at: the provider's time; None where the provider gives none.
        text: the text to show; `full_text` also has the parts that are folded away (quotes,
            signatures).
        html: the mail's own HTML.
        html_is_clean: whether `html` went through `clean_html` already; else the hub does that.
        reply_to: external id of the message this one answers.
        topic: the provider's id of the part of the chat that it stands in; answers go there.
        references: external ids of the earlier messages of the same thread, nearest first.
        reply_token: our token that came back in the address of the recipient.
        edits: external id of the message whose text this replaces. The old text is kept.
        automatic: a machine wrote it. It becomes an event of its conversation, and neither opens
            nor reopens one; without a conversation it is kept in the quiet list. With
            `sent_by_us`: a robot of the provider's side, whose answer ends no waiting.
        no_auto_reply: why a message, also a person's, may not be answered automatically; "" if it
            may.
        authenticated: the provider, or mail authentication, proves the address.
        sent_by_us: an agent answered in the provider's own app (an echo): the message is outgoing
            and already sent.
        recipients: the addresses in a mail's To, ours among them; `cc` those in its Cc.
        origin: where the customer came from, or which post of ours the message is about.
        extra: data without a field of its own, shown as it is: reactions, buttons, stories.
    """

    key: str
    address: Address
    raw: bytes = field(repr=False)
    external_id: str = ""
    sent_at: datetime | None = None
    text: str = ""
    full_text: str = ""
    html: str = ""
    html_is_clean: bool = False
    subject: str = ""
    to: str = ""
    recipients: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    origin: MessageOrigin | None = None
    attachments: tuple[Attachment, ...] = ()
    location: Location | None = None
    card: ContactCard | None = None
    profile: Profile = Profile()
    reply_to: str = ""
    topic: str = ""
    references: tuple[str, ...] = ()
    reply_token: str = ""
    handover_token: str = ""
    edits: str = ""
    client_id: str = ""
    automatic: bool = False
    no_auto_reply: str = ""
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
    """A provider's report about messages that we sent.

    Either `external_ids` or our `message_id` names the messages, or `up_to` means all messages to
    `address` that were sent until then (Messenger's watermarks).
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


ContactEventName = Literal[
    "started", "stopped", "typing", "read", "referral", "reaction", "help", "unsent"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactEvent:
    """An action of a customer that is not a message.

    `started` and `stopped` allow and forbid messages to the address. `typing` is never stored.
    `referral` and `started` have the handover token of a link that the customer followed, or where
    they came from (`origin`), which is noted at their next message, and the `topic`, as a message
    has it. `reaction` has its emoji in `text` (empty: removed) and the id of its message in
    `external_id`. `unsent` says that the sender took the message `external_id` back. `help` and
    `started` have the word that was written in `text`.
    """

    key: str
    address: Address
    name: ContactEventName
    raw: bytes = field(repr=False)
    at: datetime | None = None
    text: str = ""
    external_id: str = ""
    handover_token: str = ""
    topic: str = ""
    origin: MessageOrigin | None = None
    profile: Profile = Profile()


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressMoved:
    """The provider gave a chat another id (a Telegram group that became a supergroup)."""

    key: str
    raw: bytes = field(repr=False)
    address: Address
    new_address: Address


InboundEvent = InboundMessage | DeliveryUpdate | ContactEvent | AddressMoved


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableEvent:
    """One event of a request that cannot be read, beside others that can.

    It is journaled as failed, and the provider gets its 2xx: the same event again would change
    nothing, and would hold up those behind it.

    Args:
        key: as that of an inbound message.
        raw: the smallest request body that has this event, as far as it can be cut out.
        reason: what is wrong with its form, without its values.
    """

    key: str
    raw: bytes = field(repr=False)
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IgnoredEvent:
    """One event of a request that the hub can read and has no use for, beside others.

    It is journaled as ignored, so that an admin can see that it came.

    Args:
        key: as that of an inbound message.
        raw: the smallest request body that has this event.
        reason: a sentence for the admin, without values of the event.
    """

    key: str
    raw: bytes = field(repr=False)
    reason: str = ""


#: An event that is kept in the journal alone.
JournalOnlyEvent = UnreadableEvent | IgnoredEvent
ParsedEvent = InboundEvent | JournalOnlyEvent


# -- what goes out -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SentMessage:
    """A message that the customer has, to be changed or taken back there.

    Args:
        external_ids: the provider's ids of its parts, in the order in which they left.
        text: as the customer has it.
        attachments: its files, without their bytes.
        age: how long ago it left, because no connector may read a clock.
    """

    address: Address
    external_ids: tuple[str, ...]
    text: str
    attachments: tuple[Attachment, ...] = ()
    age: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundMessage:
    """One reply, with all data that a connector needs to compose it.

    Args:
        id: our message id; sent along where a provider allows an id of ours.
        now: the time of composing, because `compose` must not read a clock.
        last_inbound_at: the customer's last message from this address, for reply windows.
        written_by_person: False for bots and automatic texts.
        automatic: a text that the hub sends on its own (greeting, queue notice); mail is marked so.
        reply_to: external id of the answered message; `references` those of its thread, nearest
            first.
        topic: the provider's id of the part of the chat that the answered message, or the
            customer's last one, stands in; "" for none.
        to, cc: the recipients, where the channel has copies; without `to` it is `address` alone.
        status_url: the URL for the provider's reports about this message; its query has our id.
    """

    id: str
    address: Address
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
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
    topic: str = ""
    references: tuple[str, ...] = ()
    conversation_id: str = ""
    reply_token: str = ""
    status_url: str = ""
    locale: str = ""


@dataclass(frozen=True, slots=True)
class SendReceipt:
    """The provider accepted a message. `external_id` is empty where the provider gives none.

    `moved_to` is the new address that the provider told us to use. `note` is a sentence for the
    agents about a message that went otherwise than it was to.
    """

    external_id: str = ""
    status: DeliveryStatus = DeliveryStatus.SENT
    moved_to: Address | None = None
    note: str = ""


# -- capabilities --------------------------------------------------------------------------------


class TextUnit(StrEnum):
    """How a channel counts the length of a text."""

    CHARACTERS = "characters"
    UTF16 = "utf16"
    BYTES = "bytes"
    SMS_SEGMENTS = "sms_segments"


@dataclass(frozen=True, slots=True)
class MediumLimit:
    """The limits of a channel for one medium. `caption`: the limit of the text with it, 0: none."""

    max_bytes: int
    media_types: tuple[str, ...] = ("*/*",)
    caption: int = 0


@dataclass(frozen=True, slots=True)
class ReplyWindow:
    """How long after the customer's last message a reply is allowed.

    `standard` holds for every message, `human` for messages that a person wrote.
    """

    standard: timedelta
    human: timedelta | None = None


@dataclass(frozen=True, slots=True)
class RateLimit:
    """`count` messages in `per` seconds."""

    count: float
    per: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """The abilities of a kind, as data for the composer, the router and delivery.

    Args:
        text_limit: of one message as the customer sees it; longer text is split, not refused.
        max_text: longer text is refused, also if split; None for no limit.
        subject: whether messages have subjects and name the ones before them; only then `subject`
            and `references` of an outgoing message are filled.
        copies: whether a message has further recipients, as `to` and `cc` name them.
        can_start: whether we may send the first message to an address.
        edit, retract: whether a message that was sent can be changed, or taken back, where the
            customer has it; `Edits` and `Retracts` have the calls.
        receipts: the statuses a provider reports beyond `sent`.
        throttles_addresses: whether "too many requests" is about the address that was written to.
            Otherwise it is about the whole connector, which then pauses.
    """

    text_limit: int
    text_unit: TextUnit
    max_text: int | None = None
    media: Mapping[Medium, MediumLimit] = field(default_factory=dict)
    max_attachments: int = 10
    html: bool = False
    subject: bool = False
    copies: bool = False
    buttons: int = 0
    locations: bool = False
    replies: bool = False
    edits: bool = False
    reactions: bool = False
    typing_in: bool = False
    typing_out: bool = False
    edit: bool = False
    retract: bool = False
    receipts: tuple[DeliveryStatus, ...] = ()
    window: ReplyWindow | None = None
    can_start: bool = False
    rate: RateLimit | None = None
    rate_per_address: RateLimit | None = None
    throttles_addresses: bool = False


# -- the web, without a framework ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """A request of a provider. Header names are in lower case.

    `url` is the called URL, made from our public URL and never from a Host header. `form` has every
    field with all its values, also empty ones, in the order of the request.
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
    """The answer to a provider. It repeats no part of the request but a verified challenge."""

    status: int = 200
    body: str = ""
    media_type: str = "text/plain"
