"""Applies what a customer did without a message: started, stopped, reacted, read."""

from __future__ import annotations

from hub.contacts import address_state, contact_addresses, kept_origins, locks
from hub.contacts.contact_addresses import ContactAddress
from hub.conversations import lifecycle, timeline
from hub.handover import arrival, redemption
from hub.handover.redemption import RedeemedHandover
from hub.inbound import changes, customer_origins
from hub.inbound.channel import InboundChannel, ReceiveResult
from hub.outbound import receipts
from hub.schema.author import Author
from hub.store.engine import Transaction
from hub.types import ContactEvent

#: Why a followed link is in no conversation yet.
ORIGIN_KEPT = "Where the customer came from is noted at their next message, for 24 hours."


def apply_contact_event(
    tx: Transaction, channel: InboundChannel, event: ContactEvent
) -> ReceiveResult:
    """Applies an event, and redeems the handover that comes with it."""
    secrets = redemption.secrets_in(event.handover_token)
    if secrets:
        locks.lock_addresses(tx, event.address)
        locks.lock_links(tx)
    sender = contact_addresses.find_or_create_contact_address(tx, event.address, event.profile)
    handover = redemption.redeem_handover(tx, secrets, channel.name, sender)
    if isinstance(handover, RedeemedHandover):
        sender = redemption.reload_contact_address(tx, sender)
    origin = customer_origins.shown_origin(event, handover)
    if origin is not None:
        kept_origins.keep_origin(tx, sender, channel.name, origin)
    unseen = _apply(tx, channel, event, sender)
    if unseen and origin is not None:
        unseen = ORIGIN_KEPT
    switch = None
    if isinstance(handover, RedeemedHandover):
        unseen = ""
        at = timeline.sane_time(event.at, tx.now)
        switch = arrival.continue_on_channel(
            tx, sender, channel.reply_channel, handover, channel.welcome, at
        )
    return ReceiveResult(True, handover=handover, switch=switch, unseen=unseen)


def _apply(
    tx: Transaction, channel: InboundChannel, event: ContactEvent, sender: ContactAddress
) -> str:
    """Returns why the event shows nowhere, "" where it shows or is never stored."""
    match event.name:
        case "started" | "referral":
            at = timeline.sane_time(event.at, tx.now)
            was_closed = address_state.reopen_address(tx, sender, channel.name, at, event.topic)
            if event.name == "started" and not was_closed:
                return "The customer started a chat that was open already."
        case "stopped":
            reason = "The customer asked for no more messages here."
            address_state.close_address(tx, sender.address_id, channel.name, reason, opted_out=True)
        case "reaction":
            if not changes.set_reaction(tx, channel, event, sender):
                return "It is a reaction to a message that this hub does not have."
            return ""
        case "unsent":
            if not changes.mark_unsent(tx, channel, event, sender):
                return "It takes back a message that this hub does not have."
            return ""
        case "read":
            receipts.record_customer_read(tx, channel.name, sender, event)
            return ""
        case "typing":
            return ""
        case "help":
            pass
    conversation = lifecycle.load_latest_conversation(tx, sender)
    if conversation is None:
        return "The customer has no conversation in which it could show."
    timeline.add_event(
        tx,
        conversation,
        f"contact.{event.name}",
        Author("contact", sender.root_id, sender.name),
        connector=channel.name,
        address=str(event.address),
        text=event.text,
    )
    lifecycle.save_conversation(tx, conversation)
    return ""
