"""Notices to customers on a page of their place in the queue, when it changes."""

from __future__ import annotations

import time
from collections.abc import Iterable

from hub.conversations import publishing
from hub.metrics import QUEUE
from hub.router.decisions.values import QueuedConversation
from hub.router.queue import places
from hub.router.queue.places import Place
from hub.schema.events import Event, QueueChanged
from hub.store.engine import Store
from hub.types import Address

#: Notices go out no more often than that, and to no more customers at a time: the first in line.
PAUSE_SECONDS = 2.0
NOTICE_LIMIT = 200


class QueueNotices:
    """Sends notices, and keeps the last one of each conversation."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._notified: dict[int, Place] = {}
        self._pages: dict[int, list[Address]] = {}
        self._teams: set[str] = set()
        self._sent_at = float("-inf")

    def has_notified(self, conversation_id: int) -> bool:
        """Whether its customer, and perhaps others behind it, got a notice of their place."""
        return conversation_id in self._notified

    def pause_seconds(self) -> float:
        """For how many seconds no notice may be sent yet."""
        return max(0.0, self._sent_at + PAUSE_SECONDS - time.monotonic())

    def send_notices(self, waiting: list[QueuedConversation]) -> float | None:
        """Sends a notice to each customer whose place has changed.

        Args:
            waiting: the whole queue, sorted.

        Returns: after how many seconds there are more to send; None when there are none.
        """
        self._set_metrics(waiting)
        waiting_ids = {conversation.conversation_id for conversation in waiting}
        for conversation_id in self._notified.keys() - waiting_ids:
            del self._notified[conversation_id]
            self._pages.pop(conversation_id, None)
        if pause := self.pause_seconds():
            return pause
        changed = self._changed_places(waiting)
        if not changed:
            return None
        self._sent_at = time.monotonic()
        self._read_pages(changed)
        self._notified |= changed
        self._store.publish_unsaved(
            *(
                _queue_event(place, page)
                for conversation_id, place in changed.items()
                for page in self._pages[conversation_id]
            )
        )
        return PAUSE_SECONDS if len(changed) == NOTICE_LIMIT else None

    def _changed_places(self, waiting: list[QueuedConversation]) -> dict[int, Place]:
        """The new places, by the id of the conversation: the first in line, up to the limit."""
        positions = places.queue_positions(waiting)
        with self._store.read() as connection:
            paces = {
                team: places.team_pace(connection, team)
                for team in {team for team, _position in positions.values()}
            }
        changed: dict[int, Place] = {}
        for conversation_id, (team, position) in positions.items():
            before = self._notified.get(conversation_id)
            # A new estimate of the wait alone is no news.
            if before is None or before.position != position:
                pace = paces[team]
                wait_seconds = None if pace is None else pace.wait(position)
                changed[conversation_id] = Place(position, wait_seconds)
            if len(changed) == NOTICE_LIMIT:
                break
        return changed

    def _read_pages(self, conversation_ids: Iterable[int]) -> None:
        missing = [
            conversation_id
            for conversation_id in conversation_ids
            if conversation_id not in self._pages
        ]
        if not missing:
            return
        with self._store.read() as connection:
            self._pages |= publishing.page_addresses(connection, missing)

    def _set_metrics(self, waiting: list[QueuedConversation]) -> None:
        lengths = places.queue_lengths(waiting)
        for team in self._teams - lengths.keys():
            QUEUE.labels(team=team).set(0)
        for team, length in lengths.items():
            QUEUE.labels(team=team).set(length)
        self._teams |= lengths.keys()


def _queue_event(place: Place, page: Address) -> Event:
    payload = QueueChanged(position=place.position, wait_seconds=place.wait_seconds)
    return Event(payload, page, to_agents=False)
