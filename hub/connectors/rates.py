"""Token buckets: so much at once, so much a second."""

from __future__ import annotations

import threading
import time
from collections.abc import Hashable

from hub.types import RateLimit

#: Beyond this many keys, those that are full again are forgotten.
MANY = 10_000


class Buckets:
    """One bucket per key, all of one size. Safe to use from many threads."""

    def __init__(self, limit: RateLimit, burst: float | None = None) -> None:
        self._levels: dict[Hashable, tuple[float, float]] = {}
        self._lock = threading.Lock()
        self.resize(limit, burst)

    def resize(self, limit: RateLimit, burst: float | None = None) -> None:
        """From now on so much; what was taken stays taken."""
        self._rate = limit.count / limit.per
        self._burst = max(burst if burst is not None else limit.count, 1.0)

    def take(self, key: Hashable, now: float | None = None) -> float:
        """Takes one, or says how many seconds to wait for it. 0 means taken."""
        moment = time.monotonic() if now is None else now
        with self._lock:
            level, at = self._levels.get(key, (self._burst, moment))
            level = min(self._burst, level + (moment - at) * self._rate)
            if level < 1.0:
                self._levels[key] = (level, moment)
                return (1.0 - level) / self._rate
            self._levels[key] = (level - 1.0, moment)
            if len(self._levels) > MANY:
                self._forget(moment)
            return 0.0

    def give_back(self, key: Hashable) -> None:
        """Undoes a take that came to nothing."""
        with self._lock:
            level, at = self._levels.get(key, (self._burst, 0.0))
            self._levels[key] = (min(self._burst, level + 1.0), at)

    def _forget(self, moment: float) -> None:
        self._levels = {
            key: (level, at)
            for key, (level, at) in self._levels.items()
            if level + (moment - at) * self._rate < self._burst
        }
