"""Clients that are slow, many or gone: the listener goes on, and answers everybody else."""

from __future__ import annotations

import contextlib
import resource
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness import eventually
from tests.hostile.conftest import RUNTIMES, Client, ListenerProcess, listener_process

HEALTH = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
HEAD = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"


def descriptors(listener: ListenerProcess) -> int:
    return sum(1 for _ in Path(f"/proc/{listener.process.pid}/fd").iterdir())


def is_answering(listener: ListenerProcess) -> bool:
    return listener.get("/healthz") == (200, b"ok")


def clients(listener: ListenerProcess, count: int) -> Iterator[Client]:
    for _ in range(count):
        yield listener.connects()


# -- slow -----------------------------------------------------------------------------------------


def test_a_head_that_comes_byte_by_byte_is_given_up(listener: ListenerProcess) -> None:
    with listener.connects() as client:
        client.socket.settimeout(0.1)
        begin = time.monotonic()
        answer = b""
        for byte in b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: " + b"y" * 1000:
            client.sends(bytes([byte]))
            with contextlib.suppress(TimeoutError):
                answer = client.socket.recv(1000)
                break
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert time.monotonic() - begin < 5  # each byte alone came within the limit of a second


def test_a_body_that_comes_byte_by_byte_is_given_up(listener: ListenerProcess) -> None:
    with listener.connects() as client:
        client.sends(HEAD % 5000)
        client.socket.settimeout(0.1)
        answer = b""
        for _ in range(200):
            client.sends(b"x")
            with contextlib.suppress(TimeoutError):
                answer = client.socket.recv(1000)
                break
        assert answer.startswith(b"HTTP/1.1 408 ")


def test_a_body_may_take_the_time_of_the_minimum_rate(listener: ListenerProcess) -> None:
    # 200,000 bytes may take one second and two more; they come in about one and a half.
    with listener.connects() as client:
        client.sends(HEAD % 200_000)
        for _ in range(4):
            time.sleep(0.35)  # the pace itself is the condition that is tested
            client.sends(b"x" * 50_000)
        assert client.reads(b"200000").startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_connection_without_a_request_is_closed(listener: ListenerProcess) -> None:
    with listener.connects() as silent, listener.connects() as idle:
        idle.sends(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert idle.reads(b"ok").endswith(b"ok")
        assert silent.reads_all() == b""
        assert idle.reads_all() == b""


def test_four_hundred_slow_clients_hold_nobody_up(listener: ListenerProcess) -> None:
    with contextlib.ExitStack() as stack:
        for number, client in enumerate(clients(listener, 400)):
            stack.enter_context(client)
            client.sends((b"GET /healthz HTT", HEAD % 10_000 + b"x")[number % 2])
        assert is_answering(listener)


def test_a_client_that_does_not_read_holds_nobody_up(listener: ListenerProcess) -> None:
    with listener.connects() as client:
        client.sends(b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n" * 20)
        assert is_answering(listener)


# -- gone -----------------------------------------------------------------------------------------


def test_connections_that_were_reset_free_their_descriptors_at_once(
    listener: ListenerProcess,
) -> None:
    eventually(lambda: descriptors(listener) < 40, expected="the connections before are over")
    before = descriptors(listener)
    half_sent = (b"", b"POST /echo HT", HEAD % 10_000 + b"x" * 5000, HEAD % 400_000 + b"x" * 90_000)
    for number, client in enumerate(list(clients(listener, 300))):
        client.sends(half_sent[number % 4])
        client.resets()
    begin = time.monotonic()
    eventually(lambda: descriptors(listener) <= before, expected="the descriptors")
    # Not by a time-out: the shortest of this listener is a second, and those of others minutes.
    assert time.monotonic() - begin < 0.9


# -- memory and disk ------------------------------------------------------------------------------


def test_an_unfinished_large_body_waits_on_disk(listener: ListenerProcess) -> None:
    with listener.connects() as client:
        client.sends(HEAD % 500_000 + b"x" * 250_000)
        assert is_answering(listener)
        client.sends(b"x" * 250_000)
        # 500,000 bytes are more than the requests of this listener may hold in memory together.
        assert client.reads(b"\r\n\r\n").startswith(b"HTTP/1.1 503 ")


def test_bodies_beyond_the_budget_are_refused_and_the_budget_comes_back(
    listener: ListenerProcess,
) -> None:
    for _ in range(3):
        with contextlib.ExitStack() as stack:
            waiting = [stack.enter_context(client) for client in clients(listener, 12)]
            for client in waiting:
                client.sends(
                    HEAD % 200_000 + b"x" * 100_000
                )  # 600,000 bytes of disk: six have room
            for client in waiting:
                client.sends(b"x" * 100_000)
            answers = [client.reads(b"\r\n\r\n") for client in waiting]
            refused = [answer for answer in answers if answer.startswith(b"HTTP/1.1 503 ")]
            assert 0 < len(refused) <= len(answers)
            assert all(b"\r\nRetry-After: " in answer for answer in refused)
        small = HEAD % 50_000 + b"x" * 50_000
        with listener.connects() as client:
            client.sends(small)
            assert client.reads(b"50000").startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_body_that_is_too_long_is_refused_by_its_length_and_by_its_chunks(
    listener: ListenerProcess,
) -> None:
    assert listener.answers(HEAD % 10_000_000).startswith(b"HTTP/1.1 413 ")
    chunked = b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks = b"%x\r\n%b\r\n" % (50_000, b"x" * 50_000)
    with listener.connects() as client:
        client.sends(chunked + chunks * 12)
        assert client.reads(b"\r\n\r\n").startswith((b"HTTP/1.1 413 ", b"HTTP/1.1 503 "))


@pytest.mark.parametrize("threads", RUNTIMES)
def test_long_heads_without_an_end_stay_within_the_budget_too(threads: str) -> None:
    with (
        listener_process(threads, body_memory_bytes=300_000, header_seconds=2) as listener,
        contextlib.ExitStack() as stack,
    ):
        waiting = [stack.enter_context(client) for client in clients(listener, 20)]
        for client in waiting:
            client.sends(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: " + b"y" * 30_000)
        answers = [client.reads_all() for client in waiting]
        refused = [answer for answer in answers if answer.startswith(b"HTTP/1.1 503 ")]
        assert len(refused) >= 10
        assert all(b"\r\nRetry-After: " in answer for answer in refused)
        assert is_answering(listener)


# -- many -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("threads", RUNTIMES)
def test_connections_above_the_limit_are_refused_with_the_time_to_try_again(threads: str) -> None:
    with (
        listener_process(threads, max_connections=20) as listener,
        contextlib.ExitStack() as stack,
    ):
        held = [stack.enter_context(client) for client in clients(listener, 20)]
        for client in held:
            client.sends(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert client.reads(b"ok").startswith(b"HTTP/1.1 200 OK\r\n")
        answer = listener.answers(HEALTH)
        assert answer.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
        assert b"\r\nRetry-After: " in answer
        assert b"\r\nConnection: close\r\n" in answer
        held[0].socket.close()
        eventually(lambda: is_answering(listener), expected="room for the next client")


@pytest.mark.parametrize("threads", RUNTIMES)
def test_a_listener_without_descriptors_goes_on_when_there_are_some(threads: str) -> None:
    def few_descriptors() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))

    with listener_process(threads, preexec=few_descriptors) as listener:
        assert listener.get("/exhaust")[0] == 200
        with contextlib.ExitStack() as stack:
            # Connections that just ended give their descriptors back a moment later.
            for _ in range(10):
                kept = stack.enter_context(listener.connects())
                kept.sends(HEALTH.replace(b"Connection: close\r\n", b""))
                if kept.reads(b"\r\n\r\n").startswith(b"HTTP/1.1 503 "):
                    break
            for _ in range(5):
                assert listener.answers(HEALTH).startswith(b"HTTP/1.1 503 ")
        assert listener.tell("release") == "listens"
        assert all(is_answering(listener) for _ in range(10))


@pytest.mark.parametrize("threads", RUNTIMES)
def test_a_listener_raises_the_soft_limit_of_descriptors(threads: str) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)

    def few_at_first() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, min(hard, 4096)))

    with (
        listener_process(threads, preexec=few_at_first) as listener,
        contextlib.ExitStack() as stack,
    ):
        for client in clients(listener, 300):
            stack.enter_context(client)
        assert is_answering(listener)


@pytest.mark.parametrize("threads", RUNTIMES)
def test_each_client_behind_a_trusted_proxy_is_counted_for_itself(threads: str) -> None:
    with (
        listener_process(threads, trusted_proxies=1, max_connections_per_address=5) as listener,
        contextlib.ExitStack() as stack,
    ):
        greedy = b"X-Forwarded-For: 203.0.113.9, 198.51.100.7\r\n"
        for client in clients(listener, 5):
            stack.enter_context(client).sends((HEAD % 10)[:-2] + greedy + b"\r\n")

        def status(forwarded_for: str) -> int:
            return listener.get("/address", X_Forwarded_For=forwarded_for)[0]

        eventually(lambda: status("198.51.100.7") == 503, expected="the limit of one client")
        assert status("203.0.113.9, 198.51.100.7") == 503
        # What the client wrote itself stands further left, and counts for nothing.
        assert status("198.51.100.7, 203.0.113.9") == 200
        assert is_answering(listener)


# -- the end --------------------------------------------------------------------------------------


@pytest.mark.parametrize("threads", RUNTIMES)
def test_a_listener_whose_socket_is_closed_says_so(threads: str) -> None:
    with listener_process(threads) as listener:
        assert listener.tell("nothing") == "listens"
        assert listener.tell("break") == "gone"
