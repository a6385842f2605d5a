"""The JSON shapes of the API and of every event: one model each, unknown fields forbidden.

Ids are strings, times RFC 3339 in UTC. The front end's types are generated from these.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
)

from hub.types import DeliveryStatus, Medium, MessageOriginKind

Id = Annotated[str, BeforeValidator(str)]
OptionalId = Annotated[str | None, BeforeValidator(lambda v: None if v is None else str(v))]
#: Far from the ends of the calendar, where nothing can be added and no zone be changed.
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
LATEST = datetime(9000, 1, 1, tzinfo=UTC)


def _in_utc(moment: datetime) -> datetime:
    if not EARLIEST <= moment <= LATEST:
        raise ValueError("a time between the years 1900 and 9000 is needed")
    return moment.astimezone(UTC)


#: A time in a request, with any zone; it is kept in UTC.
Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]

Status = Literal["open", "pending", "snoozed", "resolved"]
Priority = Literal["low", "normal", "high", "urgent"]
Presence = Literal["online", "away", "offline"]
Role = Literal["agent", "admin"]
MessageType = Literal["message", "note", "event"]
Evidence = Literal["verified", "asserted", "inferred", "agent"]


class Shape(BaseModel):
    # A model is compiled at its first use: most hubs use a part of them.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Contact(Shape):
    id: Id
    name: str
    avatar_url: str
    attributes: dict[str, Any]
    created_at: datetime


class Agent(Shape):
    id: Id
    name: str
    email: str
    role: Role
    presence: Presence
    avatar_url: str


class Team(Shape):
    id: Id
    name: str


class Attachment(Shape):
    id: Id
    name: str
    media_type: str
    size: int | None
    #: In pixels, of a stored picture: a page keeps room for it before it has loaded.
    width: int | None = None
    height: int | None = None
    url: str
    state: Literal["pending", "stored", "too_large", "failed"]
    medium: Medium
    reason: str = ""


class Author(Shape):
    type: Literal["contact", "agent", "bot", "system"]
    id: OptionalId
    name: str


class FallbackFrom(Shape):
    """Where a message was to go before it went elsewhere, and why it could not."""

    address: str
    connector: str
    kind: str
    code: str
    reason: str


class Delivery(Shape):
    status: DeliveryStatus
    code: str
    reason: str
    attempts: int
    maybe_twice: bool
    fallback_from: FallbackFrom | None


class Location(Shape):
    latitude: float
    longitude: float
    name: str = ""
    address: str = ""


class Card(Shape):
    name: str
    phone: str
    own: bool = False  # vague-name: field of the API


class Reaction(Shape):
    emoji: str
    by: Literal["contact", "agent"]


class Edit(Shape):
    """What a message said until `at`."""

    text: str
    at: datetime


class MessageOrigin(Shape):
    """Where a customer came from, or which post of a page their message is about."""

    kind: MessageOriginKind
    title: str
    ref: str
    url: str


class Recipients(Shape):
    """The recipients of an answer, as `scheme:path`; none where the channel has no copies."""

    to: list[str]
    cc: list[str]


class Message(Shape):
    id: Id
    conversation_id: Id
    contact_id: Id
    direction: Literal["in", "out"]
    type: MessageType
    connector: str | None
    kind: str | None
    address: str | None
    to: list[str]
    cc: list[str]
    origin: MessageOrigin | None
    subject: str
    text: str
    folded: str
    html: str
    attachments: list[Attachment]
    location: Location | None
    card: Card | None
    buttons: list[str]
    reactions: list[Reaction]
    event: dict[str, Any] | None
    mentions: list[Id] = []
    extra: dict[str, Any] = {}
    reply_to: OptionalId
    duplicate_of: OptionalId
    author: Author
    send_at: datetime | None = None
    delivery: Delivery | None
    external_id: str | None
    client_id: str | None
    edits: list[Edit]
    edited_at: datetime | None
    created_at: datetime
    received_at: datetime


class Draft(Shape):
    """What an agent is writing. `version` counts its changes; 0 where it was never saved.

    `cc` null stands for the copies of the mail answered. `address` and `contact_id` are those of a
    new message, whose `conversation_id` is null.
    """

    id: OptionalId
    conversation_id: OptionalId
    type: Literal["reply", "note", "new"]
    text: str = ""
    connector: str | None = None
    attachments: list[Attachment] = []
    subject: str = ""
    cc: list[str] | None = None
    bcc: list[str] = []
    format: Literal["plain", "markdown"] = "plain"
    mentions: list[Id] = []
    reply_to: OptionalId = None
    address: str = ""
    contact_id: OptionalId = None
    version: int
    updated_at: datetime | None


class WritingSettings(Shape):
    """How an agent likes to send.

    `undo_seconds` is how long a message of theirs can be undone; with `ask_if_new` they are asked
    before an answer leaves that was written before something came in.
    """

    undo_seconds: int = 0
    ask_if_new: bool = True


class Place(Shape):
    """One address as one connector reaches it."""

    connector: str
    kind: str
    address: str


class Given(Shape):  # vague-name: model of the API
    """Something the customer gave already, and need not be asked for again."""

    type: Literal["file", "order", "email", "phone", "name", "form"]
    text: str
    message_id: OptionalId = None


class ContextCard(Shape):
    """What an agent must know when a customer goes on elsewhere."""

    model_config = ConfigDict(extra="forbid", frozen=True, serialize_by_alias=True)

    from_: Place = Field(alias="from")
    to: Place
    switched_at: datetime
    open_question: str
    given: list[Given]  # vague-name: field of the API
    waiting_since: datetime | None


class Sla(Shape):
    """When the next answers are due. A clock that does not run, or has ended, is null."""

    first_reply_due: datetime | None
    next_reply_due: datetime | None
    resolve_due: datetime | None
    breached: list[Literal["first_reply", "next_reply", "resolve"]]


class Conversation(Shape):
    id: Id
    contact: Contact
    status: Status
    assignee: Agent | None
    team: Team | None
    priority: Priority
    subject: str
    labels: list[str]
    connectors: list[str]
    last_message: Message | None
    unread_count: int
    waiting_since: datetime | None
    snoozed_until: datetime | None
    created_at: datetime
    updated_at: datetime
    context_card: ContextCard | None
    sla: Sla | None
    merged_into: Id | None


class ReachableAddress(Shape):
    """An address of a contact as one connector can use it.

    `present` says whether a page is open at it; null where there are no pages. `fallback` is where
    an answer would go if this address could not carry it now; null for nowhere.
    """

    address: str
    connector: str
    kind: str
    evidence: Evidence
    reachable: bool
    reason: str
    window_closes_at: datetime | None
    human_window_closes_at: datetime | None
    last_seen_at: datetime | None
    present: bool | None
    fallback: Place | None


class Link(Shape):
    id: Id
    contact_id: Id
    other_contact_id: Id
    addresses: list[str]
    evidence: Evidence
    method: str
    reason: str
    by: str
    created_at: datetime
    undone_at: datetime | None


class Suggestion(Shape):
    """Somebody who may be the same person, and why."""

    id: Id
    contact: Contact
    evidence: Evidence
    method: str
    reason: str
    created_at: datetime


class Handover(Shape):
    """An invitation. `qr` is a picture of `url`, as a data URI of an SVG."""

    id: Id
    connector: str
    url: str
    code: str
    qr: str
    expires_at: datetime


class HandoverRecord(Shape):
    """A handover as it is remembered: its token and code were shown once and are not kept."""

    id: Id
    connector: str
    created_by: str
    created_at: datetime
    expires_at: datetime
    redeemed_at: datetime | None


class SwitchCount(Shape):
    """How often customers went from one connector to another."""

    model_config = ConfigDict(extra="forbid", frozen=True, serialize_by_alias=True)

    from_: str = Field(alias="from")
    to: str
    count: int


class HandoverTally(Shape):
    """Invitations to another channel. `refused` counts tokens and codes that were no good."""

    made: int  # vague-name: field of the API
    redeemed: int
    refused: int


class SwitchReport(Shape):
    """Customers who went on elsewhere; `recognised` those whom nobody had to recognise.

    `median_seconds` and `slow_seconds` (nine of ten took no longer) from their first words on the
    new channel until it was known who they are; null when there were none.
    """

    since: datetime
    switches: int
    recognised: int
    median_seconds: float | None
    slow_seconds: float | None
    ways: list[SwitchCount]
    handovers: HandoverTally
    merges_undone: int


class SearchResult(Shape):
    type: Literal["message", "contact"]
    message: Message | None = None
    contact: Contact | None = None
    conversation_id: OptionalId = None
    snippet: str = ""


class JournalEntry(Shape):
    """`reason` says why an entry is `failed` or `ignored`; `error` is its former name."""

    id: Id
    connector: str
    key: str
    status: Literal["done", "failed", "ignored"]
    reason: str
    error: str
    message_id: OptionalId
    received_at: datetime


class QuietMessage(Shape):
    """What a machine wrote and no conversation was for."""

    id: Id
    connector: str
    sender: str
    subject: str
    reason: str
    received_at: datetime


class CannedReply(Shape):
    """A text to answer with. Those of one owner with the same shortcut are versions of one.

    `is_from_file` says that `connectors.yaml` has it; `may_change` whether the reader may.
    """

    id: Id
    shortcut: str
    title: str
    text: str
    scope: Literal["own", "team", "all"]
    team: OptionalId
    language: str
    kinds: list[str]
    attachments: list[Attachment]
    owner: str
    is_from_file: bool
    may_change: bool
    used: int
    last_used_at: datetime | None
    created_at: datetime
    updated_at: datetime


class RenderedReply(Shape):
    """A canned reply for one conversation; `id` is of the version that was chosen.

    `missing` are the variables without a value, which are blanks (`⟦name⟧`) in `text`.
    """

    id: Id
    text: str
    missing: list[str]
    attachments: list[Attachment]


class Macro(Shape):
    """A named list of steps, each `{do, ...}`. `may_change` says whether the reader may."""

    id: Id
    name: str
    scope: Literal["own", "team", "all"]
    team: OptionalId
    steps: list[dict[str, Any]]
    owner: str
    may_change: bool
    used: int
    last_used_at: datetime | None
    created_at: datetime
    updated_at: datetime


class PreviewedStep(Shape):
    """What a step would do now: `text` as it would be written, `problem` why it cannot be done."""

    step: dict[str, Any]
    text: str
    missing: list[str]
    attachments: list[Attachment]
    problem: str


class MacroPreview(Shape):
    steps: list[PreviewedStep]


class FailedStep(Shape):
    """A step that was not done; `index` is its place in the macro, from 0."""

    step: dict[str, Any]
    index: int
    reason: str


class MacroRun(Shape):
    """What a run of a macro did. `undo` is for `POST /undo/{undo}`."""

    done: list[dict[str, Any]]  # vague-name: field of the API
    failed: list[FailedStep]
    undo: Id
    messages: list[Message]


class UndoneField(Shape):
    """A field of a conversation whose value went back."""

    conversation_id: Id
    field: str


class KeptField(Shape):
    """A field of a conversation that stays as it is, and why."""

    conversation_id: Id
    field: str
    code: Literal["changed", "merged", "impossible"]
    reason: str


class UndoReport(Shape):
    """What undoing put back, and what it left."""

    undone: list[UndoneField]
    kept: list[KeptField]  # vague-name: field of the API


class JobFailure(Shape):
    """A conversation that a job did not change, and why."""

    id: Id
    reason: str


class Job(Shape):
    """A change of many conversations, and how far it is.

    `done` are those that it changed; `undo` undoes them all. `finished_at` is null while it is
    under way.
    """

    id: Id
    total: int
    done: int  # vague-name: field of the API
    failed: list[JobFailure]
    undo: Id
    created_at: datetime
    finished_at: datetime | None


class MediumLimit(Shape):
    max_bytes: int
    media_types: list[str]
    caption: int


class Window(Shape):
    standard_seconds: float
    human_seconds: float | None


class Capabilities(Shape):
    text_limit: int
    text_unit: Literal["characters", "utf16", "bytes", "sms_segments"]
    max_text: int | None
    media: dict[str, MediumLimit]
    max_attachments: int
    can_start: bool
    edit: bool
    retract: bool
    typing_out: bool
    window: Window | None


class Connector(Shape):
    name: str
    kind: str
    label: str
    state: Literal["ok", "attention", "disabled"]
    last_error: str
    capabilities: Capabilities | None
    #: A person's consent opens it: an admin can connect it (`POST /connectors/{name}/connect`).
    needs_consent: bool


class JournalSummary(Shape):
    """What came in by a connector and became nothing but an entry of the journal.

    `failed` and `ignored` count among the latest thousand of each; `last_*` are of the newest.
    """

    failed: int
    ignored: int
    last_status: Literal["failed", "ignored"] | None
    last_reason: str
    last_at: datetime | None


class ListedConnector(Connector):
    """`journal` is for admins, null for all others."""

    journal: JournalSummary | None


class Notification(Shape):
    """What an agent is told of a conversation. `text` are the first words of its message.

    `sla` tells of the clock that is named in `clock`.
    """

    id: Id
    kind: Literal["message", "assigned", "mention", "sla"]
    conversation_id: Id
    message_id: OptionalId
    contact_name: str
    connector: str | None
    author: str
    text: str
    clock: str
    count: int
    told_at: datetime
