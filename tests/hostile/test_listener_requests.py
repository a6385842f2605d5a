"""Requests that two programs could read in two ways are refused, and end their connection."""

from __future__ import annotations

import random
import re

import pytest

from hub.listener.head import BadRequest, parse_head
from tests.hostile.conftest import ListenerProcess

SEED = random.SystemRandom().randrange(2**32)

SMUGGLING = {
    "two content lengths": b"Content-Length: 5\r\nContent-Length: 6\r\n",
    "the same content length twice": b"Content-Length: 5\r\nContent-Length: 5\r\n",
    "a list of content lengths": b"Content-Length: 5, 5\r\n",
    "a signed content length": b"Content-Length: +5\r\n",
    "a negative content length": b"Content-Length: -5\r\n",
    "a hexadecimal content length": b"Content-Length: 0x5\r\n",
    "a content length with an underscore": b"Content-Length: 1_0\r\n",
    "a content length in other digits": "Content-Length: ٥\r\n".encode(),
    "an empty content length": b"Content-Length:\r\n",
    "a content length of many digits": b"Content-Length: " + b"9" * 400 + b"\r\n",
    "a length and chunks": b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
    "chunks and a length": b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
    "two transfer encodings": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
    "an unknown transfer encoding": b"Transfer-Encoding: gzip\r\n",
    "an encoding after chunks": b"Transfer-Encoding: chunked, identity\r\n",
    "an encoding before chunks": b"Transfer-Encoding: gzip, chunked\r\n",
    "identity": b"Transfer-Encoding: identity\r\n",
    "a quoted transfer encoding": b'Transfer-Encoding: "chunked"\r\n',
    "a parameter of chunks": b"Transfer-Encoding: chunked;q=1\r\n",
    "a vertical tab in the encoding": b"Transfer-Encoding: \x0bchunked\r\n",
    "a space before the colon": b"Transfer-Encoding : chunked\r\n",
    "a tab before the colon": b"Content-Length\t: 5\r\n",
    "a space before the name": b" Content-Length: 5\r\n",
    "a folded line": b"X-One: a\r\n b\r\n",
    "a folded line with a tab": b"X-One: a\r\n\tTransfer-Encoding: chunked\r\n",
    "a bare LF": b"X-One: a\nContent-Length: 5\r\n",
    "a bare CR": b"X-One: a\rContent-Length: 5\r\n",
    "a NUL in a value": b"X-One: a\0b\r\n",
    "a NUL in a name": b"X\0One: a\r\n",
    "a control character": b"X-One: a\x01b\r\n",
    "a field without a colon": b"Content-Length 5\r\n",
    "a field without a name": b": 5\r\n",
    "a name that is no token": b"Content(Length): 5\r\n",
    "a name beyond ASCII": "Content-Lëngth: 5\r\n".encode(),
    "a second host": b"Host: evil.example\r\n",
    "two content types": b"Content-Type: a/b\r\nContent-Type: c/d\r\n",
    "an unknown expectation": b"Expect: 200-ok\r\n",
    "many fields": b"X: y\r\n" * 300,
    "a field that is too long": b"X: " + b"y" * 5000 + b"\r\n",
}

REQUEST_LINES = {
    "no version": b"GET /",
    "two spaces": b"GET  / HTTP/1.1",
    "a tab": b"GET\t/ HTTP/1.1",
    "a space in the target": b"GET /a b HTTP/1.1",
    "a control character in the target": b"GET /a\x01 HTTP/1.1",
    "no path": b"GET chat HTTP/1.1",
    "an authority": b"CONNECT chat.example:443 HTTP/1.1",
    "another version": b"GET / HTTP/2.0",
    "the preface of HTTP/2": b"PRI * HTTP/2.0",
    "an odd version": b"GET / HTTP/1.10",
    "a version in small letters": b"GET / http/1.1",
    "a method that is no token": b"G{T / HTTP/1.1",
    "nothing but spaces": b"   ",
}

BODIES = {
    "a chunk size that is no number": b"zz\r\nhello\r\n0\r\n\r\n",
    "a signed chunk size": b"+5\r\nhello\r\n0\r\n\r\n",
    "a chunk size with an underscore": b"1_0\r\n0123456789abcdef\r\n0\r\n\r\n",
    "a chunk size with 0x": b"0x5\r\nhello\r\n0\r\n\r\n",
    "an empty chunk size": b"\r\nhello\r\n0\r\n\r\n",
    "a chunk size of many digits": b"0" * 40 + b"5\r\nhello\r\n0\r\n\r\n",
    "a chunk that is longer than it says": b"2\r\nhello\r\n0\r\n\r\n",
    "a chunk line that ends with LF": b"5\nhello\r\n0\r\n\r\n",
    "a long extension": b"5;" + b"x" * 4000 + b"\r\nhello\r\n0\r\n\r\n",
    "many trailers": b"5\r\nhello\r\n0\r\n" + b"a: b\r\n" * 100 + b"\r\n",
}

SECOND = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


def statuses(answer: bytes) -> list[int]:
    return [int(code) for code in re.findall(rb"HTTP/1\.1 (\d{3}) ", answer)]


@pytest.mark.parametrize("field", SMUGGLING.values(), ids=SMUGGLING.keys())
def test_an_ambiguous_field_is_refused_and_nothing_after_it_is_read(
    listener: ListenerProcess, field: bytes
) -> None:
    request = b"POST /echo HTTP/1.1\r\nHost: x\r\n" + field + b"\r\nhello" + SECOND
    answer = listener.answers(request)
    assert len(statuses(answer)) == 1
    assert statuses(answer)[0] in (400, 417, 431)
    assert b"\r\nConnection: close\r\n" in answer


@pytest.mark.parametrize("line", REQUEST_LINES.values(), ids=REQUEST_LINES.keys())
def test_an_odd_request_line_is_refused(listener: ListenerProcess, line: bytes) -> None:
    answer = listener.answers(line + b"\r\nHost: x\r\n\r\n" + SECOND)
    assert len(statuses(answer)) == 1
    assert statuses(answer)[0] in (400, 505)


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_a_chunked_body_that_is_not_of_its_form_is_refused(
    listener: ListenerProcess, body: bytes
) -> None:
    head = b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = listener.answers(head + body + SECOND)
    assert statuses(answer) == [400]


def test_a_head_that_ends_with_bare_line_feeds_is_refused_at_once(
    listener: ListenerProcess,
) -> None:
    assert statuses(listener.answers(b"GET /healthz HTTP/1.1\nHost: x\n\n")) == [400]


def test_a_request_without_a_host_is_refused(listener: ListenerProcess) -> None:
    assert statuses(listener.answers(b"GET /healthz HTTP/1.1\r\n\r\n")) == [400]


def test_a_field_with_an_underscore_does_not_pass_for_another(listener: ListenerProcess) -> None:
    assert listener.get("/address", X_Forwarded_For="198.51.100.7")[1] == b"127.0.0.1"
    head = parse_head(b"GET / HTTP/1.1\r\nHost: x\r\nX_Forwarded_For: 198.51.100.7")
    assert "HTTP_X_FORWARDED_FOR" not in head.environ()


def test_requests_in_a_row_are_answered_in_order(listener: ListenerProcess) -> None:
    chunked = b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    last = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = listener.answers(
        b"\r\n"  # an empty line before a request is no fault
        + b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
        + chunked
        + b"5;name=value\r\nhello\r\n3\r\nyou\r\n0\r\nTrailer: x\r\n\r\n"
        + b"GET http://x/address?a=b HTTP/1.1\r\nHost: x\r\n\r\n"
        + last
    )
    assert statuses(answer) == [200] * 4
    assert re.findall(rb"\r\n\r\n([^H]+)", answer) == [b"5", b"8", b"127.0.0.1", b"ok"]


def test_a_client_that_waits_for_the_go_ahead_gets_it(listener: ListenerProcess) -> None:
    with listener.connects() as client:
        client.sends(
            b"POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
        )
        assert client.reads(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sends(b"hello")
        assert client.reads(b"\r\n\r\n5").startswith(b"HTTP/1.1 200 OK\r\n")


def test_an_unread_body_is_not_the_next_request(listener: ListenerProcess) -> None:
    body = SECOND * 4000  # longer than what comes with the head
    request = b"POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body)
    assert statuses(listener.answers(request + body)) == [401]


def test_every_response_may_not_be_stored_nor_guessed_at(listener: ListenerProcess) -> None:
    for request in (SECOND, b"GET /broken HTTP/1.1\r\nHost: x\r\n\r\n", b"nonsense\r\n\r\n"):
        with listener.connects() as client:
            client.sends(request)
            head = client.reads(b"\r\n\r\n").lower()
        assert b"x-content-type-options: nosniff" in head
        assert b"cache-control: no-store" in head


def test_random_heads_are_read_or_refused_and_nothing_else() -> None:
    print("seed", SEED)
    generator = random.Random(SEED)
    words = [
        b"GET", b" ", b"/", b"HTTP/1.1", b"\r\n", b"\n", b"\r", b":", b"Host", b"x", b"\t", b"\0",
        b"Content-Length", b"Transfer-Encoding", b"chunked", b"5", b",", b"\xff", b"HTTP/1.0",
    ]  # fmt: skip
    start = b"GET / HTTP/1.1\r\nHost: x\r\n"
    for _ in range(20_000):
        data = b"".join(generator.choices(words, k=generator.randrange(1, 12)))
        try:
            head = parse_head(generator.choice((b"", start)) + data)
        except BadRequest:
            continue
        names = [name for name, _ in head.fields]
        assert names.count("content-length") <= 1
        assert "transfer-encoding" not in names or head.length is None
        assert head.length is not None or "content-length" not in names
        assert not re.search(r"[\r\n\0]", "".join(map("".join, head.fields)))
