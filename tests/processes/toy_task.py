"""A task module whose requests say what the process does."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path


def prepare() -> None:
    """Nothing to import."""


def run(request: bytes) -> Iterator[bytes]:
    verb, _, rest = request.partition(b" ")
    yield verb
    match verb:
        case b"pid":
            yield str(os.getpid()).encode()
        case b"echo":
            yield rest
        case b"spin":
            while True:
                pass
        case b"hang":
            time.sleep(3600)
        case b"eat":
            yield bytes(1 << 40)
        case b"raise":
            raise ValueError(rest.decode())
        case b"write":
            yield bytes(int(rest))
        case b"die-once":
            # Ends itself by a signal from outside, until the marker is gone.
            marker = Path(os.fsdecode(rest))
            if marker.exists():
                marker.unlink()
                os.kill(os.getpid(), signal.SIGKILL)
            yield b"alive"
        case b"files":
            yield " ".join(open_files()).encode()
        case b"environment":
            yield b" ".join(sorted(name.encode() for name in os.environ))


def open_files() -> list[str]:
    links = list(Path("/proc/self/fd").iterdir())
    return [os.fspath(link.readlink()) for link in links if link.exists()]
