"""How messages leave: in order, again after a failure, and never twice where it can be known."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.connectors import delivery
from hub.connectors.delivery import backoff
from hub.connectors.rates import Buckets
from hub.conversations import outbox, reports, send, shapes
from hub.conversations.outbox import Claim
from hub.conversations.reports import RANK
from hub.conversations.tokens import ReplyToken, read_reply_token
from hub.errors import (
    AddressInvalid,
    ConnectionFailed,
    ContactStopped,
    Rejected,
    WindowClosed,
)
from hub.store.models import deliveries, external_ids
from hub.types import Address, DeliveryStatus, RateLimit
from tests.conversations.desk import SECRET, Customer, Desk, eventually
from tests.conversations.toys import ToyCall, ToyProvider, a_moment_ago, external_id

pytestmark = pytest.mark.usefixtures("quick")


def says_hello(customer: Customer) -> str:
    return customer.says("Hello").conversation_id


def claim_now(desk: Desk, *connectors: str) -> Claim | None:
    return desk.store.write(lambda tx: outbox.claim(tx, connectors or ("toy",)))


def retry(desk: Desk, message: shapes.Message) -> None:
    desk.store.write(lambda tx: send.retry(tx, int(message.id)))


# -- out it goes ----------------------------------------------------------------------------------


def test_a_reply_leaves_and_is_sent(desk: Desk, anna: Customer, provider: ToyProvider) -> None:
    ours = desk.replies(says_hello(anna), "Hi")
    desk.delivers()
    found = desk.waits_until(ours, "sent")
    assert provider.texts_to("anna") == ["Hi"]
    assert (found.attempts, found.code, found.maybe_twice) == (1, "", False)
    assert desk.message(ours.id).external_id == f"p{ours.id}.0"


def test_what_waited_before_the_start_leaves_too(
    desk: Desk, anna: Customer, boris: Customer, provider: ToyProvider
) -> None:
    sent = [desk.replies(says_hello(one), f"to {one.path}") for one in (anna, boris)]
    desk.delivers()
    for one in sent:
        desk.waits_until(one, "sent")
    assert sorted(provider.texts) == ["to anna", "to boris"]


def test_a_note_never_leaves(desk: Desk, anna: Customer, provider: ToyProvider) -> None:
    conversation = says_hello(anna)
    desk.replies(conversation, "internal", type="note")
    ours = desk.replies(conversation, "Hi")
    desk.delivers()
    desk.waits_until(ours, "sent")
    assert provider.texts == ["Hi"]


def test_messages_to_one_address_leave_in_order(
    desk: Desk, anna: Customer, provider: ToyProvider
) -> None:
    conversation = says_hello(anna)
    provider.refuses(ConnectionFailed("Away."), times=2)
    sent = [desk.replies(conversation, str(number)) for number in range(8)]
    desk.delivers()
    desk.waits_until(sent[-1], "sent")
    assert provider.texts == [str(number) for number in range(8)]


def test_one_who_waits_does_not_hold_up_the_others(
    desk: Desk, anna: Customer, boris: Customer, provider: ToyProvider, monkeypatch: Any
) -> None:
    monkeypatch.setattr(delivery, "FIRST_WAIT", timedelta(minutes=1))
    monkeypatch.setattr(delivery, "LONGEST_WAIT", timedelta(minutes=1))
    first = desk.replies(says_hello(anna), "first")
    behind = desk.replies(first.conversation_id, "behind")
    provider.is_throttled()
    desk.delivers()
    eventually(lambda: desk.delivery(first).code == "throttled")
    other = desk.replies(says_hello(boris), "other")
    desk.waits_until(other, "sent")
    assert desk.delivery(behind).status == "queued"


def test_what_the_provider_needs_to_know_goes_along(
    desk: Desk, anna: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    composed: list[Any] = []
    toy = type(desk.toy())
    compose = toy.compose

    def remember(self: Any, message: Any) -> Any:
        composed.append(message)
        return compose(self, message)

    monkeypatch.setattr(toy, "compose", remember)
    said = anna.says("Hello", subject="Shoes")
    ours = desk.replies(said.conversation_id, "Hi", reply_to=int(said.id))
    desk.delivers()
    desk.waits_until(ours, "sent")
    (message,) = composed
    assert (message.id, message.address, message.subject) == (ours.id, anna.address, "Shoes")
    assert (message.reply_to, message.references) == (said.external_id, (said.external_id,))
    assert message.last_inbound_at == said.received_at
    assert (message.author_name, message.written_by_person) == ("Kadri", True)
    assert message.status_url == f"https://hub.example/webhooks/toy/status?message={ours.id}"
    token = read_reply_token(SECRET, message.reply_token)
    assert isinstance(token, ReplyToken)
    assert token.conversation_id == int(said.conversation_id)


def test_a_provider_that_names_a_new_address_is_followed(
    desk: Desk, anna: Customer, provider: ToyProvider
) -> None:
    conversation = says_hello(anna)
    provider.moves_to = Address("toy", "-100", "")
    first = desk.replies(conversation, "first")
    desk.delivers()
    desk.waits_until(first, "sent")
    provider.moves_to = None
    second = desk.replies(conversation, "second")
    desk.waits_until(second, "sent")
    assert [call.path for call in provider.calls] == ["anna", "-100"]


# -- again ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("attempts", "seconds"),
    [(1, 1), (2, 2), (3, 4), (8, 128), (9, 256), (10, 300), (30, 300), (1000, 300)],
)
def test_waits_double_up_to_five_minutes(
    attempts: int, seconds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()  # the real waits
    assert backoff(attempts, 0.0) == timedelta(seconds=seconds)
    assert backoff(attempts, 0.999) <= timedelta(seconds=min(seconds * 1.25, 300))


@given(st.integers(1, 10_000), st.floats(0, 0.999))
def test_a_wait_is_never_shorter_than_the_first_nor_longer_than_the_longest(
    attempts: int, jitter: float
) -> None:
    assert delivery.FIRST_WAIT <= backoff(attempts, jitter) <= delivery.LONGEST_WAIT


def test_a_failure_that_may_pass_is_tried_again(
    desk: Desk, anna: Customer, provider: ToyProvider
) -> None:
    provider.refuses(ConnectionFailed("Away."), times=3)
    ours = desk.replies(says_hello(anna), "Hi")
    desk.delivers()
    found = desk.waits_until(ours, "sent")
    assert (found.attempts, found.code, found.maybe_twice) == (4, "", False)
    assert provider.texts == ["Hi"]


def test_while_it_waits_the_agent_sees_why(
    desk: Desk, anna: Customer, provider: ToyProvider
) -> None:
    provider.goes_away()
    ours = desk.replies(says_hello(anna), "Hi")
    desk.delivers()
    eventually(lambda: desk.delivery(ours).code == "connection_failed")
    assert desk.delivery(ours).reason == "Nobody is there."


def test_a_throttled_connector_pauses_as_long_as_it_was_told_and_others_go_on(
    desk: Desk, anna: Customer, boris: Customer, provider: ToyProvider
) -> None:
    provider.is_throttled(timedelta(seconds=0.6))
    first = desk.replies(says_hello(anna), "first")
    desk.delivers()
    eventually(lambda: desk.delivery(first).code == "throttled")
    second = desk.replies(says_hello(boris), "second")
    other = desk.customer("cecil", "other")
    third = desk.replies(says_hello(other), "third")
    desk.waits_until(third, "sent")
    assert provider.texts == ["third"]
    desk.waits_until(first, "sent")
    desk.waits_until(second, "sent")


def test_a_provider_that_is_back_is_noticed_long_before_the_next_try(
    desk: Desk, anna: Customer, boris: Customer, provider: ToyProvider, monkeypatch: Any
) -> None:
    monkeypatch.setattr(delivery, "FIRST_WAIT", timedelta(hours=1))
    monkeypatch.setattr(delivery, "LONGEST_WAIT", timedelta(hours=1))
    provider.goes_away()
    sent = [desk.replies(says_hello(one), "Hi") for one in (anna, boris)]
    desk.delivers()
    for one in sent:
        eventually(lambda one=one: desk.delivery(one).code == "connection_failed")
    provider.comes_back()
    for one in sent:
        desk.waits_until(one, "sent")


def test_after_a_restart_nothing_waits_for_a_try_that_was_far_off(
    desk: Desk, anna: Customer, provider: ToyProvider
) -> None:
    ours = desk.replies(says_hello(anna), "Hi")
    desk.sets_delivery(
        ours, code="connection_failed", attempts=9, next_attempt_at=a_moment_ago(hours=-1)
    )
    desk.delivers()
    desk.waits_until(ours, "sent")


# -- no -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [Rejected, WindowClosed], ids=lambda error: error.code)
def test_a_no_is_final_and_says_why(
    desk: Desk, anna: Customer, provider: ToyProvider, error: Any
) -> None:
    provider.refuses(error("The picture is too large.", external_code="E7"))
    ours = desk.replies(says_hello(anna), "Hi")
    desk.delivers()
    found = desk.waits_until(ours, "failed")
    assert (found.code, found.reason) == (error.code, "The picture is too large.")
    assert provider.texts == []


@pytest.mark.parametrize("error", [ContactStopped, AddressInvalid], ids=lambda error: error.code)
def test_an_address_where_nobody_can_be_reached_is_closed(
    desk: Desk, anna: Customer, provider: ToyProvider, error: Any
) -> None:
    from hub.errors import Conflict

    provider.refuses(error("They blocked us."))
    ours = desk.replies(says_hello(anna), "Hi")
    desk.delivers()
    desk.waits_until(ours, "failed")
    with pytest.raises(Conflict, match="They blocked us"):
        desk.replies(ours.conversation_id, "Hello?")


def test_after_a_no_the_next_message_leaves(
    desk: Desk, anna: Customer, provider: ToyProvider
) -> None:
    provider.refuses(Rejected("No."))
    first = desk.replies(says_hello(anna), "first")
    second = desk.replies(first.conversation_id, "second")
    desk.delivers()
    desk.waits_until(second, "sent")
    assert desk.delivery(first).status == "failed"


def test_refused_keys_call_for_an_admin_and_the_message_waits(
    desk: Desk, anna: Customer, provider: ToyProvider
) -> None:
    provider.refuses_the_keys()
    ours = desk.replies(says_hello(anna), "Hi")
    before = desk.delivers()
    eventually(lambda: desk.delivery(ours).code == "credentials_refused")
    before.stop()
    eventually(lambda: desk.connectors.shape("toy").state == "attention")
    shape = desk.connectors.shape("toy")
    assert shape.last_error == "The toy does not know this key."
    assert desk.connectors.shape("other").state == "ok"
    found = desk.waits_until(ours, "queued")
    assert (found.code, found.reason) == ("credentials_refused", shape.last_error)
    desk.delivers()  # the admin mended it
    desk.waits_until(ours, "sent")


def test_a_connector_that_works_again_needs_nobody(
    desk: Desk, anna: Customer, provider: ToyProvider
) -> None:
    desk.connectors.failed("toy", "The toy does not know this key.")
    ours = desk.replies(says_hello(anna), "Hi")
    desk.delivers()
    desk.waits_until(ours, "sent")
    eventually(lambda: desk.connectors.shape("toy").state == "ok")


def test_it_gives_up_after_a_day(desk: Desk, anna: Customer, provider: ToyProvider) -> None:
    provider.goes_away()
    ours = desk.replies(says_hello(anna), "Hi")
    desk.sets_delivery(ours, created_at=a_moment_ago(hours=24, minutes=1))
    desk.delivers()
    assert desk.waits_until(ours, "failed").code == "connection_failed"


def test_it_does_not_give_up_before(desk: Desk, anna: Customer, provider: ToyProvider) -> None:
    provider.goes_away()
    ours = desk.replies(says_hello(anna), "Hi")
    desk.sets_delivery(ours, created_at=a_moment_ago(hours=23, minutes=59))
    desk.delivers()
    eventually(lambda: desk.delivery(ours).attempts > 2)
    assert desk.delivery(ours).status in ("queued", "sending")


def test_nothing_leaves_for_who_said_stop_meanwhile(
    desk: Desk, anna: Customer, provider: ToyProvider
) -> None:
    ours = desk.replies(says_hello(anna), "Hi")
    anna.stops()
    desk.delivers()
    found = desk.waits_until(ours, "failed")
    assert found.code == "contact_stopped"
    assert provider.tried == []


def test_a_message_that_cannot_be_composed_fails_and_lets_the_next_one_by(
    desk: Desk, anna: Customer, provider: ToyProvider
) -> None:
    desk.toy().compose_breaks = True
    first = desk.replies(says_hello(anna), "first")
    desk.delivers()
    assert desk.waits_until(first, "failed").reason
    desk.toy().compose_breaks = False
    second = desk.replies(first.conversation_id, "second")
    desk.waits_until(second, "sent")


def test_a_mistake_of_ours_while_sending_does_not_block_the_line_for_ever(
    desk: Desk, anna: Customer, provider: ToyProvider
) -> None:
    provider.refuses(ZeroDivisionError("nobody thought of this"))
    first = desk.replies(says_hello(anna), "first")
    second = desk.replies(first.conversation_id, "second")
    desk.delivers()
    assert desk.waits_until(first, "sent").maybe_twice
    desk.waits_until(second, "sent")


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


def test_where_nobody_can_be_asked_it_leaves_again_and_says_so(
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


def test_what_a_dead_process_had_in_its_hands_is_reconciled(
    desk: Desk, provider: ToyProvider
) -> None:
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


def test_who_lost_the_lease_takes_nothing_from_who_has_it_now(desk: Desk, anna: Customer) -> None:
    ours = desk.replies(says_hello(anna), "Hi")
    stale = claim_now(desk)
    assert stale is not None
    desk.sets_delivery(ours, lease_until=a_moment_ago(seconds=1))
    assert claim_now(desk) is not None
    late = ConnectionFailed("Too late.")
    desk.store.write(lambda tx: outbox.put_back(tx, stale, late, tx.now, unknown=False))
    desk.store.write(lambda tx: outbox.wait_turn(tx, stale, tx.now))
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


# -- in parts -------------------------------------------------------------------------------------


def test_a_message_in_parts_goes_on_at_the_part_that_is_missing(
    desk: Desk, anna: Customer, provider: ToyProvider
) -> None:
    provider.takes_one_more_first()
    provider.refuses(ConnectionFailed("Away."), times=2)
    ours = desk.replies(says_hello(anna), "one|two|three")
    desk.delivers()
    desk.waits_until(ours, "sent")
    assert provider.texts == ["one", "two", "three"]
    assert desk.count(external_ids, external_ids.c.message_id == int(ours.id)) == 3


def test_a_lost_answer_to_the_second_part_is_about_the_second_part(
    desk: Desk, provider: ToyProvider
) -> None:
    dora = desk.customer("dora", "askable")
    provider.takes_one_more_first()
    provider.loses_the_answer()
    ours = desk.replies(says_hello(dora), "one|two|three")
    desk.delivers()
    assert not desk.waits_until(ours, "sent").maybe_twice
    assert provider.texts == ["one", "two", "three"]


def test_sending_again_after_a_part_was_refused_goes_on_there(
    desk: Desk, anna: Customer, provider: ToyProvider
) -> None:
    provider.takes_one_more_first()
    provider.refuses(Rejected("Not this part."))
    ours = desk.replies(says_hello(anna), "one|two")
    desk.delivers()
    desk.waits_until(ours, "failed")
    retry(desk, ours)
    desk.waits_until(ours, "sent")
    assert provider.texts == ["one", "two"]


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


def test_what_the_provider_took_and_then_failed_leaves_again_when_asked(
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


def test_a_failure_that_was_none_after_all(desk: Desk, anna: Customer) -> None:
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
    forward = one.value in reports.BEFORE[other]
    back = other.value in reports.BEFORE[one]
    assert not (forward and back)
    if RANK[one] < RANK[other]:
        assert forward


# -- limits ---------------------------------------------------------------------------------------


def test_a_bucket_gives_what_it_holds_and_then_by_the_clock() -> None:
    buckets = Buckets(RateLimit(2, 1.0))
    assert [buckets.take("a", now=0.0) for _ in range(3)] == [0.0, 0.0, 0.5]
    assert buckets.take("b", now=0.0) == 0.0
    assert buckets.take("a", now=0.5) == 0.0
    assert buckets.take("a", now=0.5) == pytest.approx(0.5)


def test_a_limit_below_one_a_second_still_gives_one() -> None:
    buckets = Buckets(RateLimit(1, 10.0))
    assert buckets.take("a", now=0.0) == 0.0
    assert buckets.take("a", now=0.0) == pytest.approx(10.0)
    assert buckets.take("a", now=10.0) == 0.0


def test_what_was_taken_in_vain_can_be_given_back() -> None:
    buckets = Buckets(RateLimit(1, 10.0))
    assert buckets.take("a", now=0.0) == 0.0
    buckets.give_back("a")
    assert buckets.take("a", now=0.0) == 0.0


def test_many_keys_are_forgotten_once_they_are_full_again() -> None:
    buckets = Buckets(RateLimit(1, 1.0))
    for number in range(10_001):
        buckets.take(number, now=float(number))
    assert len(buckets._levels) < 100
    assert buckets.take(10_000, now=10_000.0) > 0


def test_a_connector_sends_no_more_than_it_may(desk: Desk, provider: ToyProvider) -> None:
    emma, fred = desk.customer("emma", "slow"), desk.customer("fred", "slow")
    sent = [
        desk.replies(conversation, f"{one.path} {number}")
        for one in (emma, fred)
        for conversation in [says_hello(one)]
        for number in range(3)
    ]
    desk.delivers()
    for one in sent:
        found = desk.waits_until(one, "sent")
        assert found.attempts == 1
    for one in (emma, fred):
        assert provider.texts_to(one.path) == [f"{one.path} {number}" for number in range(3)]


# -- the end --------------------------------------------------------------------------------------


def test_stopping_finishes_what_is_under_way_and_takes_nothing_more(
    desk: Desk, anna: Customer, provider: ToyProvider
) -> None:
    import threading

    conversation = says_hello(anna)
    first, second = desk.replies(conversation, "first"), desk.replies(conversation, "second")
    deliverer = desk.deliverer()
    with provider.holding() as arrives:
        deliverer.start(alone=True)
        assert arrives()
        stopping = threading.Thread(target=deliverer.stop)
        stopping.start()
        stopping.join(0.1)
        assert stopping.is_alive()
    stopping.join(10)
    assert not stopping.is_alive()
    assert desk.delivery(first).status == "sent"
    assert desk.delivery(second).status == "queued"


def test_stopping_leaves_no_message_in_nobodys_hands(
    desk: Desk, anna: Customer, boris: Customer, provider: ToyProvider
) -> None:
    """A claim made in the very moment of the stop is still carried out."""
    sent = [desk.replies(says_hello(one), "Hi") for one in (anna, boris)]
    deliverer = desk.delivers()
    deliverer.stop()
    states = {desk.delivery(one).status.value for one in sent}
    assert states <= {"queued", "sent"}
    assert desk.count(deliveries, deliveries.c.status == "sending") == 0
