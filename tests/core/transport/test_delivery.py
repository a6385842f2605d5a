"""How messages leave: in order, again after a failure, and never twice where it can be known."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.connectors.rates import Buckets
from hub.errors import (
    AddressInvalid,
    ConnectionFailed,
    ContactStopped,
    Rejected,
    WindowClosed,
)
from hub.outbound.failure_sentences import TRIED_AGAIN, WAITS_FOR_ADMIN
from hub.schema.tokens import ReplyToken, read_reply_token
from hub.store.models import deliveries, external_ids
from hub.transport import send_slots, sending
from hub.transport.sending import backoff
from hub.types import Address, RateLimit
from tests.core.desk import SECRET, Customer, Desk, eventually
from tests.core.steps import retry, says_hello
from tests.core.toys import Toy, ToyProvider, a_moment_ago

pytestmark = pytest.mark.usefixtures("quick")


# -- out it goes ----------------------------------------------------------------------------------


def test_a_reply_leaves_and_is_sent(desk: Desk, anna: Customer, provider: ToyProvider) -> None:
    ours = desk.replies(says_hello(anna), "Hi")
    desk.delivers()
    found = desk.waits_until(ours, "sent")
    assert provider.texts_to("anna") == ["Hi"]
    assert (found.attempts, found.code, found.maybe_twice) == (1, "", False)
    assert desk.message(ours.id).external_id == f"p{ours.id}.0"


def test_a_message_that_waited_before_the_start_leaves_too(
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


def test_an_address_that_waits_does_not_hold_up_other_addresses(
    desk: Desk, anna: Customer, boris: Customer, provider: ToyProvider, monkeypatch: Any
) -> None:
    monkeypatch.setattr(sending, "FIRST_WAIT", timedelta(minutes=1))
    monkeypatch.setattr(sending, "LONGEST_WAIT", timedelta(minutes=1))
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
    assert sending.FIRST_WAIT <= backoff(attempts, jitter) <= sending.LONGEST_WAIT


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
    assert desk.delivery(ours).reason == f"Nobody is there. {TRIED_AGAIN}"


def test_a_throttled_connector_pauses_as_long_as_it_was_told_and_others_go_on(
    desk: Desk, anna: Customer, boris: Customer, provider: ToyProvider
) -> None:
    provider.is_throttled(timedelta(seconds=1.5))
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


@pytest.fixture
def by_address(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider that means one address by "too many requests"."""
    capabilities = replace(Toy.capabilities, throttles_addresses=True)
    monkeypatch.setattr(Toy, "capabilities", capabilities)


@pytest.mark.usefixtures("by_address")
def test_a_throttled_address_holds_up_no_other(
    desk: Desk, anna: Customer, boris: Customer, provider: ToyProvider
) -> None:
    provider.is_throttled(timedelta(hours=1))
    first = desk.replies(says_hello(anna), "first")
    desk.delivers()
    eventually(lambda: desk.delivery(first).code == "throttled")
    behind = desk.replies(first.conversation_id, "behind")
    desk.waits_until(desk.replies(says_hello(boris), "other"), "sent")
    assert provider.texts == ["other"]
    assert {desk.delivery(one).status for one in (first, behind)} == {"queued"}


@pytest.mark.usefixtures("by_address")
def test_several_throttled_addresses_pause_the_connector(desk: Desk, provider: ToyProvider) -> None:
    for number in range(send_slots.THROTTLED_ADDRESSES):
        provider.is_throttled(timedelta(hours=1))
        desk.replies(says_hello(desk.customer(f"customer {number}")), "Hi")
    worker = desk.delivers()
    eventually(lambda: desk.count(deliveries, deliveries.c.code == "throttled") == 3)
    other = desk.replies(says_hello(desk.customer("one more")), "Hi")
    eventually(lambda: worker._lines["toy"].slots.free() == 0)
    assert desk.delivery(other).status == "queued"


def test_a_provider_that_is_back_is_noticed_long_before_the_next_try(
    desk: Desk, anna: Customer, boris: Customer, provider: ToyProvider, monkeypatch: Any
) -> None:
    monkeypatch.setattr(sending, "FIRST_WAIT", timedelta(hours=1))
    monkeypatch.setattr(sending, "LONGEST_WAIT", timedelta(hours=1))
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
def test_a_refusal_is_final_and_says_why(
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


def test_after_a_refusal_the_next_message_leaves(
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
    eventually(lambda: desk.connectors.connector_resource("toy").state == "attention")
    shape = desk.connectors.connector_resource("toy")
    assert shape.last_error == "The toy does not know this key."
    assert desk.connectors.connector_resource("other").state == "ok"
    found = desk.waits_until(ours, "queued")
    assert found.code == "credentials_refused"
    assert found.reason == f"{shape.last_error} {WAITS_FOR_ADMIN}"
    desk.delivers()  # the admin mended it
    desk.waits_until(ours, "sent")


def test_a_connector_that_works_again_needs_nobody(
    desk: Desk, anna: Customer, provider: ToyProvider
) -> None:
    desk.connectors.mark_attention("toy", "The toy does not know this key.")
    ours = desk.replies(says_hello(anna), "Hi")
    desk.delivers()
    desk.waits_until(ours, "sent")
    eventually(lambda: desk.connectors.connector_resource("toy").state == "ok")


def test_a_delivery_fails_after_a_day_of_attempts(
    desk: Desk, anna: Customer, provider: ToyProvider
) -> None:
    provider.goes_away()
    ours = desk.replies(says_hello(anna), "Hi")
    desk.sets_delivery(ours, created_at=a_moment_ago(hours=24, minutes=1))
    desk.delivers()
    assert desk.waits_until(ours, "failed").code == "connection_failed"


def test_a_delivery_does_not_fail_before_a_day_of_attempts(
    desk: Desk, anna: Customer, provider: ToyProvider
) -> None:
    provider.goes_away()
    ours = desk.replies(says_hello(anna), "Hi")
    desk.sets_delivery(ours, created_at=a_moment_ago(hours=23, minutes=59))
    desk.delivers()
    eventually(lambda: desk.delivery(ours).attempts > 2)
    assert desk.delivery(ours).status in ("queued", "sending")


def test_no_message_leaves_for_a_contact_who_said_stop_meanwhile(
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


def test_a_turn_that_was_not_used_can_be_given_back() -> None:
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


def test_stopping_leaves_no_claimed_message_unsent(
    desk: Desk, anna: Customer, boris: Customer, provider: ToyProvider
) -> None:
    """A claim made in the very moment of the stop is still carried out."""
    sent = [desk.replies(says_hello(one), "Hi") for one in (anna, boris)]
    deliverer = desk.delivers()
    deliverer.stop()
    states = {desk.delivery(one).status.value for one in sent}
    assert states <= {"queued", "sent"}
    assert desk.count(deliveries, deliveries.c.status == "sending") == 0
