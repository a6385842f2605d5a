"""Notifies the process that routes of what the other processes of a hub have written.

PostgreSQL carries the notification (NOTIFY and LISTEN), so that no process polls. It says only
that something was written: what it is stands in the tables.

Source: https://www.psycopg.org/docs/advanced.html#asynchronous-notifications
"""

from __future__ import annotations

import select
import threading
from collections.abc import Callable
from typing import Any

import structlog
from sqlalchemy import text

from hub import runtime
from hub.store.engine import Store

log = structlog.get_logger()

CHANNEL = "hub_router"
#: The payloads: look at the whole queue, or at new conversations alone.
ALL_WAITING, NEW_ONLY = "whole", "new"
#: How often a listener checks whether it is to stop.
POLL_SECONDS = 2.0
#: How long after a lost connection the next one is opened.
RECONNECT_SECONDS = 1.0

_NOTIFY = text("SELECT pg_notify(:channel, :subject)")


def notify_router(store: Store, subject: str) -> None:
    """Notifies every process that listens.

    Args:
        subject: `ALL_WAITING` or `NEW_ONLY`.
    """
    with store.read() as connection:
        connection.execute(_NOTIFY, {"channel": CHANNEL, "subject": subject})


class NotificationListener:
    """Listens to the notifications of other processes, until it is stopped."""

    def __init__(self, store: Store, on_notification: Callable[[str], None]) -> None:
        """Makes a listener.

        Args:
            on_notification: called with `ALL_WAITING` or `NEW_ONLY`.
        """
        self._store = store
        self._on_notification = on_notification
        self._stop = threading.Event()

    def start(self) -> None:
        if not self._store.is_sqlite:
            runtime.spawn(self._run, name="assign-listen")

    def stop(self) -> None:
        self._stop.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._listen()
            except Exception:
                if not self._stop.is_set():
                    log.exception("assign.listen_failed")
                    self._stop.wait(RECONNECT_SECONDS)

    def _listen(self) -> None:
        pooled = self._store.engine.raw_connection()
        raw: Any = pooled.driver_connection
        pooled.detach()  # back in the pool it would go on listening
        try:
            raw.set_session(autocommit=True)
            with raw.cursor() as cursor:
                cursor.execute(f"LISTEN {CHANNEL}")
            self._on_notification(ALL_WAITING)  # for what was sent before this began to listen
            while not self._stop.is_set():
                if not select.select([raw], [], [], POLL_SECONDS)[0]:
                    continue
                raw.poll()
                subjects = {notification.payload for notification in raw.notifies}
                raw.notifies.clear()
                if subjects:
                    is_whole = ALL_WAITING in subjects
                    self._on_notification(ALL_WAITING if is_whole else NEW_ONLY)
        finally:
            raw.close()
