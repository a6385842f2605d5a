"""What processes send each other: signed, numbered, and missed only noticeably."""

from __future__ import annotations

import threading

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.inbox.peers.channel import PeerChannel
from hub.inbox.peers.envelope import Envelope, Refused, Signer
from hub.inbox.peers.gaps import SETTLED_SECONDS, SILENT_SECONDS, Arrival, Gaps
from tests.harness import eventually

SIGNER = Signer("the key of the hub", "0123")
EVENT = Envelope("a", 1, "event", {"method": "emit", "data": ["ü", None, 1.5]})


def refusal(sealed: bytes) -> str:
    with pytest.raises(Refused) as refused:
        SIGNER.open(sealed)
    return refused.value.reason


# -- signatures ------------------------------------------------------------------------------------


def test_an_envelope_comes_out_as_it_went_in() -> None:
    for envelope in (EVENT, Envelope("a", 7, "alive"), Envelope("a", 7, "bye")):
        assert SIGNER.open(SIGNER.seal(envelope)) == envelope


@pytest.mark.parametrize(
    "forged",
    [
        b"",
        b"{}",
        orjson.dumps({"method": "emit", "event": "x", "data": [], "host_id": "b"}),
        b"\x80\x04\x95 a pickle that nobody may open",
        b"0" * 64,
        b"\xff" * 200,
    ],
)
def test_what_is_not_signed_is_refused(forged: bytes) -> None:
    assert refusal(forged) in ("unsigned", "signature")


def test_another_hubs_envelope_is_refused_also_with_the_same_key() -> None:
    assert refusal(Signer("the key of the hub", "4567").seal(EVENT)) == "signature"
    assert refusal(Signer("another key", "0123").seal(EVENT)) == "signature"


@given(st.data())
def test_one_changed_bit_is_refused(data: st.DataObject) -> None:
    sealed = bytearray(SIGNER.seal(EVENT))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    assert refusal(bytes(sealed)) in ("unsigned", "signature")


def test_a_signed_envelope_of_another_form_is_refused() -> None:
    for content in (b"[]", b"{", b'{"process": "a"}', b'{"v": 2}'):
        assert refusal(SIGNER._sign(content) + b" " + content) == "unreadable"
    assert refusal(SIGNER.seal(Envelope("a", 1, "later"))) == "unreadable"  # type: ignore[arg-type]


def test_a_process_knows_its_own_events_without_opening_them() -> None:
    assert SIGNER.is_own_event(SIGNER.seal(EVENT), "a")
    for process in ("b", "", "a1"):
        assert not SIGNER.is_own_event(SIGNER.seal(EVENT), process)
    # By its signs of life a process hears whether the way there and back works.
    for envelope in (Envelope("a", 7, "alive"), Envelope("a", 7, "bye")):
        assert not SIGNER.is_own_event(SIGNER.seal(envelope), "a")
    assert not SIGNER.is_own_event(b"", "a")


# -- gaps ------------------------------------------------------------------------------------------


def event(number: int, process: str = "a") -> Envelope:
    return Envelope(process, number, "event", {})


def alive(number: int, process: str = "a") -> Envelope:
    return Envelope(process, number, "alive")


@pytest.fixture
def gaps() -> Gaps:
    """Subscribed a while ago."""
    made = Gaps()
    made.subscribed(-SETTLED_SECONDS - 1)
    return made


def test_events_in_their_order_are_new_and_leave_no_gap(gaps: Gaps) -> None:
    assert [gaps.arrived(event(n), 0) for n in (1, 2, 3)] == [Arrival(True, False)] * 3


def test_an_event_that_comes_again_is_not_new(gaps: Gaps) -> None:
    gaps.arrived(event(1), 0)
    assert gaps.arrived(event(1), 0) == Arrival(False, False)


def test_a_number_left_out_is_a_gap_once(gaps: Gaps) -> None:
    gaps.arrived(event(1), 0)
    assert gaps.arrived(event(3), 0) == Arrival(True, True)
    assert gaps.arrived(event(4), 0) == Arrival(True, False)


def test_the_sign_of_life_shows_a_gap_at_the_end(gaps: Gaps) -> None:
    gaps.arrived(event(1), 0)
    assert gaps.arrived(alive(1), 0) == Arrival(False, False)
    assert gaps.arrived(alive(2), 0) == Arrival(False, True)
    assert gaps.arrived(Envelope("a", 3, "bye"), 0) == Arrival(False, True)


def test_the_first_word_of_a_new_process_shows_what_it_could_not_say(gaps: Gaps) -> None:
    assert gaps.arrived(event(2), 0) == Arrival(True, True)
    assert gaps.arrived(alive(0, "b"), 0) == Arrival(False, False)


def test_what_older_processes_said_before_the_first_subscription_is_no_gap() -> None:
    gaps = Gaps()
    gaps.subscribed(10)
    assert gaps.arrived(event(41), 10.5) == Arrival(True, False)
    assert gaps.arrived(alive(7, "b"), 11) == Arrival(False, False)


def test_what_was_said_before_a_later_subscription_is_a_gap() -> None:
    gaps = Gaps()
    gaps.subscribed(0)
    gaps.arrived(event(41), 1)
    gaps.subscribed(100)
    assert gaps.forget_silent(100.5) == []
    assert gaps.arrived(alive(42), 101).has_gap
    assert gaps.arrived(alive(3, "b"), 101).has_gap


def test_a_process_that_falls_silent_is_told_once_and_one_that_said_goodbye_never(
    gaps: Gaps,
) -> None:
    gaps.arrived(alive(1), 0)
    gaps.arrived(alive(1, "b"), 0)
    gaps.arrived(Envelope("b", 1, "bye"), 1)
    assert gaps.forget_silent(SILENT_SECONDS) == []
    assert gaps.forget_silent(SILENT_SECONDS + 0.1) == ["a"]
    assert gaps.forget_silent(SILENT_SECONDS + 9) == []


@given(st.lists(st.booleans(), min_size=1, max_size=30))
def test_whatever_is_lost_is_noticed_by_the_next_sign_of_life(arrives: list[bool]) -> None:
    gaps = Gaps()
    gaps.subscribed(-SETTLED_SECONDS - 1)
    noticed = [
        gaps.arrived(event(number), 0).has_gap for number, comes in enumerate(arrives, 1) if comes
    ]
    noticed.append(gaps.arrived(alive(len(arrives)), 0).has_gap)
    assert any(noticed) == (not all(arrives))
    assert not gaps.arrived(alive(len(arrives)), 0).has_gap


# -- the channel -----------------------------------------------------------------------------------


@pytest.fixture
def channel() -> PeerChannel:
    """Not started: it reaches no Redis."""
    return PeerChannel("redis://127.0.0.1:1/0", "0123", "a", SIGNER)


def test_a_gap_right_after_the_start_reaches_back_to_the_start_and_no_further(
    channel: PeerChannel,
) -> None:
    asked: list[float] = []
    channel.on_resync(asked.append)
    for _ in range(2):
        channel._missed("silent")
    assert all(0 < seconds < 60 for seconds in asked)


def test_numbers_leave_in_their_order_whoever_writes(channel: PeerChannel) -> None:
    def write() -> None:
        for _ in range(200):
            channel.publish({})
            channel._put("alive")

    writers = [threading.Thread(target=write) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(10)
    gaps = Gaps()
    gaps.subscribed(-SETTLED_SECONDS - 1)
    while not channel._outgoing.empty():
        envelope = channel._outgoing.get_nowait()
        assert gaps.arrived(envelope, 0) == Arrival(envelope.kind == "event", False)


def test_more_than_redis_takes_is_dropped_and_noticed(
    channel: PeerChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel._outgoing.maxsize = 3
    for _ in range(5):
        channel.publish({})
    gaps = Gaps()
    gaps.subscribed(-SETTLED_SECONDS - 1)
    while not channel._outgoing.empty():
        gaps.arrived(channel._outgoing.get_nowait(), 0)
    channel._put("alive")
    assert gaps.arrived(channel._outgoing.get_nowait(), 0).has_gap


class FakeRedis:
    """Keeps what is published; `is_broken` answers with an error that no library names."""

    def __init__(self) -> None:
        self.published: list[bytes] = []
        self.is_broken = False

    def publish(self, _channel: str, data: bytes) -> None:
        if self.is_broken:
            raise ValueError("something new")
        self.published.append(data)

    def close(self) -> None:
        pass


def test_nothing_follows_a_goodbye_and_no_error_ends_the_publishing(
    channel: PeerChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    redis = FakeRedis()
    monkeypatch.setattr(channel, "_open", lambda: redis)
    monkeypatch.setattr("hub.inbox.peers.channel.ALIVE_SECONDS", 0.01)
    publishing = threading.Thread(target=channel._publish_all)
    publishing.start()
    try:
        eventually(lambda: redis.published, 5)
        redis.is_broken = True
        channel._put("alive")
        eventually(channel._outgoing.empty, 5)
        redis.is_broken = False
        known = len(redis.published)
        eventually(lambda: len(redis.published) > known, 5)
        channel._is_leaving = True
        channel._put("bye")
        eventually(lambda: SIGNER.open(redis.published[-1]).kind == "bye", 5)
        channel._put("event")
        eventually(channel._outgoing.empty, 5)
        assert SIGNER.open(redis.published[-1]).kind == "bye"
    finally:
        channel._stop.set()
        publishing.join(5)
