"""Fetches the profiles of senders without a name, after the provider got its answer."""

from __future__ import annotations

import queue
import threading
from contextlib import suppress
from functools import partial
from typing import Any, TypeAlias

import structlog

from hub import runtime
from hub.connectors.base import Connector, DescribesContacts, is_able
from hub.connectors.rates import Buckets
from hub.contacts import contact_addresses, profiles
from hub.conversations import duplicates
from hub.errors import SendError
from hub.inbound.channel import ReceiveResult
from hub.store.engine import Store, Transaction
from hub.transport.running import RunningConnectors
from hub.types import Address, InboundEvent, InboundMessage, Profile, RateLimit
from hub.watchdog import Watchdog

log = structlog.get_logger()

#: The addresses of one connector that may wait. More of them means that an attacker sends us
#: strangers.
MAX_WAITING = 1000
AGAIN_AFTER_SECONDS = 3600.0
#: One profile takes at most this, in seconds; the watchdog gives up one that takes longer.
PROFILE_SECONDS = 120.0

Waiting: TypeAlias = "queue.Queue[tuple[Connector[Any], Address] | None]"


class ProfileFetcher:
    """Fetches profiles, of an address at most once an hour: one thread for each connector."""

    def __init__(
        self, store: Store, connectors: RunningConnectors, watchdog: Watchdog | None = None
    ) -> None:
        """Makes a fetcher that is not started. `watchdog` gives up calls that never end."""
        self._store = store
        self._connectors = connectors
        self._watchdog = watchdog or Watchdog()
        self._lock = threading.Lock()
        self._waiting: dict[str, Waiting] = {}
        self._turns = Buckets(RateLimit(1, AGAIN_AFTER_SECONDS))
        self._is_running = False

    def start(self) -> None:
        with self._lock:
            self._is_running = True
            for waiting in self._waiting.values():
                self._begin(waiting)

    def stop(self) -> None:
        with self._lock:
            self._is_running = False
            for waiting in self._waiting.values():
                with suppress(queue.Full):  # then its thread ends with the process
                    waiting.put_nowait(None)

    def on_received(
        self, connector: Connector[Any], event: InboundEvent, result: ReceiveResult
    ) -> None:
        """Requests the profile of a sender that came without a name."""
        if result.is_nameless and isinstance(event, InboundMessage):
            self.request_profile(connector, event.address)

    def request_profile(self, connector: Connector[Any], address: Address) -> None:
        """Queues a request for a profile, unless the kind has none or too many are waiting."""
        if not is_able(type(connector), DescribesContacts):
            return
        waiting = self._waiting_of(connector.name)
        if not waiting.full() and self._turns.take((connector.name, address)) == 0:
            with suppress(queue.Full):
                waiting.put_nowait((connector, address))

    def _waiting_of(self, name: str) -> Waiting:
        with self._lock:
            waiting = self._waiting.get(name)
            if waiting is None:
                waiting = self._waiting[name] = queue.Queue(MAX_WAITING)
                if self._is_running:
                    self._begin(waiting)
            return waiting

    def _begin(self, waiting: Waiting) -> None:
        runtime.spawn(self._run, waiting, name="profiles")

    def _run(self, waiting: Waiting) -> None:
        while (request := waiting.get()) is not None:
            connector, address = request
            begin_anew = partial(self._begin, waiting)
            with self._watchdog.limit(
                "profile", connector.name, PROFILE_SECONDS, begin_anew, address
            ) as watch:
                self._fetch(connector, address)
            if watch.is_over:  # another thread goes on with what waits
                return

    def _fetch(self, connector: Connector[Any], address: Address) -> None:
        try:
            profile = connector.describe(address)  # type: ignore[attr-defined]
            self._store.write(partial(_store_profile, address=address, profile=profile))
            self._connectors.mark_ok(connector.name, "profile", address)
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
