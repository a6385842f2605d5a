"""Who is offered to go on elsewhere: where waiting costs, or where an answer may soon be too late.

Once in a conversation, and to nobody who can be reached elsewhere already.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, exists, select

from hub.contacts import contact_addresses
from hub.conversations import lifecycle
from hub.handover import creation
from hub.handover.creation import CreatedHandover
from hub.identity import links
from hub.outbound import automatic_texts
from hub.outbound.destinations import OutboundChannel
from hub.store.engine import Transaction
from hub.store.models import addresses, contacts, conversations, reaches, visitor_sessions
from hub.store.models import handovers as made
from hub.types import Address

#: What `handover.created_by` says of the hub's own.
CREATED_BY = "hub"
#: How long before a reply window closes the offer goes out, while it still can.
BEFORE_CLOSING = timedelta(hours=1)
MAX_CANDIDATES = 50


@dataclass(frozen=True, slots=True)
class OfferCandidate:
    """Somebody to whom it may be offered, and where they are."""

    conversation_id: int
    contact_id: int
    connector: str
    address_id: int


def find_offer_candidates(
    connection: Connection,
    now: datetime,
    after: timedelta,
    pages: Collection[str],
    windows: Mapping[str, timedelta],
) -> list[OfferCandidate]:
    """Who waits long in the queue where an answer may come too late, left a page unanswered (they
    find the offer when they are back), or is on a channel whose window closes soon.

    Args:
        after: how long somebody waits or is gone before it is long.
        pages: the connectors that reach a customer only while a page is open.
        windows: how long after the customer's last words each other connector takes an answer.
    """
    open_ = conversations.c.status == "open"
    is_unanswered = open_ & conversations.c.waiting_since.is_not(None)
    on_page = conversations.c.last_inbound_connector.in_(pages)
    long_ago = now - after
    may_be_late = conversations.c.last_inbound_connector.in_({*pages, *windows})
    waits = open_ & conversations.c.assignee_id.is_(None) & (conversations.c.queued_at <= long_ago)
    has_left = exists().where(
        visitor_sessions.c.visitor == addresses.c.path,
        visitor_sessions.c.connector == conversations.c.last_inbound_connector,
        visitor_sessions.c.left_at <= long_ago,
    )
    found = [
        *_candidates(connection, waits & may_be_late),
        *_candidates(connection, is_unanswered & on_page & has_left),
    ]
    for name, window in windows.items():
        closing = (
            is_unanswered
            & (conversations.c.last_inbound_connector == name)
            & (reaches.c.last_inbound_at > now - window)
            & (reaches.c.last_inbound_at <= now - window + BEFORE_CLOSING)
        )
        found += _candidates(connection, closing)
    return [one for one in dict.fromkeys(found) if _is_only_here(connection, one)]


def _candidates(connection: Connection, condition: Any) -> Sequence[OfferCandidate]:
    rows = connection.execute(
        select(
            conversations.c.id,
            contacts.c.id.label("contact_id"),
            conversations.c.last_inbound_connector,
            conversations.c.last_inbound_address_id,
        )
        .join(addresses, addresses.c.id == conversations.c.last_inbound_address_id)
        .join(contacts, contacts.c.id == addresses.c.contact_id)
        .join(
            reaches,
            (reaches.c.address_id == conversations.c.last_inbound_address_id)
            & (reaches.c.connector == conversations.c.last_inbound_connector),
        )
        .where(condition, ~_was_offered(conversations.c.id))
        .limit(MAX_CANDIDATES)
    )
    return [OfferCandidate(*row) for row in rows]


def _was_offered(conversation_id: Any) -> Any:
    return exists().where(
        made.c.conversation_id == conversation_id, made.c.created_by == CREATED_BY
    )


def _is_only_here(connection: Connection, one: OfferCandidate) -> bool:
    return links.proved_address_ids(connection, one.contact_id) <= {one.address_id}


def create_offered_handovers(
    tx: Transaction, one: OfferCandidate, names: Sequence[str], expires: timedelta
) -> dict[str, CreatedHandover]:
    """Makes the invitations of an offer, by connector; none where somebody was faster."""
    tx.lock(f"offer:{one.conversation_id}")
    if tx.execute(select(_was_offered(one.conversation_id))).scalar():
        return {}
    return {
        name: creation.create_handover(tx, one.conversation_id, name, CREATED_BY, expires)
        for name in names
    }


def send_offer(
    tx: Transaction,
    one: OfferCandidate,
    outlet: OutboundChannel,
    texts: Mapping[str, str],
    ways: str,
) -> None:
    """Tells them, where they are. `ways` are the links, a line each, for `{links}` in the text."""
    row = tx.execute(select(addresses).where(addresses.c.id == one.address_id)).one()
    person = contact_addresses.find_contact_address(
        tx.connection, Address(row.scheme, row.path, row.scope)
    )
    assert person is not None
    target = lifecycle.load_conversation(tx, one.conversation_id, person)
    text = automatic_texts.text_in_language(
        texts, *automatic_texts.find_locales(tx, person), target["language"]
    )
    if text:
        automatic_texts.send_automatic_text(tx, target, person, outlet, text.format(links=ways))
        lifecycle.save_conversation(tx, target)
