"""What is wrong with the hub as a whole, for the screens of agents to say while it lasts."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Literal, get_args

#: `redis_away`: events of other processes do not come. `disk_full`: nothing can be stored.
#: `disk_unreadable`: stored files or the database cannot be read. `proxy_untrusted`: the reverse
#: proxy is not set up as `HUB_TRUSTED_PROXIES` says.
NoticeCode = Literal["redis_away", "disk_full", "disk_unreadable", "proxy_untrusted"]
CODES: tuple[NoticeCode, ...] = get_args(NoticeCode)


class Notices:
    """The notices of this process. Safe to use from many threads."""

    def __init__(self) -> None:
        self._shown: set[NoticeCode] = set()
        self._listeners: list[Callable[[], None]] = []
        self._lock = threading.Lock()

    @property
    def codes(self) -> list[NoticeCode]:
        """The notices that hold now, in the order of their importance."""
        return [code for code in CODES if code in self._shown]

    def on_change(self, listener: Callable[[], None]) -> None:
        """Calls `listener` after each change."""
        self._listeners.append(listener)

    def set(self, code: NoticeCode, holds: bool) -> None:
        """Says whether a notice holds; saying it again changes nothing."""
        with self._lock:
            if holds == (code in self._shown):
                return
            self._shown ^= {code}
        for listener in self._listeners:
            listener()
