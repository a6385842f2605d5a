"""Websockets (RFC 6455), as Engine.IO's server uses them: whole text messages, of bounded size.

Nothing is compressed. Browsers offer compression for every websocket, and its window would cost 300
KB for each open chat, for messages that are mostly shorter than a packet.
"""

from __future__ import annotations

import base64
import hashlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from hub import runtime
from hub.listener.connection import CONNECTION
from hub.listener.incoming import PIECE, UNCOUNTED_BYTES, Incoming
from hub.listener.limits import ByteBudget, Limits, Pace

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
#: A frame that a client does not make room for ends its socket, so that events do not pile up here.
SEND_SECONDS = 30.0

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
_FIN, _RESERVED, _OPCODE, _MASKED, _LENGTH = 0x80, 0x70, 0x0F, 0x80, 0x7F

NORMAL, PROTOCOL_ERROR, NOT_TEXT, TOO_BIG, TRY_LATER = 1000, 1002, 1007, 1009, 1013


class Closed(Exception):
    """The websocket is over.

    Args:
        code: what the client is told; see RFC 6455, 7.4.1.
    """

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class _Frame(NamedTuple):
    is_final: bool
    opcode: int
    length: int
    mask: bytes


class WebSocketUpgrade:
    """Makes a request a websocket. A WSGI application, with the signature Engine.IO asks for."""

    def __init__(self, handler: Callable[[WebSocket], Any], server: Any) -> None:
        """
        Args:
            handler: gets the open websocket, and returns when it is over.
            server: the Engine.IO server.
        """
        self._handler = handler
        self._idle_seconds = float(server.ping_interval + server.ping_timeout)
        self._max_bytes = int(server.max_http_buffer_size)

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        key = environ.get("HTTP_SEC_WEBSOCKET_KEY", "")
        version = environ.get("HTTP_SEC_WEBSOCKET_VERSION")
        if version != "13" or not key or environ["REQUEST_METHOD"] != "GET":
            headers = [("Sec-WebSocket-Version", "13"), ("Content-Type", "text/plain")]
            start_response("426 Upgrade Required", headers)
            return [b"This is a websocket of version 13.\n"]
        sock, incoming, limits, memory = environ[CONNECTION].take_over()
        accepted = base64.b64encode(hashlib.sha1(key.encode("latin-1") + _GUID).digest())  # noqa: S324
        websocket = WebSocket(
            sock,
            incoming,
            limits,
            memory,
            max_bytes=self._max_bytes,
            idle_seconds=self._idle_seconds,
        )
        websocket.send_bytes(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accepted + b"\r\n\r\n"
        )
        try:
            self._handler(websocket)
        finally:
            websocket.close()
        return []


class WebSocket:
    """An open websocket. One thread reads it, any thread may write."""

    def __init__(
        self,
        sock: socket.socket,
        incoming: Incoming,
        limits: Limits,
        memory: ByteBudget,
        *,
        max_bytes: int,
        idle_seconds: float,
    ) -> None:
        """
        Args:
            memory: what unfinished messages and bodies of all clients together may hold.
            max_bytes: the longest message, however many frames it comes in.
            idle_seconds: how long a client may send nothing.
        """
        self._socket = sock
        self._incoming = incoming
        self._limits = limits
        self._memory = memory
        self._max_bytes = max_bytes
        self._idle_seconds = idle_seconds
        self._sending = threading.Lock()
        self._is_closed = False

    def wait(self) -> str | bytes | None:
        """Waits for the next message. None when the websocket is over."""
        try:
            return self._message()
        except Closed as closed:
            self._close(closed.code)
        except (OSError, EOFError):
            self._is_closed = True
        return None

    def send(self, message: str | bytes) -> None:
        """Sends a message. Raises OSError when the client is gone or makes no room for it."""
        if isinstance(message, str):
            self._send_frame(TEXT, message.encode())
        else:
            self._send_frame(BINARY, message)

    def send_at_once(self, message: str) -> bool:
        """Sends a short message if nothing else is being sent and the client has room for it.

        Returns: whether it was sent; if not, nothing was.
        Raises: OSError when the client is gone.
        """
        if self._is_closed or not self._sending.acquire(blocking=False):
            return False
        try:
            frame = _head(TEXT, len(message)) + message.encode()
            sent = runtime.send_without_waiting(self._socket, frame)
            if 0 < sent < len(frame):
                raise TimeoutError("The client has room for a part of a frame.")
            return sent > 0
        finally:
            self._sending.release()

    def close(self) -> None:
        """Ends the websocket, and lets the thread that waits for a message return."""
        self._close(NORMAL)
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    # -- reading ---------------------------------------------------------------------------------

    def _message(self) -> str | bytes:
        """Receives one message, and answers what comes between its frames. Raises Closed."""
        opcode = CONTINUATION
        data = bytearray()
        counted = 0
        pace: Pace | None = None
        try:
            while True:
                # A client that sends without a pause must not keep the process to itself.
                runtime.yield_control()
                # The clock runs from the first byte of a message to its last, whatever frames and
                # pings come between.
                if pace is None:
                    if not self._incoming.wait(self._idle_seconds):
                        raise Closed(NORMAL)
                    pace = self._limits.pace()
                frame = self._frame(pace)
                if frame.opcode >= CLOSE:
                    self._answer_control(frame, pace)
                    if opcode == CONTINUATION:
                        pace = None
                    continue
                if (frame.opcode == CONTINUATION) != (opcode != CONTINUATION):
                    raise Closed(PROTOCOL_ERROR)
                opcode = opcode or frame.opcode
                size = len(data) + frame.length
                if size > self._max_bytes:
                    raise Closed(TOO_BIG)
                if size > UNCOUNTED_BYTES and size > counted:
                    if not self._memory.take(size - counted):
                        raise Closed(TRY_LATER)
                    counted = size
                data += self._payload(frame, pace)
                if frame.is_final:
                    return _as_text(data) if opcode == TEXT else bytes(data)
        finally:
            self._memory.give_back(counted)

    def _frame(self, pace: Pace) -> _Frame:
        first, second = self._incoming.read_exactly(2, pace.deadline)
        opcode = first & _OPCODE
        is_final = bool(first & _FIN)
        length = second & _LENGTH
        if first & _RESERVED or not second & _MASKED:
            raise Closed(PROTOCOL_ERROR)
        if opcode not in (CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG):
            raise Closed(PROTOCOL_ERROR)
        if opcode >= CLOSE and (not is_final or length > 125):
            raise Closed(PROTOCOL_ERROR)
        if length == 126:
            (length,) = struct.unpack("!H", self._incoming.read_exactly(2, pace.deadline))
        elif length == 127:
            (length,) = struct.unpack("!Q", self._incoming.read_exactly(8, pace.deadline))
        return _Frame(is_final, opcode, length, self._incoming.read_exactly(4, pace.deadline))

    def _payload(self, frame: _Frame, pace: Pace) -> bytes:
        payload = bytearray()
        while len(payload) < frame.length:
            piece = self._incoming.read_some(min(frame.length - len(payload), PIECE), pace.deadline)
            pace.received += len(piece)
            payload += unmask(piece, frame.mask, len(payload))
        return bytes(payload)

    def _answer_control(self, frame: _Frame, pace: Pace) -> None:
        payload = self._payload(frame, pace)
        if frame.opcode == CLOSE:
            raise Closed(NORMAL)
        if frame.opcode == PING:
            self._send_frame(PONG, payload)

    # -- writing ---------------------------------------------------------------------------------

    def _send_frame(self, opcode: int, payload: bytes) -> None:
        if self._is_closed:
            raise ConnectionResetError("The websocket is closed.")
        self.send_bytes(_head(opcode, len(payload)) + payload)

    def send_bytes(self, data: bytes) -> None:
        """Sends bytes as they are, in a bounded time. Raises OSError, TimeoutError."""
        with self._sending:
            deadline = time.monotonic() + SEND_SECONDS
            unsent = memoryview(data)
            while unsent:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError("The client makes no room.")
                self._socket.settimeout(left)
                unsent = unsent[self._socket.send(unsent) :]

    def _close(self, code: int) -> None:
        if self._is_closed:
            return
        with suppress(OSError):
            self._send_frame(CLOSE, struct.pack("!H", code))
        self._is_closed = True


def _head(opcode: int, length: int) -> bytes:
    """The head of an unmasked frame that is a whole message."""
    if length < 126:
        return struct.pack("!BB", _FIN | opcode, length)
    if length < 1 << 16:
        return struct.pack("!BBH", _FIN | opcode, 126, length)
    return struct.pack("!BBQ", _FIN | opcode, 127, length)


def unmask(payload: bytes, mask: bytes, offset: int = 0) -> bytes:
    """Removes the mask from a piece of a client's frame.

    As one large number, because a loop over the bytes would hold everybody up for a long message.

    Args:
        mask: four bytes.
        offset: how many bytes of the frame come before the piece.
    """
    size = len(payload)
    begin = offset % 4
    key = (mask * (size // 4 + 2))[begin : begin + size]
    number = int.from_bytes(payload, "little") ^ int.from_bytes(key, "little")
    return number.to_bytes(size, "little")


def _as_text(data: bytearray) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise Closed(NOT_TEXT) from None
