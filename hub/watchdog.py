"""Watches work that must end within a stated time: a poll, a fetch, a delivery, a timed job.

Work that takes longer is reported, and whoever registered it begins it anew. The work itself cannot
be stopped: its thread goes on, and asks its watch before it writes a result.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog

from hub import runtime
from hub.metrics import OVERRUNS

log = structlog.get_logger()

#: How often the watches are looked at, in seconds.
LOOK_SECONDS = 1.0


@dataclass(slots=True, eq=False)
class Watch:
    """One piece of work with its limit.

    Args:
        work: `poll`, `fetch`, `profile`, `delivery` or `job`.
        subject: the name of the connector, or of the job.
        seconds: how long the work may take.
        due: when that time is over, by the process's own clock.
        begin_anew: called once when it is over.
        part: the address or file that the work is for; None where it is for the whole subject.
        is_over: whether it was over before the work ended: then its result counts no more.
    """

    work: str
    subject: str
    seconds: float
    due: float
    begin_anew: Callable[[], object]
    part: Hashable = None
    is_over: bool = False


class Watchdog:
    """All watches of a process, and one thread that looks at them."""

    def __init__(self) -> None:
        self._watches: set[Watch] = set()
        self._lock = threading.Lock()
        self._listeners: list[Callable[[Watch], None]] = []
        self._stopped = threading.Event()

    def on_overrun(self, listener: Callable[[Watch], None]) -> None:
        """Calls `listener` with every watch whose time is over."""
        self._listeners.append(listener)

    def start(self) -> None:
        runtime.spawn(self._run, name="watchdog")

    def stop(self) -> None:
        self._stopped.set()

    @contextmanager
    def limit(
        self,
        work: str,
        subject: str,
        seconds: float,
        begin_anew: Callable[[], object] = lambda: None,
        part: Hashable = None,
    ) -> Iterator[Watch]:
        """Watches what the `with` block does. The arguments are those of Watch."""
        watch = Watch(work, subject, seconds, time.monotonic() + seconds, begin_anew, part)
        with self._lock:
            self._watches.add(watch)
        try:
            yield watch
        finally:
            with self._lock:
                self._watches.discard(watch)

    def look(self) -> None:
        """Reports the work whose time is over, each piece once."""
        now = time.monotonic()
        with self._lock:
            overrun = [watch for watch in self._watches if watch.due <= now]
            self._watches.difference_update(overrun)
        for watch in overrun:
            watch.is_over = True
            OVERRUNS.labels(watch.work).inc()
            log.error("work.overran", work=watch.work, subject=watch.subject, seconds=watch.seconds)
            for call in (*self._listeners, _begin_anew):
                try:
                    call(watch)
                except Exception:
                    log.exception("work.not_begun_anew", work=watch.work, subject=watch.subject)

    def _run(self) -> None:
        while not self._stopped.wait(LOOK_SECONDS):
            self.look()


def _begin_anew(watch: Watch) -> None:
    watch.begin_anew()
