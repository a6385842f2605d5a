"""Calls to the hub's webhooks: in order per key, and again as often as the provider would."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import requests

from hub.sandbox.base.context import Waitable


@dataclass(frozen=True, slots=True)
class Hook:
    """One request to the hub."""

    url: str
    body: bytes = field(repr=False)
    headers: dict[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of one try. `status` is 0 when nobody answered; then `problem` says why."""

    hook: Hook
    status: int
    body: bytes = field(default=b"", repr=False)
    retry_after: float = 0.0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Policy:
    """When a provider is content, and how long it waits between tries (seconds; end = gives up)."""

    accepts: Callable[[int], bool]
    waits: Callable[[], Iterator[float]]
    timeout: float


Done = Callable[[Attempt], None]


class Hooks:
    """One queue per key. The head of a queue blocks the rest of it; queues run side by side."""

    def __init__(self, policy: Policy, speed: Callable[[], float], at_once: int = 40) -> None:
        self.attempts: Waitable[Attempt] = Waitable()
        self._policy = policy
        self._speed = speed
        self._queues: dict[str, deque[tuple[Hook, Done]]] = {}
        self._changed = threading.Condition()
        self._closed = threading.Event()
        self._slots = threading.Semaphore(at_once)

    def put(self, key: str, hook: Hook, done: Done) -> None:
        """Queues a call. `done` gets the last attempt: the accepted one or the one given up at."""
        with self._changed:
            queue = self._queues.get(key)
            if queue is not None:
                queue.append((hook, done))
                return
            self._queues[key] = deque([(hook, done)])
        threading.Thread(target=self._run, args=(key,), daemon=True).start()

    def post(self, hook: Hook) -> Attempt:
        """One try, now, in this thread."""
        try:
            answer = requests.post(
                hook.url,
                data=hook.body,
                headers=hook.headers,
                timeout=self._policy.timeout,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            attempt = Attempt(hook, 0, problem=type(error).__name__)
        else:
            wait = answer.headers.get("Retry-After", "")
            attempt = Attempt(
                hook, answer.status_code, answer.content, float(wait) if wait.isdigit() else 0.0
            )
        self.attempts.append(attempt)
        return attempt

    def forget(self) -> None:
        """Drops what waits."""
        with self._changed:
            for queue in self._queues.values():
                queue.clear()
            self._changed.notify_all()

    def wait_until_empty(self, timeout: float = 5.0) -> None:
        """Raises AssertionError when something still waits after `timeout` seconds."""
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
                hook, done = queue[0]
            with self._slots:
                attempt = self._deliver(hook, queue)
            if attempt is not None:
                done(attempt)
            with self._changed:
                if queue and queue[0][0] is hook:
                    queue.popleft()

    def _deliver(self, hook: Hook, queue: deque[tuple[Hook, Done]]) -> Attempt | None:
        attempt = self.post(hook)
        for pause in self._policy.waits():
            if self._policy.accepts(attempt.status):
                break
            wait = attempt.retry_after or pause
            if self._closed.wait(wait / self._speed()) or not queue:
                return None
            attempt = self.post(hook)
        return attempt


def doubling(first: float, cap: float) -> Iterator[float]:
    """0, first, 2*first, ... up to `cap`, for ever: the first retry comes at once."""
    yield 0.0
    pause = first
    while True:
        yield pause
        pause = min(pause * 2, cap)


def never() -> Iterator[float]:
    return iter(())
