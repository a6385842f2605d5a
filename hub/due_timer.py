"""Runs work at the moment at which it falls due: one thread that sleeps until then.

The moments stand in the database. The thread sleeps by the monotonic clock and reads them again
after a few seconds at the latest, so a clock that is set and another process's change cost no more
than that. It counts no ticks, so none can be missed or pile up.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

import structlog

from hub import runtime

log = structlog.get_logger()

#: Changes within this time are looked at together.
GATHER_SECONDS = 0.03
#: The shortest pause: work that stays due, because another process holds it, is not tried at once.
SHORTEST_SECONDS = 0.1


class DueTimer:
    """One thread that does what is due, and sleeps until the next of it is."""

    def __init__(
        self,
        name: str,
        run: Callable[[], object],
        next_due: Callable[[], datetime | None],
        longest_seconds: float,
    ) -> None:
        """Makes a timer that does nothing until it is started.

        Args:
            name: of the thread, and in the log.
            run: does everything that is due by now.
            next_due: when there is work again, by one indexed query; None for never.
            longest_seconds: after which time `next_due` is asked again, for what no wake told.
        """
        self._name = name
        self._work = run
        self._next_due = next_due
        self._longest_seconds = longest_seconds
        self._wake = threading.Event()
        self._stopping = False

    def start(self) -> None:
        runtime.spawn(self._run, name=self._name)

    def stop(self) -> None:
        self._stopping = True
        self._wake.set()

    def wake(self) -> None:
        """Looks soon: something changed that may fall due earlier."""
        self._wake.set()

    def _run(self) -> None:
        while not self._stopping:
            # Cleared before the look, so that a change during it is looked at too.
            self._wake.clear()
            if self._wake.wait(self._do_due()) and not self._stopping:
                time.sleep(GATHER_SECONDS)

    def _do_due(self) -> float:
        """Does what is due. Returns the seconds to sleep after it."""
        try:
            self._work()
            due = self._next_due()
        except Exception:
            log.exception("due_timer.failed", timer=self._name)
            return self._longest_seconds
        if due is None:
            return self._longest_seconds
        seconds = (due - datetime.now(UTC)).total_seconds()
        return min(max(seconds, SHORTEST_SECONDS), self._longest_seconds)
