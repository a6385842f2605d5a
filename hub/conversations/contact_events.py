"""What a customer did that is no message: started, stopped, reacted, read."""

from __future__ import annotations

from sqlalchemy import update

from hub.conversations import (
    arriving,
    handovers,
    people,
    publishing,
    reach,
    reports,
    threads,
    timeline,
)
from hub.conversations.handovers import Redeemed
from hub.conversations.inlets import Inlet, Received
from hub.conversations.people import Person
from hub.conversations.timeline import Author
from hub.store.engine import Transaction
from hub.store.models import messages
from hub.types import ContactEvent


def take(tx: Transaction, inlet: Inlet, event: ContactEvent) -> Received:
    """Notes what happened; an invitation that comes with it is made good."""
    person = people.find_or_make(tx, event.address, event.profile)
    handover = handovers.redeem_first(
        tx, handovers.in_form(event.handover_token), inlet.name, person
    )
    if isinstance(handover, Redeemed):
        person = handovers.person_after(tx, person)
    _happened(tx, inlet, event, person)
    switch = None
    if isinstance(handover, Redeemed):
        at = timeline.sane_time(event.at, tx.now)
        switch = arriving.arrive(tx, person, inlet.outlet, handover, inlet.welcome, at)
    return Received(True, handover=handover, switch=switch)


def _happened(tx: Transaction, inlet: Inlet, event: ContactEvent, person: Person) -> None:
    match event.name:
        case "started" | "referral":
            at = timeline.sane_time(event.at, tx.now)
            is_news = reach.started(tx, person, inlet.name, at)
            if event.name == "started" and not is_news:
                return
        case "stopped":
            reason = "The customer asked for no more messages here."
            reach.stopped(tx, person.address_id, inlet.name, reason, opted_out=True)
        case "reaction":
            _react(tx, inlet, event, person)
            return
        case "read":
            reports.read_by_customer(tx, inlet.name, person, event)
            return
        case "typing":
            return
        case "help":
            pass
    target = threads.latest_thread(tx, person)
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
        threads.save(tx, target)


def _react(tx: Transaction, inlet: Inlet, event: ContactEvent, person: Person) -> None:
    row = timeline.find_message(tx, inlet.name, person.address_id, (event.external_id,))
    if row is None:
        return
    others = [r for r in row["extra"].get("reactions", []) if r["by"] != "contact"]
    own = [{"emoji": event.text, "by": "contact"}] if event.text else []
    tx.execute(
        update(messages)
        .where(messages.c.id == row["id"])
        .values(extra={**row["extra"], "reactions": [*others, *own]})
    )
    publishing.updated_message(tx, row["id"])
