"""Offers customers another channel, as `replies.handover` in the configuration asks for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

from hub.config import Config
from hub.connectors.base import Handover as CanHandOver
from hub.connectors.pages import PageConnector
from hub.handover import metrics, offers
from hub.handover.offers import OfferCandidate
from hub.store.engine import Store
from hub.transport.running import RunningConnectors


class HandoverOffers:
    """A timed job that offers another channel in the conversations where an offer is due."""

    interval = timedelta(seconds=15)

    def __init__(
        self, store: Store, connectors: RunningConnectors, config: Callable[[], Config]
    ) -> None:
        self._store = store
        self._connectors = connectors
        self._config = config

    def run(self) -> None:
        """Sends the offers that are due; without `replies.handover.offer` there are none."""
        rules = self._config().replies.handover
        if not rules.offer:
            return
        pages = [
            connector.name for connector in self._connectors if isinstance(connector, PageConnector)
        ]
        windows = {
            connector.name: connector.capabilities.window.standard
            for connector in self._connectors
            if connector.capabilities.window is not None
        }
        with self._store.read() as connection:
            candidates = offers.find_offer_candidates(
                connection, datetime.now(UTC), rules.offer_after, pages, windows
            )
        for candidate in candidates:
            self._offer(candidate)

    def _offer(self, candidate: OfferCandidate) -> None:
        """Creates one handover for each channel offered, and sends their links as one text."""
        rules = self._config().replies.handover
        offered: dict[str, CanHandOver] = {}
        for name in rules.offer:
            connector = self._connectors.get(name)
            if name != candidate.connector and isinstance(connector, CanHandOver):
                offered[name] = connector
        current = self._connectors.get(candidate.connector)
        if not offered or current is None:
            return
        handovers = self._store.write(
            partial(
                offers.create_offered_handovers,
                candidate=candidate,
                connectors=list(offered),
                expires_after=rules.expires,
            )
        )
        # A connector may ask its provider for its name to make a link: not within a transaction.
        lines = [
            offered[name].handover_link(handover.token, handover.code)
            for name, handover in handovers.items()
        ]
        if not lines:
            return
        for name in handovers:
            metrics.count_created_handover(name)
        channel = self._connectors.inbound_channel(current).reply_channel
        self._store.write(
            partial(
                offers.send_offer,
                candidate=candidate,
                channel=channel,
                texts=rules.offer_text,
                link_lines="\n".join(lines),
            )
        )
