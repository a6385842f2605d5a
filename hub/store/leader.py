"""One process of many that does what must be done once: until it dies, and then another."""

from __future__ import annotations

import threading
import time

import structlog
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from hub.store.engine import LOCK_SPACE, Store

log = structlog.get_logger()

#: How long an answer holds before the database is asked again.
ASK_SECONDS = 1.0

#: A space of its own: no transaction must ever wait for a name that hashes to the same number.
LEADERS = LOCK_SPACE + 1

_TRY_LOCK = text("SELECT pg_try_advisory_lock(:space, hashtext(:name))")
_UNLOCK = text("SELECT pg_advisory_unlock(:space, hashtext(:name))")
_STILL_HERE = text("SELECT 1")


class Leader:
    """A role that one process has at a time.

    On PostgreSQL it is a lock of a session of its own, which the server takes back when the
    session ends, however that comes. SQLite belongs to one process, and that one leads.

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
        """Whether the role is ours, taking it when nobody has it."""
        if self._store.is_sqlite:
            return True
        with self._lock:
            if time.monotonic() - self._asked_at >= ASK_SECONDS:
                led = self._leads
                self._leads = self._ask()
                self._asked_at = time.monotonic()
                if led != self._leads:
                    log.info("leader.changed", role=self._name, leads=self._leads)
            return self._leads

    def resign(self) -> None:
        """Gives the role back at once."""
        with self._lock:
            if self._session is not None and self._leads:
                # The server would notice that the session has ended, but not at once.
                try:
                    self._session.execute(_UNLOCK, self._lock_name)
                except SQLAlchemyError as error:
                    log.info("leader.unlock_failed", error=type(error).__name__)
            self._hang_up()
            self._asked_at = float("-inf")

    def _ask(self) -> bool:
        try:
            if self._session is None:
                self._session = self._open()
            if self._leads:
                # A session that broke has lost the lock, and somebody may have it by now.
                self._session.execute(_STILL_HERE)
                return True
            return bool(self._session.execute(_TRY_LOCK, self._lock_name).scalar_one())
        except SQLAlchemyError as error:
            log.warning("leader.unknown", role=self._name, error=type(error).__name__)
            self._hang_up()
            return False

    def _open(self) -> Connection:
        session = self._store.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        session.detach()  # back in the pool it would keep the lock for whoever has it next
        return session

    def _hang_up(self) -> None:
        session, self._session, self._leads = self._session, None, False
        if session is not None:
            try:
                session.close()
            except SQLAlchemyError as error:
                log.info("leader.hang_up_failed", error=type(error).__name__)
