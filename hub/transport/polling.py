"""Asks the providers that have to be asked, and tells those that want to be told where we are."""

from __future__ import annotations

import secrets
import threading
from datetime import timedelta
from functools import partial
from typing import Any

import structlog
from sqlalchemy import or_, select, update

from hub import runtime
from hub.connectors.base import Connector, Polls, Registers
from hub.errors import CredentialsRefused, PayloadInvalid, SendError
from hub.store.engine import Store, Transaction, Upsert
from hub.store.models import connector_states
from hub.transport.gateway import Gateway
from hub.transport.running import RunningConnectors

log = structlog.get_logger()

#: How long one look may wait for something to come. Short enough to keep the lease alive.
WAIT_SECONDS = 20.0
LEASE = timedelta(seconds=60)
#: Between tries while a provider does not answer.
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 8.0
ATTENTION_PAUSE = 30.0

_MAKE = Upsert(connector_states, ["connector"])


class Poller:
    """One thread per connector that polls. Across processes one at a time, by a lease."""

    def __init__(self, store: Store, connectors: RunningConnectors, gateway: Gateway) -> None:
        self._store = store
        self._connectors = connectors
        self._gateway = gateway
        self._owner = secrets.token_hex(8)
        self._stop = threading.Event()
        self._threads: dict[str, tuple[Connector[Any], threading.Thread]] = {}

    def start(self, *, alone: bool) -> None:
        """`alone` when no other process polls: a lease that a crash left behind is void."""
        if alone:
            self._store.write(release_leases)
        self.poll_new_connectors()

    def poll_new_connectors(self) -> None:
        """Begins with every connector that is new, or took another's place."""
        for connector in self._connectors:
            known, thread = self._threads.get(connector.name, (None, None))
            if known is not connector:
                new = runtime.spawn(self._run, connector, thread, name=f"poll-{connector.name}")
                self._threads[connector.name] = (connector, new)

    def stop(self) -> None:
        self._stop.set()

    def _run(self, connector: Connector[Any], before: threading.Thread | None) -> None:
        if before is not None:
            before.join()  # providers refuse a second reader of the same account
        pause = FIRST_PAUSE
        registered = not isinstance(connector, Registers)
        while not self._stop.is_set() and self._connectors.get(connector.name) is connector:
            try:
                if not registered and isinstance(connector, Registers):
                    connector.register()
                    registered = True
                if not isinstance(connector, Polls) or not connector.polls():
                    return
                wait = self._look(connector)
                pause = FIRST_PAUSE
            except SendError as error:
                wait, pause = self._failed(connector, error, pause)
            except Exception:
                log.exception("poll.broke", connector=connector.name)
                wait, pause = pause, min(pause * 2, LONGEST_PAUSE)
            self._stop.wait(wait)

    def _failed(
        self, connector: Connector[Any], error: SendError, pause: float
    ) -> tuple[float, float]:
        log.warning("poll.failed", connector=connector.name, code=error.code, reason=error.message)
        self._connectors.mark_attention(connector.name, error.message)
        if isinstance(error, CredentialsRefused):
            return ATTENTION_PAUSE, pause
        wait = error.retry_after.total_seconds() if error.retry_after else pause
        return wait, min(pause * 2, LONGEST_PAUSE)

    def _look(self, connector: Connector[Any]) -> float:
        """One look. Returns the seconds until the next."""
        assert isinstance(connector, Polls)
        cursor = self._store.write(partial(_take_lease, name=connector.name, owner=self._owner))
        if cursor is None:
            return LEASE.total_seconds() / 4
        result = connector.poll(cursor, WAIT_SECONDS)
        for request in result.requests:
            try:
                self._gateway.receive_request(connector, request)
            except PayloadInvalid as error:
                self._gateway.journal_unreadable(connector, request, error)
        self._connectors.mark_ok(connector.name)
        if result.cursor != cursor:
            self._store.write(partial(_keep_cursor, name=connector.name, cursor=result.cursor))
        return result.pause


def _take_lease(tx: Transaction, name: str, owner: str) -> str | None:
    """The cursor, if the lease is ours (now)."""
    tx.execute(
        _MAKE,
        {
            "connector": name,
            "cursor": "",
            "lease_owner": "",
            "updated_at": tx.now,
        },
    )
    states = connector_states.c
    taken = tx.execute(
        update(connector_states)
        .where(
            states.connector == name,
            or_(
                states.lease_owner.in_((owner, "")),
                states.lease_until.is_(None),
                states.lease_until < tx.now,
            ),
        )
        .values(lease_owner=owner, lease_until=tx.now + LEASE)
    )
    if taken.rowcount == 0:
        return None
    found = tx.execute(select(states.cursor).where(states.connector == name)).scalar_one()
    return str(found)


def _keep_cursor(tx: Transaction, name: str, cursor: str) -> None:
    tx.execute(
        update(connector_states)
        .where(connector_states.c.connector == name)
        .values(cursor=cursor, updated_at=tx.now)
    )


def release_leases(tx: Transaction) -> None:
    """For a process that knows it is the only one."""
    tx.execute(update(connector_states).values(lease_owner="", lease_until=None))
