"""Hundreds of plain Socket.IO clients in one thread, without a library that takes time."""

from __future__ import annotations

import json
import selectors
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import websocket

#: How many sockets join at the same time, and how many before the pings are answered.
JOINING = 16
BATCH = 200


class Crowd:
    """Many sockets on one namespace, read together."""

    def __init__(self, url: str, namespace: str) -> None:
        self._url = url.replace("http", "ws", 1) + "/socket.io/?EIO=4&transport=websocket"
        self._namespace = namespace
        self._selector = selectors.DefaultSelector()
        self.sockets: list[Any] = []
        self._drained: set[Any] = set()

    def connect(self, **options: Any) -> Any:
        """Opens a socket that is not in the namespace yet, and not among those that are read."""
        return websocket.create_connection(
            self._url, timeout=20, enable_multithread=False, **options
        )

    def join(self, auth: dict[str, Any], **options: Any) -> None:
        """Opens one more socket and waits until the server has accepted it."""
        self._add(self._joined(auth, **options))

    def join_many(self, count: int, auth: dict[str, Any], **options: Any) -> None:
        """Opens so many sockets more, a few at a time, and answers the pings meanwhile."""
        with ThreadPoolExecutor(JOINING) as pool:
            for begin in range(0, count, BATCH):
                batch = range(begin, min(begin + BATCH, count))
                for socket in pool.map(lambda _: self._joined(auth, **options), batch):
                    self._add(socket)
                self.read(0)

    def _add(self, socket: Any) -> None:
        self._selector.register(socket.sock, selectors.EVENT_READ, socket)
        self.sockets.append(socket)

    def _joined(self, auth: dict[str, Any], **options: Any) -> Any:
        socket = self.connect(**options)
        socket.recv()  # the transport's own greeting
        socket.send(f"40{self._namespace},{json.dumps(auth)}")
        while not (answer := socket.recv()).startswith("4"):
            pass
        while answer.startswith("42"):  # events that come before the acceptance
            answer = socket.recv()
        if not answer.startswith(f"40{self._namespace}"):
            raise RuntimeError(f"refused: {answer}")
        return socket

    def only_read(self, count: int) -> None:
        """Reads only the first `count` sockets as packets from now on.

        The bytes of the others are dropped, so that reading them takes no measured time.
        """
        self._drained = {socket.sock for socket in self.sockets[count:]}

    def read(self, timeout: float) -> list[str]:
        """Returns the packets that have come on the sockets that are read."""
        packets = []
        for key, _ in self._selector.select(timeout):
            if key.fileobj in self._drained:
                key.data.sock.recv(1 << 20)
                continue
            try:
                packet = key.data.recv()
            except websocket.WebSocketConnectionClosedException:
                self._selector.unregister(key.fileobj)
                continue
            if packet == "2":
                key.data.send("3")
            else:
                packets.append(packet)
        return packets

    def count_open(self) -> int:
        """Returns how many of the sockets the server has not closed."""
        return sum(socket.connected for socket in self.sockets)

    def close(self) -> None:
        self._selector.close()
        for socket in self.sockets:
            socket.close()
