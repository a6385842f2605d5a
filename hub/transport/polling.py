"""Polls the providers that send no webhooks, and registers webhooks at those that take one."""

from __future__ import annotations

import secrets
import threading
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import structlog
from sqlalchemy import or_, select, update
from sqlalchemy.exc import DBAPIError

from hub import runtime
from hub.connectors.base import Connector, Polls, Registers
from hub.connectors.oauth import SignsInWithTokens
from hub.errors import CredentialsRefused, PayloadInvalid, SendError
from hub.oauth.kept_tokens import KeptTokens, load_tokens
from hub.store.engine import Store, Transaction, Upsert
from hub.store.models import connector_states
from hub.transport.gateway import Gateway
from hub.transport.running import RunningConnectors
from hub.transport.token_renewal import ACTIVITY as SIGN_IN
from hub.watchdog import Watch, Watchdog

log = structlog.get_logger()

#: How long one poll may wait for an event. Short enough to keep the lease alive.
WAIT_SECONDS = 20.0
LEASE = timedelta(seconds=60)
#: Seconds between attempts while a provider does not answer, doubling.
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 8.0
ATTENTION_PAUSE = 30.0
#: How often a poller that was refused looks whether an admin has connected the account again.
TOKENS_LOOK_SECONDS = 0.5

_ADD_STATE = Upsert(connector_states, ["connector"])


@dataclass(slots=True, eq=False)
class Reader:
    """A connector that is polled, and its thread. `is_given_up`: its poll never ended."""

    connector: Connector[Any]
    thread: threading.Thread | None = None
    is_given_up: bool = False


class Poller:
    """One thread per connector that polls. Across processes one at a time, by a lease."""

    def __init__(
        self,
        store: Store,
        connectors: RunningConnectors,
        gateway: Gateway,
        watchdog: Watchdog | None = None,
    ) -> None:
        """Makes a poller that is not started. `watchdog` gives up polls that never end."""
        self._store = store
        self._watchdog = watchdog or Watchdog()
        self._connectors = connectors
        self._gateway = gateway
        self._owner = secrets.token_hex(8)
        self._stop = threading.Event()
        self._readers: dict[str, Reader] = {}

    def start(self, *, alone: bool) -> None:
        """Starts to poll.

        Args:
            alone: whether no other process polls: a lease that a crash left behind is then void.
        """
        if alone:
            self._store.write(release_leases)
        self.poll_new_connectors()

    def poll_new_connectors(self) -> None:
        """Starts a thread for every connector that is new or was replaced."""
        for connector in self._connectors:
            former = self._readers.get(connector.name)
            if former is None or former.connector is not connector:
                reader = Reader(connector)
                self._readers[connector.name] = reader
                reader.thread = runtime.spawn(
                    self._run, reader, former, name=f"poll-{connector.name}"
                )

    def stop(self) -> None:
        """Ends the threads after their next answer."""
        self._stop.set()

    def _run(self, reader: Reader, former: Reader | None) -> None:
        if former is not None:
            self._wait_for_end(former)
        connector = reader.connector
        pause = FIRST_PAUSE
        registered = not isinstance(connector, Registers)
        while not self._stop.is_set() and self._connectors.get(connector.name) is connector:
            tokens = refused = None
            try:
                tokens = self._kept_tokens(connector)
                if not registered and isinstance(connector, Registers):
                    with self._limit(reader, connector.poll_limit):
                        connector.register()
                    registered = True
                    # A connector without polls has no other success that could say so.
                    self._connectors.mark_ok(connector.name, "poll")
                if not isinstance(connector, Polls) or not connector.polls():
                    return
                wait = self._poll(reader)
                pause = FIRST_PAUSE
            except SendError as error:
                if reader.is_given_up:
                    return
                wait, pause = self._note_failure(connector, error, pause)
                refused = tokens if isinstance(error, CredentialsRefused) else None
            except Exception:
                log.exception("poll.broke", connector=connector.name)
                wait, pause = pause, min(pause * 2, LONGEST_PAUSE)
            if refused is None:
                self._stop.wait(wait)
            else:
                self._wait_for_tokens(connector, refused, wait)

    def _kept_tokens(self, connector: Connector[Any]) -> KeptTokens | None:
        """The tokens that an account signs in with; None where it uses a password."""
        if not isinstance(connector, SignsInWithTokens) or connector.tokens is None:
            return None
        with self._store.read() as connection:
            return load_tokens(connection, connector.name)

    def _wait_for_tokens(
        self, connector: Connector[Any], refused: KeptTokens, seconds: float
    ) -> None:
        """Waits, but no longer than until there are other tokens than those that were refused.

        A consent may come by a page of this process or of another, or at a terminal.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not self._stop.wait(TOKENS_LOOK_SECONDS):
            try:
                has_others = self._kept_tokens(connector) != refused
            except DBAPIError:
                continue  # the next poll notices, too
            if has_others:
                self._connectors.mark_ok(connector.name, SIGN_IN)
                return

    def _limit(self, reader: Reader, seconds: float) -> AbstractContextManager[Watch]:
        name = reader.connector.name
        return self._watchdog.limit("poll", name, seconds, partial(self._begin_anew, reader))

    def _begin_anew(self, reader: Reader) -> None:
        """Leaves a poll alone that never ends, and polls with a connector made anew."""
        reader.is_given_up = True
        connector = reader.connector
        if self._connectors.get(connector.name) is connector:
            self._connectors.restart(connector.name)
            self.poll_new_connectors()

    def _wait_for_end(self, former: Reader) -> None:
        """Waits for the former thread: providers refuse a second reader of the same account."""
        while not (former.is_given_up or self._stop.is_set()):
            if former.thread is None or not former.thread.is_alive():
                return
            former.thread.join(1.0)

    def _note_failure(
        self, connector: Connector[Any], error: SendError, pause: float
    ) -> tuple[float, float]:
        """Notes an error. Returns the seconds until the next poll, and the pause after that."""
        log.warning("poll.failed", connector=connector.name, code=error.code, reason=error.message)
        self._connectors.mark_attention(connector.name, error.message, "poll")
        if isinstance(error, CredentialsRefused):
            return ATTENTION_PAUSE, pause
        wait = error.retry_after.total_seconds() if error.retry_after else pause
        return wait, min(pause * 2, LONGEST_PAUSE)

    def _poll(self, reader: Reader) -> float:
        """Polls once. Returns the seconds until the next poll."""
        connector = reader.connector
        assert isinstance(connector, Polls)
        cursor = self._store.write(partial(_take_lease, name=connector.name, owner=self._owner))
        if cursor is None:
            return LEASE.total_seconds() / 4
        with self._limit(reader, WAIT_SECONDS + connector.poll_limit):
            result = connector.poll(cursor, WAIT_SECONDS)
        for request in result.requests:
            if reader.is_given_up:  # another thread has begun anew, and its cursor counts
                return 0.0
            with self._limit(reader, connector.poll_limit):
                try:
                    self._gateway.receive_request(connector, request)
                except PayloadInvalid as error:
                    self._gateway.journal_unreadable(connector, request, error)
        if reader.is_given_up:
            return 0.0
        self._connectors.mark_ok(connector.name, "poll")
        if result.cursor != cursor:
            self._store.write(
                partial(_store_cursor, name=connector.name, owner=self._owner, cursor=result.cursor)
            )
        return result.pause


def _take_lease(tx: Transaction, name: str, owner: str) -> str | None:
    """Takes or renews the lease of a connector.

    Args:
        owner: the id of this process.

    Returns:
        The cursor of the last poll; None where another process has the lease.
    """
    tx.execute(
        _ADD_STATE,
        {
            "connector": name,
            "cursor": "",
            "lease_owner": "",
            "updated_at": tx.now,
        },
    )
    states = connector_states.c
    changed = tx.execute(
        update(connector_states)
        .where(
            states.connector == name,
            or_(
                states.lease_owner.in_((owner, "")),
                states.lease_until.is_(None),
                states.lease_until < tx.now,
                # The clock was set back since.
                states.lease_until > tx.now + 2 * LEASE,
            ),
        )
        .values(lease_owner=owner, lease_until=tx.now + LEASE)
    )
    if changed.rowcount == 0:
        return None
    cursor = tx.execute(select(states.cursor).where(states.connector == name)).scalar_one()
    return str(cursor)


def _store_cursor(tx: Transaction, name: str, owner: str, cursor: str) -> None:
    """Stores where the next poll goes on, unless another process has taken the lease over."""
    tx.execute(
        update(connector_states)
        .where(connector_states.c.connector == name, connector_states.c.lease_owner == owner)
        .values(cursor=cursor, updated_at=tx.now)
    )


def release_leases(tx: Transaction) -> None:
    """Ends every lease: for a process that knows that no other process polls."""
    tx.execute(update(connector_states).values(lease_owner="", lease_until=None))
