"""Digests: unread answers follow a visitor who left the page, as one message on another channel.

Each answer to a page has a time at which it is followed up (`hub.outbound.unread_answers`). While
the visitor has a page open, that time is postponed. Once the visitor has left, all the unread
answers go together to the first verified address at which the person can be reached.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import select

from hub.config.sections import Fallback
from hub.contacts import contact_addresses, locks
from hub.contacts.contact_addresses import ContactAddress
from hub.handover import digest_messages
from hub.handover.digest_messages import ResumeLink
from hub.identity import customer_view
from hub.outbound import reachability, unread_answers
from hub.outbound.destinations import OutboundChannel
from hub.outbound.fallback import FallbackStep
from hub.outbound.reachability import DeliveryRoute
from hub.schema import resources
from hub.store.engine import Transaction
from hub.store.models import visitor_sessions

#: Held while answers are followed up: two workers at once would each take a part of one digest.
DIGESTS_LOCK = "digests"


@dataclass(frozen=True, slots=True)
class FollowUpResult:
    """The result for the answers at one page. `step` is None where nothing was to be sent."""

    step: FallbackStep | None


def follow_up_next_page(
    tx: Transaction, channels: dict[str, OutboundChannel], rules: Fallback, resume_link: ResumeLink
) -> FollowUpResult | None:
    """Follows up the unread answers at the page that is due first.

    Args:
        channels: the channels that are turned on, by the names of their connectors.
        rules: the section `replies.fallback` of connectors.yaml.
        resume_link: makes the link back to the page.

    Returns: None where no page is due.
    """
    tx.lock(DIGESTS_LOCK)
    page = unread_answers.find_due_page(tx)
    if page is None:
        return None
    visitor = contact_addresses.find_contact_address(tx.connection, page.address)
    assert visitor is not None
    locks.lock_links(tx)  # no link may change the person's addresses before one is chosen
    sessions = _find_sessions(tx, visitor)
    left_at = _leaves_at(sessions, rules.after, tx.now)
    if rules.enabled and left_at is not None and left_at > tx.now:
        unread_answers.postpone_follow_up(tx, page, left_at)
        return FollowUpResult(None)
    unread = unread_answers.take_unread_answers(tx, page)
    if not unread or not rules.enabled:
        return FollowUpResult(None)
    page_place = resources.Place(
        connector=page.connector, kind=unread[0].kind, address=str(visitor.address)
    )
    route = _find_route(tx, visitor, channels, rules)
    if route is None:
        digest_messages.record_unreachable_visitor(
            tx, unread, visitor, page_place, since=max(_times_left(sessions), default=None)
        )
        return FollowUpResult(FallbackStep(page.connector, None, digest_messages.VISITOR_LEFT))
    locales = [session.locale for session in sessions if session.locale]
    digest_messages.send_digest(tx, unread, visitor, page_place, route, locales, resume_link)
    return FollowUpResult(
        FallbackStep(page.connector, route.channel.name, digest_messages.VISITOR_LEFT)
    )


def _find_route(
    tx: Transaction,
    visitor: ContactAddress,
    channels: dict[str, OutboundChannel],
    rules: Fallback,
) -> DeliveryRoute | None:
    """Finds the first address, with its channel, to which a digest may go."""
    contact_ids = contact_addresses.linked_contact_ids(tx.connection, visitor.contact_id)
    routes = reachability.find_routes(tx.connection, contact_ids, channels)
    allowed = reachability.fallback_routes(routes, rules, (), tx.now, by_person=False)
    return allowed[0] if allowed else None


# -- whether the visitor has left ------------------------------------------------------------------


class _Session(NamedTuple):
    """A visitor's session. `left_at` is None while its page is open."""

    visitor: str
    left_at: datetime | None
    locale: str


def _find_sessions(tx: Transaction, visitor: ContactAddress) -> Sequence[_Session]:
    """Finds the sessions whose pages show these answers, those of this very address first.

    Pages on other devices show them too, where they are proved to be the same person's.
    """
    proved = customer_view.find_proved_addresses(tx.connection, visitor.address)
    assert proved is not None
    visitors = [
        address.path
        for address in proved.addresses.values()
        if address.scheme == visitor.address.scheme
    ]
    rows = tx.execute(
        select(
            visitor_sessions.c.visitor, visitor_sessions.c.left_at, visitor_sessions.c.locale
        ).where(visitor_sessions.c.visitor.in_(visitors))
    )
    sessions = [_Session(row.visitor, row.left_at, row.locale) for row in rows]
    return sorted(sessions, key=lambda session: session.visitor != visitor.address.path)


def _times_left(sessions: Sequence[_Session]) -> list[datetime]:
    return [session.left_at for session in sessions if session.left_at is not None]


def _leaves_at(sessions: Sequence[_Session], after: timedelta, now: datetime) -> datetime | None:
    """Returns when the visitor counts as gone, if no page is opened before.

    Returns: `after` from now while a page is open, else `after` from when the last one was left;
        None where there are no sessions.
    """
    if any(session.left_at is None for session in sessions):
        return now + after
    return max((left_at + after for left_at in _times_left(sessions)), default=None)
