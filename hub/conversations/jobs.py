"""Jobs of conversations that run by the clock."""

from __future__ import annotations

from datetime import timedelta

from hub.conversations import actions, attachments
from hub.store.engine import Store
from hub.store.media import MediaFolder


class SnoozeEnd:
    """Opens the conversations whose snooze is over."""

    interval = timedelta(seconds=10)

    def __init__(self, store: Store) -> None:
        self._store = store

    def run(self) -> None:
        """Opens them; an idle hub only reads."""
        with self._store.read() as connection:
            if not actions.is_snooze_over(connection):
                return
        self._store.write(actions.reopen_snoozed)


class UnusedUploads:
    """Deletes uploads that no message used, with their files."""

    interval = timedelta(hours=1)

    def __init__(self, store: Store, media: MediaFolder) -> None:
        self._store = store
        self._media = media

    def run(self) -> None:
        """Deletes the rows first, so that no row is left without its file."""
        for key in self._store.write(attachments.delete_unused_uploads):
            self._media.path(key).unlink(missing_ok=True)
