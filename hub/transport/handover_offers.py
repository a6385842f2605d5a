"""Offers customers to go on elsewhere, where the file asks for it."""

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
    """Looks now and again for who should be offered another channel."""

    interval = timedelta(seconds=15)

    def __init__(
        self, store: Store, connectors: RunningConnectors, config: Callable[[], Config]
    ) -> None:
        self._store = store
        self._connectors = connectors
        self._config = config

    def run(self) -> None:
        """Offers it to whom it is time for. Without `replies.handover.offer` to nobody."""
        rules = self._config().replies.handover
        if not rules.offer:
            return
        pages = [one.name for one in self._connectors if isinstance(one, PageConnector)]
        windows = {
            one.name: one.capabilities.window.standard
            for one in self._connectors
            if one.capabilities.window is not None
        }
        with self._store.read() as connection:
            found = offers.find_offer_candidates(
                connection, datetime.now(UTC), rules.offer_after, pages, windows
            )
        for one in found:
            self._offer(one)

    def _offer(self, one: OfferCandidate) -> None:
        rules = self._config().replies.handover
        ways: dict[str, CanHandOver] = {}
        for name in rules.offer:
            connector = self._connectors.get(name)
            if name != one.connector and isinstance(connector, CanHandOver):
                ways[name] = connector
        here = self._connectors.get(one.connector)
        if not ways or here is None:
            return
        made = self._store.write(
            partial(
                offers.create_offered_handovers,
                candidate=one,
                connectors=list(ways),
                expires_after=rules.expires,
            )
        )
        # A link may need to ask the provider how it is called: not within a transaction.
        lines = [
            ways[name].handover_link(invitation.token, invitation.code)
            for name, invitation in made.items()
        ]
        if not lines:
            return
        for name in made:
            metrics.count_created_handover(name)
        outlet = self._connectors.inbound_channel(here).reply_channel
        self._store.write(
            partial(
                offers.send_offer,
                candidate=one,
                channel=outlet,
                texts=rules.offer_text,
                link_lines="\n".join(lines),
            )
        )
