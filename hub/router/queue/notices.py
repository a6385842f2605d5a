"""Tells customers on the web chat where they stand in the queue, when it changes."""

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

#: Nobody is told more often than that, and no more than so many at a time: the first in line.
PAUSE_SECONDS = 2.0
NOTICE_LIMIT = 200


class QueueNotices:
    """Remembers what everybody was told last."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._told: dict[int, Place] = {}
        self._pages: dict[int, list[Address]] = {}
        self._teams: set[str] = set()
        self._told_at = float("-inf")

    def is_in_line(self, conversation_id: int) -> bool:
        """Whether others may have been told a place behind it."""
        return conversation_id in self._told

    def pause(self) -> float:
        """For how many seconds nobody is told anything yet."""
        return max(0.0, self._told_at + PAUSE_SECONDS - time.monotonic())

    def tell(self, waiting: list[QueuedConversation]) -> float | None:
        """Tells whom it concerns. Returns after how many seconds there is more to tell."""
        self._count(waiting)
        here = {need.conversation_id for need in waiting}
        for gone in self._told.keys() - here:
            del self._told[gone]
            self._pages.pop(gone, None)
        if pause := self.pause():
            return pause
        news = self._news(waiting)
        if not news:
            return None
        self._told_at = time.monotonic()
        self._read_pages(news)
        self._told |= news
        self._store.publish_unsaved(
            *(
                _queue_event(one, page)
                for conversation_id, one in news.items()
                for page in self._pages[conversation_id]
            )
        )
        return PAUSE_SECONDS if len(news) == NOTICE_LIMIT else None

    def _news(self, waiting: list[QueuedConversation]) -> dict[int, Place]:
        positions = places.queue_positions(waiting)
        with self._store.read() as connection:
            paces = {
                team: places.team_pace(connection, team)
                for team in {team for team, _position in positions.values()}
            }
        found: dict[int, Place] = {}
        for conversation_id, (team, position) in positions.items():
            pace = paces[team]
            now = Place(position, None if pace is None else pace.wait(position))
            told = self._told.get(conversation_id)
            # A wait that is reckoned anew is no news on its own.
            if told is None or told.position != position:
                found[conversation_id] = now
            if len(found) == NOTICE_LIMIT:
                break
        return found

    def _read_pages(self, ids: Iterable[int]) -> None:
        missing = [one for one in ids if one not in self._pages]
        if not missing:
            return
        with self._store.read() as connection:
            self._pages |= publishing.pages_of(connection, missing)

    def _count(self, waiting: list[QueuedConversation]) -> None:
        lengths = places.queue_lengths(waiting)
        for team in self._teams - lengths.keys():
            QUEUE.labels(team=team).set(0)
        for team, length in lengths.items():
            QUEUE.labels(team=team).set(length)
        self._teams |= lengths.keys()


def _queue_event(place: Place, page: Address) -> Event:
    told = QueueChanged(position=place.position, wait_seconds=place.wait_seconds)
    return Event(told, page, to_agents=False)
