"""Work that takes longer than its stated time is reported, left alone and begun anew."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from hub import scheduler, watchdog
from hub.connectors.base import PollResult
from hub.scheduler import Scheduler
from hub.store.engine import Store
from hub.transport import polling, profile_fetching
from hub.transport.delivery import DeliveryWorker
from hub.transport.lone_failures import MAX_REMEMBERED, LoneFailures
from hub.transport.polling import Poller
from hub.transport.profile_fetching import ProfileFetcher
from hub.types import Address, Profile
from hub.watchdog import Watch, Watchdog
from tests.core.desk import SECRET, Customer, Desk, eventually
from tests.core.steps import says_hello
from tests.core.toys import Toy, ToyProvider
from tests.core.transport.test_polling import Mailbox, PolledToy, hello, mailbox, texts

pytestmark = pytest.mark.usefixtures("quick")
__all__ = ["mailbox"]


@pytest.fixture
def dog(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watchdog]:
    monkeypatch.setattr(watchdog, "LOOK_SECONDS", 0.02)
    made = Watchdog()
    made.on_overrun(
        lambda watch: desk.connectors.mark_attention(
            watch.subject, "Too long.", watch.work, watch.part
        )
    )
    made.start()
    yield made
    made.stop()


def test_work_within_its_time_is_not_reported() -> None:
    dog = Watchdog()
    reported: list[Watch] = []
    dog.on_overrun(reported.append)
    with dog.limit("fetch", "toy", 60.0) as watch:
        dog.look()
    dog.look()
    assert (reported, watch.is_over) == ([], False)


def test_work_beyond_its_time_is_reported_once_and_begun_anew() -> None:
    dog = Watchdog()
    reported: list[Watch] = []
    begun: list[int] = []
    dog.on_overrun(lambda _: 1 / 0)
    dog.on_overrun(reported.append)
    with dog.limit("fetch", "toy", 0.0, lambda: begun.append(1)) as watch:
        dog.look()
        dog.look()
    assert (reported, begun, watch.is_over) == ([watch], [1], True)


def test_a_delivery_that_never_ends_is_given_up_and_its_late_result_is_not_applied(
    desk: Desk,
    anna: Customer,
    provider: ToyProvider,
    dog: Watchdog,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Toy, "send_limit", 0.1)
    worker = DeliveryWorker(
        desk.store, desk.connectors, desk.media, desk.links, SECRET, watchdog=dog
    )
    desk.deliverers.append(worker)
    first = desk.replies(says_hello(anna), "first")
    with provider.holding() as arrives:
        worker.start(alone=True)
        assert arrives()
        eventually(lambda: len(provider.tried) > 1, what="another attempt")
        eventually(lambda: desk.connectors.connector_resource("toy").state == "attention")
        monkeypatch.setattr(Toy, "send_limit", 60.0)
    found = desk.waits_until(first, "sent")
    assert found.maybe_twice


def test_a_poll_that_never_ends_is_begun_anew_with_a_connector_made_anew(
    desk: Desk, mailbox: Mailbox, dog: Watchdog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PolledToy, "poll_limit", 0.1)
    monkeypatch.setattr(polling, "WAIT_SECONDS", 0.0)
    states: list[str] = []
    desk.connectors.on_change(lambda shape: states.append(shape.state))
    stuck, release = threading.Event(), threading.Event()

    def never(self: PolledToy, cursor: str, wait: float) -> PollResult:
        stuck.set()
        release.wait(10)
        return PollResult((), "a late cursor")

    monkeypatch.setattr(PolledToy, "poll", never)
    former = desk.toy()
    poller = Poller(desk.store, desk.connectors, desk.gateway, dog)
    poller.start(alone=True)
    assert stuck.wait(10)
    monkeypatch.setattr(
        Toy, "poll", lambda _self, cursor, wait: mailbox.look(cursor, wait), raising=False
    )
    monkeypatch.setattr(Toy, "polls", lambda _self: True, raising=False)
    mailbox.gets(hello(1))
    eventually(lambda: texts(desk) == ["1"], what="the poll that was begun anew")
    release.set()
    poller.stop()
    assert desk.connectors.get("toy") is not former
    assert states[:1] == ["attention"]


def test_a_job_that_never_ends_runs_anew_beside_it(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchdog, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(scheduler, "JOB_SECONDS", 0.1)
    dog = Watchdog()
    dog.start()
    release, runs = threading.Event(), []

    def never() -> None:
        runs.append(1)
        release.wait(10)

    timers = Scheduler(sqlite_store, dog)
    timers.every(never, seconds=0.02)
    timers.start()
    try:
        eventually(lambda: len(runs) >= 2)
    finally:
        release.set()
        timers.stop()
        dog.stop()


def test_an_overrun_that_ends_well_after_all_leaves_its_connector_well(
    desk: Desk,
    anna: Customer,
    provider: ToyProvider,
    dog: Watchdog,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Toy, "send_limit", 0.1)
    worker = DeliveryWorker(
        desk.store, desk.connectors, desk.media, desk.links, SECRET, watchdog=dog
    )
    desk.deliverers.append(worker)
    # The other attempt waits for as long as the test lasts, so only the late end can tell.
    monkeypatch.setattr(worker, "_let_go", lambda claim: None)
    desk.replies(says_hello(anna), "late")
    with provider.holding() as arrives:
        worker.start(alone=True)
        assert arrives()
        eventually(lambda: desk.connectors.connector_resource("toy").state == "attention")
    eventually(lambda: desk.connectors.connector_resource("toy").state == "ok")


def test_a_profile_that_never_comes_holds_up_no_other_one(
    desk: Desk, dog: Watchdog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(profile_fetching, "PROFILE_SECONDS", 0.1)
    stuck, release = threading.Event(), threading.Event()
    described: list[str] = []

    def describe(self: Toy, address: Address) -> Profile:
        if address.path == "stuck":
            stuck.set()
            release.wait(10)
        described.append(address.path)
        return Profile(name=address.path)

    monkeypatch.setattr(Toy, "describe", describe, raising=False)
    fetcher = ProfileFetcher(desk.store, desk.connectors, dog)
    fetcher.start()
    try:
        fetcher.request_profile(desk.toy(), Address("toy", "stuck"))
        assert stuck.wait(10)
        fetcher.request_profile(desk.toy(), Address("toy", "next"))
        eventually(lambda: described == ["next"], what="the profile of the next address")
    finally:
        release.set()
        fetcher.stop()
    eventually(lambda: desk.connectors.connector_resource("toy").state == "ok")


@pytest.mark.parametrize("others", [1, 3])
def test_an_address_that_always_fails_does_not_make_its_connector_flap(
    desk: Desk, others: int
) -> None:
    states: list[str] = []
    desk.connectors.on_change(lambda shape: states.append(shape.state))
    for _ in range(5):
        desk.connectors.mark_attention("toy", "The address is refused.", "delivery", "odd")
        for other in range(others):
            desk.connectors.mark_ok("toy", "delivery", f"address {other}")
    assert states == ["attention", "ok"]
    desk.connectors.mark_attention("toy", "The address is refused.", "delivery", "another")
    assert states == ["attention", "ok", "attention"]
    desk.connectors.mark_ok("toy", "delivery", "odd")
    desk.connectors.mark_attention("toy", "The address is refused.", "delivery", "odd")
    assert states == ["attention", "ok", "attention", "ok", "attention"]


def test_of_addresses_that_fail_by_themselves_a_bounded_number_is_remembered() -> None:
    failures = LoneFailures()
    for number in range(MAX_REMEMBERED + 5):
        assert failures.note_failure(number)
        failures.note_success("well")
    assert failures.note_failure(0)
    assert not failures.note_failure(MAX_REMEMBERED)
