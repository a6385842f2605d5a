"""What changes a message that came in before: an edit, a reaction, taking it back.

A change after the agents have read the conversation makes it unread: nobody looks at a message
twice unless something says so.
"""

from __future__ import annotations

from sqlalchemy import RowMapping

from hub.contacts import contact_addresses
from hub.contacts.contact_addresses import ContactAddress
from hub.conversations import attachments, lifecycle, publishing, timeline
from hub.conversations.loaded_conversation import LoadedConversation
from hub.conversations.merge_state import CHANGED_EVENT
from hub.inbound.channel import InboundChannel
from hub.schema.author import Author
from hub.schema.visible_text import is_visible
from hub.store.engine import Transaction
from hub.types import ContactEvent, InboundMessage


def edit_message(
    tx: Transaction,
    channel: InboundChannel,
    event: InboundMessage,
    sender: ContactAddress,
    message: RowMapping,
) -> bool | None:
    """Replaces the text of a message and keeps the old one; another file is added beside the first.

    The conversation goes on as with a new message, for new words may change everything.

    Args:
        message: its row, as `timeline.find_message` returns it.

    Returns:
        Whether there are files to fetch, None where the edit changes nothing.
    """
    # An edit of a picture alone comes without the caption, which stays.
    has_new_text = is_visible(event.text) and event.text != message["text"]
    new_files = attachments.files_not_in(tx, message["id"], event.attachments)
    if not (has_new_text or new_files):
        return None
    conversation = lifecycle.conversation_for_inbound(
        tx, sender, answered=message["conversation_id"]
    )
    timeline.edit_text(tx, message, event.text if has_new_text else message["text"])
    attachments.add_inbound_files(tx, channel.name, message["id"], sender, new_files)
    was_unread = conversation.unread_count > 0
    _wait_for_answer(tx, conversation)
    _add_event(tx, conversation, sender, message, waits=True, was_unread=was_unread)
    _publish(tx, conversation, message)
    return bool(new_files)


def set_reaction(
    tx: Transaction, channel: InboundChannel, event: ContactEvent, sender: ContactAddress
) -> bool:
    """Sets the customer's reaction to a message.

    In a pending conversation a reaction to what we wrote is the customer's answer. It opens no
    conversation that is resolved: a thumb under a goodbye asks for nothing.

    Returns:
        Whether the hub has the message.
    """
    message = timeline.find_message(tx, channel.name, sender.address_id, (event.external_id,))
    if message is None:
        return False
    conversation = _conversation_of(tx, message, sender)
    timeline.set_customer_reaction(tx, message, event.text)
    if event.text and conversation.status != "resolved":
        was_unread = conversation.unread_count > 0
        waits = conversation.status == "pending" and message["direction"] == "out"
        if waits:
            _wait_for_answer(tx, conversation)
        else:
            _mark_unread(conversation)
        _add_event(tx, conversation, sender, message, waits=waits, was_unread=was_unread)
    _publish(tx, conversation, message)
    return True


def mark_unsent(
    tx: Transaction, channel: InboundChannel, event: ContactEvent, sender: ContactAddress
) -> bool:
    """Marks a message that its sender took back. What was said stays in the thread.

    Returns:
        Whether the hub has the message.
    """
    message = timeline.find_message(tx, channel.name, sender.address_id, (event.external_id,))
    if message is None:
        return False
    conversation = _conversation_of(tx, message, sender)
    timeline.set_extra(tx, message, unsent="yes")
    _publish(tx, conversation, message)
    return True


def _conversation_of(
    tx: Transaction, message: RowMapping, sender: ContactAddress
) -> LoadedConversation:
    conversation_id = lifecycle.surviving_id(tx, message["conversation_id"])
    # Loading locks it, and a conversation is locked before its messages are written.
    return lifecycle.load_conversation(tx, conversation_id, sender)


def _add_event(
    tx: Transaction,
    conversation: LoadedConversation,
    sender: ContactAddress,
    message: RowMapping,
    *,
    waits: bool,
    was_unread: bool,
) -> None:
    """Notes a change in the timeline of a person of several contacts.

    The change is at its message for all to see; undoing a link replays what happened since, and
    needs to know when.
    """
    if len(contact_addresses.linked_contact_ids(tx.connection, sender.contact_id)) > 1:
        timeline.add_event(
            tx,
            conversation,
            CHANGED_EVENT,
            Author("contact", sender.root_id, sender.name),
            message_id=str(message["id"]),
            waits=waits,
            was_unread=was_unread,
        )


def _mark_unread(conversation: LoadedConversation) -> None:
    conversation.unread_count = max(conversation.unread_count, 1)


def _wait_for_answer(tx: Transaction, conversation: LoadedConversation) -> None:
    _mark_unread(conversation)
    if conversation.waiting_since is None:
        conversation.waiting_since = tx.now
    if conversation.status in ("pending", "snoozed"):
        conversation.status = "open"
        conversation.snoozed_until = None


def _publish(tx: Transaction, conversation: LoadedConversation, message: RowMapping) -> None:
    has_changes = conversation.has_changes
    lifecycle.save_conversation(tx, conversation)
    publishing.publish_message_update(tx, message["id"])
    if has_changes and conversation.id != message["conversation_id"]:
        publishing.publish_conversation(tx, conversation.id)
