"""What a customer did that is no message: started, stopped, reacted, read."""

from __future__ import annotations

from hub.contacts import address_state, contact_addresses
from hub.contacts.contact_addresses import ContactAddress
from hub.conversations import lifecycle, publishing, timeline
from hub.handover import arrival, redemption
from hub.handover.redemption import RedeemedHandover
from hub.inbound.channel import InboundChannel, ReceiveResult
from hub.outbound import receipts
from hub.schema.author import Author
from hub.store.engine import Transaction
from hub.types import ContactEvent


def apply_contact_event(
    tx: Transaction, inlet: InboundChannel, event: ContactEvent
) -> ReceiveResult:
    """Notes what happened; an invitation that comes with it is made good."""
    person = contact_addresses.find_or_create(tx, event.address, event.profile)
    handover = redemption.redeem_handover(
        tx, redemption.secrets_in(event.handover_token), inlet.name, person
    )
    if isinstance(handover, RedeemedHandover):
        person = redemption.reload_contact_address(tx, person)
    _happened(tx, inlet, event, person)
    switch = None
    if isinstance(handover, RedeemedHandover):
        at = timeline.sane_time(event.at, tx.now)
        switch = arrival.continue_on_channel(
            tx, person, inlet.reply_channel, handover, inlet.welcome, at
        )
    return ReceiveResult(True, handover=handover, switch=switch)


def _happened(
    tx: Transaction, inlet: InboundChannel, event: ContactEvent, person: ContactAddress
) -> None:
    match event.name:
        case "started" | "referral":
            at = timeline.sane_time(event.at, tx.now)
            is_news = address_state.started(tx, person, inlet.name, at)
            if event.name == "started" and not is_news:
                return
        case "stopped":
            reason = "The customer asked for no more messages here."
            address_state.stopped(tx, person.address_id, inlet.name, reason, opted_out=True)
        case "reaction":
            _react(tx, inlet, event, person)
            return
        case "read":
            receipts.record_customer_read(tx, inlet.name, person, event)
            return
        case "typing":
            return
        case "help":
            pass
    target = lifecycle.load_latest_conversation(tx, person)
    if target is not None:
        timeline.add_event(
            tx,
            target,
            f"contact.{event.name}",
            Author("contact", person.root_id, person.name),
            connector=inlet.name,
            address=str(event.address),
            text=event.text,
        )
        lifecycle.save_conversation(tx, target)


def _react(
    tx: Transaction, inlet: InboundChannel, event: ContactEvent, person: ContactAddress
) -> None:
    row = timeline.find_message(tx, inlet.name, person.address_id, (event.external_id,))
    if row is None:
        return
    timeline.set_customer_reaction(tx, row, event.text)
    publishing.updated_message(tx, row["id"])
