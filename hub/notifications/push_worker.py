"""Brings devices up to date: sends the pushes that are due, several at once, none in a request."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

import structlog

from hub import runtime
from hub.due_timer import DueTimer
from hub.metrics import PUSHES
from hub.notifications import notices, push_states, push_subscriptions
from hub.notifications.push_content import (
    Push,
    push_of_clearing,
    push_of_conversation,
    push_of_test,
    topic_of,
)
from hub.notifications.push_requests import PushResult, PushSender
from hub.notifications.push_states import TEST, ClaimedPush
from hub.notifications.settings import read_settings
from hub.schema.events import (
    Event,
    NotificationCleared,
    NotificationCreated,
    NotificationTest,
    NotificationUpdated,
)
from hub.store.engine import Store, Transaction

log = structlog.get_logger()

#: Pushes under way at once.
AT_ONCE = 8
MAX_ATTEMPTS = 8
#: The first pause after a failure; it doubles with each further one.
RETRY_AFTER = timedelta(seconds=5)
#: The host of Apple's push service. A page that shows nothing for a push loses its subscription
#: there, so nothing is taken back.
#: Source: https://developer.apple.com/documentation/usernotifications
APPLE = "https://web.push.apple.com/"
_TELLING = NotificationCreated | NotificationUpdated | NotificationCleared | NotificationTest


class PushWorker:
    """One timer that finds what is due, and a few threads that send it."""

    #: What another process wrote, and cannot tell of, is known after this time.
    longest_seconds = 2.0

    def __init__(self, store: Store, sender: PushSender) -> None:
        self._store = store
        self._sender = sender
        self._slots = threading.BoundedSemaphore(AT_ONCE)
        self._timer = DueTimer("push", self.run, self._next_due, self.longest_seconds)
        self._stopping = False
        store.subscribe(self._on_events)

    def start(self) -> None:
        self._timer.start()

    def stop(self) -> None:
        self._stopping = True
        self._timer.stop()

    def run(self) -> None:
        """Begins everything that is due by now, as slots become free."""
        while not self._stopping:
            claimed = self._store.write(partial(push_states.claim_due, limit=AT_ONCE))
            if not claimed:
                return
            for push in claimed:
                self._slots.acquire()
                runtime.spawn(self._bring_up_to_date, push, name="push")

    def _next_due(self) -> datetime | None:
        with self._store.read() as connection:
            return push_states.next_due(connection)

    def _on_events(self, events: Sequence[Event]) -> None:
        if any(isinstance(event.payload, _TELLING) for event in events):
            self._timer.wake()

    def _bring_up_to_date(self, claimed: ClaimedPush) -> None:
        try:
            self._send(claimed)
        except Exception:
            log.exception("push.failed", subscription=claimed.subscription_id)
        finally:
            self._slots.release()

    def _send(self, claimed: ClaimedPush) -> None:
        with self._store.read() as connection:
            device = push_subscriptions.find_valid(connection, claimed.subscription_id)
            if device is None:
                unseen, settings = [], None
            else:
                settings = read_settings(connection, device.agent_id)
                unseen = notices.notifications_of(
                    connection, device.agent_id, claimed.conversation_id
                )
        if device is None or settings is None:
            self._store.write(lambda tx: push_subscriptions.drop(tx, claimed.subscription_id))
            return
        if claimed.conversation_id == TEST:
            push: Push | None = push_of_test(device.language)
        else:
            push = push_of_conversation(claimed.conversation_id, unseen, settings, device.language)
            quiet_until = settings.quiet_until(claimed.lease - push_states.LEASE)
            if push is not None and quiet_until is not None:
                self._store.write(
                    lambda tx: push_states.postpone(tx, claimed, quiet_until, counts=False)
                )
                return
        shows = push is not None
        if push is None and claimed.is_shown and not device.endpoint.startswith(APPLE):
            push = push_of_clearing(claimed.conversation_id)
        result = PushResult("sent")
        if push is not None:
            result = self._sender.send(
                device.endpoint,
                device.p256dh,
                device.auth,
                push.content,
                topic=topic_of(claimed.conversation_id),
                urgency=push.urgency,
            )
            PUSHES.labels(outcome=result.outcome).inc()
        self._store.write(partial(_record, claimed=claimed, result=result, shows=shows))


def _record(tx: Transaction, claimed: ClaimedPush, result: PushResult, shows: bool) -> None:
    """Writes what became of a push."""
    fields = {"subscription": claimed.subscription_id, "reason": result.reason}
    if result.outcome == "sent":
        is_shown = shows and claimed.conversation_id != TEST
        push_states.finish(tx, claimed, is_shown=is_shown)
    elif result.outcome == "gone":
        log.info("push.subscription_ended", **fields)
        push_subscriptions.drop(tx, claimed.subscription_id)
    elif result.outcome == "refused" or claimed.attempts >= MAX_ATTEMPTS:
        log.warning("push.given_up", **fields)
        push_states.finish(tx, claimed, is_shown=claimed.is_shown)
    else:
        pause = RETRY_AFTER * 2 ** (claimed.attempts - 1)
        until = tx.now + max(pause, timedelta(seconds=result.pause))
        push_states.postpone(tx, claimed, until, counts=True)
