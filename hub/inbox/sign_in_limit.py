"""Limits how often a sign-in is tried, by IP address and by account."""

from __future__ import annotations

from datetime import timedelta

from hub.config import Config
from hub.config.current import CurrentConfig
from hub.connectors.rates import Buckets
from hub.errors import LimitExceeded
from hub.types import RateLimit


class SignInLimit:
    """The tries of this process, under `limits.sign_in_tries_per_minute`."""

    def __init__(self, current: CurrentConfig) -> None:
        self._tries = Buckets(_limit(current.config))
        current.on_change(lambda config: self._tries.resize(_limit(config)))

    def count_try(self, *keys: str) -> None:
        """Counts one try for each key, an IP address or an email. Raises LimitExceeded."""
        for key in keys:
            wait = self._tries.take(key)
            if wait > 0:
                raise LimitExceeded("Too many tries. Wait a little.", timedelta(seconds=wait))


def _limit(config: Config) -> RateLimit:
    return RateLimit(config.limits.sign_in_tries_per_minute, 60)
