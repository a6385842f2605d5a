"""Detects that a customer continues on another channel, and records the switch.

The conversation stays the same. A switch is a row for the reports, an event in the timeline, and a
context card for the agent.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Select, insert, or_, select, true

from hub.contacts import contact_addresses
from hub.contacts.contact_addresses import ContactAddress
from hub.conversations import lifecycle, timeline
from hub.conversations.loaded_conversation import LoadedConversation
from hub.conversations.merge_state import ConversationState
from hub.metrics import RECOGNITION_SECONDS, SWITCHES, SWITCHES_RECOGNISED
from hub.schema import resources
from hub.schema.author import Author
from hub.schema.resources import Place
from hub.store.engine import Transaction
from hub.store.models import addresses, channel_switches, conversations, links, messages
from hub.switches import context_cards
from hub.types import Address

#: The most messages of one address that the last one to arrive has overtaken.
MAX_OVERTAKEN = 20
#: For how long a provider holds a message back at most, for the reports.
HELD_BACK_FOR = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Switch:
    """A change of channel, and how the hub recognised that it is the same person.

    Args:
        recognised_by: `handover`, `identity`, `link`, or `same_person` where one contact has both
            addresses.
        by_itself: whether the hub recognised it without an agent.
        seconds: the time from the first message on the new channel until it was recognised.
    """

    from_: Place
    to: Place
    recognised_by: str
    by_itself: bool
    seconds: float


def count_switch(switch: Switch | None) -> None:
    """Counts a switch, where there is one, for Prometheus. The reports count its row."""
    if switch is None:
        return
    SWITCHES.labels(**{"from": switch.from_.connector, "to": switch.to.connector}).inc()
    RECOGNITION_SECONDS.observe(switch.seconds)
    if switch.by_itself:
        SWITCHES_RECOGNISED.labels(by=switch.recognised_by).inc()


# -- a customer writes -----------------------------------------------------------------------------


def detect_switch(
    tx: Transaction,
    conversation: LoadedConversation,
    contact_address: ContactAddress,
    connector: str,
    kind: str,
    *,
    by_handover: bool = False,
    at: datetime | None = None,
    first_text: str = "",
) -> Switch | None:
    """Sets the channel that the customer wrote by last, and records a switch where it is new.

    Answers that name no message go there from now on.

    Args:
        contact_address: the address that writes now.
        connector: the name of the connector by which it writes.
        kind: the kind of that connector.
        by_handover: whether a handover brought the customer here.
        at: the time of the message, for the place of the event in the timeline.
        first_text: the first text on the new channel, for the context card.

    Returns: None where the customer wrote by this connector before, or never wrote.
    """
    _set_answer_place(conversation, connector, contact_address.address_id)
    previous_connector = conversation.last_inbound_connector
    previous_address_id = conversation.last_inbound_address_id
    if previous_connector == connector and previous_address_id == contact_address.address_id:
        return None
    conversation.last_inbound_connector = connector
    conversation.last_inbound_address_id = contact_address.address_id
    if previous_connector is None or previous_connector == connector or previous_address_id is None:
        return None
    previous = _address_activity(tx, previous_address_id)
    recognition = _recognise(tx, contact_address, previous, by_handover)
    to = Place(connector=connector, kind=kind, address=str(contact_address.address))
    switch = Switch(
        _place(previous_connector, previous),
        to,
        recognition.recognised_by,
        recognition.by_itself,
        recognition.seconds,
    )
    conversation.context_card = context_cards.create_card(
        tx, conversation, switch.from_, to, first_text
    )
    _record_switch(tx, conversation, contact_address, switch, at)
    return switch


def _set_answer_place(conversation: LoadedConversation, connector: str, address_id: int) -> None:
    if conversation.answer_connector != connector or conversation.answer_address_id != address_id:
        conversation.answer_connector = connector
        conversation.answer_address_id = address_id


class _Recognition(NamedTuple):
    """How the hub knows that the two addresses of a switch belong to one person."""

    recognised_by: str
    by_itself: bool
    seconds: float


def _recognise(
    tx: Transaction, contact_address: ContactAddress, previous: _AddressActivity, by_handover: bool
) -> _Recognition:
    if by_handover:
        return _Recognition("handover", True, 0.0)
    if previous.contact_id == contact_address.contact_id:
        return _Recognition("same_person", True, 0.0)
    contact_ids = (contact_address.contact_id, previous.contact_id)
    link = tx.execute(
        select(links.c.method, links.c.evidence, links.c.created_at)
        .where(
            or_(links.c.contact_id.in_(contact_ids), links.c.other_contact_id.in_(contact_ids)),
            links.c.undone_at.is_(None),
        )
        .order_by(links.c.id.desc())
        .limit(1)
    ).first()
    if link is None:
        return _Recognition("same_person", True, 0.0)
    seconds = _seconds_until(tx, link.created_at, contact_address.address_id, previous)
    return _Recognition(_recognised_by(link.method), link.evidence == "verified", seconds)


# -- a link is made --------------------------------------------------------------------------------


def record_switches_found_by_link(
    tx: Transaction,
    before: Iterable[ConversationState],
    changed: Collection[int],
    link: resources.Link,
) -> None:
    """Records the switches that a link reveals: it merged the conversations of two channels.

    Args:
        before: the conversations of both contacts before the link was made.
        changed: the ids of the conversations that the link changed.
    """
    before_by_id = {conversation.id: conversation for conversation in before}
    for row in tx.execute(
        select(conversations.c.id, conversations.c.merged_into_id).where(
            conversations.c.id.in_(changed), conversations.c.merged_into_id.is_not(None)
        )
    ).all():
        absorbed_state, kept_state = before_by_id.get(row.id), before_by_id.get(row.merged_into_id)
        if (
            absorbed_state is not None
            and kept_state is not None
            and absorbed_state.merged_into_id is None
        ):
            _record_merged(tx, absorbed_state, kept_state, link)


def _record_merged(
    tx: Transaction,
    absorbed_state: ConversationState,
    kept_state: ConversationState,
    link: resources.Link,
) -> None:
    """Records a switch in the kept conversation, where both were by different connectors.

    The customer was heard last on the newer channel, which the next switch starts from. Answers go
    where they went before the link.
    """
    if absorbed_state.last_inbound_connector == kept_state.last_inbound_connector:
        return
    activities = []
    for each in (absorbed_state, kept_state):
        if each.last_inbound_connector is None or each.last_inbound_address_id is None:
            return
        activity = _address_activity(tx, each.last_inbound_address_id)
        activities.append((each.last_inbound_connector, activity))
    (old_connector, old), (new_connector, new) = sorted(
        activities, key=lambda pair: pair[1].wrote_at or link.created_at
    )
    switch = Switch(
        _place(old_connector, old),
        _place(new_connector, new),
        _recognised_by(link.method),
        link.evidence == "verified",
        _seconds_until(tx, tx.now, new.id, old),
    )
    contact_address = contact_addresses.find_contact_address(tx.connection, new.address)
    assert contact_address is not None
    conversation = lifecycle.load_conversation(tx, kept_state.id, contact_address)
    conversation.last_inbound_connector = new_connector
    conversation.last_inbound_address_id = new.id
    conversation.context_card = context_cards.create_card(tx, conversation, switch.from_, switch.to)
    # An agent who made one person of two contacts wrote that; the customer did nothing then.
    _record_switch(tx, conversation, contact_address, switch, None, is_told=switch.by_itself)
    count_switch(switch)


# -- for both --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _AddressActivity:
    """An address, the kind of channel by which it wrote last, and when that arrived."""

    id: int
    contact_id: int
    address: Address
    kind: str
    wrote_at: datetime | None


def _address_activity(tx: Transaction, address_id: int) -> _AddressActivity:
    row = tx.execute(select(addresses).where(addresses.c.id == address_id)).one()
    last_messages = tx.execute(_last_messages_from(address_id)).all()
    last_message = max(last_messages, key=lambda message: message.id, default=None)
    return _AddressActivity(
        row.id,
        row.contact_id,
        Address(row.scheme, row.path, row.scope),
        last_message.kind if last_message is not None else row.scheme,
        last_message.received_at if last_message is not None else None,
    )


def _last_messages_from(address_id: int) -> Select[Any]:
    """Selects the newest messages from an address: by the index, however many there are.

    The index goes by the provider's time. The message that arrived last is among the newest ones.
    """
    return (
        select(messages.c.id, messages.c.kind, messages.c.received_at)
        .where(messages.c.address_id == address_id, messages.c.direction == "in")
        .order_by(messages.c.created_at.desc())
        .limit(MAX_OVERTAKEN)
    )


def _place(connector: str, activity: _AddressActivity) -> Place:
    return Place(connector=connector, kind=activity.kind, address=str(activity.address))


def _recognised_by(link_method: str) -> str:
    ways = ("handover", "identity")
    return next((way for way in ways if way in link_method), "link")


def _seconds_until(
    tx: Transaction, recognised_at: datetime, address_id: int, previous: _AddressActivity
) -> float:
    """Returns the seconds for which the customer wrote from an address without being recognised.

    They count from the first message from there after the last one from the previous address.
    """
    since = previous.wrote_at
    arrived_since = (
        true()
        if since is None
        # The first condition goes by the index, which has no time of arrival.
        else (messages.c.created_at > since - HELD_BACK_FOR) & (messages.c.received_at > since)
    )
    first_message_at = tx.execute(
        select(messages.c.received_at)
        .where(messages.c.address_id == address_id, messages.c.direction == "in", arrived_since)
        .order_by(messages.c.created_at)
        .limit(1)
    ).scalar()
    if first_message_at is None:
        return 0.0
    seconds: float = (recognised_at - first_message_at).total_seconds()
    return max(0.0, seconds)


def _record_switch(
    tx: Transaction,
    conversation: LoadedConversation,
    contact_address: ContactAddress,
    switch: Switch,
    at: datetime | None,
    *,
    is_told: bool = True,
) -> None:
    """Writes the row of a switch, and its event in the timeline where it `is_told` there.

    Saves the conversation.
    """
    tx.execute(
        insert(channel_switches).values(
            conversation_id=conversation.id,
            from_connector=switch.from_.connector,
            to_connector=switch.to.connector,
            recognised_by=switch.recognised_by,
            by_itself=switch.by_itself,
            seconds=switch.seconds,
            created_at=tx.now,
        )
    )
    if not is_told:
        lifecycle.save_conversation(tx, conversation)
        return
    fields = {
        "from": switch.from_.model_dump(),
        "to": switch.to.model_dump(),
        "recognised_by": switch.recognised_by,
        "seconds": switch.seconds,
    }
    author = Author("contact", contact_address.root_id, contact_address.name)
    timeline.add_event(tx, conversation, "channel.switched", author, created_at=at, **fields)
