"""Which agents have an open socket, at this process and at those that run beside it.

`agent.connected_at` marks them in the database, so that every process knows the same. A process
that runs beside others says every few seconds that it lives; when one is silent, the others remove
what it had open.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from functools import partial

import structlog
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from hub import runtime
from hub.accounts import open_sockets
from hub.store.engine import Store, is_unavailable
from hub.store.models import web_processes

log = structlog.get_logger()

#: A lost socket is often back in a moment: a reload, a lift, a train.
GRACE_SECONDS = 30.0
#: How often a process says that it lives. One that missed two signs was killed, and its agents have
#: the same grace as after any lost socket.
BEAT_SECONDS = 3.0


class AgentPresence:
    """The sockets of agents in this process, and the signs of life of all processes."""

    def __init__(
        self, store: Store, process_id: str, grace: Callable[[], float] | None = None
    ) -> None:
        """
        Args:
            process_id: the id of this process among those of the hub.
            grace: returns for how many seconds a lost socket still counts.
        """
        self._store = store
        self._process_id = process_id
        self._grace = grace or (lambda: GRACE_SECONDS)
        self._sockets: dict[int, set[str]] = defaultdict(set)
        self._absences: dict[int, int] = defaultdict(int)
        #: The last sign of each other process, and when this process saw it first. By the own
        #: clock: those of other machines, and a clock that is put right, do not matter.
        self._signs: dict[str, tuple[datetime, float]] = {}
        self._restore: list[Callable[[], None]] = [self._restore_screens]
        self._lock = threading.Lock()
        self._stop = threading.Event()

    def start(self, *, alone: bool) -> None:
        """
        Args:
            alone: no other process serves agents, so every mark in the database is an old one.
        """
        if alone:
            self._store.write(open_sockets.clear_all)
            return
        self._store.write(partial(open_sockets.record_process, process_id=self._process_id))
        runtime.spawn(self._run, name="presence")

    def stop(self) -> None:
        self._stop.set()

    def on_removed(self, restore: Callable[[], None]) -> None:
        """Calls `restore` when the other processes took this one for dead."""
        self._restore.append(restore)

    def connected(self, agent_id: int, socket: str) -> None:
        """Notes an open socket; the agent's first one marks the agent as present."""
        with self._lock:
            is_first = not self._sockets[agent_id]
            self._sockets[agent_id].add(socket)
        if not is_first:
            return
        try:
            self._store.write(lambda tx: open_sockets.add_screens(tx, self._process_id, [agent_id]))
        except DBAPIError as error:
            # A screen that opens while nothing can be stored has to show just that.
            if not is_unavailable(error):
                raise
            log.warning("presence.not_recorded", agent=agent_id)

    def disconnected(self, agent_id: int, socket: str) -> None:
        """Notes a closed socket; after the last one and the grace the agent is offline."""
        with self._lock:
            self._sockets[agent_id].discard(socket)
            if self._sockets[agent_id]:
                return
            self._absences[agent_id] += 1
            absence = self._absences[agent_id]
        runtime.spawn(self._leave_after_grace, agent_id, absence, name="presence-grace")

    def record_anew(self) -> None:
        """Writes who is here and who left, after a time in which nothing could be stored."""
        self._restore_screens()
        with self._lock:
            left = [agent_id for agent_id, sockets in self._sockets.items() if not sockets]
        for agent_id in left:
            self._store.write(
                partial(open_sockets.remove_screen, process_id=self._process_id, agent_id=agent_id)
            )

    def beat(self) -> None:
        """Says that this process lives, and removes the processes that say it no longer."""
        was_known = self._store.write(
            partial(open_sockets.record_process, process_id=self._process_id)
        )
        if not was_known:
            log.warning("process.was_removed", process=self._process_id)
            for restore in self._restore:
                restore()
        for process_id, seen_at in self._silent_processes():
            log.info("process.ended", process=process_id)
            self._store.write(
                partial(open_sockets.remove_process, process_id=process_id, seen_at=seen_at)
            )

    def _silent_processes(self) -> list[tuple[str, datetime]]:
        with self._store.read() as connection:
            rows = connection.execute(
                select(web_processes).where(web_processes.c.id != self._process_id)
            ).all()
        now = time.monotonic()
        known, self._signs = self._signs, {}
        for row in rows:
            seen_at, since = known.get(row.id, (None, now))
            self._signs[row.id] = (row.seen_at, since if seen_at == row.seen_at else now)
        limit = self._grace() + 2 * BEAT_SECONDS
        return [
            (process_id, seen_at)
            for process_id, (seen_at, since) in self._signs.items()
            if now - since > limit
        ]

    def _leave_after_grace(self, agent_id: int, absence: int) -> None:
        if self._stop.wait(self._grace()):
            return  # the other processes notice that this one ended
        with self._lock:
            # A socket that came and closed again meanwhile starts a grace of its own.
            if self._sockets[agent_id] or self._absences[agent_id] != absence:
                return
        self._store.write(lambda tx: open_sockets.remove_screen(tx, self._process_id, agent_id))
        if self._sockets[agent_id]:  # the agent came back while that was written
            self._restore_screens()

    def _restore_screens(self) -> None:
        with self._lock:
            agent_ids = [agent_id for agent_id, sockets in self._sockets.items() if sockets]
        self._store.write(lambda tx: open_sockets.add_screens(tx, self._process_id, agent_ids))

    def _run(self) -> None:
        while not self._stop.wait(BEAT_SECONDS):
            try:
                self.beat()
            except Exception:
                # The database may not answer for a moment; the next sign counts as well.
                log.exception("presence.beat_failed")
