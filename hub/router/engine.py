"""Assigns conversations to agents: on every event that could matter, with a sweep as a net.

Deciding is pure and happens outside of any transaction; decisions are written by conditional
statements, some at a time, so that two engines never assign one conversation twice and the screens
of a busy hub are served in between.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import structlog

from hub import runtime
from hub.accounts import config_sync
from hub.config import Config
from hub.router import notify
from hub.router.notify import NotificationListener
from hub.router.queue.notices import QueueNotices
from hub.router.reclaim import Reclaimer
from hub.router.routing_pass import Router
from hub.schema.events import (
    ConversationCreated,
    ConversationUpdated,
    Event,
    MessageCreated,
    PresenceChanged,
)
from hub.store.engine import Store

log = structlog.get_logger()

#: The pause between two looks at everything, for what no event told.
SWEEP_SECONDS = 15.0
#: The same where other processes write and cannot notify this one.
SHORT_SWEEP_SECONDS = 2.0
#: Events within this time are looked at together; under load it saves a look per message.
GATHER_SECONDS = 0.03

#: A pass that other processes keep disturbing is repeated this often at once, and then later.
MAX_PASSES = 5

ReadConfig = Callable[[], Config]


class Assigner:
    """Assigns every open conversation that has no agent to the agent the configuration names."""

    def __init__(self, store: Store, config: ReadConfig = Config) -> None:
        """Makes an engine that does nothing until it is started.

        Args:
            config: called for every pass: a changed file holds from the next one on.
        """
        self._store = store
        self._config = config
        self._reclaimer = Reclaimer(store, config)
        self._notices = QueueNotices(store)
        self._router = Router(store, self._expect_queued)
        self._listener = NotificationListener(store, self._on_notification)
        self._notified: list[Callable[[], None]] = []
        self._sweep_seconds = SWEEP_SECONDS
        self._wake = threading.Event()
        #: Whether an agent may have room: then the whole queue is looked at.
        self._has_room = True
        self._expected_updates: Counter[int] = Counter()
        self._known_agent_ids: frozenset[int] = frozenset()
        self._stopping = False
        store.subscribe(self._on_events)

    def start(self, *, routes_here: bool = True, alone: bool = True) -> None:
        """Begins to route, or to notify the process that routes.

        Args:
            routes_here: this process routes; else it only notifies the one that does.
            alone: there is no other process.
        """
        if routes_here:
            self._sweep_seconds = SWEEP_SECONDS
            if not alone and self._store.is_sqlite:
                self._sweep_seconds = SHORT_SWEEP_SECONDS
            self._listener.start()
            runtime.spawn(self._run, name="assign")
        elif not self._store.is_sqlite:
            runtime.spawn(self._forward, name="assign-forward")

    def stop(self) -> None:
        self._stopping = True
        self._listener.stop()
        self._wake.set()

    def wake(self) -> None:
        """Looks at the whole queue soon: an agent may have room, or a conversation none."""
        self._has_room = True
        self._wake.set()

    def assign_waiting(self, *, whole: bool = True) -> datetime | None:
        """Routes new conversations, and assigns waiting ones when `whole`.

        Returns: when to look again at the latest; None when nothing changes by time alone.
        """
        config = self._config()
        if whole:
            self._reclaimer.reclaim_due()
        passes = 0
        while passes < MAX_PASSES:
            result = self._router.run_pass(config, whole=whole)
            # What the pass queued without a look at agents, and stale decisions, need the queue.
            whole = whole or result.has_more or result.is_stale
            passes += not result.has_more
            if not (result.has_more or result.is_stale) or self._stopping:
                break
        else:
            self.wake()
        self._expected_updates.clear()
        self._apply_config_to_new_agents(result.agent_ids, config)
        pause = None
        if result.waiting is not None:
            pause = self._notices.send_notices(result.waiting)
        elif result.has_queued:
            # Their places are known once the whole queue is looked at.
            pause = self._notices.pause_seconds()
        notices_at = None if pause is None else datetime.now(UTC) + timedelta(seconds=pause)
        moments = (notices_at, result.again_at, self._reclaimer.next_due())
        return min((moment for moment in moments if moment is not None), default=None)

    # -- events ----------------------------------------------------------------------------------

    def _on_events(self, events: Sequence[Event]) -> None:
        for event in events:
            if event.to_agents:
                self._on_event(event)

    def _on_event(self, event: Event) -> None:
        """Wakes the engine when an agent may have room or a conversation may need one."""
        match event.payload:
            case PresenceChanged():
                self.wake()
            case ConversationUpdated(conversation=conversation) if (
                conversation.assignee is None
                or conversation.status != "open"
                # An agent took it from the queue: those behind it move up.
                or self._notices.has_notified(int(conversation.id))
            ):
                if self._expected_updates[int(conversation.id)] > 0:
                    self._expected_updates[int(conversation.id)] -= 1
                else:
                    self.wake()
            case ConversationCreated():
                self._wake.set()
            case MessageCreated(message=message, conversation=conversation) if (
                message.type == "message"
                and (
                    # It may have reopened a resolved one. A place in the queue stays as it is.
                    event.begins_waiting
                    or (
                        conversation.assignee is None
                        and not self._notices.has_notified(int(conversation.id))
                    )
                )
            ):
                self._wake.set()

    def _expect_queued(self, conversation_ids: Sequence[int]) -> None:
        """Notes what this engine queues: the events of that need no other look."""
        self._expected_updates.update(conversation_ids)

    def on_notified(self, listener: Callable[[], None]) -> None:
        """Calls a function when another process notifies this one of what it wrote."""
        self._notified.append(listener)

    def _on_notification(self, subject: str) -> None:
        """Wakes the engine, and what else waits for other processes."""
        for listener in self._notified:
            listener()
        if subject == notify.ALL_WAITING:
            self.wake()
        else:
            self._wake.set()

    def _forward(self) -> None:
        """Notifies the process that routes of the events of this process."""
        while not self._stopping:
            self._wake.wait()
            if self._stopping:
                return
            self._wake.clear()
            subject = notify.ALL_WAITING if self._has_room else notify.NEW_ONLY
            self._has_room = False
            try:
                notify.notify_router(self._store, subject)
            except Exception:
                log.exception("assign.forward_failed")  # the sweep of the other process finds it
            time.sleep(GATHER_SECONDS)

    def _run(self) -> None:
        again_at = datetime.now(UTC)
        self._reclaimer.begin_grace()
        while not self._stopping:
            if self._wake.wait(min(self._sweep_seconds, _seconds_until(again_at))):
                time.sleep(GATHER_SECONDS)
            self._wake.clear()
            if self._stopping:
                return
            whole = self._has_room or _is_due(again_at)
            self._has_room = self._has_room and not whole
            try:
                next_at = self.assign_waiting(whole=whole)
            except Exception:
                log.exception("assign.sweep_failed")
                whole, next_at = True, None
            sweep_at = datetime.now(UTC) + timedelta(seconds=self._sweep_seconds)
            moments = (next_at, sweep_at if whole else again_at)
            again_at = min(moment for moment in moments if moment)

    def _apply_config_to_new_agents(self, agent_ids: frozenset[int], config: Config) -> None:
        """Writes agents and teams as the file has them when a new account appears."""
        if agent_ids - self._known_agent_ids and (config.teams or config.agents):
            self._store.write(lambda tx: config_sync.sync_from_config(tx, config))
            self.wake()
        self._known_agent_ids = agent_ids or self._known_agent_ids


def _is_due(moment: datetime) -> bool:
    return moment <= datetime.now(UTC)


def _seconds_until(moment: datetime) -> float:
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
