"""Which agents have an open socket.

`agent.connected_at` marks them in the database, so that every process knows the same. The marks of
a process that was killed are cleared when they are old.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from sqlalchemy import update

from hub import runtime
from hub.accounts.agents import publish_presence, update_agent
from hub.store.engine import Store, Transaction
from hub.store.models import agents

#: A lost socket is often back in a moment: a reload, a lift, a train.
GRACE_SECONDS = 30.0
HEARTBEAT_SECONDS = 20.0
STALE_AFTER = timedelta(seconds=75)


class AgentPresence:
    """The sockets of agents in this process."""

    def __init__(self, store: Store, grace: Callable[[], float] | None = None) -> None:
        """
        Args:
            grace: returns for how many seconds a lost socket still counts.
        """
        self._store = store
        self._grace = grace or (lambda: GRACE_SECONDS)
        self._sockets: dict[int, set[str]] = defaultdict(set)
        self._absences: dict[int, int] = defaultdict(int)
        self._lock = threading.Lock()
        self._stop = threading.Event()

    def start(self, *, alone: bool) -> None:
        """
        Args:
            alone: no other process serves agents, so every mark in the database is an old one.
        """
        if alone:
            self._store.write(_clear_marks)
        runtime.spawn(self._beat, name="presence")

    def stop(self) -> None:
        self._stop.set()

    def connected(self, agent_id: int, socket: str) -> None:
        """Notes an open socket; the agent's first one marks the agent as present."""
        with self._lock:
            is_first = not self._sockets[agent_id]
            self._sockets[agent_id].add(socket)
        if is_first:
            self._store.write(lambda tx: _mark(tx, agent_id, is_connected=True))

    def disconnected(self, agent_id: int, socket: str) -> None:
        """Notes a closed socket; after the last one and the grace the agent is offline."""
        with self._lock:
            self._sockets[agent_id].discard(socket)
            if self._sockets[agent_id]:
                return
            self._absences[agent_id] += 1
            absence = self._absences[agent_id]
        runtime.spawn(self._leave_after_grace, agent_id, absence, name="presence-grace")

    def _leave_after_grace(self, agent_id: int, absence: int) -> None:
        if self._stop.wait(self._grace()):
            return
        with self._lock:
            # A socket that came and closed again meanwhile starts a grace of its own.
            if self._sockets[agent_id] or self._absences[agent_id] != absence:
                return
        self._store.write(lambda tx: _mark(tx, agent_id, is_connected=False))

    def _beat(self) -> None:
        while not self._stop.wait(HEARTBEAT_SECONDS):
            with self._lock:
                connected_ids = [agent for agent, sockets in self._sockets.items() if sockets]
            self._store.write(partial(_renew_marks, connected_ids=tuple(connected_ids)))


def _mark(tx: Transaction, agent_id: int, *, is_connected: bool) -> None:
    update_agent(tx, agent_id, {"connected_at": tx.now if is_connected else None})
    publish_presence(tx, agent_id)


def _renew_marks(tx: Transaction, connected_ids: tuple[int, ...]) -> None:
    if connected_ids:
        tx.execute(update(agents).where(agents.c.id.in_(connected_ids)).values(connected_at=tx.now))
    stale_ids = tx.execute(
        update(agents)
        .where(agents.c.connected_at < tx.now - STALE_AFTER)
        .values(connected_at=None)
        .returning(agents.c.id)
    ).scalars()
    for agent_id in stale_ids.all():
        publish_presence(tx, agent_id)


def _clear_marks(tx: Transaction) -> None:
    tx.execute(update(agents).values(connected_at=None))
