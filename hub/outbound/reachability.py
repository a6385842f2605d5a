"""The routes to a contact: every address, with every connector that can write to it.

An answer takes another route on its own only where the contact cannot mind: to addresses that their
holder proved, never to an address that was closed for us, and inside the channel's reply window.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

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
    """One address with one connector that can write to it.

    Args:
        heard_at: when the last message came from the address by this connector.
        evidence: `verified` where the holder proved to hold the address, else `asserted`.
        stopped: whether the address is closed for us, by whatever connector.
    """

    address_id: int
    contact_id: int
    address: Address
    channel: OutboundChannel
    heard_at: datetime | None
    evidence: str
    stopped: bool

    @property
    def key(self) -> tuple[str, int]:
        """The name of the connector and the id of the address."""
        return (self.channel.name, self.address_id)

    @property
    def place(self) -> resources.Place:
        return resources.Place(
            connector=self.channel.name, kind=self.channel.kind, address=str(self.address)
        )

    def is_open(self, now: datetime, *, by_person: bool) -> bool:
        """Whether the channel lets us write to the address now, as far as we can know.

        Args:
            by_person: whether an agent wrote the message: some reply windows are longer for that.
        """
        window = self.channel.window
        if self.heard_at is None:
            return self.channel.can_start and window is None
        if window is None:
            return True
        allowed = window.human if by_person and window.human is not None else window.standard
        return now - self.heard_at <= allowed


@dataclass(frozen=True, slots=True)
class _ReachRow:
    """An address, and what one connector knows of it; `connector` is None where none knows it."""

    address_id: int
    contact_id: int
    scheme: str
    scope: str
    path: str
    evidence: str
    connector: str | None
    last_inbound_at: datetime | None
    stopped_at: datetime | None
    opted_out: bool | None


def find_routes(
    connection: Connection,
    contact_ids: Sequence[int],
    outbound_channels: Mapping[str, OutboundChannel],
) -> list[DeliveryRoute]:
    """Every route to the addresses of these contact records.

    Args:
        contact_ids: the records that are one contact.
        outbound_channels: the connectors that are turned on, by name.
    """
    rows = connection.execute(
        select(
            addresses.c.id.label("address_id"),
            addresses.c.contact_id,
            addresses.c.scheme,
            addresses.c.scope,
            addresses.c.path,
            addresses.c.evidence,
            reaches.c.connector,
            reaches.c.last_inbound_at,
            reaches.c.stopped_at,
            reaches.c.opted_out,
        )
        .outerjoin(reaches, reaches.c.address_id == addresses.c.id)
        .where(addresses.c.contact_id.in_(contact_ids))
    )
    by_address: dict[int, list[_ReachRow]] = defaultdict(list)
    for row in rows:
        by_address[row.address_id].append(_ReachRow(**row._mapping))
    return [
        _route(reach_rows, channel)
        for reach_rows in by_address.values()
        for channel in outbound_channels.values()
        if (channel.scheme, channel.scope) == (reach_rows[0].scheme, reach_rows[0].scope)
    ]


def _route(reach_rows: Sequence[_ReachRow], channel: OutboundChannel) -> DeliveryRoute:
    """The route of one channel to the address that all of these rows are about."""
    address = reach_rows[0]
    heard = [row.last_inbound_at for row in reach_rows if row.connector == channel.name]
    return DeliveryRoute(
        address_id=address.address_id,
        contact_id=address.contact_id,
        address=Address(address.scheme, address.path, address.scope),
        channel=channel,
        heard_at=heard[0] if heard else None,
        evidence=address.evidence,
        # A customer who said stop to one of our numbers did not ask to hear from the other.
        stopped=any(row.stopped_at is not None or row.opted_out for row in reach_rows),
    )


def fallback_routes(
    routes: Iterable[DeliveryRoute],
    rules: Fallback,
    tried: Iterable[tuple[str, int]],
    now: datetime,
    *,
    by_person: bool,
) -> list[DeliveryRoute]:
    """The routes that an answer may take on its own, best first. Pure.

    They are sorted by the order of kinds in the rules, then by the latest message heard. A page
    is none of them: a customer who left it cannot be called back there.

    Args:
        routes: all routes to the contact.
        tried: the keys of routes that are no use: connector and address id.
        by_person: whether an agent wrote the answer.
    """
    if not rules.enabled:
        return []
    excluded = set(tried)
    allowed = [
        route
        for route in routes
        if route.channel.kind in rules.kinds
        and not has_pages(route.channel.kind)
        and route.evidence == "verified"
        and not route.stopped
        and route.key not in excluded
        and route.is_open(now, by_person=by_person)
    ]
    rank = {kind: position for position, kind in enumerate(rules.kinds)}
    return sorted(
        allowed,
        key=lambda route: (
            rank[route.channel.kind],
            -route.heard_at.timestamp() if route.heard_at is not None else 0.0,
            -route.address_id,
        ),
    )


# -- for the composer and the contact's details ----------------------------------------------------


@dataclass(frozen=True, slots=True)
class _KnownAddress:
    """An address by a connector that knows it."""

    address_id: int
    scheme: str
    path: str
    evidence: str
    channel: OutboundChannel
    last_inbound_at: datetime | None
    last_seen_at: datetime | None
    stopped_at: datetime | None
    stopped_reason: str


def list_reachable_addresses(
    connection: Connection,
    contact_id: int,
    outbound_channels: Mapping[str, OutboundChannel],
    rules: Fallback,
    now: datetime,
) -> list[resources.ReachableAddress]:
    """Every address of a contact, once per connector that knows it, last seen first.

    Args:
        contact_id: of any record of the contact.
        outbound_channels: the connectors that are turned on, by name.

    Raises:
        NotFound: no such contact.
    """
    contact_ids = contact_addresses.linked_contact_ids(connection, contact_id)
    rows = connection.execute(
        select(addresses, reaches)
        .join(reaches, reaches.c.address_id == addresses.c.id)
        .where(
            addresses.c.contact_id.in_(contact_ids),
            reaches.c.connector.in_(list(outbound_channels)),
        )
        .order_by(reaches.c.last_seen_at.desc().nulls_last(), addresses.c.id.desc())
    )
    known = [
        _KnownAddress(
            address_id=row.id,
            scheme=row.scheme,
            path=row.path,
            evidence=row.evidence,
            channel=outbound_channels[row.connector],
            last_inbound_at=row.last_inbound_at,
            last_seen_at=row.last_seen_at,
            stopped_at=row.stopped_at,
            stopped_reason=row.stopped_reason,
        )
        for row in rows
    ]
    routes = find_routes(connection, contact_ids, outbound_channels)
    # What leaves a page on its own is automatic; on other channels it is still an agent's message.
    best = {
        by_person: fallback_routes(routes, rules, (), now, by_person=by_person)
        for by_person in (True, False)
    }
    visitors = [address.path for address in known if has_pages(address.channel.kind)]
    open_pages = _open_pages(connection, visitors)
    return [_reachable_address(address, best, open_pages) for address in known]


def _open_pages(connection: Connection, visitors: Collection[str]) -> set[tuple[str, str]]:
    """Connector and visitor of each of these visitors that has a page open."""
    if not visitors:
        return set()
    sessions = connection.execute(
        select(visitor_sessions.c.connector, visitor_sessions.c.visitor)
        .where(
            visitor_sessions.c.visitor.in_(visitors),
            visitor_sessions.c.left_at.is_(None),
        )
        .distinct()
    )
    return {(row.connector, row.visitor) for row in sessions}


def _reachable_address(
    address: _KnownAddress,
    best: Mapping[bool, Sequence[DeliveryRoute]],
    open_pages: set[tuple[str, str]],
) -> resources.ReachableAddress:
    """An address as the API shows it.

    Args:
        best: the fallback routes of the contact, best first, by whether an agent writes.
    """
    channel = address.channel
    is_page = has_pages(channel.kind)
    window, last = channel.window, address.last_inbound_at
    next_routes = [
        route for route in best[not is_page] if route.key != (channel.name, address.address_id)
    ]
    return resources.ReachableAddress(
        address=f"{address.scheme}:{address.path}",
        connector=channel.name,
        kind=channel.kind,
        evidence=address.evidence,
        reachable=address.stopped_at is None,
        reason=address.stopped_reason,
        window_closes_at=last + window.standard if window and last else None,
        human_window_closes_at=last + window.human if window and window.human and last else None,
        last_seen_at=address.last_seen_at,
        present=(channel.name, address.path) in open_pages if is_page else None,
        fallback=next_routes[0].place if next_routes else None,
    )
