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

from hub.sandbox.base.context import SandboxContext
from hub.sandbox.base.webhook_queue import Attempt, RetryPolicy, WebhookCall, WebhookQueue, doubling

Json = dict[str, Any]
#: Gets whether the hub accepted the event.
OnFinished = Callable[[bool], None]

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
    """Writes JSON as Meta does: ASCII only, slashes escaped. The signature covers these bytes."""
    return json.dumps(payload, separators=(",", ":")).replace("/", "\\/").encode()


def signature(secret: str, body: bytes) -> str:
    """Returns the value of X-Hub-Signature-256."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


class Webhooks:
    """Sends the events of one page, those inside `batch` in one request."""

    def __init__(
        self, context: SandboxContext, page_id: str, secret: str, url: Callable[[], str]
    ) -> None:
        self.fields = FIELDS
        self._context = context
        self._page_id = page_id
        self._secret = secret
        self._url = url
        self._batch: list[tuple[Json, OnFinished]] | None = None
        self._lock = threading.RLock()
        policy = RetryPolicy(lambda status: status == 200, lambda: doubling(5, 3600), timeout=20)
        self.webhook_queue = WebhookQueue(policy, lambda: context.speed)

    def send(self, field: str, event: Json, on_finished: OnFinished = lambda _: None) -> None:
        """Queues an event in the order of its customer, if the page subscribed to its field."""
        if field not in self.fields:
            return
        with self._lock:
            if self._batch is not None:
                self._batch.append((event, on_finished))
                return
        ends = (event["sender"]["id"], event["recipient"]["id"])
        psid = next(end for end in ends if end != self._page_id)
        self._queue_call(psid, self.webhook_call([event]), [on_finished])

    def send_now(self, field: str, event: Json) -> Attempt | None:
        """Sends an event once, in this thread, so that it is at the hub when this returns."""
        return self.webhook_queue.post(self.webhook_call([event])) if field in self.fields else None

    def webhook_call(self, events: list[Json], secret: str = "") -> WebhookCall:
        """Makes the request for these events, one entry each as in a busy minute at Meta."""
        now = int(self._context.clock.now().timestamp() * 1000)
        entries = [{"id": self._page_id, "time": now, "messaging": [event]} for event in events]
        body = encoded({"object": "page", "entry": entries})
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "facebookexternalua",
            "X-Hub-Signature-256": signature(secret or self._secret, body),
        }
        return WebhookCall(self._url(), body, headers)

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Sends the events inside to the hub in one request."""
        with self._lock:
            self._batch = []
        try:
            yield
        finally:
            with self._lock:
                batch, self._batch = self._batch or [], None
        if batch:
            call = self.webhook_call([event for event, _ in batch])
            self._queue_call("batch", call, [on_finished for _, on_finished in batch])

    def verify(self, verify_token: str) -> bool:
        """Asks the hub for a challenge, as Meta does when a webhook is set up."""
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
        self.webhook_queue.close()

    def _queue_call(self, queue: str, call: WebhookCall, callbacks: list[OnFinished]) -> None:
        def on_finished(attempt: Attempt) -> None:
            for callback in callbacks:
                callback(attempt.status == 200)

        self.webhook_queue.put(queue, call, on_finished)
