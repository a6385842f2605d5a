"""What a message proves about its sender: it makes an address a verified one, or links contacts.

| message | effect |
|---|---|
| a mail that the hub's own mail server found authentic | the address is verified |
| a reply token, back from the address it was sent to | the address is verified |
| the sender's own number, shared by a button whose answer the provider vouches for | links it |
| a mail that anybody could have written, or an automatic one | none |
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
    tx: Transaction, sender: ContactAddress, event: InboundMessage
) -> ContactAddress:
    """Verifies or links the sender of a message as far as the message proves it.

    What the message only says is looked through for suggestions.

    Returns: the sender, with the contact that stands for it after that.
    """
    if event.automatic or not event.authenticated:
        return sender
    if sender.evidence != "verified":
        sender = contact_addresses.verify_address(tx, sender)
    if event.full_text and event.full_text != event.text:
        match_detection.match_signature(tx, sender.contact_id, event)
    number = shared_number(event)
    if number is not None and event.card is not None:
        sender = _link_shared_number(tx, sender, number, event.card.name)
    return sender


def shared_number(event: InboundMessage) -> Address | None:
    """The sender's own number where a message shares it; None without one. Pure."""
    if event.card is None or not event.card.own:
        return None
    # Telegram writes numbers with their country and mostly without the plus.
    number = canonical("+" + event.card.phone.strip().lstrip("+"))
    return Address("tel", number) if is_possible(number) else None


def _link_shared_number(
    tx: Transaction, sender: ContactAddress, number: Address, name: str
) -> ContactAddress:
    """Links the sender to their own phone number, for which the provider vouches.

    A number that never wrote gets a contact of its own, so that the link can be undone like any
    other. A link that an agent has undone is not made again.
    """
    phone = contact_addresses.find_or_create_contact_address(tx, number, Profile(name=name))
    if phone.root_id == sender.root_id or _is_undone(tx, sender.contact_id, phone.contact_id):
        return sender
    if phone.evidence != "verified":
        phone = contact_addresses.verify_address(tx, phone)
    try:
        links.link_contacts(
            tx,
            sender.contact_id,
            phone.contact_id,
            evidence="verified",
            method=SHARED_NUMBER_METHOD,
            reason=f"They shared {number.path} as their own number, and the provider vouches for "
            "it.",
            by="contact",
        )
    except Invalid:
        return sender  # they were linked in the meantime
    linked_sender = contact_addresses.find_contact_address(tx.connection, sender.address)
    assert linked_sender is not None
    return linked_sender


def _is_undone(tx: Transaction, contact_id: int, other_contact_id: int) -> bool:
    """Whether these contacts were linked by a shared number, and that was undone."""
    contact_ids = (contact_id, other_contact_id)
    undone = tx.execute(
        select(link_rows.c.id).where(
            link_rows.c.contact_id.in_(contact_ids),
            link_rows.c.other_contact_id.in_(contact_ids),
            link_rows.c.method == SHARED_NUMBER_METHOD,
            link_rows.c.undone_at.is_not(None),
        )
    )
    return undone.first() is not None
