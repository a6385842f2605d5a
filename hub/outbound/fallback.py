"""An answer that its own channel cannot carry goes to the next address of the same contact.

It stays one delivery: the row that was refused gets another address, and only while it is certain
that no part of the message has left. Its first destination, and every step since, stay visible at
the message.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update

from hub.config.sections import Fallback
from hub.contacts import address_state, contact_addresses, locks
from hub.conversations import lifecycle, publishing, timeline
from hub.conversations.loaded_conversation import LoadedConversation
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
from hub.outbound import claims, outbox, reachability
from hub.outbound.claims import ClaimedDelivery
from hub.outbound.destinations import OutboundChannel
from hub.outbound.reachability import DeliveryRoute
from hub.schema import author, resources
from hub.store.engine import Transaction
from hub.store.models import addresses, deliveries, external_ids, messages
from hub.types import Address

#: The name of the event in the timeline.
FALLBACK_EVENT = "delivery.fallback"

#: The errors that another channel may not meet. After ResponseUnexpected it is unknown what the
#: provider did.
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
    """An answer that left its channel.

    Args:
        from_: the connector that could not carry it.
        to: the connector it goes by now, None where no other route is open.
        code: why, as `SendError.code`.
    """

    from_: str
    to: str | None
    code: str


@dataclass(frozen=True, slots=True)
class _MovableDelivery:
    """A refused delivery of which nothing can have left, with its message and its address."""

    conversation_id: int
    contact_id: int
    client_id: str | None
    author_type: str
    kind: str
    address: Address
    fallback_from: dict[str, Any] | None

    @property
    def trail(self) -> list[dict[str, Any]]:
        """The steps so far, oldest first: code, reason, connector, kind, address, address_id."""
        return [] if self.fallback_from is None else self.fallback_from.get("trail", [])


def move_or_fail_delivery(
    tx: Transaction,
    claim: ClaimedDelivery,
    error: SendError,
    *,
    closes_address: bool,
    outbound_channels: Mapping[str, OutboundChannel],
    rules: Fallback,
) -> FallbackStep | None:
    """Sends a delivery that was refused for good to the next address, or fails it.

    Args:
        closes_address: whether the error means that the address is closed for us.
        outbound_channels: the connectors that are turned on, by name.

    Returns:
        The step it took, or None where no other route was looked for.
    """
    # No link may be made or undone between the choice of a route and the move.
    locks.lock_links(tx)
    address = contact_addresses.find_contact_address_by_id(tx.connection, claim.address_id)
    if address is not None:
        locks.lock_person(tx, address.root_id)
    delivery = _find_movable(tx, claim, error) if rules.enabled else None
    if closes_address:
        address_state.close_address(
            tx, claim.address_id, claim.connector, error.message or error.code
        )
    if delivery is None:
        outbox.fail_delivery(tx, claim, error)
        return None
    route = _next_route(tx, delivery, claim, outbound_channels, rules)
    if route is None:
        outbox.fail_delivery(tx, claim, error, also=_describe_trail(delivery.trail))
        return FallbackStep(claim.connector, None, error.code)
    _move(tx, delivery, claim, error, route)
    return FallbackStep(claim.connector, route.channel.name, error.code)


def _find_movable(
    tx: Transaction, claim: ClaimedDelivery, error: SendError
) -> _MovableDelivery | None:
    """The delivery, None where something may have left or the message is no answer."""
    if not isinstance(error, MOVABLE_ERRORS) or getattr(error, "maybe_sent", False):
        return None
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
        .where(claims.is_still_claimed(claim))
        .with_for_update(of=deliveries, key_share=True)
    ).first()
    if row is None or row.parts_sent or row.unknown_since or row.maybe_twice or row.reported:
        return None
    if row.author_type == "system" and row.fallback_from is None:
        return None  # a greeting or a notice of the queue takes no other route
    has_external_id = tx.execute(
        select(external_ids.c.message_id)
        .where(external_ids.c.message_id == claim.message_id)
        .limit(1)
    ).first()
    if has_external_id is not None:
        return None
    return _MovableDelivery(
        conversation_id=row.conversation_id,
        contact_id=row.contact_id,
        client_id=row.client_id,
        author_type=row.author_type,
        kind=row.kind,
        address=Address(row.scheme, row.path),
        fallback_from=row.fallback_from,
    )


def _next_route(
    tx: Transaction,
    delivery: _MovableDelivery,
    claim: ClaimedDelivery,
    outbound_channels: Mapping[str, OutboundChannel],
    rules: Fallback,
) -> DeliveryRoute | None:
    tried = {(claim.connector, claim.address_id)}
    for step in delivery.trail:
        tried.add((step["connector"], step["address_id"]))
    contact_ids = contact_addresses.linked_contact_ids(tx.connection, delivery.contact_id)
    routes = reachability.find_routes(tx.connection, contact_ids, outbound_channels)
    by_person = delivery.author_type == "agent"
    possible = reachability.fallback_routes(routes, rules, tried, tx.now, by_person=by_person)
    return possible[0] if possible else None


def _move(
    tx: Transaction,
    delivery: _MovableDelivery,
    claim: ClaimedDelivery,
    error: SendError,
    route: DeliveryRoute,
) -> None:
    """Queues the delivery again at another address, and says so in the timeline."""
    recipient = contact_addresses.find_contact_address(tx.connection, route.address)
    assert recipient is not None
    former_place = resources.Place(
        connector=claim.connector, kind=delivery.kind, address=str(delivery.address)
    )
    step = {"code": error.code, "reason": error.message, **former_place.model_dump()}
    first_step = delivery.fallback_from or step
    trail = [*delivery.trail, {**step, "address_id": claim.address_id}]
    address_state.allow_address(tx, route.address_id, route.channel.name)
    conversation = lifecycle.load_conversation(
        tx, lifecycle.surviving_id(tx, delivery.conversation_id), recipient
    )
    timeline.redirect_message(
        tx,
        claim.message_id,
        connector=route.channel.name,
        kind=route.channel.kind,
        address_id=route.address_id,
        contact_id=route.contact_id,
        client_id=_free_client_id(tx, delivery, route),
    )
    tx.execute(
        update(deliveries)
        .where(deliveries.c.message_id == claim.message_id)
        .values(
            connector=route.channel.name,
            address_id=route.address_id,
            status="queued",
            code="",
            reason="",
            external_code="",
            attempts=0,
            singly_from=None,
            tried_at=None,
            lease_until=None,
            follow_at=None,
            fallback_from={**first_step, "trail": trail},
            next_attempt_at=tx.now,
            created_at=tx.now,
            updated_at=tx.now,
        )
    )
    lifecycle.add_connector(tx, conversation, route.channel.name)
    add_fallback_event(
        tx,
        conversation,
        message_id=claim.message_id,
        left=former_place,
        to=route.place,
        code=error.code,
        reason=error.message,
    )
    publishing.publish_message_update(tx, claim.message_id)


def add_fallback_event(
    tx: Transaction,
    conversation: LoadedConversation,
    *,
    message_id: int,
    left: resources.Place,
    to: resources.Place | None,
    code: str,
    reason: str,
    **more: Any,
) -> None:
    """Adds the event to the timeline that a message took another route, or found none.

    Args:
        left: the place that it could not be sent to.
        to: the place that it goes to now, None where no other route is open.
        code: why, as `SendError.code`; `reason` says it to the agent.
        more: further fields of the event.
    """
    places: dict[str, Any] = {"from": left.model_dump(), "to": to and to.model_dump()}
    timeline.add_event(
        tx,
        conversation,
        FALLBACK_EVENT,
        author.SYSTEM,
        message_id=str(message_id),
        code=code,
        reason=reason,
        **places,
        **more,
    )


def _describe_trail(trail: list[dict[str, Any]]) -> str:
    """Says to the agent what was tried before the last address."""
    return " ".join(
        f"Before that it could not go by {step['connector']}: {step['reason']}" for step in trail
    )


def _free_client_id(
    tx: Transaction, delivery: _MovableDelivery, route: DeliveryRoute
) -> str | None:
    """The sender's own key, None where a message of the route's contact record has the same."""
    if delivery.client_id is None or delivery.contact_id == route.contact_id:
        return delivery.client_id
    namesake = tx.execute(
        select(messages.c.id).where(
            messages.c.contact_id == route.contact_id,
            messages.c.direction == "out",
            messages.c.client_id == delivery.client_id,
        )
    ).first()
    return None if namesake is not None else delivery.client_id
