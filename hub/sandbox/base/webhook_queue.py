"""Calls to the hub's webhooks: in order per queue, repeated as often as the provider would."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import requests

from hub.sandbox.base.waitable import Waitable


@dataclass(frozen=True, slots=True)
class WebhookCall:
    """One POST request to the hub."""

    url: str
    body: bytes = field(repr=False)
    headers: dict[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Attempt:
    """The result of one request. `status` is 0 without an answer; then `problem` says why."""

    call: WebhookCall
    status: int
    body: bytes = field(default=b"", repr=False)
    retry_after: float = 0.0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Which answers a provider accepts, and how often it tries again.

    Args:
        accepts: whether an HTTP status ends the tries.
        waits: the pauses between tries, in seconds; after the last one the provider gives up.
        timeout: how long the provider waits for an answer, in seconds.
    """

    accepts: Callable[[int], bool]
    waits: Callable[[], Iterator[float]]
    timeout: float


#: Gets the last attempt of a call: the accepted one, or the one after which the provider gave up.
OnFinished = Callable[[Attempt], None]


class WebhookQueue:
    """Any number of queues: the calls of one leave in order, the queues run side by side."""

    def __init__(self, policy: RetryPolicy, speed: Callable[[], float], at_once: int = 40) -> None:
        self.attempts: Waitable[Attempt] = Waitable()
        self._policy = policy
        self._speed = speed
        self._queues: dict[str, deque[tuple[WebhookCall, OnFinished]]] = {}
        self._changed = threading.Condition()
        self._closed = threading.Event()
        self._slots = threading.Semaphore(at_once)

    def put(self, key: str, call: WebhookCall, on_finished: OnFinished) -> None:
        """Adds a call to the queue of this name."""
        with self._changed:
            queue = self._queues.get(key)
            if queue is not None:
                queue.append((call, on_finished))
                return
            self._queues[key] = deque([(call, on_finished)])
        threading.Thread(target=self._run, args=(key,), daemon=True).start()

    def post(self, call: WebhookCall) -> Attempt:
        """Sends a call once, in this thread."""
        try:
            answer = requests.post(
                call.url,
                data=call.body,
                headers=call.headers,
                timeout=self._policy.timeout,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            attempt = Attempt(call, 0, problem=type(error).__name__)
        else:
            wait = answer.headers.get("Retry-After", "")
            attempt = Attempt(
                call, answer.status_code, answer.content, float(wait) if wait.isdigit() else 0.0
            )
        self.attempts.append(attempt)
        return attempt

    def forget(self) -> None:
        """Drops the waiting calls."""
        with self._changed:
            for queue in self._queues.values():
                queue.clear()
            self._changed.notify_all()

    def wait_until_empty(self, timeout: float = 5.0) -> None:
        """Raises AssertionError when a call still waits after `timeout` seconds."""
        with self._changed:
            if not self._changed.wait_for(lambda: not self._queues, timeout):
                raise AssertionError(f"undelivered webhooks: {self._queues}")

    def close(self) -> None:
        self._closed.set()
        self.forget()

    def _run(self, key: str) -> None:
        while True:
            with self._changed:
                queue = self._queues[key]
                if not queue:
                    del self._queues[key]
                    self._changed.notify_all()
                    return
                call, on_finished = queue[0]
            with self._slots:
                attempt = self._deliver(call, queue)
            if attempt is not None:
                on_finished(attempt)
            with self._changed:
                if queue and queue[0][0] is call:
                    queue.popleft()

    def _deliver(
        self, call: WebhookCall, queue: deque[tuple[WebhookCall, OnFinished]]
    ) -> Attempt | None:
        attempt = self.post(call)
        for pause in self._policy.waits():
            if self._policy.accepts(attempt.status):
                break
            wait = attempt.retry_after or pause
            if self._closed.wait(wait / self._speed()) or not queue:
                return None
            attempt = self.post(call)
        return attempt


def doubling(first: float, cap: float) -> Iterator[float]:
    """Yields 0, first, 2 * first, ... up to `cap`, for ever: the first retry comes at once."""
    yield 0.0
    pause = first
    while True:
        yield pause
        pause = min(pause * 2, cap)


def never() -> Iterator[float]:
    """Yields no pause: the provider gives up after the first try."""
    return iter(())
