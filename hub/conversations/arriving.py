"""A customer arrives with an invitation: told, welcomed, and their conversation is here now."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from hub.conversations import automatic, switches, threads
from hub.conversations.destinations import Outlet
from hub.conversations.handovers import Redeemed
from hub.conversations.people import Person
from hub.conversations.switches import Switch
from hub.conversations.threads import Author, Thread
from hub.store.engine import Transaction


def arrive(
    tx: Transaction,
    person: Person,
    outlet: Outlet,
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
    switch = switches.notice(tx, target, person, outlet, by_handover=True, at=at)
    if was != outlet.name:
        greet(tx, target, person, outlet, welcome)
    threads.save(tx, target)
    if switch is not None:
        threads.publish_conversation(tx, target.id)
    return switch


def note(
    tx: Transaction, target: Thread, person: Person, outlet: Outlet, redeemed: Redeemed
) -> None:
    """A line in the timeline: an invitation was followed. Never with what it was."""
    threads.add_event(
        tx,
        target,
        "handover.redeemed",
        Author("contact", person.root_id, person.contact.name),
        handover_id=str(redeemed.id),
        connector=outlet.name,
        address=str(person.address),
        linked=redeemed.is_linked,
    )


def greet(
    tx: Transaction, target: Thread, person: Person, outlet: Outlet, welcome: Mapping[str, str]
) -> None:
    """Tells them, in their language, that nothing needs repeating."""
    locales = automatic.locales_of(tx, person)
    text = automatic.in_language(welcome, *locales, target["language"])
    automatic.say(tx, target, person, outlet, text)


def _thread(tx: Transaction, person: Person, redeemed: Redeemed) -> Thread:
    """What goes on with them; else the conversation that the invitation was made in."""
    found = threads.open_thread(tx, person)
    if found is not None:
        return found
    made_in = threads.thread(tx, redeemed.conversation_id, person)
    merged_into = made_in["merged_into_id"]
    return made_in if merged_into is None else threads.thread(tx, merged_into, person)
