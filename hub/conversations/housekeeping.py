"""Deletes uploads that no message used."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete

from hub.store.engine import Transaction
from hub.store.models import attachments

UNUSED_FOR = timedelta(days=1)


def delete_unused_uploads(tx: Transaction) -> list[str]:
    """Forgets uploads that were never sent. Returns the keys of their files."""
    found = tx.execute(
        delete(attachments)
        .where(
            attachments.c.message_id.is_(None),
            attachments.c.created_at <= tx.now - UNUSED_FOR,
        )
        .returning(attachments.c.key)
    )
    return [key for key in found.scalars() if key]
