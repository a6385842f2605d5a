"""What an agent, a bot or the hub says: written to the outbox, and gone once it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select, update

from hub.contacts import address_state, contact_addresses
from hub.contacts.contact_addresses import ContactAddress
from hub.conversations import actions, attachments, lifecycle, publishing, timeline, views
from hub.conversations.lifecycle import LoadedConversation
from hub.errors import Conflict, Invalid, NotFound
from hub.outbound import destinations
from hub.outbound.destinations import OutboundChannel
from hub.schema import resources
from hub.schema.author import Author
from hub.schema.storable_text import storable
from hub.store.engine import Transaction
from hub.store.models import (
    addresses,
    contacts,
    conversations,
    deliveries,
    messages,
)

MAX_TEXT = 100_000
MAX_CLIENT_ID = 200


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody wants to say.

    `connector` picks another channel than that of the message answered. `client_id` is the
    sender's own key: the same one twice is one message.
    """

    text: str
    type: str = "message"
    connector: str | None = None
    attachment_ids: tuple[int, ...] = ()
    reply_to: int | None = None
    client_id: str | None = None


@dataclass(frozen=True, slots=True)
class SendResult:
    message: resources.Message
    is_new: bool


def send_message(
    tx: Transaction,
    conversation_id: int,
    draft: Draft,
    author: Author,
    outlets: dict[str, OutboundChannel],
) -> SendResult:
    """Adds a message to a conversation and puts it in line for its channel; or adds a note.

    Raises:
        NotFound: no such conversation, or nothing to answer there.
        Invalid: the draft is empty, too long, or names what is not there.
        Conflict: the customer cannot be reached the way that was asked for.
    """
    draft = storable(draft)
    _check(draft)
    row = tx.execute(
        select(
            conversations.c.id,
            conversations.c.contact_id,
            conversations.c.status,
            conversations.c.merged_into_id,
        ).where(conversations.c.id == conversation_id)
    ).first()
    if row is None:
        raise NotFound("There is no such conversation.")
    named = stands = conversation_id
    if row.merged_into_id is not None:
        named = stands = lifecycle.surviving_id(tx, row.merged_into_id)
    if row.status == "resolved" and draft.type == "message":
        # What is said goes on where something goes on: no second one is opened beside it.
        open_ = lifecycle.load_open_conversation(
            tx, contact_addresses.first_address_of(tx.connection, row.contact_id)
        )
        stands = stands if open_ is None else open_.id
    repeated = _repeated(tx, row.contact_id, draft)
    if repeated is not None:
        return SendResult(repeated, is_new=False)
    reply = _reply_to(tx, named, draft)
    if draft.type == "note":
        target = _thread(tx, stands, None)
        person = None
        outlet = None
    else:
        # Asked of the conversation that was named: merging changes no reply's way.
        person, outlet = destinations.find_destination(
            tx, conversation_id, row.contact_id, draft.connector, reply, outlets
        )
        target = _thread(tx, stands, person)
    return SendResult(_write(tx, target, person, outlet, draft, author), is_new=True)


def send_first_message(
    tx: Transaction,
    person: ContactAddress,
    outlet: OutboundChannel,
    draft: Draft,
    author: Author,
) -> SendResult:
    """Writes first to somebody, in what goes on with them already or in a new conversation.

    Raises:
        Invalid: the draft is empty or too long.
        Conflict: this channel does not let us write first.
    """
    draft = storable(draft)
    _check(draft)
    repeated = _repeated(tx, person.contact_id, draft)
    if repeated is not None:
        return SendResult(repeated, is_new=False)
    if (
        not outlet.can_start
        and address_state.last_inbound_at(tx.connection, person.address_id, outlet.name) is None
    ):
        raise Conflict(
            "On this channel the customer has to write first. Choose another channel, or send "
            "them a link to this one."
        )
    address_state.known(tx, person.address_id, outlet.name)
    destinations.refuse_stopped_address(tx, person.address_id, outlet.name)
    tx.lock(f"contact:{person.root_id}")
    target = lifecycle.load_open_conversation(tx, person) or lifecycle.start_conversation(
        tx, person
    )
    return SendResult(_write(tx, target, person, outlet, draft, author), is_new=True)


def retry_message(tx: Transaction, message_id: int) -> resources.Message:
    """Puts a failed message in line again.

    Raises:
        NotFound: no such message.
        Conflict: it did not fail, or the customer closed the address.
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
    message = views.message(tx.connection, message_id)
    if changed.rowcount == 0:
        raise Conflict("Only a message that failed can be sent again.")
    publishing.updated_message(tx, message_id)
    return message


# -- parts ---------------------------------------------------------------------------------------


def _check(draft: Draft) -> None:
    if not draft.text.strip() and not draft.attachment_ids:
        raise Invalid("Write something, or attach a file.", "text")
    if len(draft.text) > MAX_TEXT:
        raise Invalid(f"A message has at most {MAX_TEXT} characters.", "text")
    if draft.type not in ("message", "note"):
        raise Invalid("The type is message or note.", "type")
    if draft.client_id is not None and not 0 < len(draft.client_id) <= MAX_CLIENT_ID:
        raise Invalid(f"A client_id has 1 to {MAX_CLIENT_ID} characters.", "client_id")


def _repeated(tx: Transaction, contact_id: int, draft: Draft) -> resources.Message | None:
    if draft.client_id is None:
        return None
    tx.lock(f"contact:{contact_id}")
    found = tx.execute(
        select(messages.c.id)
        .join(contacts, contacts.c.id == messages.c.contact_id)
        .where(
            contacts.c.root_id
            == select(contacts.c.root_id).where(contacts.c.id == contact_id).scalar_subquery(),
            messages.c.direction == "out",
            messages.c.client_id == draft.client_id,
        )
    ).scalar()
    return None if found is None else views.message(tx.connection, found)


def _reply_to(tx: Transaction, conversation_id: int, draft: Draft) -> Any | None:
    if draft.reply_to is None:
        return None
    row = tx.execute(
        select(messages).where(
            messages.c.id == draft.reply_to, lifecycle.message_is_in(conversation_id)
        )
    ).first()
    if row is None:
        raise Invalid("The message to answer is not in this conversation.", "reply_to")
    return row


def _thread(
    tx: Transaction, conversation_id: int, person: ContactAddress | None
) -> LoadedConversation:
    row = tx.execute(select(conversations).where(conversations.c.id == conversation_id)).one()
    if person is None:
        held = tx.execute(
            select(addresses.c.id).where(addresses.c.contact_id == row.contact_id).limit(1)
        ).scalar_one()
        person = destinations.find_address_by_id(tx, held)
        assert person is not None
    return lifecycle.load_conversation(tx, conversation_id, person)


def _write(
    tx: Transaction,
    target: LoadedConversation,
    person: ContactAddress | None,
    outlet: OutboundChannel | None,
    draft: Draft,
    author: Author,
) -> resources.Message:
    values = timeline.add_message(
        tx,
        target,
        person=person,
        connector=None if outlet is None else outlet.name,
        kind=None if outlet is None else outlet.kind,
        direction="out",
        author=author,
        type=draft.type,
        text=draft.text,
        reply_to_id=draft.reply_to,
        client_id=draft.client_id,
    )
    _attach(tx, values["id"], target, draft)
    if person is not None and outlet is not None:
        queue_delivery(tx, values["id"], person, outlet)
        target.changes["waiting_since"] = None
        target.changes["unread_count"] = 0
        if author.type == "agent":
            # Whoever answers has looked at it, and has it where nobody had.
            if author.id is not None and target["assignee_id"] is None:
                target.changes["assignee_id"] = author.id
            accepted_at = target["accepted_at"] or tx.now
            target.changes |= {"accepted_at": accepted_at, **actions.LOOKED_AT}
        if target["status"] in ("snoozed", "resolved"):
            target.changes |= {"status": "open", "snoozed_until": None, "resolved_at": None}
    return publishing.message(tx, target, values["id"])


def queue_delivery(
    tx: Transaction,
    message_id: int,
    person: ContactAddress,
    outlet: OutboundChannel,
    *,
    fallback_from: dict[str, Any] | None = None,
) -> None:
    """Puts a message in line for its channel."""
    tx.execute(
        insert(deliveries).values(
            message_id=message_id,
            connector=outlet.name,
            address_id=person.address_id,
            status="queued",
            code="",
            reason="",
            external_code="",
            attempts=0,
            parts_sent=0,
            maybe_twice=False,
            reported={},
            fallback_from=fallback_from,
            next_attempt_at=tx.now,
            created_at=tx.now,
            updated_at=tx.now,
        )
    )


def _attach(tx: Transaction, message_id: int, target: LoadedConversation, draft: Draft) -> None:
    if not draft.attachment_ids:
        return
    count = attachments.attach_agent_uploads(
        tx, draft.attachment_ids, message_id, target.person.contact_id
    )
    if count != len(set(draft.attachment_ids)):
        raise Invalid("An attachment is not there, or was sent before.", "attachments")
