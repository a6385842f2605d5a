"""Asks providers for the name of somebody who came without one, after the message was answered."""

from __future__ import annotations

import queue
from functools import partial
from typing import Any

import structlog

from hub import runtime
from hub.connectors.base import Connector, DescribesContacts, is_able
from hub.connectors.rates import Buckets
from hub.contacts import contact_addresses, profiles
from hub.errors import SendError
from hub.inbound.channel import ReceiveResult
from hub.store.engine import Store, Transaction
from hub.types import Address, InboundEvent, InboundMessage, Profile, RateLimit

log = structlog.get_logger()

#: People waiting to be named; more than this and somebody is sending us strangers.
MOST = 1000
AGAIN_AFTER_SECONDS = 3600.0


class ProfileFetcher:
    """One thread that asks, one after the other; for one person once an hour at the most."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._queue: queue.Queue[tuple[Connector[Any], Address] | None] = queue.Queue(MOST)
        self._turns = Buckets(RateLimit(1, AGAIN_AFTER_SECONDS))

    def start(self) -> None:
        runtime.spawn(self._run, name="describe")

    def stop(self) -> None:
        self._queue.put(None)

    def on_received(
        self, connector: Connector[Any], event: InboundEvent, result: ReceiveResult
    ) -> None:
        """Asks for the name of a sender that came without one."""
        if result.is_nameless and isinstance(event, InboundMessage):
            self.request_profile(connector, event.address)

    def request_profile(self, connector: Connector[Any], address: Address) -> None:
        """Does nothing where the kind cannot tell, or too many wait already."""
        if not is_able(type(connector), DescribesContacts) or self._queue.full():
            return
        if self._turns.take((connector.name, address)) == 0:
            self._queue.put((connector, address))

    def _run(self) -> None:
        while (asked := self._queue.get()) is not None:
            connector, address = asked
            try:
                profile = connector.describe(address)  # type: ignore[attr-defined]
                self._store.write(partial(_keep, address=address, profile=profile))
            except SendError as error:
                log.info("describe.failed", connector=connector.name, code=error.code)
            except Exception:
                log.exception("describe.broke", connector=connector.name)


def _keep(tx: Transaction, address: Address, profile: Profile) -> None:
    person = contact_addresses.find_contact_address(tx.connection, address)
    if person is not None and not person.is_named:
        profiles.describe(tx, person.contact_id, profile)
