"""Receives one event of a customer's side in one transaction: the journal entry goes in first."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hub.contacts import contact_addresses
from hub.conversations import lifecycle
from hub.inbound import contact_events, echoes, journal, messages, quiet
from hub.inbound.channel import InboundChannel, ReceiveResult
from hub.inbound.quiet import QuietMessage
from hub.outbound import receipts
from hub.schema.storable_text import is_plain, storable
from hub.store.engine import Transaction
from hub.types import (
    AddressMoved,
    ContactEvent,
    DeliveryUpdate,
    InboundEvent,
    InboundMessage,
    WebhookRequest,
)


@dataclass(frozen=True, slots=True)
class OpenedMessage:
    """The conversation of a message of the quiet list. `is_new`: it was opened just now."""

    conversation_id: int
    is_new: bool


def open_quiet_message(
    tx: Transaction, channel: InboundChannel, event: InboundMessage, message: QuietMessage
) -> tuple[OpenedMessage, ReceiveResult]:
    """Adds a message of the quiet list to a conversation, as a person's; it is never answered
    automatically.

    Args:
        event: the message, read anew.

    Raises:
        Conflict: another agent was faster.
    """
    if not is_plain(event.raw):
        event = storable(event)
    event = replace(event, automatic=False, no_auto_reply=event.no_auto_reply or "quiet")
    result = messages.add_inbound_message(tx, channel, event, message.journal_id)
    assert result.conversation_id is not None
    quiet.mark_opened(tx, message.id, result.conversation_id)
    return OpenedMessage(result.conversation_id, is_new=True), result


def receive_event(
    tx: Transaction, channel: InboundChannel, event: InboundEvent, request: WebhookRequest
) -> ReceiveResult:
    """Journals and processes an event; one that is in the journal already changes nothing.

    Args:
        request: the request that brought the event.
    """
    journal_id = journal.add_entry(tx, channel.name, event.key, event.raw, request)
    if journal_id is None:
        return ReceiveResult(is_new=False)
    return process_event(tx, channel, event, journal_id)


def process_event(
    tx: Transaction, channel: InboundChannel, event: InboundEvent, journal_id: int
) -> ReceiveResult:
    """Processes an event whose journal entry exists: a new one, or one that is replayed.

    An event that shows nowhere stays in the journal as ignored, with the reason.
    """
    result = _process(tx, channel, event, journal_id)
    if result.unseen:
        journal.mark_ignored(tx, journal_id, result.unseen)
    return result


def _process(
    tx: Transaction, channel: InboundChannel, event: InboundEvent, journal_id: int
) -> ReceiveResult:
    if not is_plain(event.raw):
        event = storable(event)
    match event:
        case InboundMessage() if event.sent_by_us:
            message_id = echoes.receive_echo(tx, channel.name, channel.kind, event, journal_id)
            fetches_media = bool(message_id and event.attachments)
            return ReceiveResult(True, message_id, fetches_media=fetches_media)
        case InboundMessage() if event.edits:
            return messages.edit_inbound_message(tx, channel, event, journal_id)
        case InboundMessage():
            return messages.add_inbound_message(tx, channel, event, journal_id)
        case DeliveryUpdate():
            if not receipts.record_receipt(tx, channel.name, event):
                return ReceiveResult(True, unseen="It reports about no message of this hub.")
        case ContactEvent() if _is_first_word(tx, event):
            return messages.add_keyword_message(tx, channel, event, journal_id)
        case ContactEvent():
            return contact_events.apply_contact_event(tx, channel, event)
        case AddressMoved():
            if not contact_addresses.move_address(tx, event.address, event.new_address):
                return ReceiveResult(True, unseen="No customer has the address that moved.")
    return ReceiveResult(is_new=True)


def _is_first_word(tx: Transaction, event: ContactEvent) -> bool:
    """Whether a keyword is a message: a cry for help always, and START as the first that comes."""
    if event.name == "help":
        return True
    if event.name != "started" or not event.text:
        return False
    sender = contact_addresses.find_or_create_contact_address(tx, event.address, event.profile)
    return lifecycle.load_latest_conversation(tx, sender) is None
