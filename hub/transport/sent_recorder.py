"""Writes what providers took: the threads that wait at the same moment share one transaction."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import structlog

from hub.outbound import claims, outbox, sent_batch
from hub.outbound.sent_batch import SentMessage
from hub.store.engine import Store, Transaction, is_unavailable

log = structlog.get_logger()
T = TypeVar("T")

#: How long the first of several waits for the others, in seconds.
GATHER_SECONDS = 0.005
BATCH = 64
#: While the database is away, an outcome is kept and written again for so long, in seconds: as
#: long as the lease lasts that was renewed right before.
OUTCOME_SECONDS = claims.LEASE.total_seconds() - claims.RENEW_SECONDS
#: The longest wait for the database, in seconds.
DATABASE_PAUSE = 2.0


@dataclass(slots=True, eq=False)
class _Waiting:
    sent: SentMessage
    is_done: bool = False
    holds_claim: bool = False
    error: Exception | None = None


class SentRecorder:
    """Records messages as sent, and any other outcome of a delivery."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._stopping = threading.Event()
        self._waiting: deque[_Waiting] = deque()
        self._turn = threading.Lock()

    def stop(self) -> None:
        """Waits for no database any more."""
        self._stopping.set()

    def record(self, sent: SentMessage) -> bool:
        """Returns once a message is recorded as sent; False where its worker lost its claim."""
        if not sent.is_plain:
            return self.write(lambda tx: _record_alone(tx, sent))
        waiting = _Waiting(sent)
        self._waiting.append(waiting)
        with self._turn:
            if not waiting.is_done:
                time.sleep(GATHER_SECONDS)
                self._write_batch()
        if waiting.error is not None:
            raise waiting.error
        return waiting.holds_claim

    def _write_batch(self) -> None:
        """Writes all that wait, the caller's own among them."""
        batch = [self._waiting.popleft() for _ in range(len(self._waiting))]
        for begin in range(0, len(batch), BATCH):
            part = batch[begin : begin + BATCH]
            try:
                recorded = self.write(
                    lambda tx, part=part: sent_batch.record_sent_messages(  # type: ignore[misc]
                        tx, [waiting.sent for waiting in part]
                    )
                )
            except Exception:
                log.exception("delivery.batch_not_recorded")
                recorded = set()
            for waiting in part:
                waiting.holds_claim = waiting.sent.claim.message_id in recorded
                if not waiting.holds_claim:
                    self._write_alone(waiting)
                waiting.is_done = True

    def _write_alone(self, waiting: _Waiting) -> None:
        try:
            waiting.holds_claim = self.write(lambda tx: _record_alone(tx, waiting.sent))
        except Exception as error:  # noqa: BLE001 - the thread that waits gets it
            waiting.error = error

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Writes an outcome, again and again while the database is away.

        An outcome that is lost would have the message sent twice.
        """
        begin, pause = time.monotonic(), 0.05
        while True:
            try:
                return self._store.write(work)
            except Exception as error:
                is_late = time.monotonic() - begin > OUTCOME_SECONDS
                if is_late or not is_unavailable(error) or self._stopping.wait(pause):
                    raise
                log.warning("delivery.outcome_waits", error=type(error).__name__)
                pause = min(pause * 2, DATABASE_PAUSE)


def _record_alone(tx: Transaction, sent: SentMessage) -> bool:
    return outbox.record_sent_part(
        tx, sent.claim, sent.part, sent.receipt, is_last=True, follow_after=sent.follow_after
    )
