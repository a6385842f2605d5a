"""Messages, their files and edits, and the deliveries of outgoing messages."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from hub.store.columns import json_field, optional_json_field, table, text_field, time_field

#: The field of `extra` of a message that has nothing but the code or token of a handover: it is not
#: unread and waits for no answer.
ONLY_HANDOVER = "only_handover"
#: The field of `extra` of a message that may get no automatic answer: why not.
NO_AUTO_REPLY = "no_auto_reply"
#: The field of `extra` of a message in a part of its chat: the provider's id of that part.
TOPIC = "topic"


#: The types of rows that are no message of the conversation: one that waits for its time to leave,
#: and one that was taken back before it left. Agents alone see the first, nobody the second.
HELD = "held"
CANCELLED = "cancelled"
#: The fields of `extra` of a message that has not left: when it leaves, and the zone in which the
#: time of a planned one was chosen.
SEND_AT = "send_at"
SEND_ZONE = "send_zone"


class Message(SQLModel, table=True):
    """One message. `contact_id` is the contact whose address sent or received it."""

    __table_args__ = (
        Index("ix_message_timeline", "contact_id", "created_at", "id"),
        Index("ix_message_conversation", "conversation_id", "created_at", "id"),
        Index("ix_message_sync", "conversation_id", "id"),
        Index("ix_message_address", "address_id", "created_at", "id"),
        # Partial on PostgreSQL, too (hub.store.migrate).
        Index("ix_message_uncleaned_html", "id", sqlite_where=text("NOT html_is_clean")),
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
    author_name: str = text_field()
    subject: str = text_field()
    text: str = text_field()
    folded: str = text_field()
    html: str = text_field()
    #: False for rows older than the cleaning of HTML when it comes in.
    html_is_clean: bool = True
    reply_to_id: int | None = Field(default=None, foreign_key="message.id")
    #: The message with the same text or file that came a moment before from another address.
    duplicate_of_id: int | None = Field(default=None, foreign_key="message.id")
    external_id: str | None = None
    client_id: str | None = None
    #: Data without a column of its own: location, card, buttons, reactions, fields of an event.
    extra: dict[str, Any] = json_field({})
    #: The addresses in a mail's To and Cc, as `scheme:path`; empty on channels without copies.
    to: list[str] = json_field([])
    cc: list[str] = json_field([])
    #: Where the customer came from, or which post the message is about: a `MessageOrigin` as JSON.
    origin: dict[str, Any] | None = optional_json_field()
    created_at: datetime = time_field()
    received_at: datetime = time_field()
    edited_at: datetime | None = time_field(null=True)


class MessageEdit(SQLModel, table=True):
    """The text of a message before an edit."""

    __tablename__ = "message_edit"

    id: int | None = Field(default=None, primary_key=True)
    message_id: int = Field(foreign_key="message.id", index=True)
    text: str = text_field()
    created_at: datetime = time_field()


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
    code: str = text_field()
    reason: str = text_field()
    external_code: str = text_field()
    attempts: int = 0
    #: How many of the message's calls the provider has accepted.
    parts_sent: int = 0
    #: From this call on the message leaves one file at a time; none: as the connector composes it.
    singly_from: int | None = None
    maybe_twice: bool = False
    #: Reports of the provider before all parts were sent; they count after the last part.
    reported: dict[str, Any] = json_field({})
    #: When the last try began; no time of the provider for this message is earlier.
    tried_at: datetime | None = time_field(null=True)
    #: When a try with an unknown outcome began; its outcome is looked up before the next try.
    unknown_since: datetime | None = time_field(null=True)
    lease_until: datetime | None = time_field(null=True)
    next_attempt_at: datetime = time_field()
    #: The former destination, and the reason why the message could not go there.
    fallback_from: dict[str, Any] | None = optional_json_field()
    #: When the message follows a visitor who left the page without reading it.
    follow_at: datetime | None = time_field(null=True, index=True)
    created_at: datetime = time_field()
    updated_at: datetime = time_field()


class HeldMessage(SQLModel, table=True):
    """A message that has not left: it waits for the end of the time for undoing it, or for its own.

    Deleting the row decides between leaving and being taken back: the transaction that deletes it
    does the one or the other.
    """

    __tablename__ = "held_message"

    message_id: int = Field(foreign_key="message.id", primary_key=True)
    due_at: datetime = time_field(index=True)
    #: For a message to be sent later: the time on the wall in its zone, which a clock change leaves
    #: as it is. Empty for one that only waits to be undone.
    local_time: str = text_field()
    zone: str = text_field()
    connector: str
    address_id: int = Field(foreign_key="address.id")
    #: The customer's newest message when this one was written.
    after_id: int = 0
    #: Whether it leaves though the customer wrote meanwhile.
    sends_anyway: bool = True
    #: Whether the conversation is resolved when it leaves.
    resolves: bool = False
    #: The agent whose draft it becomes again; None for a service account.
    agent_id: int | None = Field(default=None, foreign_key="agent.id")
    created_at: datetime = time_field()


class Attachment(SQLModel, table=True):
    """A file. `key` is its random name in the media folder; `source` where it comes from."""

    id: int | None = Field(default=None, primary_key=True)
    message_id: int | None = Field(default=None, foreign_key="message.id", index=True)
    contact_id: int | None = Field(default=None, foreign_key="contact.id")
    uploader: str = text_field()
    connector: str | None = None
    medium: str = "file"
    name: str = text_field()
    media_type: str = text_field("application/octet-stream")
    size: int | None = None
    #: In pixels, of a picture whose header says so.
    width: int | None = None
    height: int | None = None
    content_id: str = text_field()
    source: str = text_field()
    key: str = text_field()
    state: str = Field(default="pending", index=True)
    attempts: int = 0
    next_attempt_at: datetime | None = time_field(null=True)
    reason: str = text_field()
    created_at: datetime = time_field()


messages = table(Message)
message_edits = table(MessageEdit)
external_ids = table(ExternalId)
deliveries = table(Delivery)
held_messages = table(HeldMessage)
attachments = table(Attachment)
