"""Jobs of accounts that run by the clock."""

from __future__ import annotations

from datetime import timedelta

from hub.accounts import sign_in_limits
from hub.accounts.sign_ins import delete_expired_sign_ins
from hub.accounts.visitor_sessions import delete_expired_visitor_sessions
from hub.store.engine import Store


class ExpiredSessions:
    """Deletes sign-ins, visitors' sessions and counts of wrong passwords whose time is over."""

    interval = timedelta(hours=1)

    def __init__(self, store: Store) -> None:
        self._store = store

    def run(self) -> None:
        """Deletes each kind in a transaction of its own."""
        self._store.write(delete_expired_sign_ins)
        self._store.write(delete_expired_visitor_sessions)
        self._store.write(sign_in_limits.delete_expired)
