"""What the five stand-ins have in common: the clock, the news feed, lists one can wait on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")


class Waitable(Generic[T]):
    """A list that only grows, from any thread, and that a test can wait on without sleeping."""

    def __init__(self) -> None:
        self._items: list[T] = []
        self._changed = threading.Condition()

    def append(self, item: T) -> None:
        with self._changed:
            self._items.append(item)
            self._changed.notify_all()

    def touch(self) -> None:
        """Wakes those who wait, after an item in the list was changed in place."""
        with self._changed:
            self._changed.notify_all()

    def wait_for(
        self,
        matches: Callable[[T], bool] | None = None,
        *,
        timeout: float = 5.0,
        **fields: object,
    ) -> T:
        """Returns the first item for which all is true.

        Args:
            matches: any test of the item.
            timeout: seconds.
            fields: attributes that must be equal.

        Raises:
            AssertionError: nothing like that came in time; the message lists what did come.
        """

        def found() -> T | None:
            for item in self._items:
                equal = all(getattr(item, name) == value for name, value in fields.items())
                if equal and (matches is None or matches(item)):
                    return item
            return None

        with self._changed:
            item = self._changed.wait_for(found, timeout)
            if item is None:
                here = "\n".join(f"  {each}" for each in self._items) or "  nothing at all"
                wanted = fields or "what the test looks for"
                raise AssertionError(
                    f"{wanted} did not come within {timeout} s; what came:\n{here}"
                )
            return item

    def wait_for_count(self, count: int, timeout: float = 5.0) -> list[T]:
        """Returns all items once there are `count`. Raises AssertionError when they stay away."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._items) >= count, timeout):
                raise AssertionError(f"{len(self._items)} of {count} came: {self._items}")
            return list(self._items)

    def __iter__(self) -> Iterator[T]:
        with self._changed:
            return iter(list(self._items))

    def __len__(self) -> int:
        return len(self._items)

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> list[T]: ...
    def __getitem__(self, index: int | slice) -> T | list[T]:
        return self._items[index]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._items!r})"


@dataclass(frozen=True, slots=True)
class News:
    """One change of what the sandbox's page shows."""

    number: int
    name: str
    data: dict[str, Any]


class Feed:
    """All news in order, for any number of readers at their own pace."""

    KEEP = 2000

    def __init__(self) -> None:
        self._news: list[News] = []
        self._last = 0
        self._closed = False
        self._changed = threading.Condition()

    @property
    def last(self) -> int:
        return self._last

    @property
    def closed(self) -> bool:
        return self._closed

    def publish(self, name: str, data: dict[str, Any]) -> None:
        with self._changed:
            self._last += 1
            self._news.append(News(self._last, name, data))
            del self._news[: -self.KEEP]
            self._changed.notify_all()

    def after(self, number: int, timeout: float) -> list[News]:
        """News later than `number`; waits `timeout` seconds for some. Empty when none came."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._last > number, timeout)
            return [news for news in self._news if news.number > number]

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()


@dataclass
class Clock:
    """The sandbox's time. It can be moved, so that 24 hours pass in a test."""

    ahead: timedelta = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def passes(self, **amount: float) -> None:
        """`clock.passes(hours=25)`"""
        self.ahead += timedelta(**amount)


@dataclass
class Shared:
    """What every stand-in gets from the sandbox.

    Args:
        speed: how many times faster than real the waits between a provider's retries are.
        url: where the sandbox's own HTTP server is.
        hub_url: where the hub is, as the hub itself says it (its public URL).
    """

    feed: Feed = field(default_factory=Feed)
    clock: Clock = field(default_factory=Clock)
    speed: float = 1.0
    url: str = ""
    hub_url: str = ""


class CallsHub:
    """A stand-in that calls the webhook of one connector.

    Set `webhook_url` to the address as the hub itself says it, where that is another.
    """

    shared: Shared
    connector: str
    _webhook_url = ""

    @property
    def webhook_url(self) -> str:
        return self._webhook_url or f"{self.shared.hub_url}/webhooks/{self.connector}"

    @webhook_url.setter
    def webhook_url(self, url: str) -> None:
        self._webhook_url = url
