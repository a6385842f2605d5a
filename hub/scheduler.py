"""Runs jobs by the clock, each in one process of a hub at a time.

APScheduler holds the timers. A job takes everything that is due by then, so that a missed timer
loses nothing; it runs at the start too, for what fell due while no process was running.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger

from hub import runtime
from hub.store.engine import Store
from hub.store.leader import Leader
from hub.watchdog import Watch, Watchdog

log = structlog.get_logger()

#: How soon the scheduler notices that the clock was set back; without it the timers would wait for
#: the planned time, which is that much further off.
CLOCK_SECONDS = 5.0
#: How long a job may take, in seconds. One that takes longer is reported, and runs anew beside it.
JOB_SECONDS = 300.0
#: A clock that is kept right by the network moves less at once.
CLOCK_SLIPS = 1.0


class Job(Protocol):
    """Work that is done again and again. It stands with its subject, and names its interval."""

    @property
    def interval(self) -> timedelta:
        """How long after one run the next one begins."""

    def run(self) -> None:
        """Does everything that is due by now."""


class Repeat(BaseTrigger):  # type: ignore[misc]  # the library ships no types
    """Fires once at a time: what was missed, however much it is, counts as one.

    APScheduler's own interval lists every missed time before it drops all but one: a clock put
    ahead by a month would cost it minutes and a gigabyte.
    """

    def __init__(self, interval: timedelta) -> None:
        self.interval = interval

    def get_next_fire_time(self, _previous: datetime | None, now: datetime) -> datetime:
        return now + self.interval


class Scheduler:
    """The jobs of this process."""

    def __init__(self, store: Store, watchdog: Watchdog | None = None) -> None:
        """Makes a scheduler that is not started. `watchdog` reports jobs that never end."""
        self._watchdog = watchdog or Watchdog()
        self._under_way: dict[str, Watch] = {}
        self._leader = Leader(store, "timers")
        self._stopped = threading.Event()
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        self._scheduler = BackgroundScheduler(
            timezone="UTC",
            # A late run is as good as one on time, and two missed ones are one.
            job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1},
        )

    def add(self, job: Job) -> None:
        """Runs a job now and after each of its intervals."""
        self.every(job.run, seconds=job.interval.total_seconds())

    def start(self) -> None:
        self._scheduler.start()
        runtime.spawn(self._watch_clock, name="clock")

    def stop(self) -> None:
        self._stopped.set()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        self._leader.resign()

    def every(self, job: Callable[[], None], **interval: float) -> None:
        """Runs a function now and after each interval, in one process of the hub.

        A function that raises is logged and runs again; one that still runs is left alone.

        Args:
            interval: as timedelta takes it, `seconds=10`.
        """
        self._scheduler.add_job(
            self._begin,
            Repeat(timedelta(**interval)),
            args=(job.__qualname__, job),
            id=job.__qualname__,
            next_run_time=datetime.now(UTC),
        )

    def _begin(self, name: str, job: Callable[[], None]) -> None:
        watch = self._under_way.get(name)
        if watch is None or watch.is_over:
            # APScheduler's own threads are few: none may be held by a job that never ends.
            runtime.spawn(self._run, name, job, name=f"job-{name}")

    def _run(self, name: str, job: Callable[[], None]) -> None:
        with self._watchdog.limit("job", name, JOB_SECONDS) as watch:
            self._under_way[name] = watch
            try:
                if self._leader.leads():
                    job()
            except Exception:
                log.exception("job.failed", job=name)
            finally:
                if self._under_way.get(name) is watch:
                    del self._under_way[name]

    def _watch_clock(self) -> None:
        before = time.time() - time.monotonic()
        while not self._stopped.wait(CLOCK_SECONDS):
            now = time.time() - time.monotonic()
            if now < before - CLOCK_SLIPS:
                log.warning("clock.set_back", seconds=round(before - now))
                for job in self._scheduler.get_jobs():
                    job.modify(next_run_time=datetime.now(UTC))
            before = now
