"""Fetches the files that inbound messages refer to, after the provider got its answer.

The text of a message shows at once and its files follow. Where a file cannot be fetched, the
message says so.
"""

from __future__ import annotations

import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import structlog

from hub import runtime
from hub.connectors.base import Connector, FetchesMedia, ReadsFiles
from hub.conversations import attachments, publishing
from hub.conversations.attachments import PendingFile
from hub.errors import ConnectionFailed, Overloaded, SendError
from hub.inbound import journal
from hub.inbound.channel import ReceiveResult
from hub.metrics import MEDIA
from hub.store.engine import Store, Transaction
from hub.store.media import MediaFolder, TooLarge, picture_size, sniff
from hub.transport.download import TOTAL_SECONDS, Download, Refused, download
from hub.transport.partial_files import PartialFiles, whole
from hub.transport.running import RunningConnectors
from hub.types import InboundEvent, InboundMessage
from hub.watchdog import Watch, Watchdog

log = structlog.get_logger()

SWEEP_SECONDS = 5.0
MAX_TRIES = 6
FIRST_WAIT = timedelta(seconds=2)
#: Larger files stay with the provider; the message says so.
MAX_BYTES = 50 * 1024 * 1024
#: The files of one connector that are fetched at once, and how many of them for another time: so
#: hosts that drip hold up neither other connectors nor all files of their own.
PER_CONNECTOR = 4
REPEATS_PER_CONNECTOR = 2
#: Said of a file that is fetched again, and of one that never is.
TRIED_AGAIN = "the hub tries it again by itself."
SEND_AGAIN = "Ask the customer to send it again."
#: One attempt takes at most this, in seconds; the watchdog gives up one that takes longer.
FETCH_SECONDS = TOTAL_SECONDS + 60.0


class MediaFetcher:
    """Fetches pending files: one thread that chooses, and one for each file that is under way."""

    def __init__(
        self,
        store: Store,
        connectors: RunningConnectors,
        media: MediaFolder,
        watchdog: Watchdog | None = None,
    ) -> None:
        """Makes a fetcher that is not started. `watchdog` gives up fetches that never end."""
        self._store = store
        self._connectors = connectors
        self._media = media
        self._parts = PartialFiles(media.partial)
        self._watchdog = watchdog or Watchdog()
        self._under_way: dict[int, PendingFile] = {}
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stopping = False

    def start(self) -> None:
        self._parts.forget_old()
        runtime.spawn(self._run, name="media")

    def on_received(
        self, _connector: Connector[Any], _event: InboundEvent, result: ReceiveResult
    ) -> None:
        """Wakes the thread when an event brought files."""
        if result.fetches_media:
            self._wake.set()

    def stop(self) -> None:
        self._stopping = True
        self._wake.set()

    # -- choosing ---------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stopping:
            self._wake.wait(SWEEP_SECONDS)
            self._wake.clear()
            try:
                while not self._stopping and self._begin_next():
                    pass
            except Exception:
                log.exception("media.sweep_failed")

    def _begin_next(self) -> bool:
        """Begins to fetch the next file that there is room for. False where there is none."""
        under_way = list(self._under_way.values())
        count = Counter(file.connector for file in under_way)
        repeats = Counter(file.connector for file in under_way if file.attempts)
        with self._store.read() as connection:
            due = attachments.find_due_files(
                connection,
                datetime.now(UTC),
                limit=1 + len(under_way),
                busy=[name for name, number in count.items() if number >= PER_CONNECTOR],
                busy_with_repeats=[
                    name for name, number in repeats.items() if number >= REPEATS_PER_CONNECTOR
                ],
            )
        file = next((file for file in due if file.id not in self._under_way), None)
        if file is None:
            return False
        if self._store.write(partial(attachments.claim_file, file=file)):
            self._under_way[file.id] = file
            runtime.spawn(self._fetch_watched, file, name=f"media-{file.connector}")
        return True

    def _fetch_watched(self, file: PendingFile) -> None:
        give_up = partial(self._give_up, file)
        try:
            with self._watchdog.limit(
                "fetch", file.connector, FETCH_SECONDS, give_up, file.id
            ) as watch:
                self._fetch(file, watch)
        except Exception:
            log.exception("media.broke", attachment_id=file.id)  # it is due again after its lease
        finally:
            self._release(file)

    def _give_up(self, file: PendingFile) -> None:
        try:
            self._postpone_or_fail(file, ConnectionFailed("The file took too long."))
        finally:
            self._release(file)

    def _release(self, file: PendingFile) -> None:
        with self._lock:
            if self._under_way.get(file.id) is file:
                del self._under_way[file.id]
        self._wake.set()

    # -- one file ---------------------------------------------------------------------------------

    def _fetch(self, file: PendingFile, watch: Watch) -> None:
        try:
            size = self._parts.save(file.id, self._download(file), MAX_BYTES)
        except TooLarge:
            self._finish(file, state="too_large", reason="The file is larger than 50 MB.")
        except (Refused, SendError, Overloaded) as error:
            if not watch.is_over:
                self._postpone_or_fail(file, error)
        except Exception:
            log.exception("media.failed", attachment_id=file.id)
            self._finish(file, state="failed", reason=f"The file could not be read. {SEND_AGAIN}")
        else:
            self._connectors.mark_ok(file.connector, "fetch", file.id)
            if watch.is_over:  # another attempt may write the same part
                return
            media_type = sniff(self._parts.head(file.id), file.media_type)
            key = self._media.adopt(self._parts.path(file.id))
            width, height = picture_size(self._media.path(key), media_type) or (None, None)
            self._finish(
                file,
                state="stored",
                key=key,
                size=size,
                media_type=media_type,
                width=width,
                height=height,
            )

    def _postpone_or_fail(self, file: PendingFile, error: Refused | SendError | Overloaded) -> None:
        passes = isinstance(error, Overloaded) or (isinstance(error, SendError) and error.retryable)
        if passes and file.attempts < MAX_TRIES:
            reason = f"{error} Try {file.attempts + 1} of {MAX_TRIES + 1}: {TRIED_AGAIN}"
            self._store.write(partial(_postpone, file=file, reason=reason))
            return
        if isinstance(error, SendError) and error.code == "unsupported":
            self._finish(file, state="too_large", reason=str(error))
            return
        stopped = f"The hub tried it {MAX_TRIES + 1} times and has stopped. " if passes else ""
        self._finish(file, state="failed", reason=f"{error} {stopped}{SEND_AGAIN}")

    def _download(self, file: PendingFile) -> Download:
        """The bytes of a file. Raises Refused or SendError where they cannot be fetched."""
        if file.source.startswith("part:"):
            return whole(self._content_from_journal(file))
        connector = self._connectors.get(file.connector)
        if connector is None or not isinstance(connector, FetchesMedia):
            raise Refused("The connector that this file came by is turned off.")
        return download(connector.locate(file.source), connector, self._parts.of(file.id))

    def _content_from_journal(self, file: PendingFile) -> bytes:
        """The bytes of a file that came with its message: they are in the journal."""
        with self._store.read() as connection:
            entry = journal.entry_of_message(connection, file.message_id)
        connector = self._connectors.get(entry.connector)
        if connector is None:
            raise Refused("The connector that this file came by is turned off.")
        if isinstance(connector, ReadsFiles):
            return connector.read_file(entry.body, file.source)
        number = int(file.source.removeprefix("part:"))
        for event in connector.parse(entry.as_request("")):
            if isinstance(event, InboundMessage) and number < len(event.attachments):
                content = event.attachments[number].content
                if content is not None:
                    return content()
        raise Refused("The file is not in what came in.")

    def _finish(self, file: PendingFile, **values: Any) -> None:
        """Writes the outcome and publishes the message. `values` as `finish_fetch` takes them."""
        MEDIA.labels(connector=file.connector or "", outcome=values["state"]).inc()

        def write(tx: Transaction) -> None:
            if attachments.finish_fetch(tx, file, **values):
                publishing.publish_message_update(tx, file.message_id)

        self._store.write(write)
        self._parts.delete(file.id)


def _postpone(tx: Transaction, file: PendingFile, reason: str) -> None:
    again_at = tx.now + FIRST_WAIT * 2**file.attempts
    if attachments.postpone_fetch(tx, file, again_at, reason):
        publishing.publish_message_update(tx, file.message_id)
