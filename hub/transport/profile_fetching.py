"""Fetches the profiles of senders without a name, after the provider got its answer."""

from __future__ import annotations

import queue
from functools import partial
from typing import Any

import structlog

from hub import runtime
from hub.connectors.base import Connector, DescribesContacts, is_able
from hub.connectors.rates import Buckets
from hub.contacts import contact_addresses, profiles
from hub.conversations import duplicates
from hub.errors import SendError
from hub.inbound.channel import ReceiveResult
from hub.store.engine import Store, Transaction
from hub.types import Address, InboundEvent, InboundMessage, Profile, RateLimit

log = structlog.get_logger()

#: The number of addresses that may wait. More of them means that an attacker sends us strangers.
MAX_WAITING = 1000
AGAIN_AFTER_SECONDS = 3600.0


class ProfileFetcher:
    """One thread that fetches profiles, one after the other; of an address at most once an hour."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._queue: queue.Queue[tuple[Connector[Any], Address] | None] = queue.Queue(MAX_WAITING)
        self._turns = Buckets(RateLimit(1, AGAIN_AFTER_SECONDS))

    def start(self) -> None:
        runtime.spawn(self._run, name="describe")

    def stop(self) -> None:
        self._queue.put(None)

    def on_received(
        self, connector: Connector[Any], event: InboundEvent, result: ReceiveResult
    ) -> None:
        """Requests the profile of a sender that came without a name."""
        if result.is_nameless and isinstance(event, InboundMessage):
            self.request_profile(connector, event.address)

    def request_profile(self, connector: Connector[Any], address: Address) -> None:
        """Queues a request for a profile, unless the kind has none or too many are waiting."""
        if not is_able(type(connector), DescribesContacts) or self._queue.full():
            return
        if self._turns.take((connector.name, address)) == 0:
            self._queue.put((connector, address))

    def _run(self) -> None:
        while (request := self._queue.get()) is not None:
            connector, address = request
            try:
                profile = connector.describe(address)  # type: ignore[attr-defined]
                self._store.write(partial(_store_profile, address=address, profile=profile))
            except SendError as error:
                log.info("describe.failed", connector=connector.name, code=error.code)
            except Exception:
                log.exception("describe.broke", connector=connector.name)


def _store_profile(tx: Transaction, address: Address, profile: Profile) -> None:
    contact_address = contact_addresses.find_contact_address(tx.connection, address)
    if contact_address is not None and not contact_address.is_named:
        profiles.add_profile(tx, contact_address.contact_id, profile)
        # The messages came before the name: what a name tells is looked for now.
        duplicates.suggest_for_new_name(tx, contact_address.contact_id, profile.name)
