"""The numbers that bound what clients may use, and the counters that they are held against."""

from __future__ import annotations

import ipaddress
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from hub.settings import Settings

MEGABYTE = 1024 * 1024


class BodyLimit(NamedTuple):
    """The bound on the bodies of one kind of request.

    Args:
        max_bytes: a longer body is answered with 413.
        is_read_whole: whether the application holds the body in memory, and not piece by piece.
    """

    max_bytes: int
    is_read_whole: bool = True


@dataclass(frozen=True)
class Limits:
    """What all connections together and each of them may use.

    Args:
        body_limit: the bound on the body of a request with this path.
        spool_folder: where bodies that are not small are kept while they arrive.
    """

    max_connections: int = 8000
    max_connections_per_address: int = 1000
    trusted_proxies: int = 0
    header_seconds: float = 15.0
    keep_alive_seconds: float = 75.0
    max_header_bytes: int = 32 * 1024
    body_grace_seconds: float = 15.0
    min_body_rate: int = 4096
    body_memory_bytes: int = 128 * MEGABYTE
    body_disk_bytes: int = 512 * MEGABYTE
    body_limit: Callable[[str], BodyLimit] = lambda _path: BodyLimit(MEGABYTE)
    spool_folder: Path | None = None

    @classmethod
    def of(cls, settings: Settings, body_limit: Callable[[str], BodyLimit] | None = None) -> Limits:
        """The limits that the environment sets."""
        more = {} if body_limit is None else {"body_limit": body_limit}
        return cls(
            max_connections=settings.max_connections,
            max_connections_per_address=settings.max_connections_per_address,
            trusted_proxies=settings.trusted_proxies,
            header_seconds=settings.header_seconds,
            keep_alive_seconds=settings.keep_alive_seconds,
            max_header_bytes=settings.max_header_bytes,
            body_grace_seconds=settings.body_grace_seconds,
            min_body_rate=settings.min_body_rate,
            body_memory_bytes=settings.body_memory_mb * MEGABYTE,
            body_disk_bytes=settings.body_disk_mb * MEGABYTE,
            spool_folder=settings.data_dir,
            **more,
        )

    def pace(self) -> Pace:
        """The clock of a body or message whose first byte is awaited now."""
        return Pace(self.body_grace_seconds, self.min_body_rate, time.monotonic())


@dataclass(slots=True)
class Pace:
    """How long a client may take: some seconds of grace, and more for each byte that came.

    A bound on each wait alone would let a client send one byte a minute for ever.
    """

    grace_seconds: float
    bytes_per_second: int
    begin: float
    received: int = 0

    @property
    def deadline(self) -> float:
        """The monotonic time by which the next byte must have come."""
        return self.begin + self.grace_seconds + self.received / self.bytes_per_second


class ByteBudget:
    """A number of bytes that all connections share. Safe to use from many threads."""

    def __init__(self, total: int) -> None:
        self._free = total
        self._lock = threading.Lock()

    def take(self, size: int) -> bool:
        """Takes so many bytes; False, and nothing is taken, where they are not free."""
        with self._lock:
            if size > self._free:
                return False
            self._free -= size
            return True

    def give_back(self, size: int) -> None:
        with self._lock:
            self._free += size


@dataclass
class AddressCounts:
    """How many connections each client address has. Safe to use from many threads.

    Addresses of this machine are not limited: there stands a proxy, whose connections are those of
    all its clients, or the machine's own programs.
    """

    max_per_address: int
    _counts: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def enter(self, address: str) -> str | None:
        """Counts one more. Returns the key to leave with; None where the limit is reached."""
        key = _network(address)
        with self._lock:
            count = self._counts.get(key, 0)
            if key and count >= self.max_per_address:
                return None
            self._counts[key] = count + 1
        return key

    def leave(self, key: str) -> None:
        with self._lock:
            self._counts[key] -= 1
            if not self._counts[key]:
                del self._counts[key]


def _network(address: str) -> str:
    """The part of an address that one client has to itself: an IPv6 client has a whole /64.

    Empty for addresses of this machine.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    parsed = mapped or parsed
    if parsed.is_loopback:
        return ""
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((int(parsed) >> 64 << 64, 64)))
    return str(parsed)
