"""Finds the deliveries of one connector that may be claimed next, with little work for each.

The outbox is read by due time in pages, and each page once. A delivery that waits behind another
one to its address is passed over: the end of the other one brings it back. The reading begins anew
every few seconds, for what other processes left.
"""

from __future__ import annotations

import time
from collections import deque
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from hub import runtime
from hub.outbound import claims
from hub.outbound.claims import DueDelivery
from hub.store.engine import Store

#: How often the reading begins anew, in seconds.
RESCAN_SECONDS = 5.0
#: And at most this part of the time is spent on reading.
READING_SHARE = 0.05
#: How many pages are read for one call of `take`.
PAGES_AT_ONCE = 5
#: A transaction may be committed after others that began later by so much.
LATE_COMMITS = timedelta(seconds=10)


class DueDeliveries:
    """The due deliveries of one connector, first those that were due first."""

    def __init__(self, store: Store, connector: str) -> None:
        self._store = store
        self._connector = connector
        self._page: deque[DueDelivery] = deque()
        self._after: DueDelivery | None = None
        self._freed: deque[int] = deque()
        self._rescan_at = 0.0
        self._reading_seconds = 0.0
        #: Whether everything that is due was read since the reading began anew.
        self.at_end = False

    def free_address(self, address_id: int) -> None:
        """Notes that a delivery to an address has ended: the next one in its line may leave."""
        self._freed.append(address_id)

    def take(self, count: int, busy: set[int]) -> list[int]:
        """The ids of the messages whose deliveries may be claimed now.

        Args:
            count: how many at most.
            busy: the ids of addresses to which a delivery is under way.
        """
        now = datetime.now(UTC)
        chosen: dict[int, int] = {}
        pages = 0
        self.at_end = False
        with self._store.read() as connection:
            while self._freed and len(chosen) < count:
                address_id = self._freed.popleft()
                if address_id in busy or address_id in chosen:
                    continue
                head = claims.read_head(connection, self._connector, address_id)
                if head is not None and head.next_attempt_at <= now:
                    chosen[address_id] = head.message_id
            if time.monotonic() >= self._rescan_at:
                self._begin_anew()
            while len(chosen) < count:
                if not self._page:
                    if self.at_end or pages == PAGES_AT_ONCE:
                        break
                    self._read_page(connection, now)
                    pages += 1
                    continue
                due = self._page.popleft()
                if due.is_first and due.address_id not in busy and due.address_id not in chosen:
                    chosen[due.address_id] = due.message_id
        return list(chosen.values())

    def _begin_anew(self) -> None:
        pause = max(RESCAN_SECONDS, self._reading_seconds / READING_SHARE)
        self._rescan_at = time.monotonic() + pause
        self._reading_seconds = 0.0
        self._after = None
        self._page.clear()

    def _read_page(self, connection: Connection, now: datetime) -> None:
        begin = time.monotonic()
        page = claims.read_due_page(connection, self._connector, self._after, now)
        self._reading_seconds += time.monotonic() - begin
        self._page.extend(page)
        if page:
            self._after = page[-1]
        if len(page) < claims.PAGE:
            self.at_end = True
            latest = now - LATE_COMMITS
            if self._after is not None and self._after.next_attempt_at > latest:
                self._after = DueDelivery(latest, 0, 0, is_first=False)
        else:
            runtime.yield_control()
