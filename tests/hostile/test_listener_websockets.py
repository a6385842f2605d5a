"""Websocket messages are bounded as a whole, however many frames they come in."""

from __future__ import annotations

import contextlib
import os
import random
import struct
import time
from pathlib import Path

import pytest

from hub.listener.websocket import unmask
from tests.hostile.conftest import Client, ListenerProcess

SEED = random.SystemRandom().randrange(2**32)
UPGRADE = (
    b"GET /websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n"
)
TEXT, CONTINUATION, CLOSE, PING = 1, 0, 8, 9


def frame(opcode: int, payload: bytes, *, final: bool = True, masked: bool = True) -> bytes:
    head = bytes([(0x80 if final else 0) | opcode])
    size = len(payload)
    flag = 0x80 if masked else 0
    if size < 126:
        head += bytes([flag | size])
    elif size < 65536:
        head += bytes([flag | 126]) + struct.pack("!H", size)
    else:
        head += bytes([flag | 127]) + struct.pack("!Q", size)
    mask = os.urandom(4) if masked else b""
    return head + mask + (unmask(payload, mask) if masked else payload)


def opens(listener: ListenerProcess) -> Client:
    client = listener.connects()
    client.sends(UPGRADE)
    answer = client.reads(b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 101 ")
    # The windows of a compressor would take more than all else of an open chat.
    assert b"permessage-deflate" not in answer
    return client


def close_code(answer: bytes) -> int:
    """The code in the first close frame of an answer without other frames."""
    assert answer[:1] == bytes([0x80 | CLOSE])
    return int(struct.unpack("!H", answer[2:4])[0])


def test_a_message_comes_in_frames_with_pings_between(listener: ListenerProcess) -> None:
    with opens(listener) as client:
        client.sends(frame(TEXT, b"hel", final=False) + frame(PING, b"you?"))
        client.sends(frame(CONTINUATION, b"", final=False) + frame(CONTINUATION, b"lo"))
        assert client.reads(b"\x81\x015") == b"\x8a\x04you?" + b"\x81\x015"


def test_a_long_message_arrives_as_it_was_sent(listener: ListenerProcess) -> None:
    with opens(listener) as client:
        client.sends(frame(TEXT, b"x" * 99_999))
        assert client.reads(b"99999") == b"\x81\x0599999"


FAULTS = {
    "a frame without a mask": (frame(TEXT, b"hello", masked=False), 1002),
    "an unknown opcode": (frame(3, b"hello"), 1002),
    "a compressed frame": (bytes([0x80 | 0x40 | TEXT]) + frame(TEXT, b"x")[1:], 1002),
    "a continuation of nothing": (frame(CONTINUATION, b"hello"), 1002),
    "a second beginning": (frame(TEXT, b"a", final=False) + frame(TEXT, b"b"), 1002),
    "a ping in two frames": (frame(PING, b"a", final=False), 1002),
    "a long ping": (frame(PING, b"x" * 126), 1002),
    "a text that is no UTF-8": (frame(TEXT, b"\xff\xfe"), 1007),
    "a frame that is too long": (frame(TEXT, b"x" * 100_001), 1009),
    "a frame of 2^63 bytes": (b"\x81\xff\x7f" + b"\xff" * 7 + b"mask", 1009),
    "frames that are too long together": (
        frame(TEXT, b"x" * 60_000, final=False) + frame(CONTINUATION, b"x" * 60_000),
        1009,
    ),
}


@pytest.mark.parametrize(("sent", "code"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_closes_the_websocket_with_its_code(
    listener: ListenerProcess, sent: bytes, code: int
) -> None:
    with opens(listener) as client:
        client.sends(sent)
        assert close_code(client.reads_all()) == code


def test_fragments_without_an_end_stay_within_one_budget(listener: ListenerProcess) -> None:
    # Forty times 60,000 bytes; all clients of this listener together may hold 300,000.
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(opens(listener)) for _ in range(40)]
        for client in sockets:
            client.sends(frame(TEXT, b"x" * 60_000, final=False))
        answers = [client.reads_all() for client in sockets]
    codes = [close_code(answer) for answer in answers if answer]
    assert codes == [1013] * 35  # try again later
    with opens(listener) as client:  # and what they held is given back
        client.sends(frame(TEXT, b"x" * 90_000))
        assert client.reads(b"90000") == b"\x81\x0590000"


def test_empty_fragments_without_an_end_are_given_up(listener: ListenerProcess) -> None:
    memory = Path(f"/proc/{listener.process.pid}/statm")
    with opens(listener) as client:
        client.sends(frame(TEXT, b"", final=False))
        before = int(memory.read_text().split()[1])
        client.socket.settimeout(0.01)
        begin = time.monotonic()
        is_over = False
        while not is_over and time.monotonic() - begin < 20:
            with contextlib.suppress(TimeoutError):
                client.sends(frame(CONTINUATION, b"", final=False) * 1000)
                is_over = client.socket.recv(100)[:1] in (b"", b"\x88")
        assert is_over
        assert int(memory.read_text().split()[1]) - before < 1000  # pages of 4 KB


def test_an_unfinished_frame_is_given_up(listener: ListenerProcess) -> None:
    with opens(listener) as client:
        client.sends(frame(TEXT, b"hello")[:7])
        assert client.reads_all() == b""


def test_pieces_of_a_frame_are_unmasked_as_they_were_masked() -> None:
    print("seed", SEED)
    generator = random.Random(SEED)
    for size in (*range(10), 1000, 65_537):
        payload, mask = generator.randbytes(size), generator.randbytes(4)
        masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
        cut = generator.randrange(size + 1)
        assert unmask(masked[:cut], mask) + unmask(masked[cut:], mask, cut) == payload
