"""How many bytes visitors may upload: by session, and by IP address for those who open many."""

from __future__ import annotations

from datetime import timedelta

from hub.config import Config
from hub.connectors.rates import Buckets
from hub.errors import LimitExceeded
from hub.inbox.services import Hub
from hub.types import RateLimit

DAY_SECONDS = 24 * 3600.0
#: The sessions' worth of bytes that one IP address has: a household, or an office.
SESSIONS_PER_ADDRESS = 5


class UploadQuota:
    """The bytes that were uploaded at this process, under `limits.upload_bytes_per_session`."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._sessions = Buckets(_limit(hub.config))
        self._addresses = Buckets(_limit(hub.config, SESSIONS_PER_ADDRESS))
        hub.current.on_change(self._resize)

    def take(self, session_id: int, address: str, size: int | None) -> None:
        """Counts an upload that is about to be read.

        Args:
            size: the length of the body in bytes; None where the client does not say.

        Raises:
            LimitExceeded: it is too much for this session or this address.
        """
        # A body without a length may have the largest one.
        amount = float(self._hub.config.limits.upload_max_bytes if size is None else size)
        wait = self._sessions.take(session_id, amount=amount)
        if wait == 0:
            wait = self._addresses.take(address, amount=amount)
        if wait > 0:
            raise LimitExceeded(
                "That were many files for one day. Send them later, or by mail.",
                timedelta(seconds=min(wait, DAY_SECONDS)),
            )

    def _resize(self, config: Config) -> None:
        self._sessions.resize(_limit(config))
        self._addresses.resize(_limit(config, SESSIONS_PER_ADDRESS))


def _limit(config: Config, sessions: int = 1) -> RateLimit:
    return RateLimit(config.limits.upload_bytes_per_session * sessions, DAY_SECONDS)
