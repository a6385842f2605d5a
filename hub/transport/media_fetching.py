"""Gets the files that messages refer to: after the provider was answered, and never from inside.

A message's text is there at once; its files follow. Where a file cannot be had, the message stays
and says so.
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
from hub.connectors.base import Connector, FetchesMedia
from hub.conversations import attachments, publishing
from hub.conversations.attachments import PendingFile
from hub.errors import SendError
from hub.inbound.channel import ReceiveResult
from hub.metrics import MEDIA
from hub.store.engine import Store, Transaction
from hub.store.media import MediaFolder, TooLarge, sniff
from hub.store.models import attachments as attachment_rows
from hub.store.models import journal, messages
from hub.transport.download import Refused, download
from hub.transport.running import RunningConnectors
from hub.types import InboundEvent, InboundMessage, WebhookRequest

log = structlog.get_logger()

SWEEP_SECONDS = 5.0
MAX_TRIES = 6
FIRST_WAIT = timedelta(seconds=2)
LEASE = timedelta(minutes=5)
#: Larger files stay with the provider; the message says so.
MAX_BYTES = 50 * 1024 * 1024


class MediaFetcher:
    """One thread that fetches what is pending, a few at a time."""

    def __init__(self, store: Store, connectors: RunningConnectors, media: MediaFolder) -> None:
        self._store = store
        self._connectors = connectors
        self._media = media
        self._wake = threading.Event()
        self._stopping = False

    def start(self) -> None:
        runtime.spawn(self._run, name="media")

    def wake(self) -> None:
        self._wake.set()

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
                while not self._stopping and (row := self._next()) is not None:
                    self._fetch(row)
            except Exception:
                log.exception("media.sweep_failed")

    def _next(self) -> PendingFile | None:
        with self._store.read() as connection:
            waiting = connection.execute(
                select(attachment_rows.c.id).where(attachment_rows.c.state == "pending").limit(1)
            ).first()
        return (
            None
            if waiting is None
            else self._store.write(partial(attachments.claim_pending_file, lease=LEASE))
        )

    def _fetch(self, row: PendingFile) -> None:
        try:
            key, size, head = self._media.save(self._chunks(row), MAX_BYTES)
        except TooLarge:
            self._settle(row, state="too_large", reason="The file is larger than 50 MB.")
        except (Refused, SendError) as error:
            self._settle_failure(row, error)
        except Exception:
            log.exception("media.failed", attachment_id=row.id)
            self._settle(row, state="failed", reason="The file could not be read.")
        else:
            media_type = sniff(head, row.media_type)
            self._settle(row, state="stored", key=key, size=size, media_type=media_type)

    def _settle_failure(self, row: PendingFile, error: Refused | SendError) -> None:
        if isinstance(error, SendError) and error.retryable and row.attempts < MAX_TRIES:
            self._store.write(partial(_later, file=row))
            return
        too_large = isinstance(error, SendError) and error.code == "unsupported"
        self._settle(row, state="too_large" if too_large else "failed", reason=str(error))

    def _chunks(self, row: PendingFile) -> Iterator[bytes]:
        if row.source.startswith("part:"):
            return iter([self._content_from_journal(row)])
        connector = self._connectors.get(row.connector)
        if connector is None or not isinstance(connector, FetchesMedia):
            raise Refused("The connector that this file came by is turned off.")
        return download(connector.locate(row.source), connector)

    def _content_from_journal(self, row: PendingFile) -> bytes:
        """The bytes came with the message itself: they are in the journal."""
        with self._store.read() as connection:
            entry = connection.execute(
                select(journal)
                .join(messages, messages.c.journal_id == journal.c.id)
                .where(messages.c.id == row.message_id)
            ).one()
        connector = self._connectors.get(entry.connector)
        if connector is None:
            raise Refused("The connector that this file came by is turned off.")
        request = WebhookRequest(
            method="POST",
            url="",
            body=entry.body,
            headers={"content-type": entry.media_type},
            query=entry.query,
            path=entry.path,
        )
        number = int(row.source.removeprefix("part:"))
        for event in connector.parse(request):
            if isinstance(event, InboundMessage) and number < len(event.attachments):
                content = event.attachments[number].content
                if content is not None:
                    return content()
        raise Refused("The file is not in what came in.")

    def _settle(self, row: PendingFile, **values: Any) -> None:
        MEDIA.labels(connector=row.connector or "", outcome=values["state"]).inc()

        def settle(tx: Transaction) -> None:
            attachments.finish_fetch(tx, row.id, **values)
            publishing.updated_message(tx, row.message_id)

        self._store.write(settle)


def _later(tx: Transaction, file: PendingFile) -> None:
    attachments.postpone_fetch(tx, file.id, tx.now + FIRST_WAIT * 2**file.attempts)
