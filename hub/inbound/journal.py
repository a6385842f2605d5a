"""The journal: every event as it came in, once, kept for replay.

The key of an entry is unique within its connector, so an event that comes five times, or ten times
at once, gets one entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select, update

from hub.schema.storable_text import storable
from hub.store.engine import Transaction, Upsert
from hub.store.models import journal, messages
from hub.store.prepared import Prepared
from hub.types import WebhookRequest

_ADD = Prepared(Upsert(journal, ["connector", "key"], returning=["id"]))


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """An event as it came in.

    Args:
        key: the event's key, unique within the connector.
        status: `done`, or `failed` where it could not be processed.
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


def add_failed_entry(
    tx: Transaction, connector: str, key: str, body: bytes, request: WebhookRequest, error: str
) -> None:
    """Adds an entry for an event that could not be processed; one that is there already stays.

    Args:
        error: a sentence for the admin, without values of the event.
    """
    values = _values(tx, connector, key, body, request)
    _ADD.rows(tx.connection, {**values, "status": "failed", "error": error})


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


def claim_failed_entry(tx: Transaction, journal_id: int) -> bool:
    """Marks a failed entry as done, to process it in this transaction.

    Returns:
        False where the entry has not failed, or another replay was faster.
    """
    changed = tx.execute(
        update(journal)
        .where(journal.c.id == journal_id, journal.c.status == "failed")
        .values(status="done", error="")
    )
    return changed.rowcount > 0


def mark_entry_failed(tx: Transaction, journal_id: int, error: str) -> None:
    """Marks an entry as failed, with a sentence for the admin."""
    tx.execute(
        update(journal).where(journal.c.id == journal_id).values(status="failed", error=error)
    )


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
