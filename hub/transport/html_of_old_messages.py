"""Cleans the HTML of messages that came in before HTML was cleaned at arrival."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import structlog

from hub.connectors.html_cleaning import clean_in_process
from hub.conversations import timeline
from hub.errors import Overloaded
from hub.store.engine import Store

log = structlog.get_logger()


class HtmlOfOldMessages:
    """A job that takes what is left, newest first; a restart goes on where it was."""

    #: Also how long the hub waits before it begins anew after it had no room.
    interval = timedelta(minutes=10)

    def __init__(self, store: Store) -> None:
        self._store = store
        self._is_done = False

    def run(self) -> None:
        """Cleans every message that is left. After that a run costs nothing."""
        count = 0
        while not self._is_done:
            with self._store.read() as connection:
                row = timeline.find_uncleaned_html(connection)
            if row is None:
                self._is_done = True
                break
            try:
                html = clean_in_process(row.html)
            except Overloaded:
                return
            self._store.write(partial(timeline.store_clean_html, message_id=row.id, html=html))
            count += 1
        if count:
            log.info("html_of_old_messages_cleaned", count=count)
