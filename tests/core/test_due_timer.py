"""Work that falls due is done at its moment: once, whatever the clock on the wall does."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from hub.due_timer import DueTimer

WAIT = 10.0
HOUR = 3600.0


class Work:
    """Moments at which something is to be done, and how often it was looked for."""

    def __init__(self) -> None:
        self.dues: list[datetime] = []
        self.done: list[datetime] = []
        self.looks = 0
        self.fails = False
        self._news = threading.Condition()

    def falls_due(self, after: timedelta) -> None:
        self.dues.append(datetime.now(UTC) + after)

    def run(self) -> None:
        with self._news:
            self.looks += 1
            self._news.notify_all()
            if self.fails:
                raise RuntimeError("not today")
            now = datetime.now(UTC)
            self.done += [due for due in self.dues if due <= now]
            self.dues = [due for due in self.dues if due > now]
            self._news.notify_all()

    def next_due(self) -> datetime | None:
        return min(self.dues, default=None)

    def waits_until(self, *, done: int = 0, looks: int = 0) -> None:
        with self._news:
            assert self._news.wait_for(
                lambda: len(self.done) >= done and self.looks >= looks, WAIT
            ), (self.done, self.looks)


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
def timers() -> Iterator[list[DueTimer]]:
    made: list[DueTimer] = []
    yield made
    for timer in made:
        timer.stop()


def starts(timers: list[DueTimer], work: Work, longest_seconds: float = HOUR) -> DueTimer:
    timer = DueTimer("due", work.run, work.next_due, longest_seconds)
    timers.append(timer)
    timer.start()
    return timer


def test_what_is_due_is_done_at_the_start_and_then_at_its_moment(
    timers: list[DueTimer], work: Work
) -> None:
    work.falls_due(timedelta(hours=-1))
    work.falls_due(timedelta(seconds=0.3))
    starts(timers, work)
    work.waits_until(done=2)
    assert work.looks <= 3  # no tick in between


def test_a_wake_looks_for_what_falls_due_earlier(timers: list[DueTimer], work: Work) -> None:
    work.falls_due(timedelta(hours=1))
    timer = starts(timers, work)
    work.waits_until(looks=1)
    work.falls_due(timedelta(seconds=0.2))
    timer.wake()
    work.waits_until(done=1)


def test_a_change_that_nothing_told_of_is_found_by_the_next_look(
    timers: list[DueTimer], work: Work
) -> None:
    starts(timers, work, longest_seconds=0.1)
    work.waits_until(looks=2)
    work.falls_due(timedelta())
    work.waits_until(done=1)


def test_work_that_fails_is_tried_again_and_not_at_once(timers: list[DueTimer], work: Work) -> None:
    work.fails = True
    work.falls_due(timedelta(hours=-1))
    timer = starts(timers, work)
    work.waits_until(looks=1)
    work.fails = False
    timer.wake()
    work.waits_until(done=1)
    assert work.looks == 2


@pytest.mark.parametrize(
    "jump", [timedelta(days=365), timedelta(days=90), timedelta(hours=1), timedelta(hours=-1)]
)
def test_a_clock_that_is_set_neither_delays_the_work_nor_repeats_it(
    timers: list[DueTimer], work: Work, jump: timedelta
) -> None:
    with time_machine.travel(datetime(2026, 1, 5, 9, tzinfo=UTC), tick=True) as clock:
        work.falls_due(timedelta(seconds=0.2))
        starts(timers, work, longest_seconds=0.3)
        work.waits_until(done=1)
        looks = work.looks
        clock.shift(jump)
        work.falls_due(timedelta(seconds=0.2))
        work.waits_until(done=2)
        assert work.looks - looks < 10
