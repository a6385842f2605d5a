"""What a message proves about where it came from: it links, or makes an address a proved one.

| what came | what it does |
|---|---|
| a mail that our own server found authentic | the address is proved |
| a reply token, back from the address it was sent to | the address is proved |
| their own number, shared by a button whose answer the provider vouches for | links the number |
| a mail that anybody could have written, or a machine's | nothing |
"""

from __future__ import annotations

from sqlalchemy import select

from hub.contacts import contact_addresses, match_detection
from hub.contacts.contact_addresses import ContactAddress
from hub.errors import Invalid
from hub.identity import links
from hub.phones import canonical, is_possible
from hub.store.engine import Transaction
from hub.store.models import links as link_rows
from hub.types import Address, InboundMessage, Profile

SHARED_NUMBER_METHOD = "own number"


def apply_message_evidence(
    tx: Transaction, person: ContactAddress, event: InboundMessage
) -> ContactAddress:
    """Does what this message proves, and suggests what it says. Returns who wrote it now."""
    if event.automatic or not event.authenticated:
        return person
    if person.evidence != "verified":
        person = contact_addresses.verify_address(tx, person)
    if event.full_text and event.full_text != event.text:
        match_detection.signed(tx, person.contact_id, event)
    if event.card is not None and event.card.own:
        # Telegram writes numbers with their country and mostly without the plus.
        number = canonical("+" + event.card.phone.strip().lstrip("+"))
        person = _share_number(tx, person, number, event.card.name)
    return person


def _share_number(
    tx: Transaction, person: ContactAddress, number: str, name: str
) -> ContactAddress:
    """The provider says that this number is theirs: whoever texts from it is this person.

    A number that nobody wrote from yet gets a record of its own, so that the link can be undone
    like any other. What an agent has taken back is not done again.
    """
    if not is_possible(number):
        return person
    holder = contact_addresses.find_or_create(tx, Address("tel", number), Profile(name=name))
    if holder.root_id == person.root_id or _was_undone(tx, person.contact_id, holder.contact_id):
        return person
    if holder.evidence != "verified":
        holder = contact_addresses.verify_address(tx, holder)
    try:
        links.link_contacts(
            tx,
            person.contact_id,
            holder.contact_id,
            evidence="verified",
            method=SHARED_NUMBER_METHOD,
            reason=f"They shared {number} as their own number, and the provider vouches for it.",
            by="contact",
        )
    except Invalid:
        return person  # somebody else made them one in the meantime
    found = contact_addresses.find_contact_address(tx.connection, person.address)
    assert found is not None
    return found


def _was_undone(tx: Transaction, one: int, other: int) -> bool:
    pair = (one, other)
    found = tx.execute(
        select(link_rows.c.id).where(
            link_rows.c.contact_id.in_(pair),
            link_rows.c.other_contact_id.in_(pair),
            link_rows.c.method == SHARED_NUMBER_METHOD,
            link_rows.c.undone_at.is_not(None),
        )
    )
    return found.first() is not None
