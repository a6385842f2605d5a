"""A listener of its own for each runtime, and clients that send what they like."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.harness import ROOT

RUNTIMES = ("green", "threads")


@dataclass
class ListenerProcess:
    """A running `tests.hostile.listener_server`."""

    process: subprocess.Popen[str]
    port: int

    def connects(self) -> Client:
        return Client(self.port)

    def answers(self, request: bytes) -> bytes:
        """Returns all that the listener sends until it closes the connection."""
        with self.connects() as client:
            client.sends(request)
            return client.reads_all()

    def get(self, path: str, **headers: str) -> tuple[int, bytes]:
        """Returns status and body."""
        lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        request = f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{lines}\r\n"
        head, _, body = self.answers(request.encode()).partition(b"\r\n\r\n")
        return int(head.split()[1]), body

    def tell(self, line: str) -> str:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()


class Client:
    """A TCP connection."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)

    def sends(self, data: bytes) -> None:
        self.socket.sendall(data)

    def reads(self, end: bytes) -> bytes:
        """Returns what comes up to these bytes, or up to the end of the connection."""
        data = b""
        while end not in data:
            piece = self.socket.recv(65536)
            if not piece:
                break
            data += piece
        return data

    def reads_all(self) -> bytes:
        data = b""
        with contextlib.suppress(ConnectionResetError):
            while piece := self.socket.recv(65536):
                data += piece
        return data

    def resets(self) -> None:
        """Ends the connection without a word, as a client that crashed."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        self.socket.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()


@contextlib.contextmanager
def listener_process(
    threads: str, *, preexec: Callable[[], None] | None = None, **limits: Any
) -> Iterator[ListenerProcess]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.hostile.listener_server", threads, json.dumps(limits)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        preexec_fn=preexec,
    )
    try:
        assert process.stdout is not None
        yield ListenerProcess(process, int(process.stdout.readline()))
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module", params=RUNTIMES)
def listener(request: pytest.FixtureRequest) -> Iterator[ListenerProcess]:
    """A listener with small limits, on both runtimes."""
    with listener_process(
        request.param,
        header_seconds=1,
        keep_alive_seconds=2,
        max_header_bytes=4096,
        body_grace_seconds=1,
        min_body_rate=100_000,
        body_memory_bytes=300_000,
        body_disk_bytes=600_000,
    ) as running:
        yield running
