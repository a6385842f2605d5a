"""Publishes the events of transactions in the order in which they committed."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any


class _Turn:
    """A transaction that commits, and its events."""

    __slots__ = ("events", "is_over", "was_published")

    def __init__(self) -> None:
        self.events: Sequence[Any] = ()
        self.is_over = False
        self.was_published = threading.Event()


class CommitOrder:
    """Lets transactions commit at the same time and publishes their events in order.

    A transaction takes its turn right before its commit. Of two transactions that change one row,
    the second gets the row only after the first has committed, so its turn is the later one too.
    Transactions that share no row have no order.
    """

    def __init__(self, publish: Callable[[Sequence[Any]], None]) -> None:
        self._publish = publish
        self._turns: deque[_Turn] = deque()
        self._publishing = threading.Lock()

    def commit(self, commit: Callable[[], None], events: Sequence[Any]) -> None:
        """Commits and publishes. Returns when the events were published.

        Raises: the error of the commit; then nothing is published.
        """
        turn = _Turn()
        self._turns.append(turn)
        try:
            commit()
            turn.events = events
        finally:
            turn.is_over = True
            self._publish_due()
        turn.was_published.wait()

    def _publish_due(self) -> None:
        with self._publishing:
            while self._turns and self._turns[0].is_over:
                turn = self._turns.popleft()
                try:
                    if turn.events:
                        self._publish(turn.events)
                finally:
                    turn.was_published.set()
