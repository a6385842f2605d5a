"""Meta's signed calls to the hub: one event, or many in one request.

Sources: https://developers.facebook.com/docs/messenger-platform/webhooks,
https://developers.facebook.com/docs/graph-api/webhooks/getting-started
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import requests

from hub.sandbox.base.context import Shared
from hub.sandbox.base.webhook_queue import Attempt, Hook, Hooks, Policy, doubling

Json = dict[str, Any]
Done = Callable[[bool], None]

FIELDS = frozenset(
    [
        "messages",
        "message_echoes",
        "messaging_postbacks",
        "messaging_referrals",
        "message_deliveries",
        "message_reads",
        "message_reactions",
        "message_edits",
        "messaging_optins",
    ]
)


def encoded(payload: Json) -> bytes:
    """JSON as Meta writes it: ASCII only, slashes escaped. The signature is over these bytes."""
    return json.dumps(payload, separators=(",", ":")).replace("/", "\\/").encode()


def signature(secret: str, body: bytes) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


class Webhooks:
    """Sends events of one page; keeps those together that are sent inside `batch`."""

    def __init__(self, shared: Shared, page_id: str, secret: str, url: Callable[[], str]) -> None:
        self.fields = FIELDS
        self._shared = shared
        self._page_id = page_id
        self._secret = secret
        self._url = url
        self._batch: list[tuple[Json, Done]] | None = None
        self._lock = threading.RLock()
        policy = Policy(lambda status: status == 200, lambda: doubling(5, 3600), timeout=20)
        self.hooks = Hooks(policy, lambda: shared.speed)

    def send(self, field: str, event: Json, done: Done = lambda _: None) -> None:
        """Queues an event behind the others of the same person, if the page subscribed to it."""
        if field not in self.fields:
            return
        with self._lock:
            if self._batch is not None:
                self._batch.append((event, done))
                return
        person = next(
            who for key in ("sender", "recipient") if (who := event[key]["id"]) != self._page_id
        )
        self._put(person, self.hook([event]), [done])

    def send_now(self, field: str, event: Json) -> Attempt | None:
        """One try in this thread: the event is there before the caller goes on."""
        return self.hooks.post(self.hook([event])) if field in self.fields else None

    def hook(self, events: list[Json], secret: str = "") -> Hook:
        """The request for these events, one entry each as in a busy minute at Meta."""
        now = int(self._shared.clock.now().timestamp() * 1000)
        entries = [{"id": self._page_id, "time": now, "messaging": [event]} for event in events]
        body = encoded({"object": "page", "entry": entries})
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "facebookexternalua",
            "X-Hub-Signature-256": signature(secret or self._secret, body),
        }
        return Hook(self._url(), body, headers)

    @contextmanager
    def batch(self) -> Iterator[None]:
        """What happens inside comes to the hub in one request."""
        with self._lock:
            self._batch = []
        try:
            yield
        finally:
            with self._lock:
                batch, self._batch = self._batch or [], None
        if batch:
            hook = self.hook([event for event, _ in batch])
            self._put("batch", hook, [done for _, done in batch])

    def verify(self, verify_token: str) -> bool:
        """What Meta does when a webhook is set up: asks for a challenge back."""
        challenge = str(secrets.randbelow(10**10))
        query = {
            "hub.mode": "subscribe",
            "hub.challenge": challenge,
            "hub.verify_token": verify_token,
        }
        try:
            answer = requests.get(self._url(), params=query, timeout=10, allow_redirects=False)
        except requests.RequestException:
            return False
        return answer.status_code == 200 and answer.text == challenge

    def close(self) -> None:
        self.hooks.close()

    def _put(self, queue: str, hook: Hook, dones: list[Done]) -> None:
        def finished(attempt: Attempt) -> None:
            for done in dones:
                done(attempt.status == 200)

        self.hooks.put(queue, hook, finished)
