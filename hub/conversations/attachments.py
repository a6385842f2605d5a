"""Files of messages: uploads before they are sent, and files that a provider still keeps.

The files of an inbound message are noted with it and fetched after the provider got its answer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    delete,
    exists,
    insert,
    or_,
    select,
    update,
)

from hub.contacts.contact_addresses import ContactAddress
from hub.conversations import kept_files
from hub.schema import search_index
from hub.store.engine import Transaction
from hub.store.models import attachments, draft_files
from hub.types import Attachment, Medium

#: The time after which an upload that no message used is deleted.
UNUSED_FOR = timedelta(days=1)


def add_inbound_files(
    tx: Transaction,
    connector: str,
    message_id: int,
    sender: ContactAddress,
    files: tuple[Attachment, ...],
) -> None:
    """Adds the files of an inbound message; they are fetched after the commit.

    A file whose source is `upload:ID` was uploaded by the visitor before and is only attached.
    """
    rows: list[dict[str, Any]] = []
    for number, file in enumerate(files):
        if file.source.startswith("upload:"):
            # The visitor's page sent the bytes before the message.
            uploads = tx.execute(
                update(attachments)
                .where(
                    attachments.c.id == int(file.source.removeprefix("upload:")),
                    attachments.c.message_id.is_(None),
                    attachments.c.uploader == f"visitor:{sender.address.path}",
                )
                .values(message_id=message_id, contact_id=sender.contact_id)
                .returning(attachments.c.id, attachments.c.name)
            )
            _index_names(tx, uploads)
            continue
        rows.append(
            {
                "message_id": message_id,
                "contact_id": sender.contact_id,
                "connector": connector,
                "medium": file.medium.value,
                "name": file.name[:255],
                "media_type": file.media_type or "application/octet-stream",
                "size": file.size,
                "content_id": file.content_id,
                # Bytes that came with the message are read from the journal, after the commit.
                "source": file.source or f"part:{number}",
                "state": "pending",
                "uploader": "",
                "key": "",
                "reason": "",
                "attempts": 0,
                "next_attempt_at": tx.now,
                "created_at": tx.now,
            }
        )
    if rows:
        added = insert(attachments).returning(attachments.c.id, attachments.c.name)
        _index_names(tx, tx.execute(added, rows))


def _index_names(tx: Transaction, files: Iterable[Row[Any]]) -> int:
    """Makes files of a message found by their names. Returns how many there are."""
    count = 0
    for row in files:
        search_index.index_file(tx, row.id, row.name)
        count += 1
    return count


def files_not_in(
    tx: Transaction, message_id: int, files: Sequence[Attachment]
) -> tuple[Attachment, ...]:
    """The files of an edit that its message has not had so far.

    A provider may name the same file anew, so one of the same medium and size is the same.
    """
    if not files:
        return ()
    rows = tx.execute(
        select(
            attachments.c.source, attachments.c.medium, attachments.c.size, attachments.c.name
        ).where(attachments.c.message_id == message_id)
    ).all()
    return tuple(
        file
        for file in files
        if not any(
            row.source == file.source
            or (
                file.size is not None
                and (row.medium, row.size, row.name)
                == (file.medium.value, file.size, file.name[:255])
            )
            for row in rows
        )
    )


def add_upload(
    tx: Transaction,
    *,
    uploader: str,
    medium: Medium,
    name: str,
    media_type: str,
    size: int,
    key: str,
    picture_size: tuple[int, int] | None = None,
) -> Row[Any]:
    """Adds an uploaded file that belongs to no message yet.

    Args:
        uploader: `agent:ID` or `visitor:NAME`; only this uploader may send the file.
        size: in bytes.
        key: the name of the file in the media folder.
        picture_size: width and height of a picture, in pixels.

    Returns: the row of `attachments`.
    """
    width, height = picture_size or (None, None)
    return tx.execute(
        insert(attachments)
        .values(
            uploader=uploader,
            medium=medium.value,
            name=name,
            media_type=media_type,
            size=size,
            width=width,
            height=height,
            content_id="",
            source="",
            key=key,
            state="stored",
            reason="",
            attempts=0,
            created_at=tx.now,
        )
        .returning(attachments)
    ).one()


def attach_agent_uploads(
    tx: Transaction, attachment_ids: Collection[int], message_id: int, contact_id: int
) -> int:
    """Gives files that agents uploaded to a message, and copies of kept ones.

    Returns: the number of files it got.
    """
    copies = kept_files.copy_kept_files(tx, attachment_ids, message_id, contact_id)
    attached = tx.execute(
        update(attachments)
        .where(
            attachments.c.id.in_(attachment_ids),
            attachments.c.message_id.is_(None),
            attachments.c.uploader.like("agent:%"),
            attachments.c.state == "stored",
        )
        .values(message_id=message_id, contact_id=contact_id)
        .returning(attachments.c.id, attachments.c.name)
    )
    return _index_names(tx, [*copies, *attached])


def delete_unused_uploads(tx: Transaction) -> list[str]:
    """Deletes uploads that no message or draft used for a day, and that nothing keeps.

    Returns: the keys of their files, but of those that another message has, too.
    """
    keys = tx.execute(
        delete(attachments)
        .where(
            attachments.c.message_id.is_(None),
            ~kept_files.is_kept(),
            attachments.c.created_at <= tx.now - UNUSED_FOR,
            # A draft keeps its files however old they are.
            ~exists().where(draft_files.c.attachment_id == attachments.c.id),
        )
        .returning(attachments.c.key)
    ).scalars()
    unused = {key for key in keys if key}
    shared = tx.execute(select(attachments.c.key).where(attachments.c.key.in_(unused))).scalars()
    return sorted(unused - set(shared))


# -- files that are fetched ------------------------------------------------------------------------


#: How long a claim of a file lasts: longer than any attempt to fetch it.
LEASE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class PendingFile:
    """A file that is to be fetched.

    Args:
        connector: the connector that the message came by.
        source: where the connector finds the file; `part:N` is the Nth file in the journal's entry.
        attempts: the number of attempts before this one.
    """

    id: int
    message_id: int
    connector: str
    media_type: str
    source: str
    attempts: int


def find_due_files(
    connection: Connection,
    now: datetime,
    limit: int,
    *,
    busy: Collection[str],
    busy_with_repeats: Collection[str],
) -> list[PendingFile]:
    """The oldest files that are due.

    Args:
        busy: the connectors for which none more is to be fetched now.
        busy_with_repeats: those for which no file is to be fetched that was tried before.
    """
    rows = connection.execute(
        select(attachments)
        .where(
            attachments.c.state == "pending",
            attachments.c.message_id.is_not(None),
            or_(
                attachments.c.next_attempt_at <= now,
                # The clock was set back since: nothing waits that long.
                attachments.c.next_attempt_at > now + 2 * LEASE,
            ),
            attachments.c.connector.not_in(busy),
            or_(attachments.c.attempts == 0, attachments.c.connector.not_in(busy_with_repeats)),
        )
        .order_by(attachments.c.id)
        .limit(limit)
    )
    return [
        PendingFile(row.id, row.message_id, row.connector, row.media_type, row.source, row.attempts)
        for row in rows
    ]


def claim_file(tx: Transaction, file: PendingFile) -> bool:
    """Takes a file for one attempt. False where another worker took it first."""
    changed = tx.execute(
        update(attachments)
        .where(
            attachments.c.id == file.id,
            attachments.c.state == "pending",
            attachments.c.attempts == file.attempts,
        )
        .values(attempts=file.attempts + 1, next_attempt_at=tx.now + LEASE)
    )
    return changed.rowcount > 0


def postpone_fetch(
    tx: Transaction, file: PendingFile, next_attempt_at: datetime, reason: str
) -> bool:
    """Sets the time of the next attempt to fetch a file. False where the claim was lost.

    Args:
        reason: a sentence for the agent, shown while the file is pending.
    """
    changed = tx.execute(
        update(attachments)
        .where(_is_still_claimed(file))
        .values(next_attempt_at=next_attempt_at, reason=reason)
    )
    return changed.rowcount > 0


def _is_still_claimed(file: PendingFile) -> ColumnElement[bool]:
    return and_(
        attachments.c.id == file.id,
        attachments.c.state == "pending",
        attachments.c.attempts == file.attempts + 1,
    )


def finish_fetch(tx: Transaction, file: PendingFile, **values: Any) -> bool:
    """Writes the outcome of fetching a file. False where the claim was lost: it counts no more.

    Args:
        values: `state` (`stored`, `too_large` or `failed`), with `key`, `size`, `media_type`,
            `width` and `height` of a stored file or the `reason` of a failure.
    """
    changed = tx.execute(
        update(attachments).where(_is_still_claimed(file)).values({"reason": "", **values})
    )
    return changed.rowcount > 0
