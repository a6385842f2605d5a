"""Which agents are here: those with an open socket, and what they say of themselves.

The database knows it too (`agent.connected_at`), so that every process sees the same people. A
process that dies without a word is forgotten when its mark gets old.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from sqlalchemy import select, update

from hub import runtime
from hub.conversations.views import agent_shape
from hub.schema.events import Event, PresenceChanged
from hub.store.engine import Store, Transaction
from hub.store.models import agents

#: A lost socket is often back in a moment: a reload, a lift, a train.
GRACE_SECONDS = 30.0
HEARTBEAT_SECONDS = 20.0
STALE_AFTER = timedelta(seconds=75)


class PresenceBook:
    """The sockets of agents in this process."""

    def __init__(self, store: Store, grace: Callable[[], float] | None = None) -> None:
        """`grace` says for how many seconds a lost socket still counts."""
        self._store = store
        self._grace = grace or (lambda: GRACE_SECONDS)
        self._sockets: dict[int, set[str]] = defaultdict(set)
        self._absences: dict[int, int] = defaultdict(int)
        self._lock = threading.Lock()
        self._stop = threading.Event()

    def start(self, *, alone: bool) -> None:
        """`alone` when no other process serves agents: whoever was here before is not."""
        if alone:
            self._store.write(_forget_everybody)
        runtime.spawn(self._beat, name="presence")

    def stop(self) -> None:
        self._stop.set()

    def arrived(self, agent_id: int, socket: str) -> None:
        with self._lock:
            is_first = not self._sockets[agent_id]
            self._sockets[agent_id].add(socket)
        if is_first:
            self._store.write(lambda tx: _mark(tx, agent_id, here=True))

    def left(self, agent_id: int, socket: str) -> None:
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
            # Somebody who came back and left again has the whole time again.
            if self._sockets[agent_id] or self._absences[agent_id] != absence:
                return
        self._store.write(lambda tx: _mark(tx, agent_id, here=False))

    def _beat(self) -> None:
        while not self._stop.wait(HEARTBEAT_SECONDS):
            with self._lock:
                here = [agent_id for agent_id, sockets in self._sockets.items() if sockets]
            self._store.write(partial(_beat, here=tuple(here)))


def publish(tx: Transaction, agent_id: int) -> None:
    agent = agent_shape(tx.execute(select(agents).where(agents.c.id == agent_id)).one())
    tx.publish(Event(PresenceChanged(agent=agent, presence=agent.presence)))


def _mark(tx: Transaction, agent_id: int, *, here: bool) -> None:
    tx.execute(
        update(agents).where(agents.c.id == agent_id).values(connected_at=tx.now if here else None)
    )
    publish(tx, agent_id)


def _beat(tx: Transaction, here: tuple[int, ...]) -> None:
    if here:
        tx.execute(update(agents).where(agents.c.id.in_(here)).values(connected_at=tx.now))
    gone = tx.execute(
        update(agents)
        .where(agents.c.connected_at < tx.now - STALE_AFTER)
        .values(connected_at=None)
        .returning(agents.c.id)
    ).scalars()
    for agent_id in gone.all():
        publish(tx, agent_id)


def _forget_everybody(tx: Transaction) -> None:
    tx.execute(update(agents).values(connected_at=None))
