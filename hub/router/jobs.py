"""What happens by the clock: snoozes that end, sessions that run out, uploads nobody sent.

APScheduler holds the timers. They run in one process, the one that works; each job takes what is
due by then, so that a timer that was missed loses nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from hub.conversations import housekeeping, work
from hub.store.engine import Store
from hub.store.media import MediaFolder

log = structlog.get_logger()

SNOOZE_SECONDS = 10
CLEANING_HOURS = 1


class Timers:
    """Everything that waits for its time."""

    def __init__(self, store: Store, media: MediaFolder) -> None:
        self._store = store
        self._media = media
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        self._scheduler = BackgroundScheduler(
            timezone="UTC",
            # Late is as good as on time, and two that were missed are one.
            job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1},
        )
        self._every(self._wake_snoozed, seconds=SNOOZE_SECONDS)
        self._every(self._clean_up, hours=CLEANING_HOURS)

    def start(self) -> None:
        self._scheduler.start()

    def stop(self) -> None:
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    def _every(self, job: Callable[[], None], **interval: int) -> None:
        def run() -> None:
            try:
                job()
            except Exception:
                log.exception("job.failed", job=job.__name__)

        self._scheduler.add_job(run, "interval", id=job.__name__, **interval)

    def _wake_snoozed(self) -> None:
        with self._store.read() as connection:
            if not work.is_snooze_over(connection):
                return
        self._store.write(work.wake_snoozed)

    def _clean_up(self) -> None:
        self._store.write(housekeeping.forget_expired_sessions)
        for key in self._store.write(housekeeping.forget_unused_uploads):
            self._media.path(key).unlink(missing_ok=True)
