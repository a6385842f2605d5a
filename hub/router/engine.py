"""Brings waiting conversations to agents: on every event that could matter, with a sweep as a net.

The claim is one conditional UPDATE, so two engines never give one conversation twice.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from functools import partial

import structlog
from sqlalchemy import func, select

from hub import runtime
from hub.conversations import work
from hub.conversations.events import (
    ConversationCreated,
    ConversationUpdated,
    Event,
    MessageCreated,
    PresenceChanged,
)
from hub.conversations.threads import SYSTEM
from hub.router.pairs import Load, Waiting, least_loaded
from hub.store.engine import Store
from hub.store.models import agents, conversations

log = structlog.get_logger()

SWEEP_SECONDS = 15.0
#: What comes within this time is looked at together; under load it saves a look per message.
GATHER_SECONDS = 0.03
BATCH = 200


class Assigner:
    """Gives every open conversation that nobody has to the least loaded agent online."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._wake = threading.Event()
        self._stopping = False
        store.subscribe(self._hear)

    def start(self) -> None:
        runtime.spawn(self._run, name="assign")

    def stop(self) -> None:
        self._stopping = True
        self._wake.set()

    def _hear(self, events: Sequence[Event]) -> None:
        for event in events:
            match event.payload:
                case PresenceChanged(presence="online"):
                    self._wake.set()
                case (
                    ConversationCreated(conversation=one)
                    | ConversationUpdated(conversation=one)
                    | MessageCreated(conversation=one)  # it may have opened what was resolved
                ):
                    if one.assignee is None and one.status == "open":
                        self._wake.set()

    def _run(self) -> None:
        while not self._stopping:
            if self._wake.wait(SWEEP_SECONDS):
                time.sleep(GATHER_SECONDS)
            self._wake.clear()
            try:
                while not self._stopping and self.assign_waiting() == BATCH:
                    pass
            except Exception:
                log.exception("assign.sweep_failed")

    def assign_waiting(self) -> int:
        """Gives away what waits, the longest first. Returns how many it looked at."""
        with self._store.read() as connection:
            loads = [
                Load(row.id, row.held)
                for row in connection.execute(
                    select(agents.c.id, func.count(conversations.c.id).label("held"))
                    .outerjoin(
                        conversations,
                        (conversations.c.assignee_id == agents.c.id)
                        & (conversations.c.status == "open"),
                    )
                    .where(
                        agents.c.connected_at.is_not(None),
                        agents.c.presence == "online",
                        agents.c.disabled_at.is_(None),
                    )
                    .group_by(agents.c.id)
                )
            ]
            if not loads:
                return 0
            query = (
                select(conversations.c.id, conversations.c.not_for)
                .where(conversations.c.assignee_id.is_(None), conversations.c.status == "open")
                .order_by(conversations.c.created_at, conversations.c.id)
                .limit(BATCH)
            )
            waiting = [Waiting(row.id, tuple(row.not_for)) for row in connection.execute(query)]
        for conversation_id, agent_id in least_loaded(waiting, loads):
            self._store.write(
                partial(
                    work.assign_if_unassigned,
                    conversation_id=conversation_id,
                    agent_id=agent_id,
                    by=SYSTEM,
                )
            )
        return len(waiting)
