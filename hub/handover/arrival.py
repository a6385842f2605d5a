"""What follows a redeemed handover: the conversation continues on the new channel."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from hub.contacts.contact_addresses import ContactAddress
from hub.conversations import lifecycle, publishing, timeline
from hub.conversations.loaded_conversation import LoadedConversation
from hub.handover import redemption
from hub.handover.redemption import RedeemedHandover, RefusedHandover
from hub.outbound import automatic_texts
from hub.outbound.destinations import OutboundChannel
from hub.schema.author import Author
from hub.schema.tokens import is_token
from hub.store.engine import Transaction
from hub.switches import detection
from hub.switches.detection import Switch
from hub.types import InboundMessage


def redeem_from_message(
    tx: Transaction, event: InboundMessage, connector: str, sender: ContactAddress
) -> RedeemedHandover | RefusedHandover | None:
    """Redeems the handover that a message has: its token, or a code in its text.

    Returns: None where the message has neither.
    """
    secrets = redemption.secrets_in_message(event)
    if not secrets:
        return None
    # A sender that anybody could have written, or a machine that quotes us, proves nothing.
    if event.automatic or not event.authenticated:
        is_refused = is_token(event.handover_token)
        return RefusedHandover("unauthenticated") if is_refused else None
    return redemption.redeem_handover(tx, secrets, connector, sender)


def is_only_handover(event: InboundMessage, redeemed: RedeemedHandover) -> bool:
    """Whether a message has nothing but the token or code, so that it needs no answer."""
    if event.attachments:
        return False
    return "button" in event.extra or redemption.is_only_code(event.text, redeemed)


def continue_on_channel(
    tx: Transaction,
    contact_address: ContactAddress,
    channel: OutboundChannel,
    redeemed: RedeemedHandover,
    welcome: Mapping[str, str],
    at: datetime,
) -> Switch | None:
    """Moves the conversation to the channel where the customer redeemed, before any message.

    Args:
        contact_address: the address that redeemed the handover.
        channel: the channel of that address.
        welcome: the text, by language, that is sent unless the customer wrote by it before.
        at: the time at which the customer came.

    Returns: the switch, or None where the customer wrote by this channel last.
    """
    conversation = _conversation_of(tx, contact_address, redeemed)
    add_redeemed_event(tx, conversation, contact_address, channel, redeemed)
    previous_connector = conversation.last_inbound_connector
    switch = detection.detect_switch(
        tx, conversation, contact_address, channel.name, channel.kind, by_handover=True, at=at
    )
    if previous_connector != channel.name or redeemed.is_move_to(channel.name):
        send_welcome(tx, conversation, contact_address, channel, welcome)
    lifecycle.save_conversation(tx, conversation)
    if switch is not None:
        publishing.publish_conversation(tx, conversation.id)
    return switch


def add_redeemed_event(
    tx: Transaction,
    conversation: LoadedConversation,
    contact_address: ContactAddress,
    channel: OutboundChannel,
    redeemed: RedeemedHandover,
) -> None:
    """Adds the event `handover.redeemed` to the timeline. It never has the token or the code."""
    timeline.add_event(
        tx,
        conversation,
        "handover.redeemed",
        Author("contact", contact_address.root_id, contact_address.name),
        handover_id=str(redeemed.id),
        connector=channel.name,
        address=str(contact_address.address),
        linked=redeemed.is_linked,
    )


def send_welcome(
    tx: Transaction,
    conversation: LoadedConversation,
    contact_address: ContactAddress,
    channel: OutboundChannel,
    welcome: Mapping[str, str],
) -> None:
    """Sends the welcome text, in the customer's language: they need not repeat anything."""
    locales = automatic_texts.find_locales(tx, contact_address)
    text = automatic_texts.text_in_language(welcome, *locales, conversation.language)
    automatic_texts.send_automatic_text(tx, conversation, contact_address, channel, text)


def _conversation_of(
    tx: Transaction, contact_address: ContactAddress, redeemed: RedeemedHandover
) -> LoadedConversation:
    """Loads the customer's open conversation, else the one the handover was created in."""
    open_conversation = lifecycle.load_open_conversation(tx, contact_address)
    if open_conversation is not None:
        return open_conversation
    conversation = lifecycle.load_conversation(tx, redeemed.conversation_id, contact_address)
    merged_into_id = conversation.merged_into_id
    if merged_into_id is None:
        return conversation
    return lifecycle.load_conversation(tx, merged_into_id, contact_address)
