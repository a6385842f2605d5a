"""The tables. One class per table, singular, in the words of the product.

Everything that customers said or agents did is kept: nothing here is deleted by a link, an edit, a
merge or a resolve. Ids are integers that grow in the order of commits within one contact.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Index, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from hub.store.columns import UtcDateTime, table


def _time(*, null: bool = False, index: bool = False) -> Any:
    return Field(default=None, sa_type=UtcDateTime, nullable=null, index=index)


def _json(default: Any) -> Any:
    make = type(default)
    return Field(default_factory=make, sa_column=Column(JSON, nullable=False, default=make))


def _text(default: str = "") -> Any:
    return Field(default=default, sa_column=Column(Text, nullable=False, default=default))


# -- people ------------------------------------------------------------------------------------


class Contact(SQLModel, table=True):
    """One person, or one of several records of a person that links hold together.

    `root_id` is the record that stands for the person; a link only changes it, so that an undone
    link gives everything back. Attributes and names stay with the record they were given to.
    """

    id: int | None = Field(default=None, primary_key=True)
    root_id: int | None = Field(default=None, foreign_key="contact.id", index=True)
    name: str = _text()
    avatar_url: str = _text()
    locale: str = _text()
    attributes: dict[str, Any] = _json({})
    created_at: datetime = _time()
    updated_at: datetime = _time()


class Address(SQLModel, table=True):
    """Where a contact can be reached. `evidence` says whether they proved to hold it."""

    __table_args__ = (UniqueConstraint("scheme", "scope", "path"),)

    id: int | None = Field(default=None, primary_key=True)
    contact_id: int = Field(foreign_key="contact.id", index=True)
    scheme: str
    scope: str = ""
    path: str
    evidence: str = "verified"
    created_at: datetime = _time()


class Reach(SQLModel, table=True):
    """What one connector knows of one address: when it last wrote, whether it stopped us."""

    address_id: int = Field(foreign_key="address.id", primary_key=True)
    connector: str = Field(primary_key=True)
    last_inbound_at: datetime | None = _time(null=True)
    last_seen_at: datetime | None = _time(null=True)
    stopped_at: datetime | None = _time(null=True)
    stopped_reason: str = _text()
    #: They said stop themselves: only they can take it back, in the words the channel has for it.
    opted_out: bool = False


class Link(SQLModel, table=True):
    """Why two contacts are one person. An edge between the records, undone by a date."""

    id: int | None = Field(default=None, primary_key=True)
    contact_id: int = Field(foreign_key="contact.id", index=True)
    other_contact_id: int = Field(foreign_key="contact.id", index=True)
    evidence: str
    method: str
    reason: str = _text()
    by: str = _text()
    created_at: datetime = _time()
    undone_at: datetime | None = _time(null=True, index=True)
    undone_by: str = _text()
    #: How the conversations of both stood before: what an undoing goes back to.
    before: dict[str, Any] = _json({})


class Claim(SQLModel, table=True):
    """An address that somebody gave as theirs, in words: it proves nothing, and may suggest."""

    __table_args__ = (Index("ix_claim_address", "scheme", "path"),)

    contact_id: int = Field(foreign_key="contact.id", primary_key=True)
    scheme: str = Field(primary_key=True)
    path: str = Field(primary_key=True)
    #: Where they gave it: `form`, `signature`.
    source: str = _text()
    created_at: datetime = _time()


class Suggestion(SQLModel, table=True):
    """Two records that may be one person, and what a person decided about it."""

    __table_args__ = (UniqueConstraint("contact_id", "other_contact_id"),)

    id: int | None = Field(default=None, primary_key=True)
    #: The lower id of the two, so that a pair is suggested once.
    contact_id: int = Field(foreign_key="contact.id")
    other_contact_id: int = Field(foreign_key="contact.id", index=True)
    evidence: str
    method: str
    reason: str = _text()
    created_at: datetime = _time()
    #: "accept" or "dismiss"; empty while nobody has decided.
    decision: str = ""
    decided_by: str = _text()
    decided_at: datetime | None = _time(null=True)
    link_id: int | None = Field(default=None, foreign_key="link.id")


class Handover(SQLModel, table=True):
    """A one-time invitation to go on elsewhere. Only digests of the token and the code are kept."""

    id: int | None = Field(default=None, primary_key=True)
    conversation_id: int = Field(foreign_key="conversation.id", index=True)
    contact_id: int = Field(foreign_key="contact.id")
    connector: str
    token_digest: str = Field(unique=True)
    code_digest: str = Field(unique=True)
    created_by: str = _text()
    created_at: datetime = _time(index=True)
    expires_at: datetime = _time()
    redeemed_at: datetime | None = _time(null=True, index=True)
    redeemed_address_id: int | None = Field(default=None, foreign_key="address.id")


class HandoverRefusal(SQLModel, table=True):
    """A token or code that was no good: somebody late, somebody mistyping, or somebody guessing."""

    __tablename__ = "handover_refusal"
    __table_args__ = (
        Index("ix_handover_refusal_address", "address_id", "created_at"),
        Index("ix_handover_refusal_connector", "connector", "created_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    connector: str
    #: None where nobody is known yet, as on a page that has just been opened.
    address_id: int | None = Field(default=None, foreign_key="address.id")
    reason: str
    created_at: datetime = _time(index=True)


class ChannelSwitch(SQLModel, table=True):
    """A customer who went on elsewhere, and how soon it was known that it was them."""

    __tablename__ = "channel_switch"

    id: int | None = Field(default=None, primary_key=True)
    conversation_id: int = Field(foreign_key="conversation.id", index=True)
    from_connector: str
    to_connector: str
    recognised_by: str
    #: Whether nobody of the company had to say that it is the same person.
    by_itself: bool
    #: From the first words on the new channel until it was known.
    seconds: float
    created_at: datetime = _time(index=True)


# -- agents ------------------------------------------------------------------------------------


class Agent(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    email: str = Field(unique=True)
    name: str
    role: str = "agent"
    password_hash: str = _text()
    avatar_url: str = _text()
    #: What the agent chose; it holds while `connected_at` says that a socket of theirs is open.
    presence: str = "online"
    connected_at: datetime | None = _time(null=True)
    disabled_at: datetime | None = _time(null=True)
    #: What the router asks: set by an admin, or by the file, which then wins.
    skills: list[str] = _json([])
    languages: list[str] = _json([])
    capacity: float | None = None
    #: When something was last given to them; who waited longest is next.
    assigned_at: datetime | None = _time(null=True)
    created_at: datetime = _time()


class AgentSession(SQLModel, table=True):
    """A signed-in browser. The cookie holds the token; here is only its digest."""

    __tablename__ = "agent_session"

    token_digest: str = Field(primary_key=True)
    agent_id: int = Field(foreign_key="agent.id", index=True)
    csrf_token: str
    created_at: datetime = _time()
    expires_at: datetime = _time(index=True)


class Token(SQLModel, table=True):
    """An API token: acts as its agent, or as an admin service account of its own name."""

    id: int | None = Field(default=None, primary_key=True)
    name: str
    digest: str = Field(unique=True)
    agent_id: int | None = Field(default=None, foreign_key="agent.id")
    created_at: datetime = _time()
    last_used_at: datetime | None = _time(null=True)


class Team(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    created_at: datetime = _time()


class TeamMember(SQLModel, table=True):
    __tablename__ = "team_member"

    team_id: int = Field(foreign_key="team.id", primary_key=True)
    agent_id: int = Field(foreign_key="agent.id", primary_key=True)


class VisitorSession(SQLModel, table=True):
    """A browser on the web chat. The page holds the token; here is only its digest."""

    __tablename__ = "visitor_session"

    id: int | None = Field(default=None, primary_key=True)
    token_digest: str = Field(unique=True)
    connector: str
    visitor: str = Field(index=True)
    locale: str = ""
    #: The `sub` that the site signed for this session; empty while nobody signed.
    identity: str = _text()
    #: When the last page of this session was closed; none while one is open.
    left_at: datetime | None = _time(null=True)
    created_at: datetime = _time()
    expires_at: datetime = _time(index=True)


# -- conversations -----------------------------------------------------------------------------


class Conversation(SQLModel, table=True):
    __table_args__ = (
        Index("ix_conversation_activity", "last_activity_at", "id"),
        # Of the few that were brought into another; what was not is found by the other indexes.
        # PostgreSQL knows as much from its statistics, and naming it here would load its dialect.
        Index(
            "ix_conversation_merged",
            "merged_into_id",
            sqlite_where=text("merged_into_id IS NOT NULL"),
        ),
        Index("ix_conversation_status", "status", "last_activity_at", "id"),
        Index("ix_conversation_assignee", "assignee_id", "status", "last_activity_at", "id"),
        Index("ix_conversation_team", "team_id", "status", "last_activity_at", "id"),
        Index("ix_conversation_contact", "contact_id", "status"),
        Index("ix_conversation_queue", "assignee_id", "status", "queued_at"),
        Index("ix_conversation_unrouted", "status", "rule"),
    )

    id: int | None = Field(default=None, primary_key=True)
    contact_id: int = Field(foreign_key="contact.id")
    status: str = "open"
    assignee_id: int | None = Field(default=None, foreign_key="agent.id")
    #: A merge brought it into this one: it is not work of its own until the merge is undone.
    merged_into_id: int | None = Field(default=None, foreign_key="conversation.id")
    team_id: int | None = Field(default=None, foreign_key="team.id")
    priority: str = "normal"
    subject: str = _text()
    labels: list[str] = _json([])
    connectors: list[str] = _json([])
    unread_count: int = 0
    waiting_since: datetime | None = _time(null=True)
    snoozed_until: datetime | None = _time(null=True)
    resolved_at: datetime | None = _time(null=True)
    last_message_id: int | None = None
    #: Where the customer wrote from last: another address is a switch of channel.
    last_inbound_address_id: int | None = Field(default=None, foreign_key="address.id")
    last_inbound_connector: str | None = None
    #: What whoever has it must know of the last switch, until it is answered.
    context_card: dict[str, Any] | None = Field(
        default=None, sa_column=Column(JSON(none_as_null=True))
    )
    last_activity_at: datetime = _time()
    created_at: datetime = _time()
    updated_at: datetime = _time()
    # What the router keeps. `rule` is None until the rules have looked at it.
    rule: str | None = None
    skills: list[str] = _json([])
    language: str = ""
    department: str = _text()
    #: Since when it is in the queue: a switch of channel or an agent's timeout keeps the place.
    queued_at: datetime | None = _time(null=True)
    #: Until when whoever it was given to must look at it.
    accept_by: datetime | None = _time(null=True, index=True)
    accepted_at: datetime | None = _time(null=True)
    #: How often nobody looked in time, and who let it go: it does not come back to them by itself.
    attempts: int = 0
    not_for: list[int] = _json([])
    # The clocks of the policy that holds. They stand still while `sla_paused_at` is set.
    sla: str | None = None
    first_reply_due: datetime | None = _time(null=True)
    next_reply_due: datetime | None = _time(null=True)
    resolve_due: datetime | None = _time(null=True)
    sla_paused_at: datetime | None = _time(null=True)
    #: When the next warning or breach falls due.
    sla_next_at: datetime | None = _time(null=True, index=True)
    sla_warned: list[str] = _json([])
    #: Of the clocks that run, those that ran out; `sla_breached` is all that ever did.
    sla_overdue: list[str] = _json([])
    sla_breached: list[str] = _json([])


class RoutingDecision(SQLModel, table=True):
    """Why a conversation went to whom it went: every candidate, and what spoke for or against."""

    __tablename__ = "routing_decision"
    __table_args__ = (
        Index("ix_routing_decision_conversation", "conversation_id", "id"),
        Index("ix_routing_decision_team", "team", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    conversation_id: int = Field(foreign_key="conversation.id")
    rule: str = _text()
    team: str = _text()
    agent_id: int | None = Field(default=None, foreign_key="agent.id")
    candidates: list[dict[str, Any]] = _json([])
    #: How long the customer had waited by then.
    waited_seconds: float = 0.0
    decided_at: datetime = _time()


class ConversationLabel(SQLModel, table=True):
    """The labels again, one row each, to filter by."""

    __tablename__ = "conversation_label"

    label: str = Field(primary_key=True)
    conversation_id: int = Field(foreign_key="conversation.id", primary_key=True)


class ConversationConnector(SQLModel, table=True):
    """The connectors again, one row each, to filter by."""

    __tablename__ = "conversation_connector"

    connector: str = Field(primary_key=True)
    conversation_id: int = Field(foreign_key="conversation.id", primary_key=True)


class Message(SQLModel, table=True):
    """One thing said. `contact_id` is the record whose address said or heard it."""

    __table_args__ = (
        Index("ix_message_timeline", "contact_id", "created_at", "id"),
        Index("ix_message_conversation", "conversation_id", "created_at", "id"),
        Index("ix_message_sync", "conversation_id", "id"),
        Index("ix_message_address", "address_id", "created_at", "id"),
        Index("ix_message_external", "address_id", "external_id"),
        Index("ix_message_journal", "journal_id"),
        Index("uq_message_client", "contact_id", "direction", "client_id", unique=True),
    )

    id: int | None = Field(default=None, primary_key=True)
    conversation_id: int = Field(foreign_key="conversation.id")
    contact_id: int = Field(foreign_key="contact.id")
    address_id: int | None = Field(default=None, foreign_key="address.id")
    journal_id: int | None = Field(default=None, foreign_key="journal.id")
    connector: str | None = None
    kind: str | None = None
    direction: str
    type: str = "message"
    author_type: str
    author_id: int | None = None
    author_name: str = _text()
    subject: str = _text()
    text: str = _text()
    folded: str = _text()
    html: str = _text()
    reply_to_id: int | None = Field(default=None, foreign_key="message.id")
    #: The same words or file, sent a moment before from another address.
    duplicate_of_id: int | None = Field(default=None, foreign_key="message.id")
    external_id: str | None = None
    client_id: str | None = None
    #: What has no column of its own: location, card, buttons, reactions, the event's own fields.
    extra: dict[str, Any] = _json({})
    created_at: datetime = _time()
    received_at: datetime = _time()
    edited_at: datetime | None = _time(null=True)


class MessageEdit(SQLModel, table=True):
    """What a message said before it was edited."""

    __tablename__ = "message_edit"

    id: int | None = Field(default=None, primary_key=True)
    message_id: int = Field(foreign_key="message.id", index=True)
    text: str = _text()
    created_at: datetime = _time()


class ExternalId(SQLModel, table=True):
    """The provider's ids of a message, one per part. Ids of one chat may repeat in another."""

    __tablename__ = "external_id"
    __table_args__ = (Index("ix_external_id_message", "message_id", "part"),)

    connector: str = Field(primary_key=True)
    external_id: str = Field(primary_key=True)
    address_id: int = Field(foreign_key="address.id", primary_key=True)
    message_id: int = Field(foreign_key="message.id")
    part: int = 0
    status: str = "sent"


class Delivery(SQLModel, table=True):
    """The life of an outgoing message, and the outbox: one row per message that must leave."""

    __table_args__ = (
        Index("ix_delivery_due", "status", "connector", "next_attempt_at"),
        Index("ix_delivery_line", "address_id", "status", "message_id"),
        Index("ix_delivery_watermark", "address_id", "connector", "tried_at"),
    )

    message_id: int = Field(foreign_key="message.id", primary_key=True)
    connector: str
    address_id: int = Field(foreign_key="address.id")
    status: str = "queued"
    code: str = _text()
    reason: str = _text()
    external_code: str = _text()
    attempts: int = 0
    #: Calls the provider took, of those the message is composed into.
    parts_sent: int = 0
    maybe_twice: bool = False
    #: What the provider reported before all parts had left; it counts once they have.
    reported: dict[str, Any] = _json({})
    #: When the last try began: the provider's clock starts no earlier.
    tried_at: datetime | None = _time(null=True)
    #: A try whose outcome is unknown began then; it is reconciled before the next one.
    unknown_since: datetime | None = _time(null=True)
    lease_until: datetime | None = _time(null=True)
    next_attempt_at: datetime = _time()
    #: Where it was to go before, and why it could not.
    fallback_from: dict[str, Any] | None = Field(
        default=None, sa_column=Column(JSON(none_as_null=True))
    )
    #: When it follows a visitor who left the page without reading it.
    follow_at: datetime | None = _time(null=True, index=True)
    created_at: datetime = _time()
    updated_at: datetime = _time()


class Attachment(SQLModel, table=True):
    """A file. `key` is its random name in the media folder; `source` where it comes from."""

    id: int | None = Field(default=None, primary_key=True)
    message_id: int | None = Field(default=None, foreign_key="message.id", index=True)
    contact_id: int | None = Field(default=None, foreign_key="contact.id")
    uploader: str = _text()
    connector: str | None = None
    medium: str = "file"
    name: str = _text()
    media_type: str = _text("application/octet-stream")
    size: int | None = None
    content_id: str = _text()
    source: str = _text()
    key: str = _text()
    state: str = Field(default="pending", index=True)
    attempts: int = 0
    next_attempt_at: datetime | None = _time(null=True)
    reason: str = _text()
    created_at: datetime = _time()


# -- the machine room --------------------------------------------------------------------------


class Journal(SQLModel, table=True):
    """Every inbound event as it came in: what makes a repeat a repeat, and a replay possible."""

    __table_args__ = (
        UniqueConstraint("connector", "key"),
        Index("ix_journal_status", "status", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    connector: str
    key: str
    status: str = "done"
    path: str = _text()
    media_type: str = _text()
    query: dict[str, Any] = _json({})
    body: bytes = b""
    error: str = _text()
    received_at: datetime = _time()


class ConnectorState(SQLModel, table=True):
    """What a connector must not forget: where it was reading, and who reads."""

    __tablename__ = "connector_state"

    connector: str = Field(primary_key=True)
    cursor: str = _text()
    lease_owner: str = _text()
    lease_until: datetime | None = _time(null=True)
    updated_at: datetime = _time()


class AppliedConfig(SQLModel, table=True):
    """The configuration in force, one row: what `hub plan` compares a file with."""

    __tablename__ = "applied_config"

    id: int | None = Field(default=None, primary_key=True)
    version: int
    config: dict[str, Any] = _json({})
    applied_at: datetime = _time()


contacts = table(Contact)
addresses = table(Address)
reaches = table(Reach)
links = table(Link)
claims = table(Claim)
suggestions = table(Suggestion)
handovers = table(Handover)
handover_refusals = table(HandoverRefusal)
channel_switches = table(ChannelSwitch)
agents = table(Agent)
agent_sessions = table(AgentSession)
tokens = table(Token)
teams = table(Team)
team_members = table(TeamMember)
visitor_sessions = table(VisitorSession)
conversations = table(Conversation)
routing_decisions = table(RoutingDecision)
conversation_labels = table(ConversationLabel)
conversation_connectors = table(ConversationConnector)
messages = table(Message)
message_edits = table(MessageEdit)
external_ids = table(ExternalId)
deliveries = table(Delivery)
attachments = table(Attachment)
journal = table(Journal)
connector_states = table(ConnectorState)
applied_configs = table(AppliedConfig)
metadata = SQLModel.metadata
