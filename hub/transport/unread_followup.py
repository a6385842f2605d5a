"""Looks after visitors who left a page with answers unread."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from hub.config.sections import Fallback
from hub.connectors.base import Handover
from hub.handover import digests
from hub.metrics import FALLBACKS
from hub.outbound import unread_answers
from hub.store.engine import Store
from hub.transport.running import RunningConnectors

#: Pages looked after in one round; the next round takes up the rest.
AT_ONCE = 200


class UnreadFollowup:
    """What a timer calls. `rules` tells what holds now."""

    interval = timedelta(seconds=5)

    def __init__(
        self, store: Store, connectors: RunningConnectors, rules: Callable[[], Fallback] = Fallback
    ) -> None:
        self._store = store
        self._connectors = connectors
        self._rules = rules

    def run(self) -> None:
        """Sends after who is gone what they have not read."""
        for _ in range(AT_ONCE):
            with self._store.read() as connection:
                if not unread_answers.has_due_answers(connection, datetime.now(UTC)):
                    return
            outlets, rules = self._connectors.outbound_channels(), self._rules()
            looked = self._store.write(
                lambda tx, outlets=outlets, rules=rules: digests.follow_up_next_page(  # type: ignore[misc]
                    tx, outlets, rules, self._resume_link
                )
            )
            if looked is None:
                return
            if looked.step is not None:
                step = looked.step
                FALLBACKS.labels(step.from_, step.to or "", step.code).inc()

    def _resume_link(self, name: str, token: str, code: str) -> str | None:
        connector = self._connectors.get(name)
        return connector.handover_link(token, code) if isinstance(connector, Handover) else None
