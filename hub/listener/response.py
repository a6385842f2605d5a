"""Writes the response of one request: the other half of PEP 3333."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable
from email.utils import formatdate
from functools import lru_cache
from typing import Any

from hub import runtime
from hub.listener.head import Head

#: Pieces that are smaller wait for each other.
PIECE = 64 * 1024
#: How long a client may take to make room for more bytes.
SEND_SECONDS = 30.0

#: A response that says nothing else is for this one client, and is what it says it is.
DEFAULTS = (
    ("cache-control", "Cache-Control: no-store\r\n"),
    ("x-content-type-options", "X-Content-Type-Options: nosniff\r\n"),
)


class Response:
    """What one application call sends."""

    def __init__(self, sock: socket.socket, head: Head, *, closes: Callable[[], bool]) -> None:
        """
        Args:
            closes: whether the connection ends after this response; asked when the head is sent.
        """
        self._socket = sock
        self._head = head
        self._closes = closes
        self._status = ""
        self._headers: list[tuple[str, str]] = []
        self._is_chunked = False
        self._has_no_body = False
        self.is_started = False
        self.must_close = False
        #: The application took the connection over, and nothing more is written here.
        self.is_taken_over = False

    def start(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], object]:
        """`start_response` of PEP 3333.

        Raises:
            ValueError: a header has a line end.
        """
        if exc_info is not None and self.is_started:
            raise exc_info[1].with_traceback(exc_info[2])
        for name, value in headers:
            if "\n" in value or "\r" in value or "\n" in name or "\r" in name:
                raise ValueError(f"The header {name!r} has a line end.")
        self._status, self._headers = status, headers
        return self._write

    def send(self, pieces: Iterable[bytes]) -> None:
        """Sends the whole response."""
        waiting: list[bytes] = []
        size = 0
        is_whole = isinstance(pieces, list | tuple)
        for piece in pieces:
            if self.is_taken_over:
                return
            waiting.append(piece)
            size += len(piece)
            if size >= PIECE and not is_whole:
                self._write(b"".join(waiting))
                waiting, size = [], 0
                runtime.yield_control()
        if self.is_taken_over:
            return
        body = b"".join(waiting)
        if not self.is_started:
            self._send_head(body, is_whole=True)
        elif body:
            self._write(body)
        if self._is_chunked:
            self._socket.sendall(b"0\r\n\r\n")

    def _write(self, data: bytes) -> None:
        if not self.is_started:
            self._send_head(data, is_whole=False)
        elif data and not self._has_no_body:
            self._socket.sendall(b"%x\r\n%b\r\n" % (len(data), data) if self._is_chunked else data)

    def _send_head(self, data: bytes, *, is_whole: bool) -> None:
        """Sends the head and the first piece of the body together."""
        if not self._status:
            raise RuntimeError("The application did not call start_response.")
        self.is_started = True
        names = {name.lower() for name, _ in self._headers}
        code = int(self._status[:3])
        self._has_no_body = self._head.method == "HEAD" or code in (204, 304) or code < 200
        lines = [f"HTTP/1.1 {self._status}\r\n"]
        lines += [f"{name}: {value}\r\n" for name, value in self._headers]
        lines += [line for name, line in DEFAULTS if name not in names]
        if "date" not in names:
            lines.append(f"Date: {_date(int(time.time()))}\r\n")
        if "content-length" not in names and not self._has_no_body:
            if is_whole:
                lines.append(f"Content-Length: {len(data)}\r\n")
            elif self._head.version == "HTTP/1.1":
                lines.append("Transfer-Encoding: chunked\r\n")
                self._is_chunked = True
            else:
                self.must_close = True
        if self._closes():
            self.must_close = True
            lines.append("Connection: close\r\n")
        lines.append("\r\n")
        head = "".join(lines).encode("latin-1")
        self._socket.settimeout(SEND_SECONDS)
        if self._has_no_body:
            data = b""
        elif self._is_chunked and data:
            data = b"%x\r\n%b\r\n" % (len(data), data)
        self._socket.sendall(head + data)


@lru_cache(maxsize=1)
def _date(second: int) -> str:
    """A time as HTTP writes it; the same one for all responses of a second."""
    return formatdate(second, usegmt=True)
