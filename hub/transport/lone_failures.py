"""Tells an address or a file that fails by itself from a connector that fails."""

from __future__ import annotations

import threading
from collections.abc import Hashable

#: How many of each are remembered. Beyond that the oldest count as unknown again.
MAX_REMEMBERED = 1000


class LoneFailures:
    """The addresses (or files) of one activity that failed while others succeeded.

    Without it one address that always fails would make its connector need attention again after
    each success of another one. Safe to use from many threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        #: What failed since the last success. Dictionaries keep their order.
        self._failing: dict[Hashable, None] = {}
        self._lone: dict[Hashable, None] = {}

    def note_failure(self, part: Hashable) -> bool:
        """Returns whether this failure says something about the whole connector."""
        with self._lock:
            if part in self._lone:
                return False
            _remember(self._failing, part)
            return True

    def note_success(self, part: Hashable) -> None:
        """What failed up to now fails by itself, unless this is it."""
        with self._lock:
            for failed in self._failing:
                _remember(self._lone, failed)
            self._failing.clear()
            self._lone.pop(part, None)


def _remember(parts: dict[Hashable, None], part: Hashable) -> None:
    parts[part] = None
    if len(parts) > MAX_REMEMBERED:
        del parts[next(iter(parts))]
