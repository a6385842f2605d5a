"""The recipients of an answer on a channel with copies: the sender of the message, and the others.

| the answer | to | cc |
|---|---|---|
| to a message that came in | its Reply-To, else its sender | the others of its To and Cc |
| to a message of ours | as that one | as that one |
| with `cc` of its author | as above | exactly these |

Addresses of our own are never among them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, select

from hub.contacts.contact_addresses import ContactAddress
from hub.conversations import lifecycle
from hub.errors import Invalid, NotFound
from hub.outbound.destinations import KnowsCopies, OutboundChannel
from hub.store.engine import Transaction
from hub.store.models import addresses, messages
from hub.types import OWN_ALIASES, Address

#: A message has at most so many copies.
MAX_COPIES = 50
_ANSWERED = (messages.c.direction, messages.c.to, messages.c.cc, messages.c.extra)


@dataclass(frozen=True, slots=True)
class Recipients:
    """The recipients of a message, as `scheme:path`; none on a channel without copies."""

    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()


def find_recipients(
    tx: Transaction,
    conversation_id: int,
    recipient: ContactAddress,
    channel: OutboundChannel,
    channels: Mapping[str, OutboundChannel],
    reply_to: int | None,
    cc: Sequence[str] | None,
) -> Recipients:
    """The recipients of a message in a conversation.

    Args:
        channels: all connectors that are turned on, whose addresses are our own.
        reply_to: the id of the message that it answers; without one it answers the last message
            that came from the recipient.
        cc: the copies that its author chose; None for the others of the message answered.

    Raises:
        Invalid: an address of `cc` is none, or the channel has no copies.
    """
    if channel.copies is None:
        if cc:
            raise Invalid(f"{channel.name} sends no copies.", "cc")
        return Recipients()
    answered = _answered_message(tx, conversation_id, recipient, channel.name, reply_to)
    chosen = _read_copies(cc, channel, channel.copies) if cc is not None else _copies_of(answered)
    return _recipients(answered, recipient.address, chosen, channels)


def recipients_of_answer(
    connection: Connection, message_id: int, channels: Mapping[str, OutboundChannel]
) -> Recipients:
    """The recipients that an answer to a message has, unless its author chooses the copies.

    Args:
        channels: all connectors that are turned on, by name.

    Raises:
        NotFound: there is no such message.
    """
    row = (
        connection.execute(
            select(
                *_ANSWERED,
                messages.c.connector,
                addresses.c.scheme,
                addresses.c.path,
                addresses.c.scope,
            )
            .outerjoin(addresses, addresses.c.id == messages.c.address_id)
            .where(messages.c.id == message_id)
        )
        .mappings()
        .first()
    )
    if row is None:
        raise NotFound("There is no such message.")
    channel = channels.get(row["connector"] or "")
    if channel is None or channel.copies is None or row["scheme"] is None:
        return Recipients()
    sender = Address(row["scheme"], row["path"], row["scope"])
    return _recipients(row, sender, _copies_of(row), channels)


def _recipients(
    answered: RowMapping | None,
    sender: Address,
    copies: Iterable[str],
    channels: Mapping[str, OutboundChannel],
) -> Recipients:
    to = _main_recipients(answered, sender)
    connectors = [each.copies for each in channels.values() if each.copies is not None]
    return Recipients(
        to, tuple(_without_own(dict.fromkeys(copies), connectors, {*to, str(sender)}))
    )


def _answered_message(
    tx: Transaction,
    conversation_id: int,
    recipient: ContactAddress,
    connector: str,
    reply_to: int | None,
) -> RowMapping | None:
    """The message that an answer to this address answers."""
    query = select(*_ANSWERED).where(
        messages.c.address_id == recipient.address_id,
        messages.c.connector == connector,
        messages.c.type == "message",
        lifecycle.message_is_in(conversation_id),
    )
    if reply_to is not None:
        named = tx.execute(query.where(messages.c.id == reply_to)).mappings().first()
        if named is not None:
            return named
    latest = (
        query.where(messages.c.direction == "in")
        .order_by(messages.c.created_at.desc(), messages.c.id.desc())
        .limit(1)
    )
    return tx.execute(latest).mappings().first()


def _main_recipients(answered: RowMapping | None, sender: Address) -> tuple[str, ...]:
    if answered is not None and answered["direction"] == "out" and answered["to"]:
        return tuple(answered["to"])
    answers = [] if answered is None else _listed(answered, "reply_to")
    return tuple(f"{sender.scheme}:{path}" for path in answers) or (str(sender),)


def _listed(message: RowMapping, name: str) -> list[str]:
    """The paths of addresses in a field of a message's `extra`."""
    return [path for path in str(message["extra"].get(name, "")).split(", ") if path]


def _copies_of(answered: RowMapping | None) -> list[str]:
    if answered is None:
        return []
    if answered["direction"] == "out":
        return list(answered["cc"])
    aliases = {path.lower() for path in _listed(answered, OWN_ALIASES)}
    recipients = [*answered["to"], *answered["cc"]]
    return [text for text in recipients if text.partition(":")[2] not in aliases]


def _read_copies(
    texts: Sequence[str], channel: OutboundChannel, connector: KnowsCopies
) -> list[str]:
    """Raises Invalid."""
    if len(texts) > MAX_COPIES:
        raise Invalid(f"A message has at most {MAX_COPIES} copies.", "cc")
    copies = []
    for text in texts:
        path = text.strip().removeprefix(f"{channel.scheme}:")
        address = Address(channel.scheme, path, channel.scope)
        try:
            copies.append(
                str(address if connector.is_own_address(address) else connector.normalized(address))
            )
        except Invalid as error:
            raise Invalid(error.message, "cc") from None
    return copies


def _without_own(
    copied: Iterable[str], connectors: Sequence[KnowsCopies], recipients: set[str]
) -> list[str]:
    """The addresses that a copy can go to: no own one, none that gets the message already."""
    copies = []
    for text in copied:
        address = Address.parse(text)
        if text in recipients or any(each.is_own_address(address) for each in connectors):
            continue
        try:
            if connectors:
                connectors[0].normalized(address)
        except Invalid:
            continue
        copies.append(text)
    return copies[:MAX_COPIES]
