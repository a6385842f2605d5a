"""What happens by the clock: snoozes that end, sessions that run out, uploads nobody sent.

APScheduler holds the timers. They run in one process of a hub at a time; each job takes what is due
by then, so that a timer that was missed loses nothing, and runs at the start, so that what fell due
while nobody was there comes at once.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from hub import runtime
from hub.accounts.sign_ins import delete_expired_sign_ins
from hub.accounts.visitor_sessions import delete_expired_visitor_sessions
from hub.conversations import actions, housekeeping
from hub.store.engine import Store
from hub.store.leader import Leader
from hub.store.media import MediaFolder

log = structlog.get_logger()

SNOOZE_SECONDS = 10
CLEANING_HOURS = 1
#: How soon the timers notice that the clock was set back; without it they would wait for the time
#: that they had planned, which is that much further off.
CLOCK_SECONDS = 5.0
#: A clock that is kept right by the network moves less at once.
CLOCK_SLIPS = 1.0


class Timers:
    """Everything that waits for its time."""

    def __init__(self, store: Store, media: MediaFolder) -> None:
        self._store = store
        self._media = media
        self._leader = Leader(store, "timers")
        self._stopped = threading.Event()
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        self._scheduler = BackgroundScheduler(
            timezone="UTC",
            # Late is as good as on time, and two that were missed are one.
            job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1},
        )
        self.every(self._wake_snoozed, seconds=SNOOZE_SECONDS)
        self.every(self._clean_up, hours=CLEANING_HOURS)

    def start(self) -> None:
        self._scheduler.start()
        runtime.spawn(self._watch_clock, name="clock")

    def stop(self) -> None:
        self._stopped.set()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        self._leader.resign()

    def every(self, job: Callable[[], None], **interval: float) -> None:
        """Runs `job` now and again after each interval (`seconds=10`), in one process of the hub.

        A job that raises is logged and comes again.
        """
        name = job.__qualname__

        def run() -> None:
            try:
                if self._leader.leads():
                    job()
            except Exception:
                log.exception("job.failed", job=name)

        self._scheduler.add_job(
            run, "interval", id=name, next_run_time=datetime.now(UTC), **interval
        )

    def _watch_clock(self) -> None:
        before = time.time() - time.monotonic()
        while not self._stopped.wait(CLOCK_SECONDS):
            now = time.time() - time.monotonic()
            if now < before - CLOCK_SLIPS:
                log.warning("clock.set_back", seconds=round(before - now))
                for job in self._scheduler.get_jobs():
                    job.modify(next_run_time=datetime.now(UTC))
            before = now

    def _wake_snoozed(self) -> None:
        with self._store.read() as connection:
            if not actions.is_snooze_over(connection):
                return
        self._store.write(actions.wake_snoozed)

    def _clean_up(self) -> None:
        self._store.write(delete_expired_sign_ins)
        self._store.write(delete_expired_visitor_sessions)
        for key in self._store.write(housekeeping.forget_unused_uploads):
            self._media.path(key).unlink(missing_ok=True)
