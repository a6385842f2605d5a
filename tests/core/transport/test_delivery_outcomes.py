"""What became of a message that left: its answer is lost, or the provider reports on it later."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import (
    ConnectionFailed,
)
from hub.outbound import claims, outbox, receipts
from hub.outbound.receipts import RANK
from hub.types import DeliveryStatus
from tests.core.desk import Customer, Desk
from tests.core.steps import claim_now, retry, says_hello
from tests.core.toys import ToyCall, ToyProvider, a_moment_ago, external_id

pytestmark = pytest.mark.usefixtures("quick")


# -- nobody knows ---------------------------------------------------------------------------------


def test_a_lost_answer_is_asked_for_and_nothing_leaves_twice(
    desk: Desk, provider: ToyProvider
) -> None:
    dora = desk.customer("dora", "askable")
    provider.loses_the_answer()
    ours = desk.replies(says_hello(dora), "Hi")
    desk.delivers()
    found = desk.waits_until(ours, "sent")
    assert provider.texts == ["Hi"]
    assert provider.asked == 1
    assert not found.maybe_twice
    assert desk.message(ours.id).external_id == f"p{ours.id}.0"


def test_a_lost_call_is_asked_for_and_sent_again(desk: Desk, provider: ToyProvider) -> None:
    dora = desk.customer("dora", "askable")
    provider.loses_the_call()
    ours = desk.replies(says_hello(dora), "Hi")
    desk.delivers()
    found = desk.waits_until(ours, "sent")
    assert (provider.texts, provider.asked) == (["Hi"], 1)
    assert not found.maybe_twice


def test_a_lost_answer_of_a_provider_that_cannot_be_asked_is_sent_again_and_marked(
    desk: Desk, anna: Customer, provider: ToyProvider
) -> None:
    provider.loses_the_answer()
    ours = desk.replies(says_hello(anna), "Hi")
    desk.delivers()
    assert desk.waits_until(ours, "sent").maybe_twice
    assert provider.texts == ["Hi", "Hi"]


def test_an_echo_that_came_instead_of_the_answer_is_answer_enough(
    desk: Desk, anna: Customer, provider: ToyProvider
) -> None:
    provider.loses_the_answer()
    ours = desk.replies(says_hello(anna), "Hi")
    desk.sets_delivery(ours, unknown_since=a_moment_ago(seconds=5))
    anna.brings(anna.message("Hi", sent_by_us=True, metadata=ours.id, external_id=f"p{ours.id}.0"))
    desk.delivers()
    assert not desk.waits_until(ours, "sent").maybe_twice
    assert provider.texts == []


def test_a_delivery_of_a_dead_process_is_reconciled(desk: Desk, provider: ToyProvider) -> None:
    """It was killed after the provider took the message and before anything was written."""
    dora = desk.customer("dora", "askable")
    ours = desk.replies(says_hello(dora), "Hi")
    claim = claim_now(desk, "askable")
    assert claim is not None
    provider.take(ToyCall("dora", "Hi", ours.id, 0))
    desk.delivers(alone=True)
    desk.waits_until(ours, "sent")
    assert (provider.texts, provider.asked) == (["Hi"], 1)


def test_a_lease_holds_until_it_runs_out(desk: Desk, anna: Customer) -> None:
    ours = desk.replies(says_hello(anna), "Hi")
    assert claim_now(desk) is not None
    assert claim_now(desk) is None
    desk.sets_delivery(ours, lease_until=a_moment_ago(seconds=1))
    again = claim_now(desk)
    assert again is not None
    assert (again.attempts, again.unknown_since is not None) == (2, True)


def test_a_worker_that_lost_its_lease_changes_nothing_for_the_worker_that_has_it(
    desk: Desk, anna: Customer
) -> None:
    ours = desk.replies(says_hello(anna), "Hi")
    stale = claim_now(desk)
    assert stale is not None
    desk.sets_delivery(ours, lease_until=a_moment_ago(seconds=1))
    assert claim_now(desk) is not None
    late = ConnectionFailed("Too late.")
    desk.store.write(lambda tx: outbox.requeue_delivery(tx, stale, late, tx.now, unknown=False))
    desk.store.write(lambda tx: claims.return_claim(tx, stale, tx.now))
    assert desk.delivery(ours).status == "sending"
    assert claim_now(desk) is None


def test_a_message_whose_parts_all_left_is_sent_and_not_looked_at_for_ever(
    desk: Desk, anna: Customer, provider: ToyProvider
) -> None:
    ours = desk.replies(says_hello(anna), "Hi")
    desk.sets_delivery(ours, parts_sent=1)
    desk.delivers()
    desk.waits_until(ours, "sent")
    assert provider.texts == []


def test_two_processes_on_one_store_never_send_one_message_twice(
    desk: Desk, provider: ToyProvider
) -> None:
    people = [desk.customer(f"customer {number}") for number in range(10)]
    sent = [
        desk.replies(conversation, f"{number} to {one.path}")
        for one in people
        for conversation in [says_hello(one)]
        for number in range(3)
    ]
    desk.delivers(alone=False)
    desk.delivers(alone=False)
    for one in sent:
        desk.waits_until(one, "sent")
    assert len(provider.texts) == len(set(provider.texts)) == 30
    for one in people:
        expected = [f"{number} to {one.path}" for number in range(3)]
        assert provider.texts_to(one.path) == expected


# -- what the provider reports --------------------------------------------------------------------


def test_a_receipt_before_the_send_returned_counts_afterwards(
    desk: Desk, anna: Customer, provider: ToyProvider
) -> None:
    ours = desk.replies(says_hello(anna), "Hi")
    provider.before_answer = lambda call: desk.reports(
        "delivered", external_id(call), message_id=ours.id
    )
    desk.delivers()
    desk.waits_until(ours, "delivered")


def test_a_receipt_for_the_first_part_does_not_end_the_second(
    desk: Desk, anna: Customer, provider: ToyProvider
) -> None:
    ours = desk.replies(says_hello(anna), "one|two")

    def receipt_of_the_first(call: ToyCall) -> None:
        if call.part == 1:
            desk.reports("delivered", f"p{ours.id}.0")
            assert desk.delivery(ours).status == "sending"

    provider.before_answer = receipt_of_the_first
    desk.delivers()
    desk.waits_until(ours, "delivered")
    assert provider.texts == ["one", "two"]


def test_a_failure_reported_while_it_is_under_way_is_not_hidden_by_the_report_before(
    desk: Desk, anna: Customer, provider: ToyProvider
) -> None:
    ours = desk.replies(says_hello(anna), "Hi")

    def sent_and_then_failed(call: ToyCall) -> None:
        desk.reports("sent", message_id=ours.id)
        desk.reports("failed", message_id=ours.id, code="rejected", reason="No such number.")

    provider.before_answer = sent_and_then_failed
    desk.delivers()
    assert desk.waits_until(ours, "failed").reason == "No such number."


def test_a_message_that_the_provider_took_and_failed_leaves_again_on_retry(
    desk: Desk, anna: Customer, provider: ToyProvider
) -> None:
    ours = desk.replies(says_hello(anna), "Hi")
    desk.delivers()
    desk.waits_until(ours, "sent")
    desk.reports("failed", f"p{ours.id}.0", reason="The phone was off.")
    assert desk.delivery(ours).status == "failed"
    retry(desk, ours)
    desk.waits_until(ours, "sent")
    assert provider.texts == ["Hi", "Hi"]


@pytest.mark.parametrize("named_by", ["external id", "our id"])
def test_a_failure_of_the_first_try_told_again_does_not_end_the_second(
    desk: Desk, anna: Customer, provider: ToyProvider, named_by: str
) -> None:
    ours = desk.replies(says_hello(anna), "Hi")
    desk.delivers().stop()
    desk.sets_delivery(ours, status="sent", parts_sent=1)
    first = {"message_id": ours.id} if named_by == "our id" else {}
    desk.reports("sent", "try-1", message_id=ours.id)
    desk.reports("failed", "try-1", **first)
    retry(desk, ours)
    desk.reports("failed", "try-1", **first)
    provider.calls.clear()
    desk.delivers()
    desk.waits_until(ours, "sent")
    assert provider.texts == ["Hi"]


def test_a_failure_under_an_id_that_is_used_again_still_counts(
    desk: Desk, anna: Customer, provider: ToyProvider
) -> None:
    """A mail keeps its Message-ID: its second bounce is about the second try."""
    ours = desk.replies(says_hello(anna), "Hi")
    desk.delivers()
    for _ in range(2):
        desk.waits_until(ours, "sent")
        desk.reports("failed", f"p{ours.id}.0")
        assert desk.delivery(ours).status == "failed"
        retry(desk, ours)
    desk.waits_until(ours, "sent")


def test_an_old_id_does_not_pass_for_the_answer_to_a_new_try(
    desk: Desk, provider: ToyProvider
) -> None:
    """It failed at the provider; the second try gets lost: the first one's id proves nothing."""
    dora = desk.customer("dora", "askable")
    ours = desk.replies(says_hello(dora), "Hi")
    desk.delivers()
    desk.waits_until(ours, "sent")
    desk.reports("failed", f"p{ours.id}.0", connector="askable")
    provider.calls.clear()
    provider.loses_the_call()
    retry(desk, ours)
    desk.waits_until(ours, "sent")
    assert provider.texts == ["Hi"]


def test_a_message_delivered_after_a_reported_failure_is_delivered(
    desk: Desk, anna: Customer
) -> None:
    ours = desk.replies(says_hello(anna), "Hi")
    desk.sets_delivery(ours, status="sent")
    desk.reports("failed", message_id=ours.id, reason="Not yet.")
    assert desk.delivery(ours).reason == "Not yet."
    desk.reports("delivered", message_id=ours.id)
    assert (desk.delivery(ours).status, desk.delivery(ours).reason) == ("delivered", "")


def test_a_report_by_another_connector_changes_nothing(desk: Desk, anna: Customer) -> None:
    ours = desk.replies(says_hello(anna), "Hi")
    desk.sets_delivery(ours, status="sent")
    desk.reports("failed", message_id=ours.id, connector="other")
    assert desk.delivery(ours).status == "sent"


def test_a_watermark_counts_for_all_that_left_before_it(
    desk: Desk, anna: Customer, boris: Customer
) -> None:
    conversation = says_hello(anna)
    before, after, failed = (desk.replies(conversation, text) for text in ("a", "b", "c"))
    others = desk.replies(says_hello(boris), "d")
    moment = a_moment_ago(minutes=5)
    for one, at in ((before, 6), (after, 1), (failed, 7), (others, 6)):
        status = "failed" if one is failed else "sent"
        desk.sets_delivery(one, status=status, tried_at=a_moment_ago(minutes=at))
    desk.reports("read", address=anna.address, up_to=moment)
    assert desk.delivery(before).status == "read"
    assert desk.delivery(after).status == "sent"
    assert desk.delivery(others).status == "sent"
    assert desk.delivery(failed).status == "failed"


def test_what_a_page_has_shown_is_read_and_what_never_arrived_is_not(
    desk: Desk, anna: Customer
) -> None:
    conversation = says_hello(anna)
    failed, sent, last = (desk.replies(conversation, text) for text in ("a", "b", "c"))
    desk.sets_delivery(failed, status="failed")
    desk.sets_delivery(sent, status="sent")
    desk.sets_delivery(last, status="sent")
    anna.brings(anna.event("read", external_id=sent.id))
    assert [desk.delivery(one).status for one in (failed, sent, last)] == ["failed", "read", "sent"]


def test_a_bounce_stands_beside_its_message(desk: Desk, anna: Customer) -> None:
    ours = desk.replies(says_hello(anna), "Hi")
    desk.sets_delivery(ours, status="sent")
    desk.reports("failed", message_id=ours.id, note="550 No such user", stopped=True)
    event = desk.events_in(ours.conversation_id)[-1]
    assert (event["name"], event["text"]) == ("delivery.report", "550 No such user")
    assert desk.only_conversation().unread_count == 0


@pytest.mark.parametrize("seed", range(6))
def test_a_status_only_moves_forward(desk: Desk, anna: Customer, seed: int) -> None:
    import random

    dice = random.Random(seed)
    ours = desk.replies(says_hello(anna), "Hi")
    desk.sets_delivery(ours, status="sent")
    words = dice.choices(["sent", "delivered", "read", "failed"], k=6)
    reached = ["sent"]
    for word in words:
        desk.reports(word, message_id=ours.id)
        reached.append(desk.delivery(ours).status.value)
    for old, new in pairwise(reached):
        is_forward = RANK[DeliveryStatus(new)] >= RANK[DeliveryStatus(old)]
        assert is_forward, (words, reached)
        assert not (old == "failed" and new == "sent"), (words, reached)
    best = [one for one in ("read", "delivered") if one in words]
    assert reached[-1] == (best[0] if best else "failed" if "failed" in words else "sent")


@given(st.sampled_from(list(DeliveryStatus)), st.sampled_from(list(DeliveryStatus)))
def test_no_two_statuses_follow_each_other_both_ways(
    one: DeliveryStatus, other: DeliveryStatus
) -> None:
    forward = one.value in receipts.BEFORE[other]
    back = other.value in receipts.BEFORE[one]
    assert not (forward and back)
    if RANK[one] < RANK[other]:
        assert forward
