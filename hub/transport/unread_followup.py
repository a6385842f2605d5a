"""Follows up answers on pages that their visitors left without reading them."""

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

#: The number of pages in one run; the next run goes on with the rest.
AT_ONCE = 200


class UnreadFollowup:
    """A timed job that sends unread answers after their visitors.

    Args:
        rules: gives the rules in force.
    """

    interval = timedelta(seconds=5)

    def __init__(
        self, store: Store, connectors: RunningConnectors, rules: Callable[[], Fallback] = Fallback
    ) -> None:
        self._store = store
        self._connectors = connectors
        self._rules = rules

    def run(self) -> None:
        """Sends the unread answers of visitors who have left to their next address."""
        for _ in range(AT_ONCE):
            with self._store.read() as connection:
                if not unread_answers.has_due_answers(connection, datetime.now(UTC)):
                    return
            channels, rules = self._connectors.outbound_channels(), self._rules()
            result = self._store.write(
                lambda tx, channels=channels, rules=rules: digests.follow_up_next_page(  # type: ignore[misc]
                    tx, channels, rules, self._resume_link
                )
            )
            if result is None:
                return
            if (step := result.step) is not None:
                FALLBACKS.labels(step.from_, step.to or "", step.code).inc()

    def _resume_link(self, name: str, token: str, code: str) -> str | None:
        connector = self._connectors.get(name)
        return connector.handover_link(token, code) if isinstance(connector, Handover) else None
