"""Sends what an agent or the API writes: adds the message and queues its delivery.

Nothing leaves here: the delivery worker takes it from the outbox after the commit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import bindparam, select, update

from hub.accounts.named_agents import resolve_named_agents
from hub.contacts import address_state, contact_addresses
from hub.contacts.contact_addresses import ContactAddress
from hub.conversations import (
    actions,
    attachments,
    drafts,
    lifecycle,
    participants,
    publishing,
    timeline,
    views,
)
from hub.conversations.draft_values import DraftKey
from hub.conversations.loaded_conversation import LoadedConversation
from hub.conversations.timeline import NewMessage
from hub.errors import Conflict, Invalid
from hub.outbound import destinations, holding, unseen_messages
from hub.outbound.answering import mark_answered
from hub.outbound.delivery_queue import queue_delivery
from hub.outbound.destinations import MessagePlace, OutboundChannel
from hub.outbound.holding import Hold
from hub.outbound.recipients import Recipients, find_recipients
from hub.schema import resources
from hub.schema.author import Author
from hub.schema.storable_text import storable
from hub.store.engine import RunAgain, Transaction
from hub.store.is_among import IsAmong
from hub.store.models import (
    contacts,
    deliveries,
    messages,
)
from hub.store.models.message import CANCELLED, HELD
from hub.store.prepared import Prepared

MAX_TEXT = 100_000
MAX_CLIENT_ID = 200

_contact = contacts.alias("own")
_ROOT_ID = (
    select(_contact.c.root_id).where(_contact.c.id == bindparam("contact_id")).scalar_subquery()
)
_FIND_REPEATED = Prepared(
    select(messages.c.id, messages.c.type).where(
        IsAmong(messages.c.contact_id, select(contacts.c.id).where(contacts.c.root_id == _ROOT_ID)),
        messages.c.direction == "out",
        messages.c.client_id == bindparam("client_id"),
    )
)

NO_HOLD = Hold()


@dataclass(frozen=True, slots=True)
class Draft:
    """A message or a note, as its author wrote it.

    Args:
        type: `message`, or `note` for agents only.
        connector: another channel than that of the message answered, by its connector's name.
        attachment_ids: of files that an agent uploaded before.
        reply_to: the id of the message answered.
        client_id: the author's own key; the same key twice is one message.
        cc: the addresses that get a copy, where the channel has copies; None for the copied of the
            message answered.
        mentions: the ids of the agents whom a note names.
        mention_teams: the ids of the teams whose members it names.
        draft_version: of the agent's draft that is sent with it; None where it was not in one.
        hold: why it leaves later than at once.
        resolve: whether the conversation is resolved with it.
        seen_id: the newest message that its author saw, where a newer one is to stop it.
    """

    text: str
    type: str = "message"
    connector: str | None = None
    attachment_ids: tuple[int, ...] = ()
    reply_to: int | None = None
    client_id: str | None = None
    cc: tuple[str, ...] | None = None
    mentions: tuple[int, ...] = ()
    mention_teams: tuple[int, ...] = ()
    draft_version: int | None = None
    hold: Hold = NO_HOLD
    resolve: bool = False
    seen_id: int | None = None


@dataclass(frozen=True, slots=True)
class SendResult:
    """The message that was sent. `is_new` is false where it was sent before by its client id."""

    message: resources.Message
    is_new: bool


def send_message(
    tx: Transaction,
    conversation_id: int,
    draft: Draft,
    author: Author,
    outbound_channels: Mapping[str, OutboundChannel],
) -> SendResult:
    """Adds a message to a conversation and queues its delivery; or adds a note.

    A message to a conversation that was merged, or resolved while another one is open, is added to
    the conversation that goes on. Its address is chosen by the conversation that was named.

    Args:
        outbound_channels: the connectors that are turned on, by name.

    Raises:
        NotFound: no such conversation.
        Invalid: the draft is empty or too long, or names a message, a file or a connector that
            does not exist.
        Conflict: the customer cannot be reached on the channel, or somebody wrote since `seen_id`.
    """
    draft = storable(draft)
    _check(draft)
    owner = lifecycle.lock_owner(tx, conversation_id)
    surviving_id = conversation_id
    if owner.merged_into_id is not None:
        surviving_id = lifecycle.surviving_id(tx, owner.merged_into_id)
    active_id = surviving_id
    if owner.status == "resolved" and draft.type == "message":
        # A message joins the open conversation: no second one is opened beside it.
        active_id = lifecycle.open_conversation_id(tx, owner.contact_id) or surviving_id
    repeated = _find_repeated(tx, owner.contact_id, draft)
    if repeated is not None:
        return SendResult(repeated, is_new=False)
    if draft.seen_id is not None:
        unseen_messages.refuse_unseen(tx, active_id, draft.seen_id, author)
    answered = _answered_place(tx, surviving_id, draft)
    receivers = Recipients()
    if draft.type == "note":
        recipient = None
        channel = None
    else:
        # Asked of the conversation that was named: a merge changes no answer's address.
        recipient, channel = destinations.find_destination(
            tx, conversation_id, owner.contact_id, draft.connector, answered, outbound_channels
        )
        receivers = find_recipients(
            tx, surviving_id, recipient, channel, outbound_channels, draft.reply_to, draft.cc
        )
    writes_to = recipient or actions.any_contact_address(tx, owner.contact_id)
    conversation = lifecycle.load_conversation(tx, active_id, writes_to)
    message = _add_message(tx, conversation, recipient, channel, draft, author, receivers)
    _clear_draft(tx, conversation_id, draft, author)
    if draft.resolve and message.send_at is None:
        actions.change_conversation(tx, active_id, {"status": "resolved"}, author)
    return SendResult(message, is_new=True)


def send_first_message(
    tx: Transaction,
    recipient: ContactAddress,
    channel: OutboundChannel,
    draft: Draft,
    author: Author,
) -> SendResult:
    """Writes to a contact, in their open conversation or in a new one.

    Raises:
        Invalid: the draft is empty or too long, or names a file that does not exist.
        Conflict: the channel does not let us write first, or the customer closed the address.
    """
    draft = storable(draft)
    _check(draft)
    if contact_addresses.lock_person_of(tx, recipient.contact_id) != recipient.root_id:
        raise RunAgain
    repeated = _find_repeated(tx, recipient.contact_id, draft)
    if repeated is not None:
        return SendResult(repeated, is_new=False)
    if (
        not channel.can_start
        and address_state.last_inbound_at(tx.connection, recipient.address_id, channel.name) is None
    ):
        raise Conflict(
            "On this channel the customer has to write first. Choose another channel, or send "
            "them a link to this one."
        )
    address_state.allow_address(tx, recipient.address_id, channel.name)
    destinations.refuse_stopped_address(tx, recipient.address_id, channel.name)
    conversation = lifecycle.load_open_conversation(tx, recipient) or lifecycle.start_conversation(
        tx, recipient
    )
    message = _add_message(tx, conversation, recipient, channel, draft, author, Recipients())
    return SendResult(message, is_new=True)


def retry_message(tx: Transaction, message_id: int) -> resources.Message:
    """Queues the delivery of a failed message again.

    Raises:
        NotFound: no such message.
        Conflict: the message did not fail, or the customer closed the address.
    """
    row = tx.execute(select(deliveries).where(deliveries.c.message_id == message_id)).first()
    if row is not None and row.status == "failed":
        destinations.refuse_stopped_address(tx, row.address_id, row.connector)
    changed = tx.execute(
        update(deliveries)
        .where(deliveries.c.message_id == message_id, deliveries.c.status == "failed")
        .values(
            status="queued",
            code="",
            reason="",
            external_code="",
            attempts=0,
            reported={},
            created_at=tx.now,
            next_attempt_at=tx.now,
            updated_at=tx.now,
        )
    )
    message = views.get_message(tx.connection, message_id)
    if changed.rowcount == 0:
        raise Conflict("Only a message that failed can be sent again.")
    publishing.publish_message_update(tx, message_id)
    return message


# -- parts ---------------------------------------------------------------------------------------


def _check(draft: Draft) -> None:
    if not draft.text.strip() and not draft.attachment_ids:
        raise Invalid("Write something, or attach a file.", "text")
    if len(draft.text) > MAX_TEXT:
        raise Invalid(f"A message has at most {MAX_TEXT} characters.", "text")
    if draft.type not in ("message", "note"):
        raise Invalid("The type is message or note.", "type")
    if draft.type != "note" and (draft.mentions or draft.mention_teams):
        raise Invalid("Only a note names colleagues: a customer would read it.", "mentions")
    if draft.type == "note" and draft.hold.send_time is not None:
        raise Invalid("A note is for colleagues and is not sent.", "send_at")
    if draft.client_id is not None and not 0 < len(draft.client_id) <= MAX_CLIENT_ID:
        raise Invalid(f"A client_id has 1 to {MAX_CLIENT_ID} characters.", "client_id")


def _find_repeated(tx: Transaction, contact_id: int, draft: Draft) -> resources.Message | None:
    """The message that was sent to this contact with the draft's client id before.

    The person is locked, so that the same draft twice at once is one message.
    """
    if draft.client_id is None:
        return None
    row = _FIND_REPEATED.first(
        tx.connection, {"contact_id": contact_id, "client_id": draft.client_id}
    )
    if row is None:
        return None
    if row.type == CANCELLED:
        raise Conflict("This message was taken back before it left.")
    return views.get_message(tx.connection, row.id)


def _answered_place(tx: Transaction, conversation_id: int, draft: Draft) -> MessagePlace | None:
    """The place of the message that the draft answers; None where it names none."""
    if draft.reply_to is None:
        return None
    row = tx.execute(
        select(messages.c.connector, messages.c.address_id).where(
            messages.c.id == draft.reply_to,
            lifecycle.message_is_in(conversation_id),
            messages.c.type.not_in((HELD, CANCELLED)),
        )
    ).first()
    if row is None:
        raise Invalid("The message to answer is not in this conversation.", "reply_to")
    return MessagePlace(row.connector, row.address_id)


def _add_message(
    tx: Transaction,
    conversation: LoadedConversation,
    recipient: ContactAddress | None,
    channel: OutboundChannel | None,
    draft: Draft,
    author: Author,
    receivers: Recipients,
) -> resources.Message:
    """Adds the message, queues its delivery, and notes that the conversation was answered.

    One that leaves later is only added.
    """
    new_message = NewMessage(
        contact_address=recipient,
        connector=None if channel is None else channel.name,
        kind=None if channel is None else channel.kind,
        direction="out",
        author=author,
        type=draft.type,
        text=draft.text,
        reply_to_id=draft.reply_to,
        client_id=draft.client_id,
        extra=_extra(tx, draft),
        to=receivers.to,
        cc=receivers.cc,
    )
    if recipient is not None and channel is not None:
        due_at = holding.due_time(tx, draft.hold, recipient, channel)
        if due_at is not None:
            hold = replace(draft.hold, resolves=draft.resolve)
            held_id = holding.hold_message(tx, conversation, new_message, hold, due_at)
            _attach(tx, held_id, conversation, draft)
            return publishing.publish_held_message(tx, held_id)
    values = timeline.add_message(tx, conversation, new_message)
    _attach(tx, values["id"], conversation, draft)
    if recipient is not None and channel is not None:
        copied = {*receivers.to, *receivers.cc} - {str(recipient.address)}
        participants.add_participants(tx, channel.name, conversation.id, sorted(copied))
    if recipient is not None and channel is not None:
        queue_delivery(tx, values["id"], recipient, channel)
        mark_answered(conversation, author, tx.now)
    if draft.attachment_ids:
        return publishing.publish_new_message(tx, conversation, values["id"])
    return publishing.publish_new_message_without_files(
        tx, conversation, values, is_queued=channel is not None
    )


def _extra(tx: Transaction, draft: Draft) -> dict[str, Any]:
    """The fields without a column that the draft gives its message. Raises Invalid."""
    if not (draft.mentions or draft.mention_teams):
        return {}
    named = resolve_named_agents(tx.connection, draft.mentions, draft.mention_teams)
    return {"mentions": [str(agent_id) for agent_id in named]}


def _clear_draft(tx: Transaction, conversation_id: int, draft: Draft, author: Author) -> None:
    """Empties the author's draft in a conversation, unless it has other words by now."""
    if author.id is not None:
        type_ = drafts.NOTE if draft.type == "note" else drafts.REPLY
        key = DraftKey(author.id, conversation_id, type_)
        drafts.clear_sent_draft(tx, key, draft.text, draft.draft_version)


def _attach(
    tx: Transaction, message_id: int, conversation: LoadedConversation, draft: Draft
) -> None:
    if not draft.attachment_ids:
        return
    count = attachments.attach_agent_uploads(
        tx, draft.attachment_ids, message_id, conversation.contact_address.contact_id
    )
    if count != len(set(draft.attachment_ids)):
        raise Invalid("An attachment is not there, or was sent before.", "attachments")
