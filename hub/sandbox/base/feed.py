"""The changes of all screens, in order, as the sandbox's page reads them."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class FeedEvent:
    """One change on the sandbox's page. Numbers start at 1 and have no gaps."""

    number: int
    name: str
    data: dict[str, Any]


class Feed:
    """Keeps the latest events for any number of readers, each at its own pace."""

    KEEP = 2000

    def __init__(self) -> None:
        self._events: list[FeedEvent] = []
        self._last = 0
        self._closed = False
        self._changed = threading.Condition()

    @property
    def last(self) -> int:
        """The number of the latest event, 0 before the first."""
        return self._last

    @property
    def closed(self) -> bool:
        return self._closed

    def publish(self, name: str, data: dict[str, Any]) -> None:
        """Adds an event and wakes the readers that wait for one."""
        with self._changed:
            self._last += 1
            self._events.append(FeedEvent(self._last, name, data))
            del self._events[: -self.KEEP]
            self._changed.notify_all()

    def after(self, number: int, timeout: float) -> list[FeedEvent]:
        """Returns the events later than `number`.

        Waits up to `timeout` seconds for the first; the list is empty when none came.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._last > number, timeout)
            return [event for event in self._events if event.number > number]

    def close(self) -> None:
        """Ends the waiting of all readers."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
