"""Lets messages leave that waited to be undone, or for their time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial

import structlog

from hub.due_timer import DueTimer
from hub.outbound import holding
from hub.schema.events import Event, MessageCreated
from hub.store.engine import Store
from hub.transport.running import RunningConnectors

log = structlog.get_logger()

#: A message that another process holds is known after this time.
LOOK_SECONDS = 2.0


class HeldRelease:
    """Releases each held message at its moment; one process of several does it for a message."""

    def __init__(self, store: Store, connectors: RunningConnectors) -> None:
        self._store = store
        self._connectors = connectors
        self._timer = DueTimer("held-messages", self.run, self._next_due, LOOK_SECONDS)
        store.subscribe(self._on_events)

    def start(self) -> None:
        self._timer.start()

    def stop(self) -> None:
        self._timer.stop()

    def run(self) -> None:
        """Releases those that are due; an idle hub only reads."""
        with self._store.read() as connection:
            ids = holding.due_messages(connection, datetime.now(UTC))
        for message_id in ids:
            try:
                self._store.write(
                    partial(
                        holding.release_message,
                        message_id=message_id,
                        outbound_channels=self._connectors.outbound_channels(),
                    )
                )
            except Exception:
                # It stays held and is tried again; those behind it leave.
                log.exception("held_message.not_released", message_id=message_id)

    def _next_due(self) -> datetime | None:
        with self._store.read() as connection:
            return holding.next_due(connection)

    def _on_events(self, events: Sequence[Event]) -> None:
        for event in events:
            payload = event.payload
            if isinstance(payload, MessageCreated) and payload.message.send_at is not None:
                self._timer.wake()
                return
