"""Offers of other channels: to customers who wait long, or whose reply window closes soon.

One offer for each conversation, and none where a proved address on another channel is known.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, exists, select

from hub.conversations import lifecycle
from hub.handover import creation
from hub.handover.creation import CreatedHandover
from hub.identity import links
from hub.outbound import automatic_texts, destinations
from hub.outbound.destinations import OutboundChannel
from hub.store.engine import Transaction
from hub.store.models import (
    addresses,
    contacts,
    conversations,
    handovers,
    reaches,
    visitor_sessions,
)

#: The value of `handover.created_by` for the handovers of offers.
CREATED_BY = "hub"
#: How long before a reply window closes the offer goes out, while it still can.
BEFORE_CLOSING = timedelta(hours=1)
MAX_CANDIDATES = 50


class OfferCandidate(NamedTuple):
    """A conversation in which another channel may be offered, and where its customer is now."""

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
    """Finds the conversations in which other channels are to be offered now.

    These are conversations that wait long in the queue, where an answer may come too late; those
    whose customer left a page before an answer (the offer is there when they are back); and those
    on a channel whose reply window closes soon.

    Args:
        after: how long a customer waits, or is away from the page, until an offer is made.
        pages: the names of connectors that reach a customer only while a page is open.
        windows: by the names of the other connectors, how long after the customer's last message
            they take an answer.
    """
    is_open = conversations.c.status == "open"
    is_unanswered = is_open & conversations.c.waiting_since.is_not(None)
    is_on_page = conversations.c.answer_connector.in_(pages)
    long_ago = now - after
    may_be_late = conversations.c.answer_connector.in_({*pages, *windows})
    waits_long = (
        is_open & conversations.c.assignee_id.is_(None) & (conversations.c.queued_at <= long_ago)
    )
    has_left = exists().where(
        visitor_sessions.c.visitor == addresses.c.path,
        visitor_sessions.c.connector == conversations.c.answer_connector,
        visitor_sessions.c.left_at <= long_ago,
    )
    candidates = [
        *_find_candidates(connection, waits_long & may_be_late),
        *_find_candidates(connection, is_unanswered & is_on_page & has_left),
    ]
    for connector, window in windows.items():
        closes_soon = (
            is_unanswered
            & (conversations.c.answer_connector == connector)
            & (reaches.c.last_inbound_at > now - window)
            & (reaches.c.last_inbound_at <= now - window + BEFORE_CLOSING)
        )
        candidates += _find_candidates(connection, closes_soon)
    return [
        candidate
        for candidate in dict.fromkeys(candidates)
        if not _has_other_addresses(connection, candidate)
    ]


def _find_candidates(
    connection: Connection, condition: ColumnElement[bool]
) -> Sequence[OfferCandidate]:
    """Finds the conversations without an offer for which a condition holds."""
    rows = connection.execute(
        select(
            conversations.c.id,
            contacts.c.id.label("contact_id"),
            conversations.c.answer_connector,
            conversations.c.answer_address_id,
        )
        .join(addresses, addresses.c.id == conversations.c.answer_address_id)
        .join(contacts, contacts.c.id == addresses.c.contact_id)
        .join(
            reaches,
            (reaches.c.address_id == conversations.c.answer_address_id)
            & (reaches.c.connector == conversations.c.answer_connector),
        )
        .where(condition, ~_has_offer(conversations.c.id))
        .limit(MAX_CANDIDATES)
    )
    return [
        OfferCandidate(row.id, row.contact_id, row.answer_connector, row.answer_address_id)
        for row in rows
    ]


def _has_offer(conversation_id: ColumnElement[int] | int) -> ColumnElement[bool]:
    return exists().where(
        handovers.c.conversation_id == conversation_id, handovers.c.created_by == CREATED_BY
    )


def _has_other_addresses(connection: Connection, candidate: OfferCandidate) -> bool:
    """Whether the contact has proved addresses besides the one that the customer writes from."""
    proved_ids = links.proved_address_ids(connection, candidate.contact_id)
    return not proved_ids <= {candidate.address_id}


def create_offered_handovers(
    tx: Transaction,
    candidate: OfferCandidate,
    connectors: Sequence[str],
    expires_after: timedelta,
) -> dict[str, CreatedHandover]:
    """Creates the handovers of an offer, one for each of these connectors.

    Returns: the handovers by connector; none where another process made the offer first.
    """
    conversation_id = candidate.conversation_id
    tx.lock(f"offer:{conversation_id}")
    if tx.execute(select(_has_offer(conversation_id))).scalar():
        return {}
    return {
        connector: creation.create_handover(
            tx, conversation_id, connector, CREATED_BY, expires_after
        )
        for connector in connectors
    }


def send_offer(
    tx: Transaction,
    candidate: OfferCandidate,
    channel: OutboundChannel,
    texts: Mapping[str, str],
    link_lines: str,
) -> None:
    """Sends an offer by the channel on which the customer is now.

    Args:
        texts: the text by language, with the placeholder `{links}`.
        link_lines: the links of the handovers, one on each line.
    """
    contact_address = destinations.find_address_by_id(tx, candidate.address_id)
    assert contact_address is not None
    conversation = lifecycle.load_conversation(tx, candidate.conversation_id, contact_address)
    locales = automatic_texts.find_locales(tx, contact_address)
    text = automatic_texts.text_in_language(texts, *locales, conversation.language)
    if text:
        automatic_texts.send_automatic_text(
            tx, conversation, contact_address, channel, text.format(links=link_lines)
        )
        lifecycle.save_conversation(tx, conversation)
