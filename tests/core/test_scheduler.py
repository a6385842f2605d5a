"""Scheduler: once per hub, whoever dies; late rather than never; whatever the clock does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import text

from hub import scheduler
from hub.conversations.jobs import SnoozeEnd
from hub.scheduler import Scheduler
from hub.store import leader
from hub.store.engine import LOCK_SPACE, Store
from hub.store.leader import Leader
from tests.core.desk import Customer, Desk, eventually

WAIT = 10.0
MONDAY = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leader, "ASK_SECONDS", 0.0)
    monkeypatch.setattr(scheduler, "CLOCK_SECONDS", 0.05)


@pytest.fixture
def timers(store: Store) -> Iterator[Callable[[], Scheduler]]:
    """Makes the timers of one more process."""
    made: list[Scheduler] = []

    def make() -> Scheduler:
        made.append(Scheduler(store))
        return made[-1]

    yield make
    for one in made:
        one.stop()


class Job:
    """Something to be done by the clock, which says when it was done."""

    def __init__(self) -> None:
        self.count = 0
        self._news = threading.Condition()

    def run(self) -> None:
        with self._news:
            self.count += 1
            self._news.notify_all()

    def waits_until_done(self, times: int) -> None:
        with self._news:
            assert self._news.wait_for(lambda: self.count >= times, WAIT), self.count


# -- one of many -----------------------------------------------------------------------------------


def holders(store: Store) -> int:
    with store.read() as connection:
        found = connection.execute(
            text(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"
                " AND classid = :space"
            ),
            {"space": LOCK_SPACE + 1},
        ).scalar_one()
    return int(found)


@pytest.fixture
def shared(request: pytest.FixtureRequest) -> Store:
    """A database that several processes can have open."""
    found: Store = request.getfixturevalue("postgres_store")
    return found


@pytest.mark.servers
def test_of_many_processes_one_leads(shared: Store) -> None:
    leaders = [Leader(shared, "test") for _ in range(4)]
    try:
        assert [one.leads() for one in leaders] == [True, False, False, False]
        assert [one.leads() for one in leaders] == [True, False, False, False]
    finally:
        for one in leaders:
            one.resign()
    assert holders(shared) == 0


@pytest.mark.servers
def test_roles_are_given_apart(shared: Store) -> None:
    first, second = Leader(shared, "one"), Leader(shared, "other")
    try:
        assert first.leads()
        assert second.leads()
    finally:
        first.resign()
        second.resign()


@pytest.mark.servers
def test_who_resigns_is_followed_at_once(shared: Store) -> None:
    first, second = Leader(shared, "test"), Leader(shared, "test")
    try:
        assert first.leads()
        assert not second.leads()
        first.resign()
        assert second.leads()
        assert not first.leads()
    finally:
        first.resign()
        second.resign()


@pytest.mark.servers
def test_who_dies_is_followed_and_does_not_think_that_it_leads(shared: Store) -> None:
    first, second = Leader(shared, "test"), Leader(shared, "test")
    try:
        assert first.leads()
        with shared.read() as connection:
            # The server ends the session, as it does when the process or its network is gone.
            connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_locks"
                    " WHERE locktype = 'advisory' AND classid = :space AND granted"
                ),
                {"space": LOCK_SPACE + 1},
            )
        eventually(second.leads, what="the second leads")
        assert not first.leads()  # the session broke: it asks anew, and another has the role
        assert not first.leads()
        assert second.leads()
    finally:
        first.resign()
        second.resign()


@pytest.mark.servers
def test_a_leaders_session_blocks_no_transaction(shared: Store) -> None:
    leader = Leader(shared, "contact:1")
    try:
        assert leader.leads()
        shared.write(lambda tx: tx.lock("contact:1"))
    finally:
        leader.resign()


def test_a_file_of_its_own_is_always_led(sqlite_store: Store) -> None:
    assert Leader(sqlite_store, "test").leads()
    assert Leader(sqlite_store, "test").leads()


# -- timers ----------------------------------------------------------------------------------------


def test_a_timer_runs_at_the_start_and_again(timers: Callable[[], Scheduler]) -> None:
    job = Job()
    one = timers()
    one.every(job.run, seconds=0.2)
    one.start()
    job.waits_until_done(2)


@pytest.mark.servers
def test_timers_of_two_processes_run_once(request: pytest.FixtureRequest) -> None:
    shared: Store = request.getfixturevalue("postgres_store")
    job, other = Job(), Job()
    first, second = (Scheduler(shared) for _ in range(2))
    first.every(job.run, seconds=0.2)
    second.every(other.run, seconds=0.2)
    try:
        first.start()
        job.waits_until_done(1)
        second.start()
        job.waits_until_done(3)
        assert other.count == 0
        first.stop()
        other.waits_until_done(1)
        count = job.count
        other.waits_until_done(2)
        assert job.count == count
    finally:
        first.stop()
        second.stop()


def test_a_snooze_that_ended_while_nobody_was_there_ends_at_the_start(
    desk: Desk, anna: Customer, timers: Callable[[], Scheduler]
) -> None:
    conversation_id = anna.says("hello").conversation_id
    desk.changes(conversation_id, snoozed_until=datetime.now(UTC) + timedelta(hours=1))
    past = datetime.now(UTC) - timedelta(minutes=1)
    desk.sets_conversation(conversation_id, snoozed_until=past)
    one = timers()
    one.add(SnoozeEnd(desk.store))
    one.start()
    eventually(lambda: desk.conversation(conversation_id).status == "open", what="it is open")


def test_a_job_that_fails_comes_again(timers: Callable[[], Scheduler]) -> None:
    job = Job()

    def fails() -> None:
        job.run()
        raise RuntimeError("not today")

    one = timers()
    one.every(fails, seconds=0.2)
    one.start()
    job.waits_until_done(2)


@pytest.mark.parametrize("jump", [timedelta(hours=-1), timedelta(hours=1), timedelta(days=-400)])
def test_a_clock_that_jumps_stops_no_timer(sqlite_store: Store, jump: timedelta) -> None:
    job = Job()
    with time_machine.travel(MONDAY, tick=True) as clock:
        one = Scheduler(sqlite_store)
        one.every(job.run, seconds=0.2)
        one.start()
        try:
            job.waits_until_done(2)
            clock.shift(jump)
            job.waits_until_done(job.count + 3)
            # A jump ahead is one late timer, not an hour of them.
            assert job.count < 30
        finally:
            one.stop()


@pytest.mark.parametrize("jump", [timedelta(days=30), timedelta(days=90), timedelta(days=20_000)])
def test_a_clock_put_far_ahead_costs_one_late_run_and_no_list_of_what_was_missed(
    sqlite_store: Store, jump: timedelta, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0
    ask = scheduler.Repeat.get_next_fire_time

    def counted(self: scheduler.Repeat, *moments: Any) -> datetime:
        nonlocal asked
        asked += 1
        return ask(self, *moments)

    monkeypatch.setattr(scheduler.Repeat, "get_next_fire_time", counted)
    job = Job()
    with time_machine.travel(datetime(1970, 1, 2, tzinfo=UTC), tick=True) as clock:
        timers = Scheduler(sqlite_store)
        timers.every(job.run, seconds=1)
        timers.start()
        try:
            job.waits_until_done(1)
            clock.shift(jump)
            job.waits_until_done(3)
        finally:
            timers.stop()
    assert asked < 20


def names(timers: Any) -> list[str]:
    return sorted(job.id for job in timers._scheduler.get_jobs())


def test_every_job_has_a_name_of_its_own(store: Store, timers: Callable[[], Scheduler]) -> None:
    job = Job()
    one = timers()
    one.add(SnoozeEnd(store))
    one.every(job.run, seconds=0.2)
    assert len(names(one)) == 2
    assert len(set(names(one))) == len(names(one))
