"""Elects the one process, of all that share a database, that has a role."""

from __future__ import annotations

import threading
import time

import structlog
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from hub.store.engine import LOCK_SPACE, Store

log = structlog.get_logger()

#: How long the last answer of the database counts, in seconds.
ASK_SECONDS = 1.0

#: Another number than that of the transactions' locks: no transaction may wait for a role whose
#: name has the same hash.
LEADERS = LOCK_SPACE + 1

_TRY_LOCK = text("SELECT pg_try_advisory_lock(:space, hashtext(:name))")
_UNLOCK = text("SELECT pg_advisory_unlock(:space, hashtext(:name))")
_PING = text("SELECT 1")


class Leader:
    """A role that one process has at a time.

    On PostgreSQL the role is a lock of a separate session; the server releases it when the session
    ends for any reason. An SQLite database belongs to one process, which always has the role.

    Source: https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
    """

    def __init__(self, store: Store, name: str) -> None:
        self._store = store
        self._name = name
        self._lock_name = {"space": LEADERS, "name": name}
        self._lock = threading.Lock()
        self._session: Connection | None = None
        self._leads = False
        self._asked_at = float("-inf")

    def leads(self) -> bool:
        """Whether this process has the role. Takes the role when no process has it."""
        if self._store.is_sqlite:
            return True
        with self._lock:
            if time.monotonic() - self._asked_at >= ASK_SECONDS:
                led_before = self._leads
                self._leads = self._ask()
                self._asked_at = time.monotonic()
                if led_before != self._leads:
                    log.info("leader.changed", role=self._name, leads=self._leads)
            return self._leads

    def resign(self) -> None:
        """Gives up the role at once."""
        with self._lock:
            if self._session is not None and self._leads:
                # The server would also release the lock when the session ends, but later.
                try:
                    self._session.execute(_UNLOCK, self._lock_name)
                except SQLAlchemyError as error:
                    log.info("leader.unlock_failed", error=type(error).__name__)
            self._close_session()
            self._asked_at = float("-inf")

    def _ask(self) -> bool:
        try:
            if self._session is None:
                self._session = self._open()
            if self._leads:
                # A broken session has lost the lock, and another process may have it by now.
                self._session.execute(_PING)
                return True
            return bool(self._session.execute(_TRY_LOCK, self._lock_name).scalar_one())
        except SQLAlchemyError as error:
            log.warning("leader.unknown", role=self._name, error=type(error).__name__)
            self._close_session()
            return False

    def _open(self) -> Connection:
        session = self._store.engine.connect()
        session.detach()  # in the pool it would bring the lock to the next user of the connection
        return session

    def _close_session(self) -> None:
        session, self._session, self._leads = self._session, None, False
        if session is not None:
            try:
                session.close()
            except SQLAlchemyError as error:
                log.info("leader.hang_up_failed", error=type(error).__name__)
