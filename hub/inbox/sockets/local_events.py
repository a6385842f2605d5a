"""Events for the sockets of this process alone: they need neither Redis nor the database."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from flask_socketio import SocketIO

from hub import runtime
from hub.conversations import queries
from hub.inbox.connections.rooms import AGENTS, VISITORS
from hub.inbox.services import Hub
from hub.schema.events import NoticesChanged, Resync

#: How long what came last has to leave to the sockets.
FLUSH_SECONDS = 0.2


class LocalEvents:
    """Tells the sockets of this process what is wrong, and when to ask again."""

    def __init__(self, socketio: SocketIO, hub: Hub) -> None:
        self._socketio = socketio
        self._hub = hub
        hub.notices.on_change(self.send_notices)

    def send_notices(self) -> None:
        """Sends all agents' sockets what is wrong now; one that connects is told on its own."""
        payload = NoticesChanged(codes=self._hub.notices.codes).model_dump(mode="json")
        self._emit(NoticesChanged.name, payload, AGENTS)

    def send_resync(self, seconds: float) -> None:
        """Tells all sockets that events may have been missed.

        Args:
            seconds: how long ago the first one was that may be missing.
        """
        with self._hub.store.read() as connection:
            before = queries.newest_before(
                connection, datetime.now(UTC) - timedelta(seconds=seconds)
            )
        self._hub.agent_connections.missed_after(before)
        self._hub.visitor_connections.missed_after(before)
        for namespace in (AGENTS, VISITORS):
            self._emit(Resync.name, {}, namespace)
        # Agent, place in the queue and ticks, for which a page cannot ask.
        runtime.spawn(self._hub.visitor_connections.resend_sessions, name="visitors-resend")

    def say_goodbye(self) -> None:
        """Closes all sockets at a moment at which nothing is missing on them.

        Their clients connect to another process and ask for what comes after the newest message
        that they have. So this process says nothing new, waits for what the others said before, and
        then closes them. What a client sends meanwhile gets no acknowledgement: it sends it again.
        """
        if self._hub.peers is None:
            return
        server: Any = self._socketio.server  # type: ignore[attr-defined]
        for namespace in server.namespace_handlers.values():
            namespace.is_closed = True
        self._hub.peers.settle()
        time.sleep(FLUSH_SECONDS)
        for transport in list(server.eio.sockets.values()):
            transport.close(wait=False)  # a client that reads nothing would be waited for

    def _emit(self, name: str, payload: object, namespace: str) -> None:
        manager = self._socketio.server.manager  # type: ignore[attr-defined]
        manager.emit(name, payload, namespace=namespace, ignore_queue=True)
