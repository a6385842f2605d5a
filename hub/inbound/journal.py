"""The journal: every event as it came in, once, kept for replay.

The key of an entry is unique within its connector, so an event that comes five times, or ten times
at once, gets one entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

from sqlalchemy import Connection, Row, select, update

from hub.schema.storable_text import storable
from hub.store.engine import Transaction, Upsert
from hub.store.models import journal, messages
from hub.store.prepared import Prepared
from hub.types import WebhookRequest

Unprocessed = Literal["failed", "ignored"]

#: The entries of a status that a summary counts at most.
SUMMARIZED = 1_000

_ADD = Prepared(Upsert(journal, ["connector", "key"], returning=["id"]))


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """An event as it came in.

    Args:
        key: the event's key, unique within the connector.
        status: `done`, `failed` where it could not be processed, `ignored` where the hub has no use
            for it.
        path, media_type, query, body: of the request from which `parse` makes the event again.
    """

    id: int
    connector: str
    key: str
    status: str
    path: str
    media_type: str
    query: Mapping[str, str]
    body: bytes

    def as_request(self, url: str) -> WebhookRequest:
        """The request that brought the event, as its connector's `parse` takes it."""
        return WebhookRequest(
            method="POST",
            url=url,
            body=self.body,
            headers={"content-type": self.media_type},
            query=self.query,
            path=self.path,
        )


@dataclass(frozen=True, slots=True)
class JournalSummary:
    """The events of one connector that became nothing but an entry of the journal."""

    failed: int = 0
    ignored: int = 0
    last_status: Unprocessed | None = None
    last_reason: str = ""
    last_at: datetime | None = None


def add_entry(
    tx: Transaction, connector: str, key: str, body: bytes, request: WebhookRequest
) -> int | None:
    """Adds an entry for an event that is processed in this transaction.

    Args:
        connector: its name.
        body: the smallest body from which `parse` makes the event again.
        request: the request that brought the event.

    Returns:
        The entry's id, None where the event has an entry already.
    """
    row = _ADD.first(tx.connection, _values(tx, connector, key, body, request))
    return None if row is None else int(row.id)


def add_unprocessed_entry(
    tx: Transaction,
    connector: str,
    key: str,
    body: bytes,
    request: WebhookRequest,
    status: Unprocessed,
    error: str,
) -> None:
    """Adds an entry for an event of which nothing but the entry remains.

    One that is there already stays.

    Args:
        status: `failed` or `ignored`.
        error: a sentence for the admin, without values of the event.
    """
    values = _values(tx, connector, key, body, request)
    _ADD.rows(tx.connection, {**values, "status": status, "error": storable(error)})


def find_entry(connection: Connection, journal_id: int) -> JournalEntry | None:
    """An entry by its id."""
    row = connection.execute(select(journal).where(journal.c.id == journal_id)).first()
    return None if row is None else _entry(row)


def find_failed_entry(connection: Connection, connector: str, key: str) -> JournalEntry | None:
    """The entry of an event, where it has one and could not be processed."""
    row = connection.execute(
        select(journal).where(
            journal.c.connector == connector, journal.c.key == key, journal.c.status == "failed"
        )
    ).first()
    return None if row is None else _entry(row)


def entry_of_message(connection: Connection, message_id: int) -> JournalEntry:
    """The entry of the event that brought a message; the message must have come in."""
    row = connection.execute(
        select(journal)
        .join(messages, messages.c.journal_id == journal.c.id)
        .where(messages.c.id == message_id)
    ).one()
    return _entry(row)


def claim_unprocessed_entry(tx: Transaction, journal_id: int) -> bool:
    """Marks an entry that failed or was ignored as done, to process it in this transaction.

    Returns:
        False where the entry is done, for instance because another replay was faster.
    """
    changed = tx.execute(
        update(journal)
        .where(journal.c.id == journal_id, journal.c.status != "done")
        .values(status="done", error="")
    )
    return changed.rowcount > 0


def mark_entry(tx: Transaction, journal_id: int, status: Unprocessed, error: str) -> None:
    """Marks an entry as failed or ignored, with a sentence for the admin."""
    tx.execute(
        update(journal)
        .where(journal.c.id == journal_id, journal.c.status != "done")
        .values(status=status, error=storable(error))
    )


def mark_ignored(tx: Transaction, journal_id: int, error: str) -> None:
    """Marks an entry whose event, processed in this transaction, shows nowhere."""
    tx.execute(
        update(journal).where(journal.c.id == journal_id).values(status="ignored", error=error)
    )


def summarize(connection: Connection) -> dict[str, JournalSummary]:
    """How many events of each connector failed or were ignored, and the last of them.

    The latest `SUMMARIZED` entries of each status count: that is enough to see that there are some,
    and costs the same whatever the journal holds.
    """
    rows: list[Row[Any]] = []
    for status in get_args(Unprocessed):
        rows += connection.execute(
            select(journal.c.connector, journal.c.status, journal.c.error, journal.c.received_at)
            .where(journal.c.status == status)
            .order_by(journal.c.id.desc())
            .limit(SUMMARIZED)
        )
    summaries: dict[str, JournalSummary] = {}
    for row in sorted(rows, key=lambda row: row.received_at):
        before = summaries.get(row.connector, JournalSummary())
        summaries[row.connector] = JournalSummary(
            failed=before.failed + (row.status == "failed"),
            ignored=before.ignored + (row.status == "ignored"),
            last_status=row.status,
            last_reason=row.error,
            last_at=row.received_at,
        )
    return summaries


# -- parts -----------------------------------------------------------------------------------------


def _values(
    tx: Transaction, connector: str, key: str, body: bytes, request: WebhookRequest
) -> dict[str, Any]:
    return {
        "connector": connector,
        "key": storable(key),
        "status": "done",
        "path": storable(request.path),
        "media_type": storable(request.headers.get("content-type", "")),
        "query": storable(dict(request.query)),
        "body": body,
        "error": "",
        "received_at": tx.now,
    }


def _entry(row: Row[Any]) -> JournalEntry:
    return JournalEntry(
        id=row.id,
        connector=row.connector,
        key=row.key,
        status=row.status,
        path=row.path,
        media_type=row.media_type,
        query=row.query,
        body=row.body,
    )
