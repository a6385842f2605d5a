"""Frames on a socket: one byte of kind, eight bytes of length, then the content."""

from __future__ import annotations

import socket
import struct
import time

HEADER = struct.Struct("!cQ")
CHUNK = 1 << 18

#: From the child: it has started; it has the whole request; a value; the end; an exception.
PROCESS_READY, TASK_TAKEN, VALUE, TASK_DONE, TASK_FAILED = b"R", b"T", b"V", b"D", b"F"
#: From the parent.
REQUEST = b"Q"


class FrameTooLarge(Exception):
    """The other side announced more bytes than are allowed."""


def send_frame(
    channel: socket.socket, kind: bytes, content: bytes = b"", deadline: float | None = None
) -> None:
    """Sends one frame.

    Args:
        deadline: a time of `time.monotonic`, None to wait without end.

    Raises:
        OSError: the other side is gone; TimeoutError at the deadline.
    """
    for data in (HEADER.pack(kind, len(content)), content):
        view = memoryview(data)
        while view:
            channel.settimeout(_seconds_left(deadline))
            view = view[channel.send(view[:CHUNK]) :]


def receive_frame(
    channel: socket.socket, max_bytes: int, deadline: float | None = None
) -> tuple[bytes, bytes]:
    """Receives one frame.

    Args:
        max_bytes: of the content.
        deadline: a time of `time.monotonic`, None to wait without end.

    Returns: its kind and its content.

    Raises:
        EOFError: the other side is gone.
        FrameTooLarge: the content is longer than `max_bytes`.
        OSError: the connection broke; TimeoutError at the deadline.
    """
    kind, length = HEADER.unpack(_receive(channel, HEADER.size, deadline))
    if length > max_bytes:
        raise FrameTooLarge
    return kind, _receive(channel, length, deadline)


def _receive(channel: socket.socket, length: int, deadline: float | None) -> bytes:
    chunks: list[bytes] = []
    missing = length
    while missing:
        channel.settimeout(_seconds_left(deadline))
        chunk = channel.recv(min(missing, CHUNK))
        if not chunk:
            raise EOFError
        chunks.append(chunk)
        missing -= len(chunk)
    return b"".join(chunks)


def _seconds_left(deadline: float | None) -> float | None:
    if deadline is None:
        return None
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
