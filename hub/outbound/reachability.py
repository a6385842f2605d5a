"""By which ways a person can be reached: every address, by every connector that could write to it.

What goes elsewhere on its own goes only where nobody can mind: to addresses that were proved by
whoever writes from them, never to one that ever said stop, and inside the channel's own window.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from hub.config.sections import Fallback
from hub.connectors.registry import has_pages
from hub.contacts import contact_addresses
from hub.outbound.destinations import OutboundChannel
from hub.schema import resources
from hub.store.models import addresses, reaches, visitor_sessions
from hub.types import Address


@dataclass(frozen=True, slots=True)
class DeliveryRoute:
    """One address by one connector. `heard_at` is when it last wrote to us this way."""

    address_id: int
    contact_id: int
    address: Address
    channel: OutboundChannel
    heard_at: datetime | None
    evidence: str
    stopped: bool

    @property
    def key(self) -> tuple[str, int]:
        return (self.channel.name, self.address_id)

    @property
    def place(self) -> resources.Place:
        return resources.Place(
            connector=self.channel.name, kind=self.channel.kind, address=str(self.address)
        )

    def is_open(self, now: datetime, *, by_person: bool) -> bool:
        """Whether the channel lets us write there now, as far as we can know."""
        window = self.channel.window
        if self.heard_at is None:
            return self.channel.can_start and window is None
        if window is None:
            return True
        allowed = window.human if by_person and window.human is not None else window.standard
        return now - self.heard_at <= allowed


def find_routes(
    connection: Connection, records: Sequence[int], outlets: Mapping[str, OutboundChannel]
) -> list[DeliveryRoute]:
    """Every way to the addresses of these records, by connectors that are turned on."""
    rows = connection.execute(
        select(
            addresses,
            reaches.c.connector,
            reaches.c.last_inbound_at,
            reaches.c.stopped_at,
            reaches.c.opted_out,
        )
        .outerjoin(reaches, reaches.c.address_id == addresses.c.id)
        .where(addresses.c.contact_id.in_(records))
    ).all()
    by_address: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        by_address[row.id].append(row)
    return [
        _way(known, outlet)
        for known in by_address.values()
        for outlet in outlets.values()
        if (outlet.scheme, outlet.scope) == (known[0].scheme, known[0].scope)
    ]


def _way(known: Sequence[Any], outlet: OutboundChannel) -> DeliveryRoute:
    row = known[0]
    heard = [one.last_inbound_at for one in known if one.connector == outlet.name]
    return DeliveryRoute(
        address_id=row.id,
        contact_id=row.contact_id,
        address=Address(row.scheme, row.path, row.scope),
        channel=outlet,
        heard_at=heard[0] if heard else None,
        evidence=row.evidence,
        # Whoever said stop to one of our numbers did not ask to hear from the other.
        stopped=any(one.stopped_at is not None or one.opted_out for one in known),
    )


def fallback_routes(
    found: Iterable[DeliveryRoute],
    rules: Fallback,
    tried: Iterable[tuple[str, int]],
    now: datetime,
    *,
    by_person: bool,
) -> list[DeliveryRoute]:
    """The ways that an answer may take on its own, best first: by kind, then last heard. Pure."""
    if not rules.enabled:
        return []
    refused = set(tried)
    allowed = [
        way
        for way in found
        if way.channel.kind in rules.kinds
        and not has_pages(way.channel.kind)
        and way.evidence == "verified"
        and not way.stopped
        and way.key not in refused
        and way.is_open(now, by_person=by_person)
    ]
    order = {kind: place for place, kind in enumerate(rules.kinds)}
    return sorted(
        allowed,
        key=lambda way: (
            order[way.channel.kind],
            -way.heard_at.timestamp() if way.heard_at is not None else 0.0,
            -way.address_id,
        ),
    )


def list_reachable_addresses(
    connection: Connection,
    contact_id: int,
    outlets: Mapping[str, OutboundChannel],
    rules: Fallback,
    now: datetime,
) -> list[resources.ReachableAddress]:
    """Every address of a person, once per connector that knows it, last seen first.

    Raises NotFound.
    """
    group = contact_addresses.linked_contact_ids(connection, contact_id)
    rows = connection.execute(
        select(addresses, reaches)
        .join(reaches, reaches.c.address_id == addresses.c.id)
        .where(addresses.c.contact_id.in_(group), reaches.c.connector.in_(list(outlets)))
        .order_by(reaches.c.last_seen_at.desc().nulls_last(), addresses.c.id.desc())
    ).all()
    found = find_routes(connection, group, outlets)
    # What leaves a page on its own is automatic; elsewhere it is still what a person wrote.
    best = {
        by_person: fallback_routes(found, rules, (), now, by_person=by_person)
        for by_person in (True, False)
    }
    pages = _open_pages(connection, [row for row in rows if has_pages(outlets[row.connector].kind)])
    return [_reachable(row, outlets[row.connector], best, pages) for row in rows]


def _open_pages(connection: Connection, rows: Sequence[Any]) -> set[tuple[str, str]]:
    """The connector and visitor of each of these that has a page open."""
    if not rows:
        return set()
    found = connection.execute(
        select(visitor_sessions.c.connector, visitor_sessions.c.visitor)
        .where(
            visitor_sessions.c.visitor.in_([row.path for row in rows]),
            visitor_sessions.c.left_at.is_(None),
        )
        .distinct()
    )
    return {(row.connector, row.visitor) for row in found}


def _reachable(
    row: Any,
    outlet: OutboundChannel,
    best: Mapping[bool, Sequence[DeliveryRoute]],
    pages: set[tuple[str, str]],
) -> resources.ReachableAddress:
    is_page = has_pages(outlet.kind)
    window, last = outlet.window, row.last_inbound_at
    following = [way for way in best[not is_page] if way.key != (outlet.name, row.id)]
    return resources.ReachableAddress(
        address=f"{row.scheme}:{row.path}",
        connector=outlet.name,
        kind=outlet.kind,
        evidence=row.evidence,
        reachable=row.stopped_at is None,
        reason=row.stopped_reason,
        window_closes_at=last + window.standard if window and last else None,
        human_window_closes_at=last + window.human if window and window.human and last else None,
        last_seen_at=row.last_seen_at,
        present=(outlet.name, row.path) in pages if is_page else None,
        fallback=following[0].place if following else None,
    )
