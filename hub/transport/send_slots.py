"""How each connector is doing at sending: what is under way, and when it takes more."""

from __future__ import annotations

import threading
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from hub.connectors.base import Connector
from hub.connectors.rates import Buckets
from hub.errors import ConnectionFailed, CredentialsRefused, SendError, Throttled
from hub.types import RateLimit

#: Deliveries of one connector under way at once.
IN_FLIGHT = 8
#: While a provider is down, one message tries it this often.
PROBE_EVERY = timedelta(seconds=5)
#: While a provider refuses our keys, it is asked no more often than this.
ATTENTION_PAUSE = timedelta(seconds=30)
#: A turn that comes sooner than this is waited for in place.
SHORT_WAIT = 0.25
LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class SendSlots:
    """What is known of one connector. `in_flight` is counted by whoever sends, one at a time."""

    name: str
    buckets: Buckets | None
    per_address: Buckets | None
    in_flight: int = 0
    paused_until: datetime = LONG_AGO
    down_since: datetime | None = None
    probed_at: datetime = LONG_AGO

    def is_free(self, now: datetime) -> bool:
        return self.in_flight < IN_FLIGHT and self.paused_until <= now

    def probes(self, now: datetime) -> bool:
        """Whether it is time for one message to knock at a provider that was away; once."""
        if self.down_since is None or now - self.probed_at < PROBE_EVERY:
            return False
        self.probed_at = now
        return True

    def waits_for_turn(self, address_id: int) -> float:
        """Seconds until our own rate limits let a call out; short waits are done here.

        0 means that it may leave now, and is counted.
        """
        taken: list[tuple[Buckets, Hashable]] = []
        for buckets, key in ((self.per_address, address_id), (self.buckets, self.name)):
            if buckets is None:
                continue
            while (wait := buckets.take(key)) > 0:
                if wait > SHORT_WAIT:
                    for one, of in taken:
                        one.give_back(of)
                    return wait
                threading.Event().wait(wait)
            taken.append((buckets, key))
        return 0.0

    def is_back(self) -> bool:
        """Something got through. True where the provider had been away until now."""
        was_away, self.down_since = self.down_since is not None, None
        return was_away

    def slows_down(self, error: SendError, now: datetime) -> None:
        """Takes less, or nothing for a while, after what the provider said."""
        if isinstance(error, ConnectionFailed | CredentialsRefused) and self.down_since is None:
            self.down_since, self.probed_at = now, now
        if isinstance(error, CredentialsRefused):
            self.paused_until = now + ATTENTION_PAUSE
        elif isinstance(error, Throttled) and error.retry_after is not None:
            self.paused_until = now + error.retry_after


def open_send_slots(connector: Connector[Any]) -> SendSlots:
    """A lane with the limits of its channel, where nothing has been sent yet."""
    found = connector.capabilities
    return SendSlots(connector.name, _buckets(found.rate), _buckets(found.rate_per_address))


def _buckets(limit: RateLimit | None) -> Buckets | None:
    return None if limit is None else Buckets(limit)
