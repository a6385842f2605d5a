"""The slots of a connector for sending: the deliveries under way, and when more may begin.

Times are seconds of the process's own clock, which no one can set.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from hub.connectors.base import Connector
from hub.connectors.rates import Buckets
from hub.errors import ConnectionFailed, CredentialsRefused, SendError, Throttled
from hub.types import RateLimit

#: The number of deliveries of one connector that may be under way at once.
IN_FLIGHT = 16
#: While a provider is down, one message tries to reach it this often.
PROBE_EVERY = timedelta(seconds=5)
#: While a provider refuses our keys, no message is sent for this long.
ATTENTION_PAUSE = timedelta(seconds=30)
#: Where a provider throttles addresses, so many of them within this time pause the connector.
THROTTLED_ADDRESSES = 3
THROTTLED_WITHIN = timedelta(seconds=10)
#: In seconds: a shorter wait for our own rate limits is spent in place.
SHORT_WAIT = 0.25
LONG_AGO = float("-inf")


@dataclass(slots=True)
class SendSlots:
    """The state of one connector for sending.

    Args:
        name: the connector's name.
        buckets, per_address: our own rate limits, for the connector and for each address.
        throttles_addresses: whether the provider means one address by "too many requests".
        busy: the ids of the addresses to which a delivery is under way; the delivery worker
            changes it under its lock.
        paused_until: no delivery begins before this time.
        down_since: since when the provider cannot be reached or refuses our keys, None while it
            works.
        probed_at: when a message last tried to reach a provider that is down.
        throttled: the addresses that were throttled lately, and when.
    """

    name: str
    buckets: Buckets | None
    per_address: Buckets | None
    throttles_addresses: bool = False
    busy: set[int] = field(default_factory=set)
    paused_until: float = LONG_AGO
    down_since: float | None = None
    probed_at: float = LONG_AGO
    throttled: dict[int, float] = field(default_factory=dict)

    def free(self) -> int:
        """How many more deliveries may begin now. While the provider is down, one at a time."""
        if self.paused_until > time.monotonic():
            return 0
        return max(0, (IN_FLIGHT if self.down_since is None else 1) - len(self.busy))

    def begin_probe(self) -> bool:
        """Whether it is time for one message to try a provider that is down. Notes the time."""
        now = time.monotonic()
        if self.down_since is None or now - self.probed_at < PROBE_EVERY.total_seconds():
            return False
        self.probed_at = now
        return True

    def take_turn(self, address_id: int) -> float:
        """Takes a turn of our own rate limits for one call; a short wait is spent here.

        Returns:
            The seconds until the limits let the call out; 0 when it may leave now and is counted.
        """
        counted: list[tuple[Buckets, Hashable]] = []
        for buckets, key in ((self.per_address, address_id), (self.buckets, self.name)):
            if buckets is None:
                continue
            while (wait := buckets.take(key)) > 0:
                if wait > SHORT_WAIT:
                    for counted_buckets, counted_key in counted:
                        counted_buckets.give_back(counted_key)
                    return wait
                threading.Event().wait(wait)
            counted.append((buckets, key))
        return 0.0

    def note_success(self) -> bool:
        """Notes that the provider took a message. Returns whether it was down until now."""
        was_down, self.down_since = self.down_since is not None, None
        return was_down

    def note_failure(self, error: SendError, address_id: int) -> None:
        """Sends less, or nothing for a while, after an error that may pass."""
        now = time.monotonic()
        if isinstance(error, ConnectionFailed | CredentialsRefused) and self.down_since is None:
            self.down_since, self.probed_at = now, now
        if isinstance(error, CredentialsRefused):
            self.paused_until = now + ATTENTION_PAUSE.total_seconds()
        elif (
            isinstance(error, Throttled)
            and error.retry_after is not None
            and self._is_throttled_whole(address_id, now)
        ):
            self.paused_until = now + error.retry_after.total_seconds()

    def _is_throttled_whole(self, address_id: int, now: float) -> bool:
        """Whether the provider throttles the connector, and not this address alone."""
        if not self.throttles_addresses:
            return True
        since = now - THROTTLED_WITHIN.total_seconds()
        self.throttled[address_id] = now
        self.throttled = {key: at for key, at in self.throttled.items() if at > since}
        return len(self.throttled) >= THROTTLED_ADDRESSES


def open_send_slots(connector: Connector[Any]) -> SendSlots:
    """The slots of a connector that has sent nothing yet, with the limits of its channel."""
    capabilities = connector.capabilities
    return SendSlots(
        connector.name,
        _buckets(capabilities.rate),
        _buckets(capabilities.rate_per_address),
        capabilities.throttles_addresses,
    )


def _buckets(limit: RateLimit | None) -> Buckets | None:
    return None if limit is None else Buckets(limit)
