"""A customer goes on elsewhere: noticed, told, and counted; the same conversation goes along."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, insert, or_, select, true

from hub.contacts import contact_addresses
from hub.contacts.contact_addresses import ContactAddress
from hub.conversations import lifecycle, timeline
from hub.conversations.lifecycle import LoadedConversation
from hub.metrics import RECOGNITION_SECONDS, SWITCHES, SWITCHES_RECOGNISED
from hub.schema import resources
from hub.schema.author import Author
from hub.schema.resources import Place
from hub.store.engine import Transaction
from hub.store.models import addresses, channel_switches, conversations, links, messages
from hub.switches import context_cards
from hub.types import Address


@dataclass(frozen=True, slots=True)
class Switch:
    """From where to where, and how it was known that it is the same person.

    `recognised_by` is `handover`, `identity`, `link`, or `same_person` where one record has both
    addresses. `by_itself` where nobody of the company had to say so. `seconds` from the first words
    on the new channel until it was known.
    """

    from_: Place
    to: Place
    recognised_by: str
    by_itself: bool
    seconds: float


def counted(switch: Switch) -> None:
    """Counts it for Prometheus. Its row is for the reports."""
    SWITCHES.labels(**{"from": switch.from_.connector, "to": switch.to.connector}).inc()
    RECOGNITION_SECONDS.observe(switch.seconds)
    if switch.by_itself:
        SWITCHES_RECOGNISED.labels(by=switch.recognised_by).inc()


# -- somebody comes --------------------------------------------------------------------------------


def notice(
    tx: Transaction,
    target: LoadedConversation,
    person: ContactAddress,
    connector: str,
    kind: str,
    *,
    by_handover: bool = False,
    at: datetime | None = None,
    words: str = "",
) -> Switch | None:
    """Notes where the customer is now; tells of it when that is another channel than before.

    Args:
        by_handover: an invitation brought them.
        at: the time of the words that they switched with, for their place in the timeline.
        words: what they say on the new channel, for the card that the agent gets.
    """
    before = target["last_inbound_connector"]
    before_id = target["last_inbound_address_id"]
    if before == connector and before_id == person.address_id:
        return None
    target.changes |= {
        "last_inbound_connector": connector,
        "last_inbound_address_id": person.address_id,
    }
    if before is None or before == connector:
        return None
    origin = _origin(tx, before_id)
    by, by_itself, seconds = _recognised(tx, person, origin, by_handover)
    to = Place(connector=connector, kind=kind, address=str(person.address))
    switch = Switch(_place(before, origin), to, by, by_itself, seconds)
    target.changes["context_card"] = context_cards.make(tx, target, switch.from_, to, words)
    _tell(tx, target, person, switch, at)
    return switch


def _recognised(
    tx: Transaction, person: ContactAddress, origin: _Origin, by_handover: bool
) -> tuple[str, bool, float]:
    if by_handover:
        return "handover", True, 0.0
    if origin.contact_id == person.contact_id:
        return "same_person", True, 0.0
    records = (person.contact_id, origin.contact_id)
    link = tx.execute(
        select(links)
        .where(
            or_(links.c.contact_id.in_(records), links.c.other_contact_id.in_(records)),
            links.c.undone_at.is_(None),
        )
        .order_by(links.c.id.desc())
        .limit(1)
    ).first()
    if link is None:
        return "same_person", True, 0.0
    seconds = _seconds(tx, person.address_id, origin, link.created_at)
    return _word(link.method), link.evidence == "verified", seconds


# -- somebody turns out to be somebody -------------------------------------------------------------


def joined(
    tx: Transaction, before: Mapping[str, Any], changed: Collection[int], link: resources.Link
) -> None:
    """A link made one conversation of two: a customer had gone on elsewhere, unrecognised till now.

    Args:
        before: what the link remembers of the conversations as they stood.
        changed: the conversations that it touched.
    """
    stood = {int(one["id"]): one for one in before["conversations"]}
    for give in tx.execute(
        select(conversations.c.id, conversations.c.merged_into_id).where(
            conversations.c.id.in_(changed), conversations.c.merged_into_id.is_not(None)
        )
    ).all():
        was, keep = stood.get(give.id), stood.get(give.merged_into_id)
        if was is not None and keep is not None and was["merged_into_id"] is None:
            _notice_joined(tx, give.merged_into_id, was, keep, link)


def _notice_joined(
    tx: Transaction,
    conversation_id: int,
    one: Mapping[str, Any],
    other: Mapping[str, Any],
    link: resources.Link,
) -> None:
    if None in (one["last_inbound_connector"], other["last_inbound_connector"]):
        return
    if one["last_inbound_connector"] == other["last_inbound_connector"]:
        return
    older, newer = sorted(
        ((_origin(tx, each["last_inbound_address_id"]), each) for each in (one, other)),
        key=lambda pair: pair[0].wrote_at or link.created_at,
    )
    switch = Switch(
        _place(older[1]["last_inbound_connector"], older[0]),
        _place(newer[1]["last_inbound_connector"], newer[0]),
        _word(link.method),
        link.evidence == "verified",
        _seconds(tx, newer[0].id, older[0], tx.now),
    )
    person = contact_addresses.find_contact_address(tx.connection, newer[0].address)
    assert person is not None
    target = lifecycle.load_conversation(tx, conversation_id, person)
    target.changes |= {
        "last_inbound_connector": newer[1]["last_inbound_connector"],
        "last_inbound_address_id": newer[0].id,
        "context_card": context_cards.make(tx, target, switch.from_, switch.to),
    }
    _tell(tx, target, person, switch, None)
    counted(switch)


# -- both ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Origin:
    """An address, the kind of channel that it was last heard on, and when."""

    id: int
    contact_id: int
    address: Address
    kind: str
    wrote_at: datetime | None


def _origin(tx: Transaction, address_id: int) -> _Origin:
    row = tx.execute(select(addresses).where(addresses.c.id == address_id)).one()
    last = tx.execute(_heard_at(address_id)).first()
    return _Origin(
        row.id,
        row.contact_id,
        Address(row.scheme, row.path, row.scope),
        last.kind if last is not None else row.scheme,
        last.created_at if last is not None else None,
    )


def _heard_at(address_id: int) -> Select[Any]:
    """The last message from an address: by the index, however many there are."""
    return (
        select(messages.c.kind, messages.c.created_at)
        .where(messages.c.address_id == address_id, messages.c.direction == "in")
        .order_by(messages.c.created_at.desc())
        .limit(1)
    )


def _place(connector: str, origin: _Origin) -> Place:
    return Place(connector=connector, kind=origin.kind, address=str(origin.address))


def _word(method: str) -> str:
    return next((word for word in ("handover", "identity") if word in method), "link")


def _seconds(tx: Transaction, here: int, there: _Origin, known_at: datetime) -> float:
    """From their first words at one address, since they last wrote at the other, until then."""
    first_here = tx.execute(
        select(messages.c.created_at)
        .where(
            messages.c.address_id == here,
            messages.c.direction == "in",
            true() if there.wrote_at is None else messages.c.created_at > there.wrote_at,
        )
        .order_by(messages.c.created_at)
        .limit(1)
    ).scalar()
    return 0.0 if first_here is None else max(0.0, (known_at - first_here).total_seconds())


def _tell(
    tx: Transaction,
    target: LoadedConversation,
    person: ContactAddress,
    switch: Switch,
    at: datetime | None,
) -> None:
    tx.execute(
        insert(channel_switches).values(
            conversation_id=target.id,
            from_connector=switch.from_.connector,
            to_connector=switch.to.connector,
            recognised_by=switch.recognised_by,
            by_itself=switch.by_itself,
            seconds=switch.seconds,
            created_at=tx.now,
        )
    )
    told = {
        "name": "channel.switched",
        "from": switch.from_.model_dump(),
        "to": switch.to.model_dump(),
        "recognised_by": switch.recognised_by,
        "seconds": switch.seconds,
    }
    author = Author("contact", person.root_id, person.name)
    timeline.add_event_at(tx, target, at, author, told)
