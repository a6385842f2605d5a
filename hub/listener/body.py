"""The body of one request: received whole when the application first reads, small ones in memory.

So a route that refuses a request reads nothing of its body, and a slow client holds a connection
and a piece of the disk, but nothing of the application.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Iterator
from typing import IO, Any

import structlog
from werkzeug import exceptions
from werkzeug.exceptions import HTTPException

from hub import runtime
from hub.errors import NO_ROOM
from hub.listener.head import BadRequest
from hub.listener.incoming import PIECE, Incoming
from hub.listener.limits import BodyLimit, ByteBudget, Pace

log = structlog.get_logger()

#: A longer body is kept on disk while it arrives.
MEMORY_BYTES = 64 * 1024
#: The longest line that tells the size of a chunk, or a trailer field.
MAX_CHUNK_LINE = 1024
MAX_TRAILERS = 32
RETRY_SECONDS = 10


class InsufficientStorage(HTTPException):
    """507: the disk is full."""

    code = 507
    description = "The disk of this hub is full."


class Body:
    """`wsgi.input`. Every error is an HTTPException, or an OSError when the client is gone."""

    def __init__(
        self,
        incoming: Incoming,
        length: int | None,
        limit: BodyLimit,
        *,
        memory: ByteBudget,
        disk: ByteBudget,
        pace: Callable[[], Pace],
        spool_folder: Any = None,
        send_continue: Callable[[], None] | None = None,
    ) -> None:
        """
        Args:
            length: in bytes; None for a chunked body.
            memory: what the bodies of all requests together may hold in memory.
            disk: what they may hold on disk.
            pace: starts the clock that the client has to keep up with.
            send_continue: tells a client that waits for it to send the body.
        """
        self._incoming = incoming
        self._length = length
        self._limit = limit
        self._memory = memory
        self._disk = disk
        self._start_pace = pace
        self._spool_folder = spool_folder
        self._send_continue = send_continue
        self._file: IO[bytes] = io.BytesIO()
        self._is_on_disk = False
        self._received = 0
        self._memory_taken = 0
        self._disk_taken = 0
        self._is_received = length == 0
        self._error: HTTPException | OSError | None = None

    # -- what PEP 3333 asks for ------------------------------------------------------------------

    def read(self, size: int | None = -1) -> bytes:
        self.receive()
        return self._file.read(-1 if size is None else size)

    def readline(self, size: int = -1) -> bytes:
        self.receive()
        return self._file.readline(size)

    def readlines(self, hint: int = -1) -> list[bytes]:
        self.receive()
        return self._file.readlines(hint)

    def __iter__(self) -> Iterator[bytes]:
        self.receive()
        return iter(self._file)

    # -- the connection's side -------------------------------------------------------------------

    @property
    def is_received(self) -> bool:
        """Whether nothing of this body is left on the connection."""
        return self._is_received

    def skip_if_buffered(self) -> bool:
        """Drops a small body that nothing read, if it is there. Returns whether nothing is left."""
        if not self._is_received and self._length is not None and self._error is None:
            self._is_received = self._received == 0 and self._incoming.skip(self._length)
        return self._is_received

    def receive(self) -> None:
        """Receives the whole body. Does nothing when it is there.

        Raises:
            HTTPException: it is too long (413), too slow (408) or not of its form (400), or there
                is no room for it now (503, 507).
            OSError: the client closed the connection.
        """
        if self._error is not None:
            raise self._error
        if self._is_received:
            return
        try:
            self._receive()
        except TimeoutError:
            self._error = exceptions.RequestTimeout("The body came too slowly.")
        except BadRequest as error:
            self._error = exceptions.BadRequest(error.detail)
        except (HTTPException, OSError) as error:
            self._error = error
        if self._error is not None:
            raise self._error
        self._file.seek(0)
        self._is_received = True

    def close(self) -> None:
        """Frees what the body takes."""
        self._file.close()
        self._memory.give_back(self._memory_taken)
        self._disk.give_back(self._disk_taken)
        self._memory_taken = self._disk_taken = 0

    # -- receiving -------------------------------------------------------------------------------

    def _receive(self) -> None:
        if self._length is not None:
            self._check_size(self._length)
        if self._send_continue is not None:
            self._send_continue()
        pace = self._start_pace()
        if self._length is None:
            self._receive_chunks(pace)
        else:
            self._receive_bytes(self._length, pace)
        if self._is_on_disk and self._limit.is_read_whole:
            # The application is about to read it all.
            self._take_memory(self._received)

    def _receive_chunks(self, pace: Pace) -> None:
        while size := self._chunk_size(pace):
            self._check_size(self._received + size)
            self._receive_bytes(size, pace)
            if self._incoming.read_line(0, pace.deadline):
                raise BadRequest("A chunk is longer than it says.")
        for _ in range(MAX_TRAILERS):
            if not self._incoming.read_line(MAX_CHUNK_LINE, pace.deadline):
                return
        raise BadRequest("There are too many trailers.")

    def _chunk_size(self, pace: Pace) -> int:
        size, _, _extension = self._incoming.read_line(MAX_CHUNK_LINE, pace.deadline).partition(
            b";"
        )
        digits = size.rstrip(b" \t")
        if not digits or len(digits) > 12 or digits.strip(b"0123456789abcdefABCDEF"):
            raise BadRequest("The size of a chunk is not a number.")
        return int(digits, 16)

    def _receive_bytes(self, size: int, pace: Pace) -> None:
        while size:
            data = self._incoming.read_some(min(size, PIECE), pace.deadline)
            size -= len(data)
            pace.received += len(data)
            self._keep(data)
            if size:  # a fast client must not keep the process to itself
                runtime.yield_control()

    def _check_size(self, size: int) -> None:
        if size > self._limit.max_bytes:
            raise exceptions.RequestEntityTooLarge(
                f"The body has at most {self._limit.max_bytes} bytes."
            )

    def _keep(self, data: bytes) -> None:
        self._received += len(data)
        if not self._is_on_disk and self._received <= MEMORY_BYTES:
            self._take_memory(len(data))
            self._file.write(data)
            return
        try:
            if not self._is_on_disk:
                self._move_to_disk()
            self._take_disk(len(data))
            self._file.write(data)
        except OSError as error:
            if error.errno in NO_ROOM:
                raise InsufficientStorage from None
            raise

    def _move_to_disk(self) -> None:
        small = self._file
        size = small.tell()
        self._take_disk(size)
        # Without a name, so that it is gone with the process, however the process ends.
        self._file = tempfile.TemporaryFile(dir=self._spool_folder)  # noqa: SIM115 `close` closes it
        self._file.write(small.getvalue())  # type: ignore[attr-defined]
        self._is_on_disk = True
        self._memory.give_back(self._memory_taken)
        self._memory_taken = 0

    def _take_memory(self, size: int) -> None:
        if not self._memory.take(size):
            raise self._no_room("memory")
        self._memory_taken += size

    def _take_disk(self, size: int) -> None:
        if not self._disk.take(size):
            raise self._no_room("disk")
        self._disk_taken += size

    def _no_room(self, place: str) -> HTTPException:
        log.warning("request.no_room", place=place, received=self._received)
        return exceptions.ServiceUnavailable(
            "Too much arrives at once. Try again.", retry_after=RETRY_SECONDS
        )
