"""Drafts as values: the place of one, its content, and how the API shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from hub.conversations import views
from hub.schema import resources
from hub.store.models import attachments, draft_files


@dataclass(frozen=True, slots=True)
class DraftKey:
    """The draft of one agent in one conversation.

    Args:
        type: `reply` or `note`.
    """

    agent_id: int
    conversation_id: int
    type: str


@dataclass(frozen=True, slots=True)
class DraftContent:
    """What a draft says, and where it goes.

    Args:
        connector: another channel than that of the message answered; None for that one.
        attachment_ids: of files that the agent uploaded, in order.
        cc: the copies that the agent chose; None for those of the mail answered.
        address, contact_id: of a new message; the address as it was typed, however incomplete.
    """

    text: str = ""
    connector: str | None = None
    attachment_ids: tuple[int, ...] = ()
    subject: str = ""
    cc: tuple[str, ...] | None = None
    bcc: tuple[str, ...] = ()
    format: str = "plain"
    mentions: tuple[str, ...] = ()
    reply_to: int | None = None
    address: str = ""
    contact_id: int | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to keep: an address or a copy alone is no words."""
        has_words = self.text.strip() or self.subject.strip() or self.address.strip()
        return not (has_words or self.attachment_ids)


def draft_of(
    connection: Connection, key: DraftKey, content: DraftContent, version: int
) -> resources.Draft:
    """A content as the API shows it, with its files. It is not saved."""
    rows = connection.execute(
        select(attachments)
        .where(attachments.c.id.in_(content.attachment_ids))
        .order_by(attachments.c.id)
    )
    return resources.Draft(
        id=None,
        conversation_id=key.conversation_id,
        type=key.type,
        text=content.text,
        connector=content.connector,
        attachments=[views.attachment_from_row(row) for row in rows],
        subject=content.subject,
        cc=None if content.cc is None else list(content.cc),
        reply_to=content.reply_to,
        version=version,
        updated_at=None,
    )


def content_of(draft: resources.Draft) -> DraftContent:
    """The content of a draft as the API shows it."""
    return DraftContent(
        text=draft.text,
        connector=draft.connector,
        attachment_ids=tuple(int(file.id) for file in draft.attachments),
        subject=draft.subject,
        cc=None if draft.cc is None else tuple(draft.cc),
        bcc=tuple(draft.bcc),
        format=draft.format,
        mentions=tuple(draft.mentions),
        reply_to=None if draft.reply_to is None else int(draft.reply_to),
        address=draft.address,
        contact_id=None if draft.contact_id is None else int(draft.contact_id),
    )


def from_rows(connection: Connection, rows: Sequence[Row[Any]]) -> list[resources.Draft]:
    """Drafts with their files, from rows of `draft`, in the same order."""
    files: dict[int, list[resources.Attachment]] = {row.id: [] for row in rows}
    for file in connection.execute(
        select(attachments, draft_files.c.draft_id)
        .join(draft_files, draft_files.c.attachment_id == attachments.c.id)
        .where(draft_files.c.draft_id.in_(files))
        .order_by(draft_files.c.position)
    ):
        files[file.draft_id].append(views.attachment_from_row(file))
    return [
        resources.Draft(
            id=row.id,
            conversation_id=row.conversation_id,
            type=row.type,
            text=row.text,
            connector=row.connector,
            attachments=files[row.id],
            subject=row.subject,
            cc=row.cc,
            bcc=row.bcc,
            format=row.format,
            mentions=row.mentions,
            reply_to=row.reply_to,
            address=row.address,
            contact_id=row.contact_id,
            version=row.version,
            updated_at=row.updated_at,
        )
        for row in rows
    ]
