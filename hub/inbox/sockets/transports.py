"""Watches over the transports of Socket.IO: those that join nothing, and those that fell silent.

Engine.IO opens a transport for every client, and keeps it while the client answers pings. Only the
packet that joins a namespace says what the client wants, and no library limits the time until then.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import structlog
from flask_socketio import SocketIO
from werkzeug.exceptions import HTTPException, ServiceUnavailable

from hub import runtime
from hub.inbox.connections.rooms import AGENTS, VISITORS
from hub.inbox.sockets.pings import Pings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication

log = structlog.get_logger()

PATH = "/socket.io/"
#: Transports that may be open at once without having joined.
MAX_WAITING = 2000
SWEEP_SECONDS = 1.0
#: How often all transports are looked at for a ping that was not answered.
SILENCE_CHECK_SECONDS = 5.0
RETRY_SECONDS = 5


class Transports:
    """Watches over the transports of a Socket.IO server. Safe to use from many threads.

    Args:
        join_seconds: how long a transport may take to join a namespace.
    """

    def __init__(self, socketio: SocketIO, join_seconds: float) -> None:
        self._server: Any = socketio.server  # type: ignore[attr-defined]
        self._join_seconds = join_seconds
        #: The ids of transports with the time by which each has to join, the first due first.
        self._waiting: deque[tuple[float, str]] = deque()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        engine = self._server.eio
        self._pings = Pings(engine)
        # Engine.IO's own watch wakes up for every transport in turn: 250 times a second for 5,000.
        engine.start_service_task = False
        self._open = engine.handlers["connect"]
        engine.on("connect", self._opened)

    def start(self) -> None:
        runtime.spawn(self._sweep_all, name="transports")

    def stop(self) -> None:
        self._stop.set()

    def wrap(self, app: WSGIApplication) -> WSGIApplication:
        """Puts the limits before an application that serves the transports."""

        def limited(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
            if environ["PATH_INFO"].startswith(PATH):
                try:
                    self._check(environ)
                except HTTPException as error:
                    return error(environ, start_response)
            return app(environ, start_response)

        return limited

    def _check(self, environ: dict[str, Any]) -> None:
        """Raises an HTTPException for a transport too many, and for a body that does not come."""
        if environ["REQUEST_METHOD"] == "POST":
            # Engine.IO would answer every error of its input with "OK".
            environ["wsgi.input"].receive()
        if "sid=" not in environ["QUERY_STRING"] and self._is_full():
            raise ServiceUnavailable(
                "Too many sockets join at once. Try again.", retry_after=RETRY_SECONDS
            )

    def _is_full(self) -> bool:
        with self._lock:
            if len(self._waiting) >= MAX_WAITING:
                waiting = (entry for entry in self._waiting if not self._has_joined(entry[1]))
                self._waiting = deque(waiting)
            return len(self._waiting) >= MAX_WAITING

    def _opened(self, transport: str, environ: dict[str, Any]) -> Any:
        with self._lock:
            self._waiting.append((time.monotonic() + self._join_seconds, transport))
        return self._open(transport, environ)

    def _has_joined(self, transport: str) -> bool:
        manager = self._server.manager
        return any(
            manager.sid_from_eio_sid(transport, namespace) is not None
            for namespace in (AGENTS, VISITORS)
        )

    def _sweep_all(self) -> None:
        next_check = time.monotonic() + SILENCE_CHECK_SECONDS
        while not self._stop.wait(SWEEP_SECONDS):
            try:
                self.close_unjoined()
                self._pings.send_due()
                if time.monotonic() >= next_check:
                    next_check = time.monotonic() + SILENCE_CHECK_SECONDS
                    self.close_silent()
            except Exception:
                log.exception("transports.sweep_failed")

    def close_silent(self) -> None:
        """Closes transports that left a ping without an answer, and forgets closed ones."""
        sockets = self._server.eio.sockets
        for transport, socket in list(sockets.items()):
            if socket.closed:
                sockets.pop(transport, None)
            elif not socket.closing:
                socket.check_ping_timeout()

    def close_unjoined(self) -> None:
        """Closes transports that joined no namespace in time."""
        now = time.monotonic()
        while True:
            with self._lock:
                if not self._waiting or self._waiting[0][0] > now:
                    return
                _, transport = self._waiting.popleft()
            socket = self._server.eio.sockets.get(transport)
            if socket is not None and not socket.closed and not self._has_joined(transport):
                # Without waiting until the client has taken the packet that says so.
                socket.close(wait=False, reason=self._server.reason.SERVER_DISCONNECT)
