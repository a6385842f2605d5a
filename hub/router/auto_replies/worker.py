"""The worker of automatic replies: after the commit, by the outbox, each once.

A conversation waits here until the rules have looked at it and it is clear that no agent is about
to answer. The reply is in the database under a client id, so that no other process and no restart
sends it again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog
from sqlalchemy import select

from hub import runtime
from hub.config import Config
from hub.connectors.registry import has_pages
from hub.metrics import AUTOMATIC
from hub.outbound.destinations import OutboundChannel
from hub.router.auto_replies import selection
from hub.router.auto_replies.rules import QUEUED_AFTER, ReplyKind, replies_due
from hub.router.auto_replies.selection import ReplyCandidate
from hub.router.conditions import IS_FREE
from hub.schema import resources
from hub.schema.events import ConversationCreated, ConversationUpdated, Event, MessageCreated
from hub.store.engine import Store
from hub.store.models import conversations

log = structlog.get_logger()

GATHER_SECONDS = 0.03
LOOK_AGAIN_SECONDS = 1.0
#: A conversation that is undecided after this time waits for something else than an agent.
FORGET_SECONDS = 30.0
#: Messages from this long before a start may have got no reply from the process that stopped.
CATCH_UP = timedelta(minutes=10)
BATCH = 200


@dataclass(frozen=True, slots=True)
class _PendingLook:
    """A conversation with a new message of the customer.

    Args:
        noted_at: when the message came, by the monotonic clock, in seconds.
        look_at: when a reply can be due, by the same clock.
        is_new: the message began the conversation.
    """

    noted_at: float
    look_at: float
    is_new: bool = False


class AutoReplyWorker:
    """One thread that sends automatic replies."""

    def __init__(
        self,
        store: Store,
        config: Callable[[], Config],
        channels: Callable[[], Mapping[str, OutboundChannel]],
    ) -> None:
        self._store = store
        self._config = config
        self._channels = channels
        self._pending: dict[int, _PendingLook] = {}
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stopping = False
        store.subscribe(self._on_events)

    def start(self) -> None:
        runtime.spawn(self._run, name="replies")

    def stop(self) -> None:
        self._stopping = True
        self._wake.set()

    def _on_events(self, events: Sequence[Event]) -> None:
        for event in events:
            match event.payload:
                case ConversationCreated(conversation=conversation):
                    if conversation.last_message is not None:
                        self._note(conversation.last_message, conversation, is_new=True)
                case MessageCreated(message=message, conversation=conversation):
                    self._note(message, conversation, is_new=False)
                case ConversationUpdated(conversation=conversation) if (
                    int(conversation.id) in self._pending
                ):
                    self._wake.set()

    def _note(
        self, message: resources.Message, conversation: resources.Conversation, *, is_new: bool
    ) -> None:
        if message.direction != "in" or message.type != "message":
            return
        config = self._config()
        is_new = is_new and bool(config.replies.greeting)
        agent = conversation.assignee
        is_held = agent is not None and agent.presence == "online"
        shows_queue = has_pages(message.kind) and not config.hours
        if (is_held or shows_queue) and not is_new:
            return
        self._put(int(conversation.id), is_new=is_new, at_once=is_new or bool(config.hours))

    def _put(self, conversation_id: int, *, is_new: bool, at_once: bool) -> None:
        now = time.monotonic()
        look_at = now if at_once else now + QUEUED_AFTER.total_seconds()
        with self._lock:
            before = self._pending.get(conversation_id)
            if before is not None:
                is_new, look_at = is_new or before.is_new, min(look_at, before.look_at)
            self._pending[conversation_id] = _PendingLook(now, look_at, is_new)
        if before is None:
            self._wake.set()

    def _run(self) -> None:
        try:
            self._catch_up()
        except Exception:
            log.exception("replies.catch_up_failed")
        while not self._stopping:
            self._wake.wait(LOOK_AGAIN_SECONDS if self._pending else None)
            time.sleep(GATHER_SECONDS)
            self._wake.clear()
            try:
                self.send_due()
            except Exception:
                log.exception("replies.failed")

    def _catch_up(self) -> None:
        with self._store.read() as connection:
            conversation_ids = connection.execute(
                select(conversations.c.id)
                .where(
                    *IS_FREE,
                    conversations.c.last_activity_at >= datetime.now(UTC) - CATCH_UP,
                )
                .limit(BATCH)
            ).scalars()
            for conversation_id in conversation_ids.all():
                self._put(conversation_id, is_new=False, at_once=True)

    def send_due(self) -> list[ReplyKind]:
        """Sends the replies that are due by now. Returns the kinds of those that were sent."""
        config = self._config()
        now = time.monotonic()
        with self._lock:
            due = [item for item in self._pending.items() if item[1].look_at <= now]
        looks = dict(due[:BATCH])
        if not looks:
            return []
        new = {conversation_id for conversation_id, look in looks.items() if look.is_new}
        with self._store.read() as connection:
            candidates = selection.find_candidates(
                connection, config, looks, new, datetime.now(UTC)
            )
        sent: list[ReplyKind] = []
        settled = {}
        for conversation_id, look in looks.items():
            candidate = candidates.get(conversation_id)
            if candidate is not None:
                sent += [
                    kind
                    for kind in replies_due(config, candidate.context)
                    if self._send(candidate, kind, config)
                ]
            is_late = now - look.noted_at > FORGET_SECONDS
            if candidate is None or candidate.is_settled or is_late:
                settled[conversation_id] = look
        self._forget(settled)
        return sent

    def _send(self, candidate: ReplyCandidate, kind: ReplyKind, config: Config) -> bool:
        channels = self._channels()
        if candidate.last_message.connector not in channels:
            return False
        is_sent = self._store.write(
            partial(
                selection.send_reply,
                candidate=candidate,
                kind=kind,
                config=config,
                channels=channels,
            )
        )
        if is_sent:
            AUTOMATIC.labels(kind).inc()
        return is_sent

    def _forget(self, settled: Mapping[int, _PendingLook]) -> None:
        with self._lock:
            for conversation_id, look in settled.items():
                # Unless another message came meanwhile.
                if self._pending.get(conversation_id) == look:
                    del self._pending[conversation_id]
