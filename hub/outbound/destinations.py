"""Which address an answer goes to: that of what it answers, or on the channel that was chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select, true

from hub.contacts import address_state, contact_addresses
from hub.contacts.contact_addresses import ContactAddress
from hub.errors import Conflict, Invalid
from hub.store.engine import Transaction
from hub.store.models import addresses, contacts, conversations, messages, reaches
from hub.types import Address, ReplyWindow


@dataclass(frozen=True, slots=True)
class OutboundChannel:
    """A connector as the outbox sees it."""

    name: str
    kind: str
    scheme: str
    scope: str = ""
    can_start: bool = False
    window: ReplyWindow | None = None
    text_limit: int | None = None


def find_destination(
    tx: Transaction,
    conversation_id: int,
    contact_id: int,
    chosen: str | None,
    reply: Any | None,
    outlets: dict[str, OutboundChannel],
) -> tuple[ContactAddress, OutboundChannel]:
    """The address of the message answered, unless the sender chose another channel.

    Raises:
        Invalid: the channel they chose is not there.
        Conflict: the customer cannot be reached that way.
    """
    answered = reply if reply is not None and reply.address_id is not None else None
    if answered is None:
        answered = _where_they_are(tx, conversation_id) or _last_said(tx, conversation_id)
    name = chosen or (answered.connector if answered is not None else None)
    if name is None:
        raise Conflict("Nothing was said here yet: choose the channel to write on.")
    outlet = outlets.get(name)
    if outlet is None:
        raise Invalid(f"There is no connector {name!r} that is turned on.", "connector")
    person: ContactAddress | None
    if answered is not None and answered.connector == name:
        person = find_address_by_id(tx, answered.address_id)
    else:
        person = find_address_for_channel(tx.connection, contact_id, outlet)
    if person is None:
        raise Conflict(f"This customer has no address that {name} can write to.")
    address_state.known(tx, person.address_id, name)
    refuse_stopped_address(tx, person.address_id, outlet.name)
    return person, outlet


def find_address_for_channel(
    connection: Connection, contact_id: int, outlet: OutboundChannel
) -> ContactAddress | None:
    """The address of a contact that a connector can write to: the one heard from last."""
    root = contacts.alias()
    row = connection.execute(
        select(addresses)
        .join(contacts, contacts.c.id == addresses.c.contact_id)
        .join(root, root.c.root_id == contacts.c.root_id)
        .outerjoin(
            reaches,
            (reaches.c.address_id == addresses.c.id) & (reaches.c.connector == outlet.name),
        )
        .where(
            root.c.id == contact_id,
            addresses.c.scheme == outlet.scheme,
            addresses.c.scope == outlet.scope,
            true() if outlet.can_start else reaches.c.address_id.is_not(None),
        )
        .order_by(reaches.c.last_inbound_at.desc().nulls_last(), addresses.c.id.desc())
        .limit(1)
    ).first()
    if row is None:
        return None
    return contact_addresses.find_contact_address(
        connection, Address(row.scheme, row.path, row.scope)
    )


def refuse_stopped_address(tx: Transaction, address_id: int, connector: str) -> None:
    """Raises Conflict where the customer closed the address."""
    reason = tx.execute(
        select(reaches.c.stopped_reason).where(
            reaches.c.address_id == address_id,
            reaches.c.connector == connector,
            reaches.c.stopped_at.is_not(None),
        )
    ).scalar()
    if reason is not None:
        raise Conflict(f"{reason} Choose another channel.".strip())


def find_address_by_id(tx: Transaction, address_id: int) -> ContactAddress | None:
    """Whoever holds an address."""
    row = tx.execute(select(addresses).where(addresses.c.id == address_id)).one()
    return contact_addresses.find_contact_address(
        tx.connection, Address(row.scheme, row.path, row.scope)
    )


# -- parts ---------------------------------------------------------------------------------------


def _where_they_are(tx: Transaction, conversation_id: int) -> Any | None:
    """Where the customer wrote last, or went since by an invitation without a word."""
    owner = contacts.alias()
    return tx.execute(
        select(
            conversations.c.last_inbound_connector.label("connector"),
            conversations.c.last_inbound_address_id.label("address_id"),
        )
        .join(addresses, addresses.c.id == conversations.c.last_inbound_address_id)
        .join(contacts, contacts.c.id == addresses.c.contact_id)
        .join(owner, owner.c.id == conversations.c.contact_id)
        .where(
            conversations.c.id == conversation_id,
            conversations.c.last_inbound_connector.is_not(None),
            contacts.c.root_id == owner.c.root_id,  # nobody is answered at somebody else's
        )
    ).first()


def _last_said(tx: Transaction, conversation_id: int) -> Any | None:
    return tx.execute(
        select(messages)
        .where(
            messages.c.conversation_id == conversation_id,
            messages.c.address_id.is_not(None),
            messages.c.type == "message",
        )
        .order_by((messages.c.direction == "in").desc(), messages.c.id.desc())
        .limit(1)
    ).first()
