"""Token buckets: a burst at once, then a steady rate."""

from __future__ import annotations

import threading
import time
from collections.abc import Hashable

from hub.types import RateLimit

#: Above this number of keys, the buckets that are full again are dropped.
MANY = 10_000


class Buckets:
    """One bucket per key, all of one size. Safe to use from many threads.

    Args:
        limit: the rate at which buckets fill.
        burst: the size of a bucket, `limit.count` by default.
    """

    def __init__(self, limit: RateLimit, burst: float | None = None) -> None:
        self._levels: dict[Hashable, tuple[float, float]] = {}
        self._lock = threading.Lock()
        self.resize(limit, burst)

    def resize(self, limit: RateLimit, burst: float | None = None) -> None:
        """Changes rate and size; the levels of the buckets stay."""
        self._rate = limit.count / limit.per
        self._burst = max(burst if burst is not None else limit.count, 1.0)

    def take(self, key: Hashable, now: float | None = None, amount: float = 1.0) -> float:
        """Takes tokens of a key: all of them, or none.

        Args:
            amount: how many; more than the burst are never there at once.
            now: seconds of a clock that never goes back, the process's own by default.

        Returns:
            0 when they were taken, else the seconds until they are there.
        """
        moment = time.monotonic() if now is None else now
        with self._lock:
            level, at = self._levels.get(key, (self._burst, moment))
            level = min(self._burst, level + (moment - at) * self._rate)
            if level < amount:
                self._levels[key] = (level, moment)
                return (amount - level) / self._rate
            self._levels[key] = (level - amount, moment)
            if len(self._levels) > MANY:
                self._forget(moment)
            return 0.0

    def give_back(self, key: Hashable) -> None:
        """Puts a token back, for a call that was not made after all."""
        with self._lock:
            level, at = self._levels.get(key, (self._burst, 0.0))
            self._levels[key] = (min(self._burst, level + 1.0), at)

    def _forget(self, moment: float) -> None:
        self._levels = {
            key: (level, at)
            for key, (level, at) in self._levels.items()
            if level + (moment - at) * self._rate < self._burst
        }
