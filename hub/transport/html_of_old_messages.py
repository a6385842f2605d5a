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


#: Messages of one run, so that a run ends soon.
BATCH = 100


class HtmlOfOldMessages:
    """A job that takes what is left, newest first; a restart goes on where it was."""

    interval = timedelta(seconds=10)

    def __init__(self, store: Store) -> None:
        self._store = store
        self._is_finished = False

    def run(self) -> None:
        """Cleans some of the messages that are left. Once there are none, a run costs nothing."""
        for _ in range(0 if self._is_finished else BATCH):
            with self._store.read() as connection:
                row = timeline.find_uncleaned_html(connection)
            if row is None:
                self._is_finished = True
                return
            try:
                html = clean_in_process(row.html)
            except Overloaded:
                return
            self._store.write(partial(timeline.store_clean_html, message_id=row.id, html=html))
            log.debug("old_html_cleaned", message_id=row.id)
