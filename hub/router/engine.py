"""Brings conversations to agents: on every event that could matter, with a sweep as a net.

Deciding is pure and happens outside of any transaction; what was decided is written by conditional
statements, some at a time, so that two engines never give one conversation twice and the screens
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

#: The net under the events.
SWEEP_SECONDS = 15.0
#: Where other processes write and cannot tell us.
SHORT_SWEEP_SECONDS = 2.0
#: What comes within this time is looked at together; under load it saves a look per message.
GATHER_SECONDS = 0.03

#: A round that others keep disturbing begins anew this often, and then later.
MAX_PASSES = 5

ReadConfig = Callable[[], Config]


class Assigner:
    """Gives every open conversation that nobody has to whom the configuration says.

    `config` is asked anew for every round: a changed file holds from the next one on.
    """

    def __init__(self, store: Store, config: ReadConfig = Config) -> None:
        self._store = store
        self._config = config
        self._callbacks = Reclaimer(store, config)
        self._tidings = QueueNotices(store)
        self._router = Router(store, self._expect)
        self._listener = NotificationListener(store, self._told)
        self._sweep_seconds = SWEEP_SECONDS
        self._wake = threading.Event()
        #: Whether somebody may have room: then all who wait are looked at.
        self._has_room = True
        self._expected: Counter[int] = Counter()
        self._known: frozenset[int] = frozenset()
        self._stopping = False
        store.subscribe(self._hear)

    def start(self, *, here: bool = True, alone: bool = True) -> None:
        """Begins to work; or, not `here`, to tell the process that does.

        `alone` when there is no other process.
        """
        if here:
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
        """Looks again, soon: something happened that could free a place or a conversation."""
        self._has_room = True
        self._wake.set()

    def assign_waiting(self, *, whole: bool = True) -> datetime | None:
        """Routes what is new, and gives away what waits when `whole`.

        Returns when to look again at the latest; None: nothing changes by time alone.
        """
        config = self._config()
        if whole:
            self._callbacks.take_back()
        tries = 0
        while tries < MAX_PASSES:
            result = self._router.play(config, whole=whole)
            # What was queued unseen, and what was decided from what is no longer so, needs all.
            whole = whole or result.has_more or result.is_stale
            tries += not result.has_more
            if not (result.has_more or result.is_stale) or self._stopping:
                break
        else:
            self.wake()
        self._expected.clear()
        self._follow_accounts(result.agent_ids, config)
        pause = None
        if result.waiting is not None:
            pause = self._tidings.tell(result.waiting)
        elif result.has_queued:
            pause = self._tidings.pause()  # their places are known once all are looked at
        told_at = None if pause is None else datetime.now(UTC) + timedelta(seconds=pause)
        times = (told_at, result.again_at, self._callbacks.next_due())
        return min((at for at in times if at is not None), default=None)

    # -- events ----------------------------------------------------------------------------------

    def _hear(self, events: Sequence[Event]) -> None:
        for event in events:
            if event.to_agents:
                self._weigh(event)

    def _weigh(self, event: Event) -> None:
        """Whether it may have freed a place, or brought something to give."""
        match event.payload:
            case PresenceChanged():
                self.wake()
            case ConversationUpdated(conversation=one) if (
                one.assignee is None
                or one.status != "open"
                # Somebody took it from the queue: who stands behind it moves up.
                or self._tidings.is_in_line(int(one.id))
            ):
                if self._expected[int(one.id)] > 0:
                    self._expected[int(one.id)] -= 1
                else:
                    self.wake()
            case ConversationCreated():
                self._wake.set()
            case MessageCreated(message=message, conversation=one) if (
                message.type == "message"
                and (
                    # It may have opened what was resolved. Who stands in line goes on to.
                    one.waiting_since == message.received_at
                    or (one.assignee is None and not self._tidings.is_in_line(int(one.id)))
                )
            ):
                self._wake.set()

    def _expect(self, conversation_ids: Sequence[int]) -> None:
        """What we queue ourselves is no news to us."""
        self._expected.update(conversation_ids)

    def _told(self, what: str) -> None:
        """Another process says that something happened."""
        if what == notify.ALL_WAITING:
            self.wake()
        else:
            self._wake.set()

    def _forward(self) -> None:
        """What happens in this process is for the one that routes."""
        while not self._stopping:
            self._wake.wait()
            if self._stopping:
                return
            self._wake.clear()
            what = notify.ALL_WAITING if self._has_room else notify.NEW_ONLY
            self._has_room = False
            try:
                notify.notify_router(self._store, what)
            except Exception:
                log.exception("assign.forward_failed")  # the sweep over there finds it
            time.sleep(GATHER_SECONDS)

    def _run(self) -> None:
        again_at = datetime.now(UTC)
        self._callbacks.begin()
        while not self._stopping:
            if self._wake.wait(min(self._sweep_seconds, _seconds_until(again_at))):
                time.sleep(GATHER_SECONDS)
            self._wake.clear()
            if self._stopping:
                return
            whole = self._has_room or _is_due(again_at)
            self._has_room = self._has_room and not whole
            try:
                found = self.assign_waiting(whole=whole)
            except Exception:
                log.exception("assign.sweep_failed")
                whole, found = True, None
            now = datetime.now(UTC)
            net = now + timedelta(seconds=self._sweep_seconds)
            again_at = min(at for at in (found, net if whole else again_at) if at)

    def _follow_accounts(self, agent_ids: frozenset[int], config: Config) -> None:
        """An account that was made while we ran is written as the file has it."""
        if agent_ids - self._known and (config.teams or config.agents):
            self._store.write(lambda tx: config_sync.sync_from_config(tx, config))
            self.wake()
        self._known = agent_ids or self._known


def _is_due(at: datetime) -> bool:
    return at <= datetime.now(UTC)


def _seconds_until(at: datetime) -> float:
    return max(0.0, (at - datetime.now(UTC)).total_seconds())
