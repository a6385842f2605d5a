"""Tells the process that routes what the other processes of a hub have written.

PostgreSQL carries it (NOTIFY and LISTEN), so that nobody asks on a tick. The notice says only that
something is there: what it is stands in the tables.

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
ALL_WAITING, NEW_ONLY = "whole", "new"
#: How often a listener looks whether it is to stop.
POLL_SECONDS = 2.0
#: How long after a lost connection the next one is tried.
RECONNECT_SECONDS = 1.0

_NOTIFY = text("SELECT pg_notify(:channel, :what)")


def notify_router(store: Store, what: str) -> None:
    """Says it to every process that listens."""
    with store.engine.connect() as connection:
        plain = connection.execution_options(isolation_level="AUTOCOMMIT")
        plain.execute(_NOTIFY, {"channel": CHANNEL, "what": what})


class NotificationListener:
    """Calls `hear` with what other processes say, until it is stopped."""

    def __init__(self, store: Store, hear: Callable[[str], None]) -> None:
        self._store = store
        self._hear = hear
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
        pooled.detach()  # back in the pool it would go on hearing
        try:
            raw.set_session(autocommit=True)
            with raw.cursor() as cursor:
                cursor.execute(f"LISTEN {CHANNEL}")
            self._hear(ALL_WAITING)  # what was said while nobody listened
            while not self._stop.is_set():
                if not select.select([raw], [], [], POLL_SECONDS)[0]:
                    continue
                raw.poll()
                said = {notice.payload for notice in raw.notifies}
                raw.notifies.clear()
                if said:
                    self._hear(ALL_WAITING if ALL_WAITING in said else NEW_ONLY)
        finally:
            raw.close()
