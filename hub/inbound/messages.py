"""A customer's message, brought into the conversation it belongs to."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from hub.contacts import address_state, contact_addresses
from hub.contacts.contact_addresses import ContactAddress
from hub.conversations import attachments, duplicates, lifecycle, publishing, timeline
from hub.conversations.lifecycle import LoadedConversation
from hub.handover import arrival, redemption
from hub.handover.redemption import RedeemedHandover
from hub.identity import evidence
from hub.inbound.channel import InboundChannel, ReceiveResult
from hub.schema.author import Author
from hub.schema.tokens import read_reply_token
from hub.store.engine import Transaction
from hub.switches import detection
from hub.types import InboundMessage


def add_inbound_message(
    tx: Transaction, inlet: InboundChannel, event: InboundMessage, journal_id: int
) -> ReceiveResult:
    """Adds a message where it belongs, with all that it says of who wrote it."""
    person = contact_addresses.find_or_create(
        tx,
        event.address,
        event.profile,
        evidence="verified" if event.authenticated else "asserted",
    )
    handover = arrival.redeem_from_message(tx, event, inlet.name, person)
    redeemed = handover if isinstance(handover, RedeemedHandover) else None
    if redeemed is not None:
        person = redemption.reload_contact_address(tx, person)
    person = evidence.apply_message_evidence(tx, person, event)
    at = timeline.sane_time(event.sent_at, tx.now)
    if event.extra.get("keyword") == "start":
        address_state.started(tx, person, inlet.name, at)
    elif not event.automatic:
        address_state.seen(tx, person, inlet.name, at)
    answered = _answered(tx, inlet, event, person)
    if event.automatic:
        return _automatic(tx, inlet, event, person, journal_id, answered)
    target = lifecycle.conversation_for_inbound(
        tx, person, answered=_goes_on(answered, redeemed), subject=event.subject
    )
    is_bare = redeemed is not None and arrival.is_only_handover(event, redeemed)
    was = target["last_inbound_connector"]
    repeats = duplicates.original(tx, target, person, event)
    if target.is_new:
        duplicates.suggest_namesakes(tx, person, event)
    if redeemed is not None:
        arrival.add_redeemed_event(tx, target, person, inlet.reply_channel, redeemed)
    words = "" if is_bare else event.text
    switch = detection.detect_switch(
        tx,
        target,
        person,
        inlet.reply_channel.name,
        inlet.reply_channel.kind,
        by_handover=redeemed is not None,
        at=at,
        first_text=words,
    )
    values = _add(tx, inlet, event, target, journal_id, answered, duplicate_of_id=repeats)
    if not is_bare and repeats is None:
        _waits(tx, target)
    if event.attachments:
        publishing.message(tx, target, values["id"])
    else:
        publishing.fresh_message(tx, target, values)
    if redeemed is not None and (was != inlet.name or redeemed.is_move_to(inlet.name)):
        arrival.send_welcome(tx, target, person, inlet.reply_channel, inlet.welcome)
    if switch is not None:
        publishing.conversation(tx, target.id)
    return ReceiveResult(
        True,
        values["id"],
        fetches_media=bool(event.attachments),
        is_nameless=not person.is_named,
        handover=handover,
        switch=switch,
    )


def _waits(tx: Transaction, target: LoadedConversation) -> None:
    """There is something to answer."""
    target.changes["unread_count"] = target["unread_count"] + 1
    if target["waiting_since"] is None:
        target.changes["waiting_since"] = tx.now
    if target["status"] in ("pending", "snoozed"):
        target.changes |= {"status": "open", "snoozed_until": None}


def _goes_on(answered: _Answered | None, redeemed: RedeemedHandover | None) -> int | None:
    if answered is not None:
        return answered.conversation_id
    return None if redeemed is None else redeemed.conversation_id


def _automatic(
    tx: Transaction,
    inlet: InboundChannel,
    event: InboundMessage,
    person: ContactAddress,
    journal_id: int,
    answered: _Answered | None,
) -> ReceiveResult:
    """An auto-reply joins its thread as an event; it opens, reopens and counts for nothing."""
    target = (
        lifecycle.load_conversation(tx, answered.conversation_id, person)
        if answered is not None
        else lifecycle.load_latest_conversation(tx, person)
    )
    if target is None:
        return ReceiveResult(is_new=True)
    values = _add(
        tx,
        inlet,
        event,
        target,
        journal_id,
        answered,
        type="event",
        told={"name": "message.automatic", "text": event.text, "subject": event.subject},
    )
    publishing.message(tx, target, values["id"])
    return ReceiveResult(True, values["id"], fetches_media=bool(event.attachments))


@dataclass(frozen=True, slots=True)
class _Answered:
    """What a message answers: a conversation, and the one message in it that was named."""

    conversation_id: int
    message_id: int | None


def _answered(
    tx: Transaction, inlet: InboundChannel, event: InboundMessage, person: ContactAddress
) -> _Answered | None:
    """What of ours or theirs this one answers, if it is in their own thread.

    A reply token counts only from the address it was sent to; anybody else who has it gets a
    conversation of their own. So does whoever was taken for somebody else when they were answered.
    """
    ids = ((event.reply_to,) if event.reply_to else ()) + event.references
    row = timeline.find_message(tx, inlet.name, person.address_id, ids)
    message_id = row["id"] if row is not None and event.reply_to else None
    token = read_reply_token(inlet.secret, event.reply_token) if event.reply_token else None
    if token is not None and token.address_id == person.address_id:
        if person.evidence != "verified" and not event.automatic:
            contact_addresses.verify_address(tx, person)
        found = _Answered(token.conversation_id, message_id)
    elif row is not None:
        found = _Answered(row["conversation_id"], message_id)
    else:
        return None
    return found if lifecycle.belongs_to(tx, found.conversation_id, person) else None


def _add(
    tx: Transaction,
    inlet: InboundChannel,
    event: InboundMessage,
    target: LoadedConversation,
    journal_id: int,
    answered: _Answered | None,
    *,
    told: dict[str, Any] | None = None,
    **columns: Any,
) -> dict[str, Any]:
    person = target.person
    extra: dict[str, Any] = dict(event.extra)
    if told is not None:
        extra["event"] = told
    if event.location:
        extra["location"] = asdict(event.location)
    if event.card:
        extra["card"] = asdict(event.card)
    values = timeline.add_message(
        tx,
        target,
        person=person,
        connector=inlet.name,
        kind=inlet.kind,
        direction="in",
        author=Author("contact", person.root_id, person.name),
        text=event.text,
        created_at=timeline.sane_time(event.sent_at, tx.now),
        subject=event.subject,
        folded=event.full_text if event.full_text != event.text else "",
        html=event.html,
        external_id=event.external_id or None,
        client_id=event.client_id or None,
        journal_id=journal_id,
        reply_to_id=None if answered is None else answered.message_id,
        extra=extra,
        **columns,
    )
    if event.attachments:
        attachments.attach(tx, inlet.name, values["id"], person, event.attachments)
    return values


def edit_inbound_message(
    tx: Transaction, inlet: InboundChannel, event: InboundMessage, journal_id: int
) -> ReceiveResult:
    """Replaces a text and keeps the old one. An edit of what we never saw is a message."""
    person = contact_addresses.find_or_create(tx, event.address, event.profile)
    row = timeline.find_message(tx, inlet.name, person.address_id, (event.edits,))
    if row is None:
        return add_inbound_message(tx, inlet, event, journal_id)
    # An edited caption comes without the words when only the picture changed: nothing to wipe.
    if event.text and event.text != row["text"]:
        timeline.edit_text(tx, row, event.text)
        publishing.updated_message(tx, row["id"])
    return ReceiveResult(True, row["id"])
