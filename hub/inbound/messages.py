"""Adds a customer's message to the conversation it belongs to, and applies edits."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from hub.contacts import address_state, contact_addresses, locks
from hub.contacts.contact_addresses import ContactAddress
from hub.conversations import (
    attachments,
    duplicates,
    lifecycle,
    participants,
    publishing,
    timeline,
)
from hub.conversations.loaded_conversation import LoadedConversation
from hub.conversations.timeline import NewMessage
from hub.handover import arrival, redemption
from hub.handover.redemption import RedeemedHandover
from hub.identity import evidence
from hub.inbound import changes, customer_origins, quiet
from hub.inbound.channel import InboundChannel, ReceiveResult
from hub.schema.author import Author
from hub.schema.tokens import read_reply_token
from hub.schema.visible_text import is_visible
from hub.store.engine import Transaction
from hub.store.models.message import NO_AUTO_REPLY, ONLY_HANDOVER, TOPIC
from hub.switches import detection
from hub.types import ContactEvent, InboundMessage

#: Shown for a message without anything to see: a picture message whose picture its network lost.
NOTHING_IN_IT = "[a message with nothing in it]"


def add_inbound_message(
    tx: Transaction, channel: InboundChannel, event: InboundMessage, journal_id: int
) -> ReceiveResult:
    """Adds a message to its conversation, and applies what it proves about its sender.

    Redeems a handover that comes with it. A machine's message is added as an event only.
    """
    if event.automatic:
        return _add_automatic(tx, channel, event, journal_id)
    joined_id = _conversation_of_copy(tx, channel, event)
    _lock_what_it_may_link(tx, event, joins_another=joined_id is not None)
    sender = contact_addresses.find_or_create_contact_address(
        tx,
        event.address,
        event.profile,
        evidence="verified" if event.authenticated else "asserted",
    )
    if sender.is_newly_named:
        duplicates.suggest_for_new_name(tx, sender.contact_id, event.profile.name)
    handover = arrival.redeem_from_message(tx, event, channel.name, sender)
    redeemed = handover if isinstance(handover, RedeemedHandover) else None
    if redeemed is not None:
        sender = redemption.reload_contact_address(tx, sender)
    sender = evidence.apply_message_evidence(tx, sender, event)
    event = customer_origins.with_origin(tx, channel.name, sender, event, handover)
    at = timeline.sane_time(event.sent_at, tx.now)
    if duplicates.came_by_another_way(tx, channel.name, sender, event, at):
        return ReceiveResult(False, unseen="The same mail came by another way before.")
    if event.extra.get("keyword") == "start":
        address_state.reopen_address(tx, sender, channel.name, at, event.topic)
    else:
        address_state.record_inbound(tx, sender, channel.name, at, event.topic)
    answered = _find_answered(tx, channel, event, sender)
    if answered is not None or redeemed is not None:
        joined_id = None
    if joined_id is not None and not lifecycle.is_conversation_with(tx, joined_id, sender):
        return _add_of_participant(tx, channel, event, sender, journal_id, joined_id)
    conversation = lifecycle.conversation_for_inbound(
        tx,
        sender,
        answered=joined_id or _preferred_conversation(answered, redeemed),
        subject=event.subject,
    )
    is_only_handover = redeemed is not None and arrival.is_only_handover(event, redeemed)
    former_connector = conversation.last_inbound_connector
    duplicate_of_id = duplicates.find_original(tx, conversation, sender, event)
    if conversation.is_new:
        duplicates.suggest_same_name(tx, sender, event)
    if redeemed is not None:
        arrival.add_redeemed_event(tx, conversation, sender, channel.reply_channel, redeemed)
    switch = detection.detect_switch(
        tx,
        conversation,
        sender,
        channel.name,
        channel.kind,
        by_handover=redeemed is not None,
        at=at,
        first_text="" if is_only_handover else event.text,
    )
    values = _add_row(
        tx,
        channel,
        event,
        conversation,
        journal_id,
        answered,
        duplicate_of_id=duplicate_of_id,
        is_only_handover=is_only_handover,
    )
    begins_waiting = False
    if not is_only_handover and duplicate_of_id is None:
        begins_waiting = _mark_waiting(tx, conversation)
    if event.attachments:
        publishing.publish_new_message(
            tx, conversation, values["id"], begins_waiting=begins_waiting
        )
    else:
        publishing.publish_new_message_without_files(
            tx, conversation, values, begins_waiting=begins_waiting
        )
    if (
        redeemed is not None
        and not event.no_auto_reply
        and (former_connector != channel.name or redeemed.is_move_to(channel.name))
    ):
        arrival.send_welcome(tx, conversation, sender, channel.reply_channel, channel.welcome)
    if switch is not None:
        publishing.publish_conversation(tx, conversation.id)
    return ReceiveResult(
        True,
        values["id"],
        conversation.id,
        fetches_media=bool(event.attachments),
        is_nameless=not sender.is_named,
        handover=handover,
        switch=switch,
    )


def _conversation_of_copy(
    tx: Transaction, channel: InboundChannel, event: InboundMessage
) -> int | None:
    """The conversation, perhaps another customer's, of a message that the sender got a copy of."""
    if not (event.references or event.reply_token):
        return None
    token = read_reply_token(channel.secret, event.reply_token) if event.reply_token else None
    return participants.find_conversation_of_participant(
        tx,
        channel.name,
        event.address,
        event.references,
        None if token is None else token.conversation_id,
    )


def _add_of_participant(
    tx: Transaction,
    channel: InboundChannel,
    event: InboundMessage,
    sender: ContactAddress,
    journal_id: int,
    conversation_id: int,
) -> ReceiveResult:
    """Adds a message of somebody in copy to the conversation, beside its customer.

    Nothing is linked by it: each of the two sees at their own address what went there.
    """
    conversation = lifecycle.join_conversation(tx, conversation_id, sender)
    values = _add_row(tx, channel, event, conversation, journal_id, None)
    conversation.answer_connector = channel.name
    conversation.answer_address_id = sender.address_id
    begins_waiting = _mark_waiting(tx, conversation)
    publishing.publish_new_message(tx, conversation, values["id"], begins_waiting=begins_waiting)
    return ReceiveResult(
        True,
        values["id"],
        conversation.id,
        fetches_media=bool(event.attachments),
        is_nameless=not sender.is_named,
    )


def _lock_what_it_may_link(
    tx: Transaction, event: InboundMessage, *, joins_another: bool = False
) -> None:
    """Takes the locks that linking the sender needs, before the sender's own.

    Args:
        joins_another: whether the message joins a conversation of another person.
    """
    number = evidence.shared_number(event)
    if joins_another or number is not None or redemption.secrets_in_message(event):
        locks.lock_addresses(tx, event.address, *([] if number is None else [number]))
        locks.lock_links(tx)


def _mark_waiting(tx: Transaction, conversation: LoadedConversation) -> bool:
    """Marks a conversation as unread and as waiting for an answer.

    Returns: whether it did not wait before.
    """
    begins_waiting = conversation.waiting_since is None
    conversation.unread_count += 1
    if begins_waiting:
        conversation.waiting_since = tx.now
    if conversation.status in ("pending", "snoozed"):
        conversation.status = "open"
        conversation.snoozed_until = None
    return begins_waiting


def _preferred_conversation(
    answered: _Answered | None, redeemed: RedeemedHandover | None
) -> int | None:
    """The id of the conversation that an inbound message asks for, None where it asks for none."""
    if answered is not None:
        return answered.conversation_id
    return None if redeemed is None else redeemed.conversation_id


def _add_automatic(
    tx: Transaction,
    channel: InboundChannel,
    event: InboundMessage,
    journal_id: int,
) -> ReceiveResult:
    """Adds a machine's message as an event: it opens no conversation and waits for no answer.

    Without a conversation that it belongs to it is added to the quiet list, and its sender becomes
    no contact.
    """
    sender = contact_addresses.find_contact_address(tx.connection, event.address)
    answered = None if sender is None else _find_answered(tx, channel, event, sender)
    conversation = None
    if sender is not None and answered is not None:
        conversation = lifecycle.load_conversation(tx, answered.conversation_id, sender)
    elif sender is not None:
        conversation = lifecycle.load_latest_conversation(tx, sender)
    if conversation is None:
        quiet.add_quiet_message(tx, channel.name, event, journal_id)
        return ReceiveResult(is_new=True)
    values = _add_row(
        tx,
        channel,
        event,
        conversation,
        journal_id,
        answered,
        type="event",
        event_fields={"name": "message.automatic", "text": event.text, "subject": event.subject},
    )
    publishing.publish_new_message(tx, conversation, values["id"])
    return ReceiveResult(True, values["id"], conversation.id, fetches_media=bool(event.attachments))


@dataclass(frozen=True, slots=True)
class _Answered:
    """What a message answers: a conversation, and the message in it that it names."""

    conversation_id: int
    message_id: int | None


def _find_answered(
    tx: Transaction, channel: InboundChannel, event: InboundMessage, sender: ContactAddress
) -> _Answered | None:
    """What a message answers, None where that is no conversation with the sender.

    A reply token counts only from the address it was sent to, and then proves that address. A
    message with another address's token, or from a contact whose link was undone since, gets a
    conversation of its own.
    """
    ids = ((event.reply_to,) if event.reply_to else ()) + event.references
    row = timeline.find_message(tx, channel.name, sender.address_id, ids)
    message_id = row["id"] if row is not None and event.reply_to else None
    token = read_reply_token(channel.secret, event.reply_token) if event.reply_token else None
    if token is not None and token.address_id in (0, sender.address_id):
        # A token that went to others too (0) proves no address.
        if token.address_id and sender.evidence != "verified" and not event.automatic:
            contact_addresses.verify_address(tx, sender)
        if lifecycle.is_conversation_with(tx, token.conversation_id, sender):
            return _Answered(token.conversation_id, message_id)
    if row is not None and lifecycle.is_conversation_with(tx, row["conversation_id"], sender):
        return _Answered(row["conversation_id"], message_id)
    return None


def _add_row(
    tx: Transaction,
    channel: InboundChannel,
    event: InboundMessage,
    conversation: LoadedConversation,
    journal_id: int,
    answered: _Answered | None,
    *,
    event_fields: dict[str, Any] | None = None,
    type: str = "message",
    duplicate_of_id: int | None = None,
    is_only_handover: bool = False,
) -> dict[str, Any]:
    """Adds the row of a message, with its files. Returns all its columns."""
    sender = conversation.contact_address
    extra: dict[str, Any] = dict(event.extra)
    if event_fields is not None:
        extra["event"] = event_fields
    if is_only_handover:
        extra[ONLY_HANDOVER] = True
    if event.no_auto_reply:
        extra[NO_AUTO_REPLY] = event.no_auto_reply
    if event.topic:
        extra[TOPIC] = event.topic
    if event.location:
        extra["location"] = asdict(event.location)
    if event.card:
        extra["card"] = asdict(event.card)
    values = timeline.add_message(
        tx,
        conversation,
        NewMessage(
            contact_address=sender,
            connector=channel.name,
            kind=channel.kind,
            direction="in",
            type=type,
            author=Author("contact", sender.root_id, sender.name),
            text=_shown_text(event),
            created_at=timeline.sane_time(event.sent_at, tx.now),
            subject=event.subject,
            folded=event.full_text if event.full_text != event.text else "",
            html=event.html if event.html_is_clean else "",
            external_id=event.external_id or None,
            client_id=event.client_id or None,
            journal_id=journal_id,
            reply_to_id=None if answered is None else answered.message_id,
            extra=extra,
            to=[str(address) for address in event.recipients],
            cc=[str(address) for address in event.cc],
            origin=event.origin,
            duplicate_of_id=duplicate_of_id,
        ),
    )
    copied = {*event.recipients, *event.cc} - {event.address}
    if len(copied) > 1:
        # One alone is the address of ours that the message came to.
        participants.add_participants(
            tx,
            channel.name,
            conversation.id,
            sorted(str(address) for address in copied if address.path != event.to),
            event.external_id,
        )
    if event.attachments:
        attachments.add_inbound_files(tx, channel.name, values["id"], sender, event.attachments)
    return values


def _shown_text(event: InboundMessage) -> str:
    """The text, or a sentence in its place where the message would look empty."""
    has_content = event.attachments or event.location or event.card or event.html
    if has_content or is_visible(event.text) or event.extra.get("unsupported"):
        return event.text
    return NOTHING_IN_IT


def add_keyword_message(
    tx: Transaction, channel: InboundChannel, event: ContactEvent, journal_id: int
) -> ReceiveResult:
    """Adds the word by which a customer asks for help, or for messages, as a message.

    It waits for an answer like any other, and no automatic text answers it: the provider does.
    """
    message = InboundMessage(
        key=event.key,
        raw=event.raw,
        address=event.address,
        external_id=event.external_id,
        sent_at=event.at,
        text=event.text,
        profile=event.profile,
        extra={"keyword": "start" if event.name == "started" else event.name},
    )
    return add_inbound_message(tx, channel, message, journal_id)


def edit_inbound_message(
    tx: Transaction, channel: InboundChannel, event: InboundMessage, journal_id: int
) -> ReceiveResult:
    """Replaces the text of a message and keeps the old one.

    A picture that replaces another is added beside it.

    Args:
        event: `edits` is the external id of the message; where the hub never received that, the
            edit is added as a message.
    """
    _lock_what_it_may_link(tx, event)
    sender = contact_addresses.find_or_create_contact_address(tx, event.address, event.profile)
    row = timeline.find_message(tx, channel.name, sender.address_id, (event.edits,))
    if row is None:
        return add_inbound_message(tx, channel, event, journal_id)
    fetches_media = changes.edit_message(tx, channel, event, sender, row)
    unseen = "The edit changes nothing that the hub shows." if fetches_media is None else ""
    return ReceiveResult(True, row["id"], fetches_media=bool(fetches_media), unseen=unseen)
