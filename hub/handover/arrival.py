"""A customer arrives with an invitation: told, welcomed, and their conversation is here now."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from hub.contacts.contact_addresses import ContactAddress
from hub.conversations import lifecycle, publishing, timeline
from hub.conversations.lifecycle import LoadedConversation
from hub.conversations.timeline import Author
from hub.handover import redemption
from hub.handover.redemption import Redeemed, Refused
from hub.outbound import automatic_texts
from hub.outbound.destinations import OutboundChannel
from hub.schema.tokens import is_token
from hub.store.engine import Transaction
from hub.switches import detection
from hub.switches.detection import Switch
from hub.types import InboundMessage


def bring(
    tx: Transaction, event: InboundMessage, connector: str, person: ContactAddress
) -> Redeemed | Refused | None:
    """Redeems what a message brings: its token, or a code in its text."""
    brought = redemption.brought_by(event)
    if not brought:
        return None
    # A sender that anybody could have written, or a machine that quotes us, proves nothing.
    if event.automatic or not event.authenticated:
        return Refused("unauthenticated") if is_token(event.handover_token) else None
    return redemption.redeem_first(tx, brought, connector, person)


def is_bare(event: InboundMessage, redeemed: Redeemed) -> bool:
    """Whether it only brings the invitation: then there is nothing in it to answer."""
    if event.attachments:
        return False
    return "button" in event.extra or redemption.is_nothing_but(event.text, redeemed)


def arrive(
    tx: Transaction,
    person: ContactAddress,
    outlet: OutboundChannel,
    redeemed: Redeemed,
    welcome: Mapping[str, str],
    at: datetime,
) -> Switch | None:
    """Somebody followed a link and said nothing yet: their conversation is here from now on.

    `welcome` is said to them, by language, unless they were here before.
    """
    target = _thread(tx, person, redeemed)
    note(tx, target, person, outlet, redeemed)
    was = target["last_inbound_connector"]
    switch = detection.notice(tx, target, person, outlet.name, outlet.kind, by_handover=True, at=at)
    if was != outlet.name or redeemed.is_move_to(outlet.name):
        greet(tx, target, person, outlet, welcome)
    lifecycle.save_conversation(tx, target)
    if switch is not None:
        publishing.conversation(tx, target.id)
    return switch


def note(
    tx: Transaction,
    target: LoadedConversation,
    person: ContactAddress,
    outlet: OutboundChannel,
    redeemed: Redeemed,
) -> None:
    """A line in the timeline: an invitation was followed. Never with what it was."""
    timeline.add_event(
        tx,
        target,
        "handover.redeemed",
        Author("contact", person.root_id, person.name),
        handover_id=str(redeemed.id),
        connector=outlet.name,
        address=str(person.address),
        linked=redeemed.is_linked,
    )


def greet(
    tx: Transaction,
    target: LoadedConversation,
    person: ContactAddress,
    outlet: OutboundChannel,
    welcome: Mapping[str, str],
) -> None:
    """Tells them, in their language, that nothing needs repeating."""
    locales = automatic_texts.locales_of(tx, person)
    text = automatic_texts.in_language(welcome, *locales, target["language"])
    automatic_texts.say(tx, target, person, outlet, text)


def _thread(tx: Transaction, person: ContactAddress, redeemed: Redeemed) -> LoadedConversation:
    """What goes on with them; else the conversation that the invitation was made in."""
    found = lifecycle.load_open_conversation(tx, person)
    if found is not None:
        return found
    made_in = lifecycle.load_conversation(tx, redeemed.conversation_id, person)
    merged_into = made_in["merged_into_id"]
    return made_in if merged_into is None else lifecycle.load_conversation(tx, merged_into, person)
