"""The events of the hub, one class per event, and their recipients.

An event is published after the commit of the change that it tells. Agents get all events; a
customer's page gets only the messages of its own address, without internal fields.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal

from hub.notices import NoticeCode
from hub.schema.resources import (
    Agent,
    Author,
    Connector,
    Contact,
    ContextCard,
    Conversation,
    Draft,
    Id,
    Job,
    Link,
    Message,
    Notification,
    OptionalId,
    Presence,
    Shape,
)
from hub.types import Address


class MessageCreated(Shape):
    name: ClassVar[str] = "message.created"
    message: Message
    conversation: Conversation


class MessageUpdated(Shape):
    name: ClassVar[str] = "message.updated"
    message: Message
    conversation: Conversation


class ConversationCreated(Shape):
    name: ClassVar[str] = "conversation.created"
    conversation: Conversation


class ConversationUpdated(Shape):
    """`context_card` is the conversation's own: what to know after a switch of channel."""

    name: ClassVar[str] = "conversation.updated"
    conversation: Conversation
    context_card: ContextCard | None


class ContactUpdated(Shape):
    name: ClassVar[str] = "contact.updated"
    contact: Contact


class ContactLinked(Shape):
    name: ClassVar[str] = "contact.linked"
    link: Link
    contact_ids: list[Id]


class ContactUnlinked(Shape):
    name: ClassVar[str] = "contact.unlinked"
    link: Link
    contact_ids: list[Id]


class Typing(Shape):
    name: ClassVar[str] = "typing"
    conversation_id: Id
    author: Author
    on: bool


class ConversationViewed(Shape):
    """Who has a conversation open."""

    name: ClassVar[str] = "conversation.viewed"
    conversation_id: OptionalId
    agent: Agent


class PresenceChanged(Shape):
    name: ClassVar[str] = "presence"
    agent: Agent
    presence: Presence


class ConnectorUpdated(Shape):
    name: ClassVar[str] = "connector.updated"
    connector: Connector


class SlaWarning(Shape):
    """A clock of the policy runs out soon."""

    name: ClassVar[str] = "sla.warning"
    conversation: Conversation
    clock: Literal["first_reply", "next_reply", "resolve"]
    due: datetime


class SlaBreached(Shape):
    """A clock of the policy ran out."""

    name: ClassVar[str] = "sla.breached"
    conversation: Conversation
    clock: Literal["first_reply", "next_reply", "resolve"]
    due: datetime


class JobUpdated(Shape):
    """How far a change of many conversations is; for the agent who asked for it."""

    name: ClassVar[str] = "job.updated"
    job: Job


class NoticesChanged(Shape):
    """What is wrong with the hub as a whole, now; sent after connecting, too."""

    name: ClassVar[str] = "notices"
    codes: list[NoticeCode]


class DraftUpdated(Shape):
    """What an agent is writing changed; their own screens alone get it."""

    name: ClassVar[str] = "draft.updated"
    conversation_id: OptionalId
    draft: Draft


class Resync(Shape):
    """Events may have been missed: ask `sync`, and load the lists again."""

    name: ClassVar[str] = "resync"


class QueueChanged(Shape):
    name: ClassVar[str] = "queue"
    position: int
    wait_seconds: int | None


class NotificationCreated(Shape):
    """Something is for this agent, sent to the agent's own screens.

    `sound` and `browser` say what the agent and the hour allow; `hide_text` that a notification
    outside of the page shows no words of the message.
    """

    name: ClassVar[str] = "notification.created"
    notification: Notification
    sound: str | None
    browser: bool
    hide_text: bool


class NotificationUpdated(Shape):
    """The message of a notification was edited; nothing rings."""

    name: ClassVar[str] = "notification.updated"
    notification: Notification


class NotificationCleared(Shape):
    """The agent has seen these, on whatever screen, or there is nothing to see any more."""

    name: ClassVar[str] = "notification.cleared"
    ids: list[Id]
    conversation_ids: list[Id]


class NotificationTest(Shape):
    """The agent asked to hear and see what a notification is like."""

    name: ClassVar[str] = "notification.test"
    sound: str


Payload = (
    MessageCreated
    | MessageUpdated
    | ConversationCreated
    | ConversationUpdated
    | ContactUpdated
    | ContactLinked
    | ContactUnlinked
    | Typing
    | ConversationViewed
    | PresenceChanged
    | ConnectorUpdated
    | SlaWarning
    | SlaBreached
    | QueueChanged
    | JobUpdated
    | NoticesChanged
    | DraftUpdated
    | Resync
    | NotificationCreated
    | NotificationUpdated
    | NotificationCleared
    | NotificationTest
)

#: The field of `extra` of a message that an agent took back, with the agent's name, and the field
#: that its customer's page gets in its place.
RETRACTED_BY = "retracted_by"
RETRACTED = "retracted"

#: Makes a link by which a file can be fetched without an account: from its id and name.
MediaUrl = Callable[[str, str], str]

ALL: tuple[type[Shape], ...] = (
    MessageCreated,
    MessageUpdated,
    ConversationCreated,
    ConversationUpdated,
    ContactUpdated,
    ContactLinked,
    ContactUnlinked,
    Typing,
    ConversationViewed,
    PresenceChanged,
    ConnectorUpdated,
    SlaWarning,
    SlaBreached,
    QueueChanged,
    JobUpdated,
    NoticesChanged,
    DraftUpdated,
    Resync,
    NotificationCreated,
    NotificationUpdated,
    NotificationCleared,
    NotificationTest,
)


@dataclass(frozen=True, slots=True)
class Event:
    """An event with its recipients, and with facts for the parts of this process.

    Args:
        payload: what is sent.
        address: the web chat address whose page gets the event, too.
        to_agents: False for what only a customer's page gets.
        agent_id: the only agent whose screens get the event; None for those of all.
        begins_waiting: the message of the event is the one since which the customer waits.
        has_queued_delivery: the message of the event is queued for delivery.
    """

    payload: Payload
    address: Address | None = None
    to_agents: bool = True
    agent_id: int | None = None
    begins_waiting: bool = False
    has_queued_delivery: bool = False

    @property
    def name(self) -> str:
        return self.payload.name


def for_customer(payload: Payload, address: str, media_url: MediaUrl) -> Payload:
    """The same event as the customer at `address` may see it.

    Labels, priority and the customer's other channels stay inside.
    """
    if isinstance(payload, MessageCreated | MessageUpdated):
        return payload.model_copy(
            update={
                "message": message_for_customer(payload.message, media_url),
                "conversation": conversation_for_customer(payload.conversation, address, media_url),
            }
        )
    if isinstance(payload, ConversationCreated | ConversationUpdated):
        shown = conversation_for_customer(payload.conversation, address, media_url)
        return (
            ConversationCreated(conversation=shown)
            if isinstance(payload, ConversationCreated)
            else ConversationUpdated(conversation=shown, context_card=None)
        )
    return payload


def conversation_for_customer(
    conversation: Conversation, address: str, media_url: MediaUrl
) -> Conversation:
    """A conversation as the customer at an address may see it."""
    last = conversation.last_message
    is_shown = last is not None and last.address == address and last.type == "message"
    return conversation.model_copy(
        update={
            "contact": conversation.contact.model_copy(
                update={"name": "", "avatar_url": "", "attributes": {}}
            ),
            "assignee": agent_for_customer(conversation.assignee),
            "team": None,
            "priority": "normal",
            "labels": [],
            "connectors": [],
            "subject": "",
            "unread_count": 0,
            "last_message": message_for_customer(last, media_url) if is_shown and last else None,
            "context_card": None,
            "sla": None,
            "merged_into": None,
        }
    )


def message_for_customer(message: Message, media_url: MediaUrl) -> Message:
    """A message as its customer may see it, with links to its files that need no account."""
    delivery = message.delivery
    if RETRACTED_BY in message.extra:
        # The team keeps what it said; its customer has it no longer.
        message = message.model_copy(update={"text": "", "folded": "", "attachments": []})
    files = [
        file.model_copy(update={"url": media_url(file.id, file.name)})
        for file in message.attachments
    ]
    return message.model_copy(
        update={
            "external_id": None,
            "duplicate_of": None,
            "attachments": files,
            "edits": [],
            # Only agents may fetch a mail's pictures; the customer has its text and its files.
            "html": "",
            "extra": {RETRACTED: "yes"} if RETRACTED_BY in message.extra else {},
            "author": _author_for_customer(message.author),
            "delivery": delivery
            and delivery.model_copy(
                update={"code": "", "reason": "", "attempts": 0, "fallback_from": None}
            ),
        }
    )


def _author_for_customer(author: Author) -> Author:
    # The customer does not see the name that agents gave the contact.
    name = "" if author.type == "contact" else author.name
    return author.model_copy(update={"id": None, "name": name})


def agent_for_customer(agent: Agent | None) -> Agent | None:
    """An agent as customers may see them: the name and the presence."""
    return agent and agent.model_copy(update={"email": "", "role": "agent"})
