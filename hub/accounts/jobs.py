"""Jobs of accounts that run by the clock."""

from __future__ import annotations

from datetime import timedelta

from hub.accounts.sign_ins import delete_expired_sign_ins
from hub.accounts.visitor_sessions import delete_expired_visitor_sessions
from hub.store.engine import Store


class ExpiredSessions:
    """Deletes the sign-ins and the visitors' sessions whose time is over."""

    interval = timedelta(hours=1)

    def __init__(self, store: Store) -> None:
        self._store = store

    def run(self) -> None:
        """Deletes both in one transaction each."""
        self._store.write(delete_expired_sign_ins)
        self._store.write(delete_expired_visitor_sessions)
