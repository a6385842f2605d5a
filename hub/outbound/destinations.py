"""Chooses the address of an answer: that of the message it answers, or one on a chosen channel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Connection, bindparam, select, true

from hub.contacts import address_state, contact_addresses
from hub.contacts.contact_addresses import ContactAddress
from hub.errors import Conflict, Invalid
from hub.store.engine import Transaction
from hub.store.models import addresses, contacts, conversations, messages, reaches
from hub.store.prepared import Prepared
from hub.types import Address, ReplyWindow


class KnowsCopies(Protocol):
    """What a connector whose messages have copies knows of addresses."""

    def normalized(self, address: Address) -> Address:
        """Raises Invalid: no customer can have this address."""
        ...

    def is_own_address(self, address: Address) -> bool:
        """Whether an address is ours."""
        ...


@dataclass(frozen=True, slots=True)
class OutboundChannel:
    """A connector with what the outbox needs to know of it.

    Args:
        scheme, scope: of the addresses that it can write to.
        can_start: whether it may write to a customer that never wrote to it.
        window: how long after the customer's last message it may answer, None for no limit.
        text_limit: the longest text of one message, in the channel's unit; None for no limit.
        copies: the connector, where its messages have further recipients.
    """

    name: str
    kind: str
    scheme: str
    scope: str = ""
    can_start: bool = False
    window: ReplyWindow | None = None
    text_limit: int | None = None
    copies: KnowsCopies | None = None


@dataclass(frozen=True, slots=True)
class MessagePlace:
    """The connector and the address of a message, None where it has none (a note)."""

    connector: str | None
    address_id: int | None


_conversation_contact = contacts.alias("conversation_contact")
_FIND_CURRENT_PLACE = Prepared(
    select(
        conversations.c.answer_connector.label("connector"),
        conversations.c.answer_address_id.label("address_id"),
    )
    .join(addresses, addresses.c.id == conversations.c.answer_address_id)
    .join(contacts, contacts.c.id == addresses.c.contact_id)
    .join(_conversation_contact, _conversation_contact.c.id == conversations.c.contact_id)
    .where(
        conversations.c.id == bindparam("conversation_id"),
        conversations.c.answer_connector.is_not(None),
        # An undone link may have left the address of another contact.
        contacts.c.root_id == _conversation_contact.c.root_id,
    )
)
_FIND_STOPPED = Prepared(
    select(reaches.c.stopped_reason).where(
        reaches.c.address_id == bindparam("address_id"),
        reaches.c.connector == bindparam("connector"),
        reaches.c.stopped_at.is_not(None),
    )
)


def find_destination(
    tx: Transaction,
    conversation_id: int,
    contact_id: int,
    chosen: str | None,
    answered: MessagePlace | None,
    outbound_channels: Mapping[str, OutboundChannel],
) -> tuple[ContactAddress, OutboundChannel]:
    """Finds the address and the channel of an answer.

    It is the address of the message that is answered, unless the sender chose another channel.
    Without such a message it is the address of the last message that came into this conversation,
    or the one to which a handover has brought the customer since. A link that an agent makes tells
    where else a customer wrote, and changes no answer's address.

    Args:
        chosen: the name of the connector that the sender chose.
        answered: the place of the message that the sender answers.
        outbound_channels: the connectors that are turned on, by name.

    Raises:
        Invalid: the chosen connector does not exist or is turned off.
        Conflict: the customer cannot be reached on that channel.
    """
    if answered is None or answered.address_id is None:
        answered = _current_place(tx, conversation_id) or _last_message_place(tx, conversation_id)
    name = chosen or (answered.connector if answered is not None else None)
    if name is None:
        raise Conflict("Nothing was said here yet: choose the channel to write on.")
    channel = outbound_channels.get(name)
    if channel is None:
        raise Invalid(f"There is no connector {name!r} that is turned on.", "connector")
    recipient: ContactAddress | None
    if answered is not None and answered.address_id is not None and answered.connector == name:
        recipient = find_address_by_id(tx, answered.address_id)
    else:
        recipient = find_address_for_channel(tx.connection, contact_id, channel)
    if recipient is None:
        raise Conflict(f"This customer has no address that {name} can write to.")
    address_state.allow_address(tx, recipient.address_id, name)
    refuse_stopped_address(tx, recipient.address_id, channel.name)
    return recipient, channel


def find_address_for_channel(
    connection: Connection, contact_id: int, channel: OutboundChannel
) -> ContactAddress | None:
    """The address of a contact that a channel can write to, the one with the latest message.

    Args:
        contact_id: of any record of the contact; addresses of linked records count.
    """
    root = contacts.alias()
    row = connection.execute(
        select(addresses)
        .join(contacts, contacts.c.id == addresses.c.contact_id)
        .join(root, root.c.root_id == contacts.c.root_id)
        .outerjoin(
            reaches,
            (reaches.c.address_id == addresses.c.id) & (reaches.c.connector == channel.name),
        )
        .where(
            root.c.id == contact_id,
            addresses.c.scheme == channel.scheme,
            addresses.c.scope == channel.scope,
            true() if channel.can_start else reaches.c.address_id.is_not(None),
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
    """Checks that an address is open for a connector.

    Raises:
        Conflict: the customer opted out or blocked us, or the address does not exist.
    """
    row = _FIND_STOPPED.first(tx.connection, {"address_id": address_id, "connector": connector})
    if row is not None:
        raise Conflict(f"{row.stopped_reason} Choose another channel.".strip())


def find_address_by_id(tx: Transaction, address_id: int) -> ContactAddress | None:
    """An address, which must exist, with its contact."""
    return contact_addresses.find_contact_address_by_id(tx.connection, address_id)


# -- parts ---------------------------------------------------------------------------------------


def _current_place(tx: Transaction, conversation_id: int) -> MessagePlace | None:
    """The place of the customer's last message, or to which a handover has brought them since."""
    row = _FIND_CURRENT_PLACE.first(tx.connection, {"conversation_id": conversation_id})
    return None if row is None else MessagePlace(row.connector, row.address_id)


def _last_message_place(tx: Transaction, conversation_id: int) -> MessagePlace | None:
    """The place of the last message in a conversation; the customer's messages come first."""
    row = tx.execute(
        select(messages.c.connector, messages.c.address_id)
        .where(
            messages.c.conversation_id == conversation_id,
            messages.c.address_id.is_not(None),
            messages.c.type == "message",
        )
        .order_by((messages.c.direction == "in").desc(), messages.c.id.desc())
        .limit(1)
    ).first()
    return None if row is None else MessagePlace(row.connector, row.address_id)
