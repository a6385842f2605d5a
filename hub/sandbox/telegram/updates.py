"""The bot's updates: waiting to be fetched, or on their way to its webhook.

Order is kept per chat; button presses queue per user and reactions apart, as in tdlib's server.
Source: https://core.telegram.org/bots/api#getting-updates
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from hub.sandbox.base.context import Shared
from hub.sandbox.base.webhook_queue import Attempt, Hook, Hooks, Policy, doubling

Json = dict[str, Any]

DEFAULT_KINDS = frozenset(
    ("message", "edited_message", "callback_query", "my_chat_member", "channel_post")
)
SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
LOOPBACK = ("127.0.0.1", "localhost", "::1")
PORTS = (443, 80, 88, 8443)


class Refusal(Exception):
    """A Bot API error answer."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters


@dataclass
class Pending:
    update: Json
    queue: str
    confirmed: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Webhook:
    url: str
    secret: str = field(default="", repr=False)


class Updates:
    def __init__(self, shared: Shared, execute: Callable[[Json], None]) -> None:
        self._shared = shared
        self._execute = execute
        self._pending: dict[int, Pending] = {}
        # Time as the first id: a restarted sandbox must not reuse the ids the hub has seen.
        self._next_id = int(time.time()) * 16 % (1 << 31)
        self._kinds: frozenset[str] = DEFAULT_KINDS
        self._changed = threading.Condition()
        self._poller = 0
        self._closed = False
        self.webhook: Webhook | None = None
        policy = Policy(lambda status: 200 <= status < 300, lambda: doubling(1, 60), timeout=30)
        self.hooks = Hooks(policy, lambda: shared.speed)

    def put(
        self, kind: str, value: Json, queue: str, confirmed: Callable[[], None] = lambda: None
    ) -> Json | None:
        """Makes an update of it, unless the bot did not ask for this kind."""
        with self._changed:
            if kind not in self._kinds:
                return None
            update: Json = {"update_id": self._next_id, kind: value}
            pending = Pending(update, queue, confirmed)
            self._pending[self._next_id] = pending
            self._next_id += 1
            if self.webhook:
                self._dispatch(pending)
            self._changed.notify_all()
            return update

    def send_again(self, update: Json) -> None:
        """The same update once more, as after an answer that got lost."""
        with self._changed:
            self._pending[update["update_id"]] = Pending(update, "again", lambda: None)
            if self.webhook:
                self._dispatch(self._pending[update["update_id"]])
            self._changed.notify_all()

    def get(self, offset: int, limit: int, timeout: float, kinds: list[str] | None) -> list[Json]:
        """Long polling. Raises Refusal 409 while a webhook is set or when another poll begins."""
        with self._changed:
            self._refuse_beside_webhook()
            self._choose(kinds)
            self._poller += 1
            me = self._poller
            self._changed.notify_all()
            self._confirm(offset)
            self._changed.wait_for(
                lambda: self._pending or self._poller != me or self.webhook or self._closed,
                max(0.0, min(timeout, 50.0)),
            )
            if self._poller != me:
                raise Refusal(
                    409,
                    "Conflict: terminated by other getUpdates request; "
                    "make sure that only one bot instance is running",
                )
            self._refuse_beside_webhook()
            ids = sorted(self._pending)[: max(1, min(limit, 100))]
            return [self._pending[number].update for number in ids]

    def set_webhook(self, url: str, secret: str, kinds: list[str] | None, drop: bool) -> None:
        """Raises Refusal for an address Telegram would not call; plain http only on loopback."""
        where = urlsplit(url)
        if where.hostname not in LOOPBACK:
            if where.scheme != "https":
                raise _bad_webhook("An HTTPS URL must be provided for webhook")
            if (where.port or 443) not in PORTS:
                raise _bad_webhook("Webhook can be set up only on ports 80, 88, 443 or 8443")
        if secret and not SECRET.fullmatch(secret):
            raise Refusal(400, "Bad Request: secret token contains unallowed characters")
        with self._changed:
            self.hooks.forget()
            self._choose(kinds)
            if drop:
                self._pending.clear()
            self.webhook = Webhook(url, secret)
            for number in sorted(self._pending):
                self._dispatch(self._pending[number])
            self._changed.notify_all()

    def delete_webhook(self, drop: bool) -> None:
        with self._changed:
            self.webhook = None
            self.hooks.forget()
            if drop:
                self._pending.clear()

    def info(self) -> Json:
        hook = self.webhook
        about: Json = {
            "url": hook.url if hook else "",
            "has_custom_certificate": False,
            "pending_update_count": len(self._pending),
        }
        if hook:
            about["max_connections"] = 40
        failed = [a for a in self.hooks.attempts if not 200 <= a.status < 300]
        if hook and failed:
            about["last_error_date"] = int(self._shared.clock.now().timestamp())
            about["last_error_message"] = (
                f"Wrong response from the webhook: {failed[-1].status}"
                if failed[-1].status
                else failed[-1].problem
            )
        return about

    def wait_until_confirmed(self, timeout: float = 5.0) -> None:
        """Until the bot has taken everything. Raises AssertionError when it does not."""
        with self._changed:
            if not self._changed.wait_for(lambda: not self._pending, timeout):
                raise AssertionError(f"the bot left {len(self._pending)} updates untaken")

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self.hooks.close()

    def _choose(self, kinds: list[str] | None) -> None:
        if kinds is not None:
            self._kinds = frozenset(kinds) or DEFAULT_KINDS

    def _refuse_beside_webhook(self) -> None:
        if self.webhook:
            raise Refusal(
                409,
                "Conflict: can't use getUpdates method while webhook is active; "
                "use deleteWebhook to delete the webhook first",
            )

    def _confirm(self, offset: int) -> None:
        if offset < 0:
            offset = next(iter(sorted(self._pending)[offset:]), 0)
        for number in [n for n in sorted(self._pending) if n < offset]:
            self._pending.pop(number).confirmed()
        self._changed.notify_all()

    def _dispatch(self, pending: Pending) -> None:
        hook = self.webhook
        assert hook is not None
        headers = {"Content-Type": "application/json"}
        if hook.secret:
            headers["X-Telegram-Bot-Api-Secret-Token"] = hook.secret
        body = json.dumps(pending.update, ensure_ascii=False).encode()

        def done(attempt: Attempt) -> None:
            self._delivered(pending, attempt)

        self.hooks.put(pending.queue, Hook(hook.url, body, headers), done)

    def _delivered(self, pending: Pending, attempt: Attempt) -> None:
        with self._changed:
            if self._pending.pop(pending.update["update_id"], None) is None:
                return
            self._changed.notify_all()
        pending.confirmed()
        try:
            order = json.loads(attempt.body)
        except ValueError:
            return
        # Telegram carries out a method named in the webhook's answer.
        if isinstance(order, dict) and "method" in order:
            self._execute(order)


def _bad_webhook(why: str) -> Refusal:
    return Refusal(400, f"Bad Request: bad webhook: {why}")
