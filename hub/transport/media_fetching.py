"""Fetches the files that inbound messages refer to, after the provider got its answer.

The text of a message shows at once and its files follow. Where a file cannot be fetched, the
message says so.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import structlog
from sqlalchemy import select

from hub import runtime
from hub.connectors.base import Connector, FetchesMedia, ReadsFiles
from hub.conversations import attachments, publishing
from hub.conversations.attachments import PendingFile
from hub.errors import Overloaded, SendError
from hub.inbound import journal
from hub.inbound.channel import ReceiveResult
from hub.metrics import MEDIA
from hub.store.engine import Store, Transaction
from hub.store.media import MediaFolder, TooLarge, sniff
from hub.store.models import attachments as attachment_rows
from hub.transport.download import Refused, download
from hub.transport.running import RunningConnectors
from hub.types import InboundEvent, InboundMessage

log = structlog.get_logger()

SWEEP_SECONDS = 5.0
MAX_TRIES = 6
FIRST_WAIT = timedelta(seconds=2)
LEASE = timedelta(minutes=5)
#: Larger files stay with the provider; the message says so.
MAX_BYTES = 50 * 1024 * 1024


class MediaFetcher:
    """One thread that fetches pending files, one after the other."""

    def __init__(self, store: Store, connectors: RunningConnectors, media: MediaFolder) -> None:
        self._store = store
        self._connectors = connectors
        self._media = media
        self._wake = threading.Event()
        self._stopping = False

    def start(self) -> None:
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

    def _run(self) -> None:
        while not self._stopping:
            self._wake.wait(SWEEP_SECONDS)
            self._wake.clear()
            try:
                while not self._stopping and (file := self._claim_next()) is not None:
                    self._fetch(file)
            except Exception:
                log.exception("media.sweep_failed")

    def _claim_next(self) -> PendingFile | None:
        with self._store.read() as connection:
            pending = connection.execute(
                select(attachment_rows.c.id).where(attachment_rows.c.state == "pending").limit(1)
            ).first()
        if pending is None:  # a read keeps idle hubs from writing
            return None
        return self._store.write(partial(attachments.claim_pending_file, lease=LEASE))

    def _fetch(self, file: PendingFile) -> None:
        try:
            key, size, head = self._media.save(self._chunks(file), MAX_BYTES)
        except TooLarge:
            self._finish(file, state="too_large", reason="The file is larger than 50 MB.")
        except (Refused, SendError, Overloaded) as error:
            self._postpone_or_fail(file, error)
        except Exception:
            log.exception("media.failed", attachment_id=file.id)
            self._finish(file, state="failed", reason="The file could not be read.")
        else:
            media_type = sniff(head, file.media_type)
            self._finish(file, state="stored", key=key, size=size, media_type=media_type)

    def _postpone_or_fail(self, file: PendingFile, error: Refused | SendError | Overloaded) -> None:
        passes = isinstance(error, Overloaded) or (isinstance(error, SendError) and error.retryable)
        if passes and file.attempts < MAX_TRIES:
            self._store.write(partial(_postpone, file=file))
            return
        too_large = isinstance(error, SendError) and error.code == "unsupported"
        self._finish(file, state="too_large" if too_large else "failed", reason=str(error))

    def _chunks(self, file: PendingFile) -> Iterator[bytes]:
        """The bytes of a file. Raises Refused or SendError where they cannot be fetched."""
        if file.source.startswith("part:"):
            return iter([self._content_from_journal(file)])
        connector = self._connectors.get(file.connector)
        if connector is None or not isinstance(connector, FetchesMedia):
            raise Refused("The connector that this file came by is turned off.")
        return download(connector.locate(file.source), connector)

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
            attachments.finish_fetch(tx, file.id, **values)
            publishing.publish_message_update(tx, file.message_id)

        self._store.write(write)


def _postpone(tx: Transaction, file: PendingFile) -> None:
    attachments.postpone_fetch(tx, file.id, tx.now + FIRST_WAIT * 2**file.attempts)
