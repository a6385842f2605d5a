"""Keeps the clocks of conversations under an SLA policy: updates, warnings, breaches.

A change of the facts that clocks depend on marks the conversation in the same transaction
(`sla_next_at`), so that no change is lost before the update, whatever process made it. The update
takes the row, so that several watches report each breach once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

from hub.config import Config
from hub.conversations import sla_clocks as rows
from hub.due_timer import DueTimer
from hub.metrics import SLA_BREACHES, SLA_WARNINGS
from hub.router.sla.clocks import (
    Clocks,
    ClockUpdate,
    ConversationFacts,
    clock_columns,
    clocks_from_row,
    update_clocks,
)
from hub.schema.events import ConversationUpdated, Event, MessageCreated
from hub.store.engine import Store, Transaction

BATCH = 100
#: A conversation in one of these waits for the customer, for its hour, or for nothing.
STANDING_STILL = frozenset({"pending", "snoozed", "resolved"})


class SlaWatch:
    """One thread that updates the clocks at the moment at which they fall due."""

    #: A change that another process writes, and cannot tell of, is known after this time.
    interval = timedelta(seconds=2)

    def __init__(self, store: Store, config: Callable[[], Config]) -> None:
        self._store = store
        self._config = config
        self._timer = DueTimer("sla", self.run, self._next_due, self.interval.total_seconds())
        self._stopping = False
        store.subscribe(self._on_events)

    def start(self) -> None:
        self._timer.start()

    def stop(self) -> None:
        self._stopping = True
        self._timer.stop()

    def wake(self) -> None:
        self._timer.wake()

    def run(self) -> None:
        """Updates all clocks that are due."""
        while not self._stopping and self.sweep() == BATCH:
            pass

    def _next_due(self) -> datetime | None:
        with self._store.read() as connection:
            return rows.next_due(connection)

    def _on_events(self, events: Sequence[Event]) -> None:
        for event in events:
            match event.payload:
                case (
                    ConversationUpdated(conversation=conversation)
                    | MessageCreated(conversation=conversation)
                ):
                    if conversation.sla is not None:
                        self._timer.wake()
                        return

    def sweep(self) -> int:
        """Updates every conversation whose clocks are due, up to BATCH. Returns how many."""
        with self._store.read() as connection:
            conversation_ids = rows.due_conversations(connection, datetime.now(UTC), BATCH)
        for conversation_id in conversation_ids:
            result = self._store.write(
                partial(update_conversation, conversation_id=conversation_id, config=self._config())
            )
            if result is None:
                continue
            policy, update = result
            for clock, _ in update.warnings:
                SLA_WARNINGS.labels(policy, clock).inc()
            for clock, _ in update.breaches:
                SLA_BREACHES.labels(policy, clock).inc()
        return len(conversation_ids)


def update_conversation(
    tx: Transaction, conversation_id: int, config: Config
) -> tuple[str, ClockUpdate] | None:
    """Brings one conversation's clocks up to date. None when another watch was faster."""
    row = rows.lock_due_row(tx, conversation_id)
    if row is None:
        return None
    assert row.sla_next_at is not None  # it is due
    policy_name = row.sla or ""
    policy = config.sla.get(policy_name)
    if policy is None:  # it is no longer in the file: no clock runs any more
        rows.save_clocks(tx, row, clock_columns(ClockUpdate(Clocks())))
        return policy_name, ClockUpdate(Clocks())
    hours = None if policy.within is None else config.hours[policy.within]
    facts = ConversationFacts(
        opened_at=row.created_at,
        waiting_since=row.waiting_since,
        is_answered=row.waiting_since is not None
        and rows.is_answered_by_agent(tx.connection, row.id),
        stands_still=row.status in STANDING_STILL or row.merged_into_id is not None,
    )
    update = update_clocks(
        policy, hours, facts, clocks_from_row(row), min(row.sla_next_at, tx.now), tx.now
    )
    rows.save_clocks(tx, row, clock_columns(update), update.warnings, update.breaches)
    return policy_name, update
