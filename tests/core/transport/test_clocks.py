"""A clock that is set an hour back or ahead neither holds nor hurries a delivery."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from sqlalchemy import select

from hub.errors import ConnectionFailed
from hub.store.engine import Store
from hub.store.models import deliveries
from hub.transport.clock_watch import ClockWatch
from tests.core.desk import Desk, eventually
from tests.core.steps import claim_now, says_hello

pytestmark = pytest.mark.usefixtures("quick")

HOUR = timedelta(hours=1)
JUMPS = [-HOUR, HOUR, timedelta(days=-30), timedelta(days=30)]


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(datetime(2026, 1, 5, 9, tzinfo=UTC), tick=True) as traveller:
        yield traveller


@pytest.fixture
def shop(clock: Any, sqlite_store: Store, tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(sqlite_store, tmp_path)
    yield desk
    desk.close()


def left(desk: Desk) -> timedelta:
    """How long the only delivery still waits."""
    with desk.store.read() as connection:
        at = connection.execute(select(deliveries.c.next_attempt_at)).scalar_one()
    wait: timedelta = at - datetime.now(UTC)
    return wait


@pytest.mark.parametrize("jump", JUMPS, ids=str)
def test_a_message_in_line_leaves_whatever_the_clock_does(
    shop: Desk, clock: Any, jump: timedelta
) -> None:
    shop.provider.refuses(ConnectionFailed("Away."), times=2)
    ours = shop.replies(says_hello(shop.customer("anna")), "Hi")
    shop.delivers()
    eventually(lambda: shop.delivery(ours).attempts)
    clock.shift(jump)
    shop.waits_until(ours, "sent")


@pytest.mark.parametrize("jump", JUMPS, ids=str)
def test_a_wait_is_as_long_as_before_the_clock_was_set(
    shop: Desk, clock: Any, jump: timedelta
) -> None:
    shop.provider.is_throttled(timedelta(minutes=30))
    ours = shop.replies(says_hello(shop.customer("anna")), "Hi")
    shop.delivers()
    eventually(lambda: shop.delivery(ours).code == "throttled")
    clock.shift(jump)
    eventually(lambda: timedelta(minutes=29) < left(shop) <= timedelta(minutes=30))
    assert shop.delivery(ours).status == "queued"


def test_a_clock_put_ahead_ends_no_lease_of_another_worker(
    shop: Desk, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = shop.replies(says_hello(shop.customer("anna")), "Hi")
    held = claim_now(shop)
    assert held is not None
    worker = shop.delivers(alone=False)
    looks: list[int] = []
    look = type(worker)._take_over_ended_leases
    monkeypatch.setattr(
        type(worker), "_take_over_ended_leases", lambda self: (looks.append(1), look(self))
    )
    clock.shift(HOUR)
    count = len(looks)
    eventually(lambda: len(looks) > count + 3)
    assert shop.delivery(ours).status == "sending"
    assert shop.provider.tried == []


def test_a_clock_that_runs_as_it_should_is_not_noticed(clock: Any) -> None:
    watch = ClockWatch()
    assert watch.jump() is None
    clock.shift(timedelta(seconds=-5))
    jump = watch.jump()
    assert jump is not None
    assert abs(jump + timedelta(seconds=5)) < timedelta(seconds=1)
    assert watch.jump() is None
