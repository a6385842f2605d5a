"""Files that share a call which the provider refuses: each then leaves by itself, and once."""

from __future__ import annotations

import pytest

from hub.errors import RefusedTogether, Rejected
from hub.outbound import outbox
from tests.core.desk import Desk
from tests.core.steps import claim_now, retry, says_hello
from tests.core.toys import ToyProvider, a_moment_ago

pytestmark = pytest.mark.usefixtures("quick")


def test_an_album_that_is_refused_leaves_file_by_file(desk: Desk, provider: ToyProvider) -> None:
    provider.refuses_albums()
    ours = desk.replies(says_hello(desk.customer("dora", "album")), "front+back+side|Which one?")
    desk.delivers()
    assert not desk.waits_until(ours, "sent").maybe_twice
    assert provider.texts == ["front", "back", "side", "Which one?"]


def test_what_left_before_the_refused_album_does_not_leave_again(
    desk: Desk, provider: ToyProvider
) -> None:
    provider.takes_one_more_first()
    provider.takes_one_more_first()
    provider.refuses_albums()
    ours = desk.replies(says_hello(desk.customer("dora", "album")), "a+b|c|d+e|f+g")
    desk.delivers()
    desk.waits_until(ours, "sent")
    assert provider.texts == ["a+b", "c", "d", "e", "f", "g"]


@pytest.mark.parametrize("left", range(4))
def test_a_process_that_dies_between_the_files_of_an_album_sends_none_twice(
    left: int, desk: Desk, provider: ToyProvider
) -> None:
    provider.refuses_albums()
    ours = desk.replies(says_hello(desk.customer("dora", "album")), "a+b+c+d")
    claim = claim_now(desk, "album")
    assert claim is not None
    # This is how far the process came that was killed.
    assert desk.store.write(lambda tx: outbox.send_singly(tx, claim, 0))
    desk.sets_delivery(ours, parts_sent=left, status="queued", lease_until=None)
    desk.delivers()
    assert not desk.waits_until(ours, "sent").maybe_twice
    assert provider.texts == ["a", "b", "c", "d"][left:]


def test_a_worker_that_lost_its_claim_sends_no_file_of_a_refused_album(
    desk: Desk, provider: ToyProvider
) -> None:
    desk.replies(says_hello(desk.customer("dora", "album")), "a+b")
    stale = claim_now(desk, "album")
    assert stale is not None
    desk.sets_delivery(desk.message(stale.message_id), lease_until=a_moment_ago(seconds=1))
    assert claim_now(desk, "album") is not None
    assert not desk.store.write(lambda tx: outbox.send_singly(tx, stale, 0))


def test_a_file_that_is_refused_by_itself_fails_the_message_and_a_retry_sends_the_rest(
    desk: Desk, provider: ToyProvider
) -> None:
    provider.refuses(RefusedTogether("One of these is odd."))
    provider.takes_one_more_first()
    provider.refuses(Rejected("This one is odd."))
    ours = desk.replies(says_hello(desk.customer("dora", "album")), "a+b+c")
    worker = desk.delivers()
    failed = desk.waits_until(ours, "failed")
    assert "This one is odd." in failed.reason
    assert "arrived" in failed.reason
    retry(desk, ours)
    worker.wake()
    desk.waits_until(ours, "sent")
    assert provider.texts == ["a", "b", "c"]


def test_a_lost_answer_in_the_middle_repeats_that_file_alone(
    desk: Desk, provider: ToyProvider
) -> None:
    provider.refuses(RefusedTogether("One of these is odd."))
    provider.takes_one_more_first()
    provider.loses_the_answer()
    ours = desk.replies(says_hello(desk.customer("dora", "album")), "a+b+c")
    desk.delivers()
    assert desk.waits_until(ours, "sent").maybe_twice
    assert provider.texts == ["a", "b", "b", "c"]


def test_a_channel_without_calls_of_several_files_fails_the_message(
    desk: Desk, provider: ToyProvider
) -> None:
    provider.refuses(RefusedTogether("One of these is odd."))
    ours = desk.replies(says_hello(desk.customer("anna")), "a+b")
    desk.delivers()
    assert desk.waits_until(ours, "failed").code == "rejected"
    assert provider.texts == []
