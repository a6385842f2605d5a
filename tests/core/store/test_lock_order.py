"""Every test on PostgreSQL checks the order of locks; these show that the check can fail."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import text

from hub.store.engine import Store, Transaction
from tests.core.conftest import DATABASES
from tests.core.desk import Desk
from tests.core.lock_recorder import LockRecorder, split

Work = Callable[[Transaction], object]
on_postgresql = pytest.mark.parametrize("store", DATABASES[1:], indirect=True)


def row(id_: int) -> Work:
    """Locks a conversation."""
    lock = text(f"SELECT id FROM conversation WHERE id = {id_} FOR NO KEY UPDATE")
    return lambda tx: tx.execute(lock)


def sql(statement: str) -> Work:
    return lambda tx: tx.execute(text(statement))


def name(value: str) -> Work:
    def lock(tx: Transaction) -> None:
        tx.lock(value)
        tx.execute(text("SELECT 1"))

    return lock


@on_postgresql
@pytest.mark.parametrize(
    ("steps", "violation"),
    [
        ([name("contact:1"), name("address:tel::+1")], "the name address:tel::+1"),
        ([name("address:tel::+2"), name("address:tel::+1")], "the name address:tel::+1"),
        ([name("contact:1"), name("links")], "the name links"),
        ([name("contact:1"), name("contact:2")], "a second person, contact:2"),
        ([row(1), name("contact:1")], "the name contact:1 after rows"),
        ([row(2), row(1)], "conversation 1"),
        ([row(1), sql("UPDATE reach SET opted_out = true")], "reach without its person"),
        ([sql("UPDATE contact SET name = 'Ann'"), row(1)], "contact without its person"),
    ],
)
def test_a_wrong_order_is_noticed(
    desk: Desk, lock_recorder: LockRecorder, steps: list[Work], violation: str
) -> None:
    for path in ("anna", "boris"):
        desk.customer(path).says("Hello")
    assert not lock_recorder.violations

    def work(tx: Transaction) -> None:
        for step in steps:
            step(tx)

    desk.store.write(work)
    noticed, lock_recorder.violations[:] = list(lock_recorder.violations), []
    assert noticed
    assert all(violation in each for each in noticed), noticed


@on_postgresql
@pytest.mark.parametrize(
    "steps",
    [
        [name("address:tel::+1"), name("links"), name("contact:2"), name("contact:1")],
        [name("contact:1"), name("contact:1"), row(1), row(2), row(1)],
        [name("contact:1"), sql("UPDATE contact SET name = 'Ann'"), row(1)],
        [sql("UPDATE contact SET name = 'Ann' WHERE id = 1")],
    ],
)
def test_the_stated_order_is_no_violation(desk: Desk, steps: list[Work]) -> None:
    for path in ("anna", "boris"):
        desk.customer(path).says("Hello")

    def work(tx: Transaction) -> None:
        for step in steps:
            step(tx)

    desk.store.write(work)


def test_a_semicolon_in_a_text_separates_no_statements() -> None:
    message = "BEGIN;UPDATE a SET b = 'x; it''s';SELECT E'\\\\';COMMIT"
    assert list(split(message)) == [
        "BEGIN",
        "UPDATE a SET b = 'x; it''s'",
        "SELECT E'\\\\'",
        "COMMIT",
    ]


@on_postgresql
def test_locks_travel_with_the_next_statement(store: Store, lock_recorder: LockRecorder) -> None:
    def work(tx: Transaction) -> None:
        for number in range(5):
            tx.lock(f"address:tel::+{number}")
        tx.execute(text("SELECT 1"))

    lock_recorder.round_trips = 0
    store.write(work)
    assert lock_recorder.round_trips == 2  # the locks with BEGIN and SELECT, and COMMIT
