"""A list that a test can wait on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar, overload

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
        """Wakes the waiting threads after an item in the list was changed in place."""
        with self._changed:
            self._changed.notify_all()

    def wait_for(
        self,
        matches: Callable[[T], bool] | None = None,
        *,
        timeout: float = 5.0,
        **fields: object,
    ) -> T:
        """Returns the first item that matches, now or within `timeout` seconds.

        Args:
            matches: a test of the item.
            timeout: in seconds.
            fields: attributes of the item and the values that they must have.

        Raises:
            AssertionError: no such item came in time; the message lists the items that came.
        """

        def first_match() -> T | None:
            for item in self._items:
                equal = all(getattr(item, name) == value for name, value in fields.items())
                if equal and (matches is None or matches(item)):
                    return item
            return None

        with self._changed:
            item = self._changed.wait_for(first_match, timeout)
            if item is None:
                arrived = "\n".join(f"  {item}" for item in self._items) or "  nothing at all"
                wanted = fields or "what the test looks for"
                raise AssertionError(
                    f"{wanted} did not come within {timeout} s; what came:\n{arrived}"
                )
            return item

    def wait_for_count(self, count: int, timeout: float = 5.0) -> list[T]:
        """Returns all items as soon as the list has `count`.

        Raises:
            AssertionError: fewer came within `timeout` seconds.
        """
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
