"""Jobs of conversations that run by the clock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

from hub.conversations import actions, attachments, drafts
from hub.due_timer import DueTimer
from hub.schema.events import ConversationUpdated, Event
from hub.store.engine import Store
from hub.store.media import MediaFolder


class SnoozeEnd:
    """Opens each conversation at the moment at which its snooze is over."""

    #: A snooze that another process writes is known after this time.
    interval = timedelta(seconds=5)

    def __init__(self, store: Store) -> None:
        self._store = store
        self._timer = DueTimer("snooze", self.run, self._next_end, self.interval.total_seconds())
        store.subscribe(self._on_events)

    def start(self) -> None:
        self._timer.start()

    def stop(self) -> None:
        self._timer.stop()

    def wake(self) -> None:
        self._timer.wake()

    def run(self) -> None:
        """Opens those that are over; an idle hub only reads."""
        with self._store.read() as connection:
            ids = actions.snoozes_over(connection, datetime.now(UTC))
        for conversation_id in ids:
            self._store.write(partial(actions.end_snooze, conversation_id=conversation_id))

    def _next_end(self) -> datetime | None:
        with self._store.read() as connection:
            return actions.next_snooze_end(connection)

    def _on_events(self, events: Sequence[Event]) -> None:
        for event in events:
            payload = event.payload
            if (
                isinstance(payload, ConversationUpdated)
                and payload.conversation.snoozed_until is not None
            ):
                self._timer.wake()
                return


class OldDrafts:
    """Deletes drafts that their agents left alone for long."""

    interval = timedelta(hours=6)

    def __init__(self, store: Store) -> None:
        self._store = store

    def run(self) -> None:
        """Deletes the rows; the files of drafts go with the unused uploads."""
        self._store.write(drafts.delete_old_drafts)


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
