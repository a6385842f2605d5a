"""What agents are writing and have not sent: saved, cleared when it is sent, and put back.

Each save names the version that it changes, and makes the next one. A save of an older version is
refused with the present draft, so that two screens of an agent never overwrite each other's words.
A draft that was sent stays as an empty row with a version of its own: a save that was under way
meanwhile is one of an older version, and brings nothing back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, func, insert, or_, select, update

from hub.conversations.draft_values import DraftContent, DraftKey, content_of, from_rows
from hub.errors import Conflict, NotFound
from hub.schema import cursors, resources
from hub.schema.cursors import Page
from hub.schema.events import DraftUpdated, Event
from hub.schema.storable_text import storable
from hub.store.engine import Transaction, Upsert
from hub.store.models import attachments, conversations, draft_files, drafts

REPLY, NOTE, NEW = "reply", "note", "new"
#: An agent keeps so many drafts; an older one has to be sent or discarded first.
MAX_DRAFTS = 1_000
#: A draft that its agent left alone is deleted after this time, an empty one after the other.
KEPT_FOR = timedelta(days=90)
EMPTY_KEPT_FOR = timedelta(days=7)

_ADD = Upsert(drafts, ["agent_id", "conversation_id", "type"], returning=["id"])


class DraftChanged(Conflict):
    """A save of an older version. The problem carries the present draft."""

    def __init__(self, present: resources.Draft) -> None:
        super().__init__(
            "This draft was changed on another screen meanwhile.",
            draft=present.model_dump(mode="json"),
        )


# -- reading ---------------------------------------------------------------------------------------


def get_draft(connection: Connection, key: DraftKey) -> resources.Draft:
    """A draft of a conversation; an empty one where there is none. Raises NotFound."""
    row = connection.execute(select(drafts).where(_is(key))).first()
    if row is not None:
        return from_rows(connection, [row])[0]
    known = select(conversations.c.id).where(conversations.c.id == key.conversation_id)
    if connection.execute(known).first() is None:
        raise NotFound("There is no such conversation.")
    return resources.Draft(
        id=None, conversation_id=key.conversation_id, type=key.type, version=0, updated_at=None
    )


def list_drafts(
    connection: Connection, agent_id: int, limit: int, cursor: str | None
) -> Page[resources.Draft]:
    """The drafts of an agent that have words or files, the last changed first."""
    query = select(drafts).where(drafts.c.agent_id == agent_id, drafts.c.is_empty.is_(False))
    page = cursors.page(connection, query, (drafts.c.updated_at, drafts.c.id), limit, cursor)
    return Page(from_rows(connection, page.items), page.next)


# -- saving ----------------------------------------------------------------------------------------


def save_draft(
    tx: Transaction, key: DraftKey, content: DraftContent, version: int | None
) -> resources.Draft:
    """Saves a draft of a conversation.

    Args:
        version: the one that the save changes, 0 for none; None where there is none but an empty
            one.

    Raises:
        DraftChanged: there is a newer version.
        NotFound: no such conversation.
        Conflict: the agent has too many drafts, or a file is not theirs.
    """
    get_draft(tx.connection, key)  # the conversation is there
    row = _locked_row(tx, key)
    return _write(tx, row, storable(content), version)


def save_new_message(
    tx: Transaction,
    agent_id: int,
    content: DraftContent,
    *,
    draft_id: int | None = None,
    version: int | None = None,
) -> resources.Draft:
    """Saves the draft of a new message, which has no conversation.

    Args:
        draft_id: of the draft to change; None for another one.

    Raises:
        DraftChanged: there is a newer version.
        NotFound: the agent has no such draft.
        Conflict: the agent has too many drafts, or a file is not theirs.
    """
    if draft_id is None:
        row = tx.execute(
            insert(drafts).values(_new_row(tx, agent_id, None, NEW)).returning(drafts)
        ).one()
        return _write(tx, row, storable(content), None)
    return _write(tx, _row_of_new(tx, agent_id, draft_id), storable(content), version)


def discard_draft(tx: Transaction, key: DraftKey, version: int | None) -> resources.Draft:
    """Empties a draft of a conversation.

    Args:
        version: the one that the agent saw; None for whichever there is.

    Raises:
        DraftChanged: there is a newer version.
        NotFound: no such conversation.
    """
    present = get_draft(tx.connection, key)
    if present.version == 0 and version in (None, 0):
        return present
    row = _locked_row(tx, key)
    return _write(tx, row, DraftContent(), row.version if version is None else version)


def discard_new_message(tx: Transaction, agent_id: int, draft_id: int) -> resources.Draft:
    """Empties the draft of a new message. Raises NotFound."""
    row = _row_of_new(tx, agent_id, draft_id)
    return _write(tx, row, DraftContent(), row.version)


def clear_sent_draft(tx: Transaction, key: DraftKey, text: str, version: int | None) -> None:
    """Empties the draft that was sent, or a beginning of it; words that were typed since stay.

    Args:
        text: as it was sent.
        version: of the draft that was sent; None where its sender names none.
    """
    row = tx.execute(select(drafts).where(_is(key)).with_for_update()).first()
    if row is None:
        if version is None:
            return
        # A save that is under way must find that its words were sent.
        row = _locked_row(tx, key)
    elif row.version != version and (row.is_empty or not text.strip().startswith(row.text.strip())):
        return
    _write(tx, row, DraftContent(), row.version)


def restore_draft(tx: Transaction, key: DraftKey, content: DraftContent) -> resources.Draft:
    """Puts a message that was taken back into its draft, before what was typed since."""
    row = _locked_row(tx, key)
    typed = content_of(from_rows(tx.connection, [row])[0])
    if not typed.is_empty:
        texts = [text for text in (content.text.strip(), typed.text.strip()) if text]
        files = dict.fromkeys((*content.attachment_ids, *typed.attachment_ids))
        content = replace(content, text="\n\n".join(texts), attachment_ids=tuple(files))
    return _write(tx, row, content, row.version, owns_files=True)


def delete_old_drafts(tx: Transaction) -> int:
    """Deletes drafts that were left alone for long, and empty ones. Returns their number."""
    old = or_(
        drafts.c.is_empty.is_(True) & (drafts.c.updated_at < tx.now - EMPTY_KEPT_FOR),
        drafts.c.is_empty.is_(False) & (drafts.c.updated_at < tx.now - KEPT_FOR),
    )
    ids = select(drafts.c.id).where(old).scalar_subquery()
    tx.execute(delete(draft_files).where(draft_files.c.draft_id.in_(ids)))
    return tx.execute(delete(drafts).where(old)).rowcount


# -- parts -----------------------------------------------------------------------------------------


def _is(key: DraftKey) -> ColumnElement[bool]:
    return (
        (drafts.c.agent_id == key.agent_id)
        & (drafts.c.conversation_id == key.conversation_id)
        & (drafts.c.type == key.type)
    )


def _new_row(
    tx: Transaction, agent_id: int, conversation_id: int | None, type_: str
) -> dict[str, Any]:
    return {
        "agent_id": agent_id,
        "conversation_id": conversation_id,
        "type": type_,
        "version": 0,
        "is_empty": True,
        "text": "",
        "subject": "",
        "bcc": [],
        "format": "plain",
        "mentions": [],
        "address": "",
        "created_at": tx.now,
        "updated_at": tx.now,
    }


def _locked_row(tx: Transaction, key: DraftKey) -> Row[Any]:
    """The row of a draft, locked; an empty one of version 0 is added where there is none."""
    tx.execute(
        _ADD.for_dialect(tx.connection.dialect.name),
        _new_row(tx, key.agent_id, key.conversation_id, key.type),
    )
    return tx.execute(select(drafts).where(_is(key)).with_for_update()).one()


def _row_of_new(tx: Transaction, agent_id: int, draft_id: int) -> Row[Any]:
    row = tx.execute(
        select(drafts)
        .where(drafts.c.id == draft_id, drafts.c.agent_id == agent_id, drafts.c.type == NEW)
        .with_for_update()
    ).first()
    if row is None:
        raise NotFound("There is no such draft.")
    return row


def _write(
    tx: Transaction,
    row: Row[Any],
    content: DraftContent,
    version: int | None,
    *,
    owns_files: bool = False,
) -> resources.Draft:
    """Writes the next version of a draft and tells its agent's screens.

    Args:
        version: the one that is changed; None is right for an empty draft alone.
        owns_files: the files were in a message of the agent, and need no check.
    """
    is_present = row.is_empty if version is None else row.version == version
    if not is_present:
        raise DraftChanged(from_rows(tx.connection, [row])[0])
    if row.is_empty and not content.is_empty:
        _check_count(tx, row.agent_id)
    _write_files(tx, row, content.attachment_ids, owns_files=owns_files)
    written = tx.execute(
        update(drafts)
        .where(drafts.c.id == row.id)
        .values(
            version=row.version + 1,
            is_empty=content.is_empty,
            text=content.text,
            connector=content.connector,
            subject=content.subject,
            cc=None if content.cc is None else list(content.cc),
            bcc=list(content.bcc),
            format=content.format,
            mentions=list(content.mentions),
            reply_to=content.reply_to,
            address=content.address,
            contact_id=content.contact_id,
            updated_at=tx.now,
        )
        .returning(drafts)
    ).one()
    draft = from_rows(tx.connection, [written])[0]
    tx.publish(
        Event(
            DraftUpdated(conversation_id=draft.conversation_id, draft=draft),
            agent_id=row.agent_id,
        )
    )
    return draft


def _check_count(tx: Transaction, agent_id: int) -> None:
    count = tx.execute(
        select(func.count()).where(drafts.c.agent_id == agent_id, drafts.c.is_empty.is_(False))
    ).scalar_one()
    if count >= MAX_DRAFTS:
        raise Conflict(f"You have {MAX_DRAFTS} drafts. Send or discard some of them first.")


def _write_files(
    tx: Transaction, row: Row[Any], attachment_ids: Sequence[int], *, owns_files: bool
) -> None:
    """Gives a draft exactly these files."""
    wanted = list(dict.fromkeys(attachment_ids))
    if wanted and not owns_files:
        usable = tx.execute(
            select(func.count()).where(
                attachments.c.id.in_(wanted),
                attachments.c.message_id.is_(None),
                attachments.c.uploader == f"agent:{row.agent_id}",
                attachments.c.state == "stored",
            )
        ).scalar_one()
        if usable != len(wanted):
            raise Conflict("A file of this draft is not there, or was sent before.")
    tx.execute(delete(draft_files).where(draft_files.c.draft_id == row.id))
    if wanted:
        tx.execute(
            insert(draft_files),
            [
                {"draft_id": row.id, "attachment_id": file_id, "position": position}
                for position, file_id in enumerate(wanted)
            ],
        )
