"""Answers that a visitor left without reading follow them, as one message with a way back.

Each unread answer on a page says when it is to be looked at (`delivery.follow_at`). Who is still
there is looked at again later; who is gone gets all of them together, once, at the first verified
address they can be reached at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select, update

from hub.config.sections import Fallback
from hub.contacts import contact_addresses
from hub.contacts.contact_addresses import ContactAddress
from hub.handover import digest_messages
from hub.handover.digest_messages import ResumeLink
from hub.identity import customer_view, links
from hub.outbound import reachability
from hub.outbound.destinations import OutboundChannel
from hub.outbound.fallback import FallbackStep
from hub.outbound.reachability import DeliveryRoute
from hub.schema import resources
from hub.store.engine import Transaction
from hub.store.models import addresses, deliveries, messages, visitor_sessions
from hub.types import Address

#: One sweep at a time: two of them would each take half of what belongs together.
DIGESTS_LOCK = "digests"


@dataclass(frozen=True, slots=True)
class FollowUpResult:
    """What became of the answers at one page. `step` is None where it is not time yet."""

    step: FallbackStep | None


def has_due_answers(connection: Connection, now: datetime) -> bool:
    """Whether anything is to be looked at: what keeps idle hubs from writing."""
    found = connection.execute(
        select(deliveries.c.message_id).where(deliveries.c.follow_at <= now).limit(1)
    )
    return found.first() is not None


def follow_up_next_page(
    tx: Transaction, outlets: dict[str, OutboundChannel], rules: Fallback, resume_link: ResumeLink
) -> FollowUpResult | None:
    """Looks after the unread answers at the page that is due first. None when none is."""
    tx.lock(DIGESTS_LOCK)
    due = tx.execute(
        select(
            deliveries.c.address_id,
            deliveries.c.connector,
            addresses.c.scheme,
            addresses.c.path,
            addresses.c.scope,
        )
        .join(addresses, addresses.c.id == deliveries.c.address_id)
        .where(deliveries.c.follow_at <= tx.now)
        .order_by(deliveries.c.follow_at)
        .limit(1)
    ).first()
    if due is None:
        return None
    person = contact_addresses.find_contact_address(
        tx.connection, Address(due.scheme, due.path, due.scope)
    )
    assert person is not None
    tx.lock(links.LINKS_LOCK)  # who is one person must not change under the choice
    sessions = _sessions(tx, person)
    again_at = _when_gone(sessions, rules.after, tx.now)
    if rules.enabled and again_at is not None and again_at > tx.now:
        _look_again(tx, due, again_at)
        return FollowUpResult(None)
    unread = _take_unread(tx, due)
    if not unread or not rules.enabled:
        return FollowUpResult(None)
    left = resources.Place(
        connector=due.connector, kind=unread[0].kind, address=str(person.address)
    )
    way = _next(tx, person, outlets, rules)
    if way is None:
        digest_messages.record_unreachable_visitor(
            tx, unread, person, left, since=max(_left_at(sessions), default=None)
        )
        return FollowUpResult(FallbackStep(due.connector, None, digest_messages.VISITOR_LEFT))
    locales = [one.locale for one in sessions if one.locale]
    digest_messages.send_digest(tx, unread, person, left, way, locales, resume_link)
    return FollowUpResult(
        FallbackStep(due.connector, way.channel.name, digest_messages.VISITOR_LEFT)
    )


def _next(
    tx: Transaction, person: ContactAddress, outlets: dict[str, OutboundChannel], rules: Fallback
) -> DeliveryRoute | None:
    records = contact_addresses.linked_contact_ids(tx.connection, person.contact_id)
    found = reachability.find_routes(tx.connection, records, outlets)
    possible = reachability.fallback_routes(found, rules, (), tx.now, by_person=False)
    return possible[0] if possible else None


# -- who is there ----------------------------------------------------------------------------------


def _sessions(tx: Transaction, person: ContactAddress) -> Sequence[Any]:
    """The sessions whose pages show this thread, that of this very address first.

    Another device of somebody who proved to be the same person shows it too.
    """
    known = customer_view.find_proved_addresses(tx.connection, person.address)
    assert known is not None
    pages = [one.path for one in known.addresses.values() if one.scheme == person.address.scheme]
    rows = tx.execute(
        select(
            visitor_sessions.c.visitor, visitor_sessions.c.left_at, visitor_sessions.c.locale
        ).where(visitor_sessions.c.visitor.in_(pages))
    ).all()
    return sorted(rows, key=lambda row: row.visitor != person.address.path)


def _left_at(sessions: Sequence[Any]) -> list[datetime]:
    return [one.left_at for one in sessions if one.left_at is not None]


def _when_gone(sessions: Sequence[Any], after: timedelta, now: datetime) -> datetime | None:
    """When somebody counts as gone who is there or has just left; None for who has no page."""
    if any(one.left_at is None for one in sessions):
        return now + after
    return max((at + after for at in _left_at(sessions)), default=None)


def _look_again(tx: Transaction, due: Any, again_at: datetime) -> None:
    tx.execute(
        update(deliveries)
        .where(
            deliveries.c.address_id == due.address_id,
            deliveries.c.connector == due.connector,
            deliveries.c.follow_at < again_at,
        )
        .values(follow_at=again_at)
    )


def _take_unread(tx: Transaction, due: Any) -> list[Any]:
    """The answers nobody has read, oldest first. Each is taken once: none waits after this."""
    here = (
        deliveries.c.address_id == due.address_id,
        deliveries.c.connector == due.connector,
        deliveries.c.follow_at.is_not(None),
    )
    taken = (
        tx.execute(
            update(deliveries)
            .where(*here, deliveries.c.status.in_(("sent", "delivered")))
            .values(follow_at=None)
            .returning(deliveries.c.message_id)
        )
        .scalars()
        .all()
    )
    tx.execute(update(deliveries).where(*here).values(follow_at=None))
    rows = tx.execute(
        select(messages)
        .where(messages.c.id.in_(taken))
        .order_by(messages.c.created_at, messages.c.id)
    )
    return list(rows.all())
