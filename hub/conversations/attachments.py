"""The files of an inbound message: noted with it, fetched after the provider was answered."""

from __future__ import annotations

from sqlalchemy import insert, update

from hub.contacts.contact_addresses import ContactAddress
from hub.store.engine import Transaction
from hub.store.models import attachments
from hub.types import Attachment


def attach(
    tx: Transaction,
    connector: str,
    message_id: int,
    person: ContactAddress,
    files: tuple[Attachment, ...],
) -> None:
    for number, file in enumerate(files):
        if file.source.startswith("upload:"):
            # It is here already: the visitor's page sent the bytes before the message.
            tx.execute(
                update(attachments)
                .where(
                    attachments.c.id == int(file.source.removeprefix("upload:")),
                    attachments.c.message_id.is_(None),
                    attachments.c.uploader == f"visitor:{person.address.path}",
                )
                .values(message_id=message_id, contact_id=person.contact_id)
            )
            continue
        tx.execute(
            insert(attachments).values(
                message_id=message_id,
                contact_id=person.contact_id,
                connector=connector,
                medium=file.medium.value,
                name=file.name[:255],
                media_type=file.media_type or "application/octet-stream",
                size=file.size,
                content_id=file.content_id,
                # Bytes that came along are read again from the journal, after the commit.
                source=file.source or f"part:{number}",
                state="pending",
                uploader="",
                key="",
                reason="",
                attempts=0,
                next_attempt_at=tx.now,
                created_at=tx.now,
            )
        )
