"""The pings of all transports, by one timer.

Engine.IO starts a thread for each ping, which sleeps until it is time and then wakes the thread
that writes: with thousands of idle chats that is most of what the process does.
"""

from __future__ import annotations

import itertools
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from engineio import packet
from engineio.socket import Socket

from hub import runtime
from hub.listener.websocket import WebSocket, WebSocketUpgrade

#: So many pings are sent before other threads get their turn.
BURST = 50
_PING = packet.Packet(packet.PING)
_PING_TEXT = str(packet.PING)


class Pings:
    """Sends the pings of an Engine.IO server, written into idle websockets without a switch."""

    def __init__(self, engine: Any) -> None:
        """Takes the pings over from Engine.IO. Nothing is sent until `send_due` is called."""
        self._interval = float(engine.ping_interval)
        self._start_task: Callable[..., Any] = engine.start_background_task
        #: The transports by the time of their next ping. All wait equally long: the first is due
        #: first.
        self._waiting: deque[tuple[float, Any]] = deque()
        self._lock = threading.Lock()
        self._websockets: dict[str, WebSocket] = {}
        engine.start_background_task = self._start
        engine._async = {**engine._async, "websocket": self._upgrade}

    def send_due(self) -> None:
        """Sends the pings whose time has come."""
        now = time.monotonic()
        for number in itertools.count(1):
            with self._lock:
                if not self._waiting or self._waiting[0][0] > now:
                    return
                _, transport = self._waiting.popleft()
            if not (transport.closing or transport.closed):
                transport.last_ping = time.time()
                self._send(transport)
            if number % BURST == 0:
                runtime.yield_control()

    def _send(self, transport: Any) -> None:
        websocket = self._websockets.get(transport.sid) if transport.upgraded else None
        try:
            if websocket is not None and websocket.send_at_once(_PING_TEXT):
                return
        except OSError:
            transport.close(wait=False, abort=True)
            return
        transport.queue.put(_PING)

    def _start(self, target: Callable[..., Any], *args: Any, **options: Any) -> Any:
        if getattr(target, "__func__", None) is not Socket._send_ping:
            return self._start_task(target, *args, **options)
        with self._lock:
            self._waiting.append((time.monotonic() + self._interval, target.__self__))  # type: ignore[attr-defined]
        return None

    def _upgrade(self, handler: Callable[[WebSocket], Any], server: Any) -> WebSocketUpgrade:
        return WebSocketUpgrade(partial(self._serve, handler), server)

    def _serve(self, handler: Callable[[WebSocket], Any], websocket: WebSocket) -> Any:
        transport: Any = handler.__self__  # type: ignore[attr-defined]
        self._websockets[transport.sid] = websocket
        transport.poll = partial(_wait_for_packets, transport, transport.poll)
        try:
            return handler(websocket)
        finally:
            self._websockets.pop(transport.sid, None)
            del transport.poll


def _wait_for_packets(transport: Any, poll: Callable[[], list[Any]]) -> list[Any]:
    """What `Socket.poll` does, without its time-out: pings do not pass through the queue any more.

    A transport that is silent is closed, which ends the waiting.
    """
    if not transport.upgraded:
        return poll()
    packets = [transport.queue.get()]
    with suppress(queue.Empty):
        while packets[-1] is not None:
            packets.append(transport.queue.get(block=False))
    for _ in packets:
        transport.queue.task_done()
    if packets[-1] is None and len(packets) > 1:
        transport.queue.put(None)  # ends the next call
    return [packet for packet in packets if packet is not None]
