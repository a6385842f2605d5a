"""A delivery has one holder: its lease lasts while it is under way, and a late result changes
nothing for the worker that took it over.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from hub.connectors.email.connector import Email
from hub.outbound import claims, outbox
from hub.store.engine import Transaction
from hub.store.models import deliveries
from hub.transport.delivery import DeliveryWorker
from hub.types import SendReceipt
from tests.core.desk import Customer, Desk, eventually
from tests.core.steps import claim_now, says_hello
from tests.core.toys import ToyProvider, a_moment_ago

pytestmark = pytest.mark.usefixtures("quick")

#: The longest that an SMTP server may take for its last answer. Source: RFC 5321, 4.5.3.2.
SMTP_LAST_ANSWER = 180.0


def lease_of(desk: Desk) -> Any:
    with desk.store.read() as connection:
        return connection.execute(select(deliveries.c.lease_until)).scalar_one()


def records_sent(desk: Desk, claim: Any, external_id: str = "late") -> bool:
    return desk.store.write(
        lambda tx: outbox.record_sent_part(tx, claim, 0, SendReceipt(external_id), is_last=True)
    )


def test_a_lease_is_longer_than_the_longest_wait_inside_a_delivery() -> None:
    assert claims.LEASE.total_seconds() > SMTP_LAST_ANSWER
    assert Email.send_limit > SMTP_LAST_ANSWER
    assert claims.LEASE.total_seconds() > claims.RENEW_SECONDS * 2


def test_a_lease_is_renewed_as_long_as_its_delivery_is_under_way(
    desk: Desk, anna: Customer, provider: ToyProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "RENEW_SECONDS", 0.02)
    ours = desk.replies(says_hello(anna), "Hi")
    with provider.holding() as arrives:
        desk.delivers()
        assert arrives()
        first = lease_of(desk)
        eventually(lambda: lease_of(desk) > first)
    desk.waits_until(ours, "sent")


def test_a_late_result_of_a_lost_claim_is_not_applied_and_marks_the_message(
    desk: Desk, anna: Customer
) -> None:
    ours = desk.replies(says_hello(anna), "Hi")
    stale = claim_now(desk)
    desk.sets_delivery(ours, lease_until=a_moment_ago(seconds=1))
    fresh = claim_now(desk)
    assert fresh is not None
    assert not records_sent(desk, stale)
    assert desk.delivery(ours).status == "sending"
    assert desk.delivery(ours).maybe_twice
    assert records_sent(desk, fresh, "fresh")
    assert desk.delivery(ours).status == "sent"


def test_a_late_result_before_the_next_attempt_leaves_nothing_to_send(
    desk: Desk, anna: Customer, provider: ToyProvider
) -> None:
    ours = desk.replies(says_hello(anna), "Hi")
    stale = claim_now(desk)
    assert stale is not None
    desk.store.write(lambda tx: claims.let_go(tx, stale))
    assert not records_sent(desk, stale)
    desk.delivers()
    assert not desk.waits_until(ours, "sent").maybe_twice
    assert provider.texts == []


def test_a_result_that_was_committed_unheard_may_be_written_again(
    desk: Desk, anna: Customer
) -> None:
    ours = desk.replies(says_hello(anna), "Hi")
    claim = claim_now(desk)
    assert records_sent(desk, claim)
    assert records_sent(desk, claim)
    assert not desk.delivery(ours).maybe_twice


def test_a_lost_claim_neither_fails_nor_marks_the_delivery_of_another_worker(
    desk: Desk, anna: Customer
) -> None:
    from hub.errors import Rejected

    ours = desk.replies(says_hello(anna), "Hi")
    stale = claim_now(desk)
    assert stale is not None
    desk.sets_delivery(ours, lease_until=a_moment_ago(seconds=1))
    assert claim_now(desk) is not None
    desk.store.write(lambda tx: outbox.fail_delivery(tx, stale, Rejected("No.")))
    desk.store.write(lambda tx: outbox.record_all_sent(tx, stale))
    assert not desk.store.write(lambda tx: outbox.mark_maybe_twice(tx, stale))
    assert desk.delivery(ours).status == "sending"
    assert not desk.delivery(ours).maybe_twice


def test_a_clock_that_was_set_back_since_holds_no_lease(desk: Desk, anna: Customer) -> None:
    ours = desk.replies(says_hello(anna), "Hi")
    assert claim_now(desk) is not None
    desk.sets_delivery(ours, lease_until=a_moment_ago(hours=-1))
    assert claim_now(desk) is not None


# -- while the database is away --------------------------------------------------------------------


class Outage:
    """A database that commits, or not, and answers with an error."""

    def __init__(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        self._write = desk.store.write
        self._left: list[tuple[Callable[[Any], bool], bool]] = []
        self._lock = threading.Lock()
        monkeypatch.setattr(desk.store, "write", self.write)

    def breaks(self, when: Callable[[], bool], *, times: int, commits: bool) -> None:
        self._left += [(lambda _: when(), commits)] * times

    def write(self, work: Callable[[Transaction], Any]) -> Any:
        with self._lock:
            breaks = self._left and self._left[0][0](work)
            commits = self._left.pop(0)[1] if breaks else True
        result = self._write(work) if commits else None
        if breaks:
            raise OperationalError("", None, Exception("terminating connection"))
        return result


@pytest.mark.parametrize("commits", [False, True])
def test_an_outcome_is_written_once_the_database_is_back(
    desk: Desk,
    anna: Customer,
    provider: ToyProvider,
    monkeypatch: pytest.MonkeyPatch,
    commits: bool,
) -> None:
    ours = desk.replies(says_hello(anna), "Hi")
    outage = Outage(desk, monkeypatch)
    outage.breaks(lambda: bool(provider.calls), times=3, commits=commits)
    desk.delivers()
    assert not desk.waits_until(ours, "sent").maybe_twice
    assert provider.texts == ["Hi"]


def test_a_claim_whose_commit_was_not_confirmed_is_given_back_and_sent_once(
    desk: Desk, anna: Customer, provider: ToyProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = desk.replies(says_hello(anna), "Hi")
    outage = Outage(desk, monkeypatch)
    claimed = threading.Event()
    begin = DeliveryWorker._begin

    def begins(self: DeliveryWorker, message_ids: list[int]) -> None:
        if not claimed.is_set():
            claimed.set()
            outage.breaks(lambda: True, times=1, commits=True)
        begin(self, message_ids)

    monkeypatch.setattr(DeliveryWorker, "_begin", begins)
    desk.delivers()
    found = desk.waits_until(ours, "sent")
    assert (found.attempts, found.maybe_twice) == (1, False)
    assert provider.texts == ["Hi"]
