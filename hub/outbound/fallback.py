"""An answer that its own channel cannot carry goes to the next address of the same person.

It stays one delivery: the row that was refused gets another address, and only while it is certain
that no part of it has left. Where it was to go, and every step since, stays visible at the message.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update

from hub.config.sections import Fallback
from hub.contacts import address_state, contact_addresses
from hub.conversations import lifecycle, publishing, timeline
from hub.errors import (
    AddressInvalid,
    ConnectionFailed,
    ContactStopped,
    CredentialsRefused,
    Rejected,
    SendError,
    Throttled,
    Unsupported,
    WindowClosed,
)
from hub.identity import links
from hub.outbound import outbox, reachability
from hub.outbound.destinations import OutboundChannel
from hub.outbound.outbox import ClaimedDelivery
from hub.outbound.reachability import DeliveryRoute
from hub.schema import author, resources
from hub.store.engine import Transaction
from hub.store.models import addresses, deliveries, external_ids, messages
from hub.types import Address

FALLBACK_EVENT = "delivery.fallback"

#: What another channel may get right. After ResponseUnexpected nobody knows what the provider did.
MOVABLE_ERRORS = (
    WindowClosed,
    ContactStopped,
    AddressInvalid,
    Unsupported,
    Rejected,
    # These end a delivery once it was tried for a day.
    ConnectionFailed,
    Throttled,
    CredentialsRefused,
)


@dataclass(frozen=True, slots=True)
class FallbackStep:
    """An answer that left its channel. `to` is None where there was nowhere to go."""

    from_: str
    to: str | None
    code: str


def move_or_fail_delivery(
    tx: Transaction,
    claim: ClaimedDelivery,
    error: SendError,
    *,
    closes_address: bool,
    outlets: dict[str, OutboundChannel],
    rules: Fallback,
) -> FallbackStep | None:
    """Sends a delivery that was refused for good to the next address, or fails it.

    Returns the step it took, or None where nothing was to be tried.
    """
    if closes_address:
        address_state.stopped(tx, claim.address_id, claim.connector, error.message or error.code)
    found = _movable(tx, claim, error) if rules.enabled else None
    if found is None:
        outbox.fail_delivery(tx, claim, error)
        return None
    way = _next(tx, found, claim, outlets, rules)
    if way is None:
        outbox.fail_delivery(tx, claim, error, also=_told(found.fallback_from))
        return FallbackStep(claim.connector, None, error.code)
    _move(tx, found, claim, error, way)
    return FallbackStep(claim.connector, way.channel.name, error.code)


def _movable(tx: Transaction, claim: ClaimedDelivery, error: SendError) -> Any | None:
    """The delivery with its message, if it is an answer of which nothing can have left."""
    if not isinstance(error, MOVABLE_ERRORS) or getattr(error, "maybe_sent", False):
        return None
    tx.lock(links.LINKS_LOCK)  # who is one person must not change under the choice
    row = tx.execute(
        select(
            deliveries,
            messages.c.conversation_id,
            messages.c.contact_id,
            messages.c.client_id,
            messages.c.author_type,
            messages.c.kind,
            addresses.c.scheme,
            addresses.c.path,
        )
        .join(messages, messages.c.id == deliveries.c.message_id)
        .join(addresses, addresses.c.id == deliveries.c.address_id)
        .where(outbox.is_still_claimed(claim))
        .with_for_update(of=deliveries)
    ).first()
    if row is None or row.parts_sent or row.unknown_since or row.maybe_twice or row.reported:
        return None
    if row.author_type == "system" and row.fallback_from is None:
        return None  # a greeting or a notice of the queue follows nobody
    taken = select(external_ids.c.message_id).where(external_ids.c.message_id == claim.message_id)
    return None if tx.execute(taken.limit(1)).first() is not None else row


def _next(
    tx: Transaction,
    row: Any,
    claim: ClaimedDelivery,
    outlets: dict[str, OutboundChannel],
    rules: Fallback,
) -> DeliveryRoute | None:
    tried = {(claim.connector, claim.address_id)}
    for step in _trail(row.fallback_from):
        tried.add((step["connector"], step["address_id"]))
    records = contact_addresses.linked_contact_ids(tx.connection, row.contact_id)
    found = reachability.find_routes(tx.connection, records, outlets)
    by_person = row.author_type == "agent"
    possible = reachability.fallback_routes(found, rules, tried, tx.now, by_person=by_person)
    return possible[0] if possible else None


def _move(
    tx: Transaction, row: Any, claim: ClaimedDelivery, error: SendError, way: DeliveryRoute
) -> None:
    person = contact_addresses.find_contact_address(tx.connection, way.address)
    assert person is not None
    left = resources.Place(
        connector=claim.connector, kind=row.kind, address=str(Address(row.scheme, row.path))
    )
    step = {"code": error.code, "reason": error.message, **left.model_dump()}
    before = row.fallback_from or step
    trail = [*_trail(row.fallback_from), {**step, "address_id": claim.address_id}]
    timeline.redirect_message(
        tx,
        claim.message_id,
        connector=way.channel.name,
        kind=way.channel.kind,
        address_id=way.address_id,
        contact_id=way.contact_id,
        client_id=_free_client_id(tx, row, way),
    )
    tx.execute(
        update(deliveries)
        .where(deliveries.c.message_id == claim.message_id)
        .values(
            connector=way.channel.name,
            address_id=way.address_id,
            status="queued",
            code="",
            reason="",
            external_code="",
            attempts=0,
            tried_at=None,
            lease_until=None,
            follow_at=None,
            fallback_from={**before, "trail": trail},
            next_attempt_at=tx.now,
            created_at=tx.now,
            updated_at=tx.now,
        )
    )
    address_state.known(tx, way.address_id, way.channel.name)
    target = lifecycle.load_conversation(
        tx, lifecycle.surviving_id(tx, row.conversation_id), person
    )
    lifecycle.join_connector(tx, target, way.channel.name)
    add_fallback_event(
        tx,
        target,
        message_id=claim.message_id,
        left=left,
        to=way.place,
        code=error.code,
        reason=error.message,
    )
    publishing.updated_message(tx, claim.message_id)


def add_fallback_event(
    tx: Transaction,
    target: lifecycle.LoadedConversation,
    *,
    message_id: int,
    left: resources.Place,
    to: resources.Place | None,
    code: str,
    reason: str,
    **more: Any,
) -> None:
    """A line in the timeline: from where to where, and why. `to` is None for nowhere."""
    places: dict[str, Any] = {"from": left.model_dump(), "to": to and to.model_dump()}
    timeline.add_event(
        tx,
        target,
        FALLBACK_EVENT,
        author.SYSTEM,
        message_id=str(message_id),
        code=code,
        reason=reason,
        **places,
        **more,
    )


def _trail(fallback_from: dict[str, Any] | None) -> list[dict[str, Any]]:
    return [] if fallback_from is None else fallback_from.get("trail", [])


def _told(fallback_from: dict[str, Any] | None) -> str:
    """What was tried before the last address, for the agent."""
    return " ".join(
        f"Before that it could not go by {step['connector']}: {step['reason']}"
        for step in _trail(fallback_from)
    )


def _free_client_id(tx: Transaction, row: Any, way: DeliveryRoute) -> str | None:
    """The sender's key goes along, unless a message of the other record had the same one."""
    if row.client_id is None or row.contact_id == way.contact_id:
        return row.client_id  # type: ignore[no-any-return]
    taken = tx.execute(
        select(messages.c.id).where(
            messages.c.contact_id == way.contact_id,
            messages.c.direction == "out",
            messages.c.client_id == row.client_id,
        )
    ).first()
    return None if taken is not None else row.client_id
