"""Converts the search index of an older database to today's folding, beside the running hub."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

import structlog
from sqlalchemy import select

from hub.contacts import locks, profiles
from hub.schema import search_index, search_refold
from hub.schema.former_folding import former_fold
from hub.schema.search_refold import CONTACTS, FILES, MESSAGES
from hub.store.engine import Store, Transaction
from hub.store.models import attachments, contacts, messages
from hub.store.models.message import CANCELLED, HELD

log = structlog.get_logger()

#: The rows of one transaction: short enough for a message to wait for.
BATCH = 200
#: The longest that one run goes on; the next one continues.
RUN_SECONDS = 5.0


class SearchRefolding:
    """A job that converts the rows from before the migration, the newest first.

    It may be interrupted at any time: what a transaction converted is noted with it.
    """

    interval = timedelta(seconds=10)

    def __init__(self, store: Store) -> None:
        self._store = store

    def run(self) -> None:
        """Converts as many rows as `RUN_SECONDS` allow. Costs a read where all are converted."""
        deadline = time.monotonic() + RUN_SECONDS
        for name, step in _STEPS.items():
            with self._store.read() as connection:
                below = search_refold.former_below(connection, name)
            while below and time.monotonic() < deadline:
                below = self._store.write(step)
                log.info("search.refolded", index=name, remaining_below=below)
                time.sleep(0)  # messages that wait go first


def refold_messages(tx: Transaction) -> int:
    """Converts some messages. Returns the newest that still has its former words; 0 for none."""
    below = search_refold.former_below(tx.connection, MESSAGES)
    is_indexed = messages.c.type.not_in(("event", HELD, CANCELLED))
    ids = tx.execute(
        select(messages.c.id)
        .where(messages.c.id <= below, is_indexed)
        .order_by(messages.c.id.desc())
        .limit(BATCH)
    ).scalars()
    ids_in_order = sorted(ids.all())
    rows = tx.execute(
        select(messages.c.id, messages.c.subject, messages.c.text)
        .where(messages.c.id.in_(ids_in_order))
        .order_by(messages.c.id)
        .with_for_update(key_share=True)
    ).all()
    for row in rows:
        search_index.refold(tx.connection, MESSAGES, row.id, f"{row.subject} {row.text}")
    remaining = min(ids_in_order) - 1 if len(ids_in_order) == BATCH else 0
    search_refold.note_progress(tx, MESSAGES, remaining)
    return remaining


def refold_contacts(tx: Transaction) -> int:
    """Converts some contacts. Returns the newest that still has its former words; 0 for none."""
    below = search_refold.former_below(tx.connection, CONTACTS)
    rows = tx.execute(
        select(contacts.c.id, contacts.c.root_id)
        .where(contacts.c.id <= below)
        .order_by(contacts.c.id.desc())
        .limit(BATCH)
    ).all()
    changed = [row for row in rows if _has_other_words(_search_text(tx, row.id))]
    if changed:
        locks.lock_links(tx)  # these are several people's
        for root_id in sorted({row.root_id for row in changed}, key=str):
            locks.lock_person(tx, root_id)
    for row in changed:
        # Read again: it may have changed while this waited for the lock.
        search_index.refold(tx.connection, CONTACTS, row.id, _search_text(tx, row.id))
    remaining = rows[-1].id - 1 if len(rows) == BATCH else 0
    search_refold.note_progress(tx, CONTACTS, remaining)
    return remaining


def index_files(tx: Transaction) -> int:
    """Indexes names of some files. Returns the newest that is not indexed yet; 0 for none."""
    below = search_refold.former_below(tx.connection, FILES)
    rows = tx.execute(
        select(attachments.c.id, attachments.c.name, attachments.c.message_id)
        .where(attachments.c.id <= below)
        .order_by(attachments.c.id.desc())
        .limit(BATCH)
    ).all()
    for row in rows:
        if row.message_id is not None:
            search_index.index_older_file(tx.connection, row.id, row.name)
    remaining = rows[-1].id - 1 if len(rows) == BATCH else 0
    search_refold.note_progress(tx, FILES, remaining)
    return remaining


def _has_other_words(value: str) -> bool:
    return search_index.fold(value) != former_fold(value)


def _search_text(tx: Transaction, contact_id: int) -> str:
    row = tx.execute(
        select(contacts.c.name, contacts.c.attributes).where(contacts.c.id == contact_id)
    ).one()
    return profiles.search_text(row.name, profiles.address_paths(tx, contact_id), row.attributes)


_STEPS: dict[str, Callable[[Transaction], int]] = {
    MESSAGES: refold_messages,
    CONTACTS: refold_contacts,
    FILES: index_files,
}
