"""Works on jobs, some conversations of each in turn, so that a large job holds up no small one."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from sqlalchemy import Row
from sqlalchemy.exc import DBAPIError

from hub.bulk import jobs
from hub.due_timer import DueTimer
from hub.errors import HubError
from hub.schema.events import Event, JobUpdated
from hub.store.engine import Store

log = structlog.get_logger()

#: Conversations of one job before it is the next job's turn.
TURN = 50


class BulkWorker:
    """Changes the conversations of all jobs that are under way."""

    #: A job that another process began is known after this time.
    interval = timedelta(seconds=3)

    def __init__(self, store: Store) -> None:
        self._store = store
        self._is_stopping = False
        self._timer = DueTimer("bulk", self.run, self._next_begun, self.interval.total_seconds())
        store.subscribe(self._on_events)

    def start(self) -> None:
        self._timer.start()

    def stop(self) -> None:
        self._is_stopping = True
        self._timer.stop()

    def run(self) -> None:
        """Works until no job is under way, or the hub stops."""
        while not self._is_stopping:
            with self._store.read() as connection:
                unfinished = jobs.unfinished_jobs(connection)
            if not unfinished:
                return
            for job in unfinished:
                self._work_on(job)

    def _work_on(self, job: Row[Any]) -> None:
        with self._store.read() as connection:
            ids = jobs.targets_from(connection, job.id, job.position)[:TURN]
        with suppress(jobs.PositionTaken):
            for offset, conversation_id in enumerate(ids):
                if self._is_stopping:
                    return
                self._change(job, job.position + offset, conversation_id)
                time.sleep(0)  # messages that wait go first

    def _change(self, job: Row[Any], position: int, conversation_id: int) -> None:
        work = partial(
            jobs.change_next, job=job, position=position, conversation_id=conversation_id
        )
        try:
            self._store.write(work)
        except (jobs.PositionTaken, DBAPIError):
            raise  # nothing is wrong with the conversation
        except Exception as error:
            if not isinstance(error, HubError):
                log.exception("bulk.failed", job=job.id, conversation=conversation_id)
            self._store.write(
                partial(
                    jobs.note_failure,
                    job_id=job.id,
                    position=position,
                    conversation_id=conversation_id,
                    error=error,
                )
            )

    def _next_begun(self) -> datetime | None:
        with self._store.read() as connection:
            unfinished = jobs.unfinished_jobs(connection)
        return unfinished[0].created_at if unfinished else None

    def _on_events(self, events: Sequence[Event]) -> None:
        if any(
            isinstance(event.payload, JobUpdated) and event.payload.job.finished_at is None
            for event in events
        ):
            self._timer.wake()


class OldJobs:
    """Deletes jobs that ended a week ago."""

    interval = timedelta(hours=1)

    def __init__(self, store: Store) -> None:
        self._store = store

    def run(self) -> None:
        """Deletes them in one transaction."""
        self._store.write(jobs.delete_old_jobs)
