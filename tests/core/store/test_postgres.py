"""PostgreSQL: what travels together, what runs again, and connections that are gone."""

from __future__ import annotations

import threading
from itertools import count
from typing import Any

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from hub.store.commit_order import CommitOrder
from hub.store.engine import MAX_RUNS, RunAgain, Store, Transaction
from hub.store.models import teams
from hub.store.prepared import Prepared
from tests.core.conftest import DATABASES
from tests.core.desk import at_once
from tests.core.lock_recorder import LockRecorder
from tests.core.store.test_engine import add, names

on_postgresql = pytest.mark.parametrize("store", DATABASES[1:], indirect=True)
ADD_TEAM = Prepared(text("INSERT INTO team (name, created_at) VALUES (:name, now())"))


# -- connections and their plans -------------------------------------------------------------------


@on_postgresql
def test_a_statement_is_planned_once_and_not_for_each_of_its_runs(store: Store) -> None:
    def work(tx: Transaction) -> tuple[int, int]:
        for number in range(10):
            ADD_TEAM.rows(tx.connection, {"name": f"team {number}"})
        plans = tx.connection.exec_driver_sql(
            "SELECT generic_plans, custom_plans FROM pg_prepared_statements"
            " WHERE statement LIKE '%%INSERT INTO team (name%%'"
        ).one()
        return plans.generic_plans, plans.custom_plans

    store.engine.dispose()  # connections that have planned nothing
    generic, custom = store.write(work)
    assert (generic, custom) == (10, 0)


@on_postgresql
def test_a_second_burst_opens_no_connection(store: Store) -> None:
    opened = []
    event.listen(store.engine, "connect", lambda *_: opened.append(1))
    together = threading.Barrier(24)

    def read() -> None:
        with store.read() as connection:
            connection.execute(select(teams)).all()
            together.wait(10)

    at_once(*[read] * 24)
    first = len(opened)
    at_once(*[read] * 24)
    assert len(opened) == first


# -- travelling together ---------------------------------------------------------------------------


@on_postgresql
def test_a_read_is_one_round_trip(store: Store, lock_recorder: LockRecorder) -> None:
    lock_recorder.round_trips = 0
    with store.read() as connection:
        connection.execute(select(teams)).all()
    assert lock_recorder.round_trips == 1


@on_postgresql
def test_statements_without_an_answer_travel_with_the_commit(
    store: Store, lock_recorder: LockRecorder
) -> None:
    def work(tx: Transaction) -> None:
        for name in ("it's", "100 %; DROP", "\\"):
            ADD_TEAM.run_later(tx.connection, {"name": name})

    lock_recorder.round_trips = 0
    store.write(work)
    assert lock_recorder.round_trips == 1
    assert sorted(names(store)) == ["100 %; DROP", "\\", "it's"]


@on_postgresql
def test_work_that_does_nothing_sends_nothing(store: Store, lock_recorder: LockRecorder) -> None:
    lock_recorder.round_trips = 0
    store.write(lambda tx: None)
    assert lock_recorder.round_trips == 0


def test_a_later_statement_sees_one_that_travels_with_it(store: Store) -> None:
    def work(tx: Transaction) -> list[str]:
        ADD_TEAM.run_later(tx.connection, {"name": "sales"})
        return list(tx.execute(select(teams.c.name)).scalars())

    if store.is_sqlite:
        pytest.skip("now() is a function of PostgreSQL")
    assert store.write(work) == ["sales"]


@on_postgresql
@pytest.mark.parametrize("reads", [True, False])
def test_an_error_of_a_travelling_statement_undoes_the_work(store: Store, reads: bool) -> None:
    def work(tx: Transaction) -> None:
        add(tx, "support")
        ADD_TEAM.run_later(tx.connection, {"name": "support"})
        if reads:
            tx.execute(select(teams)).all()

    with pytest.raises(IntegrityError) as refused:
        store.write(work)
    assert "INSERT" not in str(refused.value)  # what customers wrote stays out of the log
    assert names(store) == []
    store.write(lambda tx: add(tx, "support"))
    assert names(store) == ["support"]


@on_postgresql
def test_a_failed_statement_that_was_swallowed_is_not_committed(store: Store) -> None:
    def work(tx: Transaction) -> None:
        add(tx, "support")
        with pytest.raises(DBAPIError):
            tx.execute(text("SELECT 1 / 0"))

    with pytest.raises(Exception, match="a statement had failed"):
        store.write(work)
    assert names(store) == []


# -- running again ---------------------------------------------------------------------------------


@on_postgresql
def test_a_transaction_that_lost_a_deadlock_runs_again(
    store: Store, lock_recorder: LockRecorder
) -> None:
    ids = {name: store.write(lambda tx, name=name: add(tx, name)) for name in ("a", "b")}  # type: ignore[misc]
    met = threading.Barrier(2)
    runs = count()

    def swap(first: str, second: str) -> None:
        def work(tx: Transaction) -> None:
            rename = text("UPDATE team SET name = name || '+' WHERE id = :id")
            tx.execute(rename, {"id": ids[first]})
            if next(runs) < 2:
                met.wait(10)
            tx.execute(rename, {"id": ids[second]})

        store.write(work)

    at_once(lambda: swap("a", "b"), lambda: swap("b", "a"))
    assert sorted(names(store)) == ["a++", "b++"]
    assert next(runs) > 2


def test_work_that_asks_to_run_again_does_so_a_few_times(store: Store) -> None:
    if store.is_sqlite:
        pytest.skip("nothing waits for locks on SQLite")
    runs = count(1)

    def work(tx: Transaction) -> int:
        run = next(runs)
        add(tx, f"run {run}")
        if run < MAX_RUNS:
            raise RunAgain
        return run

    assert store.write(work) == MAX_RUNS
    assert names(store) == [f"run {MAX_RUNS}"]
    with pytest.raises(RunAgain):
        store.write(lambda tx: exec("raise RunAgain", {"RunAgain": RunAgain}))


# -- connections that are gone ---------------------------------------------------------------------


def hang_up(store: Store) -> None:
    """Ends every connection of the store on the server's side."""
    with store.read() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE pid != pg_backend_pid() AND datname = current_database()"
            )
        ).all()


@on_postgresql
def test_a_closed_connection_of_the_pool_is_replaced_unnoticed(store: Store) -> None:
    at_once(*[lambda: store.write(lambda tx: tx.execute(text("SELECT pg_sleep(0.05)")))] * 4)
    hang_up(store)
    for name in ("a", "b", "c", "d"):
        store.write(lambda tx, name=name: add(tx, name))  # type: ignore[misc]
    assert names(store) == ["a", "b", "c", "d"]


@on_postgresql
def test_work_whose_connection_breaks_before_the_commit_runs_again(store: Store) -> None:
    runs = count()

    def work(tx: Transaction) -> None:
        add(tx, "support")
        if next(runs) == 0:
            hang_up(store)
        tx.execute(select(teams)).all()

    store.write(work)
    assert names(store) == ["support"]


@on_postgresql
def test_work_whose_connection_breaks_in_the_commit_is_its_callers(store: Store) -> None:
    """Whether it was committed is unknown: running it again could do it twice."""
    runs = count()

    def work(tx: Transaction) -> None:
        next(runs)
        add(tx, "support")
        tx.before_commit(lambda _connection: hang_up(store))

    with pytest.raises(OperationalError):
        store.write(work)
    assert next(runs) == 1


# -- the order of events ---------------------------------------------------------------------------


def test_events_of_a_slow_commit_come_before_those_of_a_later_one() -> None:
    published: list[Any] = []
    order = CommitOrder(published.append)
    began, may_end = threading.Event(), threading.Event()

    def slow() -> None:
        began.set()
        assert may_end.wait(10)

    def second() -> None:
        assert began.wait(10)
        order.commit(may_end.set, ["second"])

    at_once(lambda: order.commit(slow, ["first"]), second)
    assert published == [["first"], ["second"]]


def test_a_commit_that_fails_publishes_nothing_and_holds_up_nobody() -> None:
    published: list[Any] = []
    order = CommitOrder(published.append)

    def fail() -> None:
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="gone"):
        order.commit(fail, ["first"])
    order.commit(lambda: None, ["second"])
    assert published == [["second"]]
