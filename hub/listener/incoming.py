"""The bytes that a client sends, read with a deadline on every wait."""

from __future__ import annotations

import socket
import time

from hub import runtime
from hub.listener.head import BadRequest, has_odd_line_end
from hub.listener.limits import ByteBudget

PIECE = 64 * 1024
#: A head and a small body come in one piece.
FIRST_PIECE = 16 * 1024
#: Every open connection may hold as much without being counted.
UNCOUNTED_BYTES = 4096
HEAD_END = b"\r\n\r\n"
#: A wait of zero seconds would mean: do not wait at all, and no error of its own.
_SHORTEST_WAIT = 0.001


class Incoming:
    """What a socket receives. An idle one holds no buffer."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._buffer = bytearray()
        #: How many bytes of the buffer are known to hold no end of a head.
        self._checked = 0

    @property
    def has_more(self) -> bool:
        """Whether bytes were received that nothing has read yet."""
        return bool(self._buffer)

    def wait(self, seconds: float) -> bool:
        """Waits for the first byte of a request.

        Returns: False at the end of the connection, and when nothing came in time.
        """
        if self._buffer:
            return True
        try:
            return self._fill(time.monotonic() + seconds, FIRST_PIECE)
        except TimeoutError:
            return False

    def read_head(self, max_bytes: int, deadline: float, memory: ByteBudget) -> bytes | None:
        """Reads up to the empty line that ends a head.

        Args:
            deadline: the monotonic time by which the whole head must have come.
            memory: what all clients together may hold; short heads are not counted.

        Returns: the head without the empty line; None when the client closed the connection.

        Raises:
            BadRequest: the head is too long, or a line does not end with CR LF.
            TimeoutError: the deadline passed.
        """
        counted = 0
        try:
            while (head := self._find_head(max_bytes)) is None:
                if len(self._buffer) > max(UNCOUNTED_BYTES, counted):
                    if not memory.take(len(self._buffer) - counted):
                        raise BadRequest(
                            "The hub has no room. Try again.", "503 Service Unavailable"
                        )
                    counted = len(self._buffer)
                if not self._fill(deadline, FIRST_PIECE):
                    return None
            return head
        finally:
            memory.give_back(counted)
            self._checked = 0

    def _find_head(self, max_bytes: int) -> bytes | None:
        """Takes the head out of what was received. None while its end is not there."""
        buffer, checked = self._buffer, self._checked
        if buffer[:2] == b"\r\n":
            del buffer[:2]  # RFC 9112, 2.2: an empty line before a request is no fault
        end = buffer.find(HEAD_END, max(0, checked - 3), max_bytes + len(HEAD_END))
        if end >= 0:
            head = bytes(buffer[:end])
            del buffer[: end + len(HEAD_END)]
            return head
        if has_odd_line_end(bytes(buffer[max(0, checked - 1) :])):
            raise BadRequest("Lines end with CR LF.")
        if len(buffer) >= max_bytes:
            raise BadRequest(
                f"A head has at most {max_bytes} bytes.", "431 Request Header Fields Too Large"
            )
        self._checked = len(buffer)
        return None

    def read_some(self, max_bytes: int, deadline: float) -> bytes:
        """Reads what there is, at least one byte.

        Raises:
            ConnectionResetError: the client closed the connection.
            TimeoutError: the deadline passed.
        """
        if not self._buffer and not self._fill(deadline, min(max_bytes, PIECE)):
            raise ConnectionResetError("The client closed the connection.")
        data = bytes(self._buffer[:max_bytes])
        del self._buffer[:max_bytes]
        return data

    def read_exactly(self, size: int, deadline: float) -> bytes:
        """Reads so many bytes. Raises as `read_some` does."""
        while len(self._buffer) < size:
            if not self._fill(deadline, PIECE):
                raise ConnectionResetError("The client closed the connection.")
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        return data

    def read_line(self, max_bytes: int, deadline: float) -> bytes:
        """Reads up to the next CR LF, and returns the line without it.

        Raises:
            BadRequest: the line is too long or does not end with CR LF.
            ConnectionResetError: the client closed the connection.
            TimeoutError: the deadline passed.
        """
        while (end := self._buffer.find(b"\r\n")) < 0:
            if len(self._buffer) > max_bytes:
                raise BadRequest("A line of a chunked body is too long.")
            if not self._fill(deadline, FIRST_PIECE):
                raise ConnectionResetError("The client closed the connection.")
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        if len(line) > max_bytes or b"\n" in line or b"\r" in line:
            raise BadRequest("A line of a chunked body is not of its form.")
        return line

    def skip(self, size: int) -> bool:
        """Drops so many bytes if they were received. Returns whether they were."""
        if size > len(self._buffer):
            return False
        del self._buffer[:size]
        return True

    def drop(self, max_bytes: int, seconds: float) -> None:
        """Reads and forgets what still comes, so that the client reads our last answer.

        A socket that is closed with unread bytes is reset, and the client may lose the answer.
        """
        deadline = time.monotonic() + seconds
        dropped = len(self._buffer)
        self._buffer.clear()
        try:
            while dropped < max_bytes and self._fill(deadline, PIECE):
                dropped += len(self._buffer)
                self._buffer.clear()
                runtime.yield_control()
        except OSError:
            return

    def _fill(self, deadline: float, size: int) -> bool:
        """Receives more. False at the end of the connection. Raises TimeoutError, OSError."""
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("The client is too slow.")
        self._socket.settimeout(max(left, _SHORTEST_WAIT))
        data = self._socket.recv(size)
        self._buffer += data
        return bool(data)
