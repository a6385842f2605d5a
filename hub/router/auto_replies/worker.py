"""Says what the hub says on its own: after the commit, by the outbox, once.

What was heard waits here until the rules have looked at it and it is clear that nobody is about to
answer. That it was said stands in the database, under a name, so that no other process and no
restart says it again.
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
#: Who is not decided about by then is waiting for something else than an agent.
FORGET_SECONDS = 30.0
#: What was said to us this long before a start may have got no answer from whoever stopped.
CATCH_UP = timedelta(minutes=10)
BATCH = 200


@dataclass(frozen=True, slots=True)
class _Heard:
    """Something a customer said. `look_at` is when there can be an answer to it."""

    at: float
    look_at: float
    is_new: bool = False


class AutoReplyWorker:
    """One thread that speaks for the hub."""

    def __init__(
        self,
        store: Store,
        config: Callable[[], Config],
        outlets: Callable[[], Mapping[str, OutboundChannel]],
    ) -> None:
        self._store = store
        self._config = config
        self._outlets = outlets
        self._heard: dict[int, _Heard] = {}
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stopping = False
        store.subscribe(self._hear)

    def start(self) -> None:
        runtime.spawn(self._run, name="replies")

    def stop(self) -> None:
        self._stopping = True
        self._wake.set()

    def _hear(self, events: Sequence[Event]) -> None:
        for event in events:
            match event.payload:
                case ConversationCreated(conversation=one):
                    if one.last_message is not None:
                        self._note(one.last_message, one, is_new=True)
                case MessageCreated(message=message, conversation=one):
                    self._note(message, one, is_new=False)
                case ConversationUpdated(conversation=one) if int(one.id) in self._heard:
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
        is_told_live = has_pages(message.kind) and not config.hours
        if (is_held or is_told_live) and not is_new:
            return
        self._put(int(conversation.id), is_new=is_new, at_once=is_new or bool(config.hours))

    def _put(self, conversation_id: int, *, is_new: bool, at_once: bool) -> None:
        now = time.monotonic()
        look_at = now if at_once else now + QUEUED_AFTER.total_seconds()
        with self._lock:
            before = self._heard.get(conversation_id)
            if before is not None:
                is_new, look_at = is_new or before.is_new, min(look_at, before.look_at)
            self._heard[conversation_id] = _Heard(now, look_at, is_new)
        if before is None:
            self._wake.set()

    def _run(self) -> None:
        try:
            self._catch_up()
        except Exception:
            log.exception("replies.catch_up_failed")
        while not self._stopping:
            self._wake.wait(LOOK_AGAIN_SECONDS if self._heard else None)
            time.sleep(GATHER_SECONDS)
            self._wake.clear()
            try:
                self.speak()
            except Exception:
                log.exception("replies.failed")

    def _catch_up(self) -> None:
        with self._store.read() as connection:
            found = connection.execute(
                select(conversations.c.id)
                .where(
                    *IS_FREE,
                    conversations.c.last_activity_at >= datetime.now(UTC) - CATCH_UP,
                )
                .limit(BATCH)
            ).scalars()
            for conversation_id in found.all():
                self._put(conversation_id, is_new=False, at_once=True)

    def speak(self) -> list[ReplyKind]:
        """Says what is to be said by now. Returns what was."""
        config = self._config()
        now = time.monotonic()
        with self._lock:
            due = [item for item in self._heard.items() if item[1].look_at <= now]
        heard = dict(due[:BATCH])
        if not heard:
            return []
        new = {conversation_id for conversation_id, ask in heard.items() if ask.is_new}
        with self._store.read() as connection:
            found = selection.find_candidates(connection, config, heard, new, datetime.now(UTC))
        said: list[ReplyKind] = []
        settled = {}
        for conversation_id, ask in heard.items():
            one = found.get(conversation_id)
            for kind in () if one is None else replies_due(config, one.situation):
                if self._say(found[conversation_id], kind, config):
                    said.append(kind)
            if one is None or one.is_settled or now - ask.at > FORGET_SECONDS:
                settled[conversation_id] = ask
        self._forget(settled)
        return said

    def _say(self, found: ReplyCandidate, kind: ReplyKind, config: Config) -> bool:
        outlets = self._outlets()
        if found.last.connector not in outlets:
            return False
        told = self._store.write(
            partial(selection.send_reply, found=found, kind=kind, config=config, outlets=outlets)
        )
        if told:
            AUTOMATIC.labels(kind).inc()
        return told

    def _forget(self, settled: Mapping[int, _Heard]) -> None:
        with self._lock:
            for conversation_id, ask in settled.items():
                if self._heard.get(conversation_id) == ask:  # nothing came meanwhile
                    del self._heard[conversation_id]
