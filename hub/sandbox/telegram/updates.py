"""The bot's updates: they wait for getUpdates, or go to its webhook.

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

from hub.sandbox.base.context import SandboxContext
from hub.sandbox.base.webhook_queue import Attempt, RetryPolicy, WebhookCall, WebhookQueue, doubling

Json = dict[str, Any]

DEFAULT_KINDS = frozenset(
    ("message", "edited_message", "callback_query", "my_chat_member", "channel_post")
)
SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
LOOPBACK = ("127.0.0.1", "localhost", "::1")
PORTS = (443, 80, 88, 8443)


class BotApiError(Exception):
    """A Bot API error answer."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters


@dataclass
class PendingUpdate:
    """An update that the bot has not confirmed. `queue` keeps its order at a webhook."""

    update: Json
    queue: str
    confirmed: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Webhook:
    url: str
    secret: str = field(default="", repr=False)


class Updates:
    """All updates of one bot, by long polling or by webhook."""

    def __init__(self, context: SandboxContext, execute: Callable[[Json], None]) -> None:
        self._context = context
        self._execute = execute
        self._pending: dict[int, PendingUpdate] = {}
        # The first id is the time: a restarted sandbox must not reuse ids that the hub knows.
        self._next_id = int(time.time()) * 16 % (1 << 31)
        self._kinds: frozenset[str] = DEFAULT_KINDS
        self._changed = threading.Condition()
        self._poller = 0
        self._closed = False
        self.webhook: Webhook | None = None
        policy = RetryPolicy(
            lambda status: 200 <= status < 300, lambda: doubling(1, 60), timeout=30
        )
        self.webhook_queue = WebhookQueue(policy, lambda: context.speed)

    def put(
        self, kind: str, value: Json, queue: str, confirmed: Callable[[], None] = lambda: None
    ) -> Json | None:
        """Makes an update, if the bot asked for its kind.

        Args:
            kind: the field of the update, such as `message`.
            value: the content of that field.
            queue: the queue whose order it keeps.
            confirmed: called when the bot has it.
        """
        with self._changed:
            if kind not in self._kinds:
                return None
            update: Json = {"update_id": self._next_id, kind: value}
            pending = PendingUpdate(update, queue, confirmed)
            self._pending[self._next_id] = pending
            self._next_id += 1
            if self.webhook:
                self._dispatch(pending)
            self._changed.notify_all()
            return update

    def send_again(self, update: Json) -> None:
        """Delivers the same update once more, as after a lost answer."""
        with self._changed:
            self._pending[update["update_id"]] = PendingUpdate(update, "again", lambda: None)
            if self.webhook:
                self._dispatch(self._pending[update["update_id"]])
            self._changed.notify_all()

    def get(self, offset: int, limit: int, timeout: float, kinds: list[str] | None) -> list[Json]:
        """Waits for updates and returns them, as getUpdates does.

        Raises:
            BotApiError: 409 while a webhook is set, or when another poll begins.
        """
        with self._changed:
            self._refuse_beside_webhook()
            self._choose(kinds)
            self._poller += 1
            poller = self._poller
            self._changed.notify_all()
            self._confirm(offset)
            self._changed.wait_for(
                lambda: self._pending or self._poller != poller or self.webhook or self._closed,
                max(0.0, min(timeout, 50.0)),
            )
            if self._poller != poller:
                raise BotApiError(
                    409,
                    "Conflict: terminated by other getUpdates request; "
                    "make sure that only one bot instance is running",
                )
            self._refuse_beside_webhook()
            ids = sorted(self._pending)[: max(1, min(limit, 100))]
            return [self._pending[number].update for number in ids]

    def set_webhook(self, url: str, secret: str, kinds: list[str] | None, drop: bool) -> None:
        """Sets the webhook and sends it the waiting updates; plain http is for loopback only.

        Raises:
            BotApiError: Telegram would not call this URL.
        """
        parts = urlsplit(url)
        if parts.hostname not in LOOPBACK:
            if parts.scheme != "https":
                raise _bad_webhook("An HTTPS URL must be provided for webhook")
            if (parts.port or 443) not in PORTS:
                raise _bad_webhook("Webhook can be set up only on ports 80, 88, 443 or 8443")
        if secret and not SECRET.fullmatch(secret):
            raise BotApiError(400, "Bad Request: secret token contains unallowed characters")
        with self._changed:
            self.webhook_queue.forget()
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
            self.webhook_queue.forget()
            if drop:
                self._pending.clear()

    def info(self) -> Json:
        """Returns the result of getWebhookInfo."""
        webhook = self.webhook
        info: Json = {
            "url": webhook.url if webhook else "",
            "has_custom_certificate": False,
            "pending_update_count": len(self._pending),
        }
        if webhook:
            info["max_connections"] = 40
        failed = [
            attempt for attempt in self.webhook_queue.attempts if not 200 <= attempt.status < 300
        ]
        if webhook and failed:
            info["last_error_date"] = int(self._context.clock.now().timestamp())
            info["last_error_message"] = (
                f"Wrong response from the webhook: {failed[-1].status}"
                if failed[-1].status
                else failed[-1].problem
            )
        return info

    def wait_until_confirmed(self, timeout: float = 5.0) -> None:
        """Waits until no update is pending. Raises AssertionError after `timeout` seconds."""
        with self._changed:
            if not self._changed.wait_for(lambda: not self._pending, timeout):
                raise AssertionError(f"the bot left {len(self._pending)} updates untaken")

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self.webhook_queue.close()

    def _choose(self, kinds: list[str] | None) -> None:
        if kinds is not None:
            self._kinds = frozenset(kinds) or DEFAULT_KINDS

    def _refuse_beside_webhook(self) -> None:
        if self.webhook:
            raise BotApiError(
                409,
                "Conflict: can't use getUpdates method while webhook is active; "
                "use deleteWebhook to delete the webhook first",
            )

    def _confirm(self, offset: int) -> None:
        if offset < 0:
            offset = next(iter(sorted(self._pending)[offset:]), 0)
        for number in [number for number in sorted(self._pending) if number < offset]:
            self._pending.pop(number).confirmed()
        self._changed.notify_all()

    def _dispatch(self, pending: PendingUpdate) -> None:
        webhook = self.webhook
        assert webhook is not None
        headers = {"Content-Type": "application/json"}
        if webhook.secret:
            headers["X-Telegram-Bot-Api-Secret-Token"] = webhook.secret
        body = json.dumps(pending.update, ensure_ascii=False).encode()

        def on_finished(attempt: Attempt) -> None:
            self._confirm_delivered(pending, attempt)

        call = WebhookCall(webhook.url, body, headers)
        self.webhook_queue.put(pending.queue, call, on_finished)

    def _confirm_delivered(self, pending: PendingUpdate, attempt: Attempt) -> None:
        with self._changed:
            if self._pending.pop(pending.update["update_id"], None) is None:
                return
            self._changed.notify_all()
        pending.confirmed()
        try:
            answer = json.loads(attempt.body)
        except ValueError:
            return
        # Telegram carries out a method named in the webhook's answer.
        if isinstance(answer, dict) and "method" in answer:
            self._execute(answer)


def _bad_webhook(reason: str) -> BotApiError:
    return BotApiError(400, f"Bad Request: bad webhook: {reason}")
