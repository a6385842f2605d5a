"""Files that canned replies and macros keep: every message that has one has a copy of its row.

The copies share the bytes, which go with the last row that has them.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Row, insert, or_, select, update

from hub.store.engine import Transaction
from hub.store.models import attachments

#: What keeps uploads to send them again and again, as the first word of `uploader`.
KEEPERS = ("canned-reply", "macro")


def keep_uploads(tx: Transaction, attachment_ids: Collection[int], keeper: str) -> int:
    """Keeps files that agents uploaded, and releases the others of the same keeper.

    Args:
        keeper: `canned-reply:ID` or `macro:ID`.

    Returns: the number of these files that it has now.
    """
    release_uploads(tx, keeper, attachment_ids)
    return tx.execute(
        update(attachments)
        .where(
            attachments.c.id.in_(attachment_ids),
            attachments.c.message_id.is_(None),
            or_(attachments.c.uploader.like("agent:%"), attachments.c.uploader == keeper),
            attachments.c.state == "stored",
        )
        .values(uploader=keeper)
    ).rowcount


def release_uploads(tx: Transaction, keeper: str, attachment_ids: Collection[int] = ()) -> None:
    """Releases the kept files except these: they are deleted as unused uploads are."""
    tx.execute(
        update(attachments)
        .where(attachments.c.uploader == keeper, attachments.c.id.not_in(attachment_ids))
        .values(uploader="agent:", created_at=tx.now)
    )


def is_kept() -> ColumnElement[bool]:
    """The condition that something keeps a file."""
    return or_(*(attachments.c.uploader.like(f"{keeper}:%") for keeper in KEEPERS))


def copy_kept_files(
    tx: Transaction, attachment_ids: Collection[int], message_id: int, contact_id: int
) -> list[Row[Any]]:
    """Gives a message files of its own with the bytes of kept ones.

    Returns: the `id` and `name` of each.
    """
    rows = tx.execute(
        select(attachments)
        .where(attachments.c.id.in_(attachment_ids), is_kept())
        .order_by(attachments.c.id)
    )
    return [
        tx.execute(
            insert(attachments)
            .values(
                {name: value for name, value in row.items() if name != "id"}
                | {
                    "message_id": message_id,
                    "contact_id": contact_id,
                    "uploader": "agent:",
                    "created_at": tx.now,
                }
            )
            .returning(attachments.c.id, attachments.c.name)
        ).one()
        for row in rows.mappings().all()
    ]
