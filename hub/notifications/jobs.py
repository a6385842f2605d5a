"""Jobs of notifications that run by the clock."""

from __future__ import annotations

from datetime import timedelta

from hub.notifications import mentions, notices
from hub.store.engine import Store


class OldNotifications:
    """Deletes notifications and mentions that are too old."""

    interval = timedelta(hours=6)

    def __init__(self, store: Store) -> None:
        self._store = store

    def run(self) -> None:
        """Deletes each kind in a transaction of its own."""
        self._store.write(notices.delete_old)
        self._store.write(mentions.delete_old)
