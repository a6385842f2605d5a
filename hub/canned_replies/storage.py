"""Canned replies in the database: listed, added, changed, deleted and restored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, insert, select, update

from hub.accounts import sharing
from hub.accounts.principal import Principal
from hub.conversations import kept_files
from hub.conversations.views import attachment_from_row
from hub.errors import Conflict, Forbidden, Invalid, NotFound
from hub.schema import resources
from hub.schema.storable_text import storable
from hub.store.engine import Store, Transaction
from hub.store.models import attachments as files
from hub.store.models import canned_replies

MAX_REPLIES = 5000
#: How long a deleted reply can be restored.
KEPT_FOR = timedelta(days=1)
FROM_FILE = "It stands in the configuration file, which decides. Change it there."


def list_replies(connection: Connection, principal: Principal) -> list[resources.CannedReply]:
    """All replies that a principal sees, in no order."""
    rows = connection.execute(
        select(canned_replies)
        .where(sharing.is_visible(canned_replies, principal), canned_replies.c.deleted_at.is_(None))
        .order_by(canned_replies.c.id)
        .limit(MAX_REPLIES)
    ).all()
    return _from_rows(connection, rows, principal)


def get_reply(connection: Connection, reply_id: int, principal: Principal) -> resources.CannedReply:
    """Raises NotFound: there is none, or the principal does not see it."""
    return _from_rows(connection, [_visible_row(connection, reply_id, principal)], principal)[0]


def add_reply(
    tx: Transaction, values: Mapping[str, Any], principal: Principal
) -> resources.CannedReply:
    """Adds a reply.

    Args:
        values: `shortcut`, `title`, `text`, `scope`, `team_id`, `language`, `kinds`, and
            `attachments` (ids of uploads).

    Raises:
        Invalid: an upload or a team that is not there, an empty shortcut.
        Forbidden: the agent may not write in this scope.
    """
    sharing.check_scope(tx.connection, principal, values["scope"], values["team_id"])
    columns = _columns(values)
    statement = insert(canned_replies).values(
        **columns,
        **sharing.owner_columns(principal),
        used=0,
        is_from_file=False,
        created_at=tx.now,
        updated_at=tx.now,
    )
    reply_id = int(tx.execute(statement.returning(canned_replies.c.id)).scalar_one())
    _keep_files(tx, reply_id, values.get("attachments", ()))
    return get_reply(tx.connection, reply_id, principal)


def change_reply(
    tx: Transaction, reply_id: int, changes: Mapping[str, Any], principal: Principal
) -> resources.CannedReply:
    """Changes the named fields of a reply, as `add_reply` has them.

    Raises:
        NotFound: there is none, or the principal does not see it.
        Conflict: the configuration file has it.
        Forbidden: the agent may not write in its scope, or in the new one.
        Invalid: as for `add_reply`.
    """
    row = _writable_row(tx.connection, reply_id, principal)
    scope = changes.get("scope", row.scope)
    team_id = changes.get("team_id", row.team_id if scope == row.scope else None)
    sharing.check_scope(tx.connection, principal, scope, team_id)
    columns = _columns({**changes, "scope": scope, "team_id": team_id})
    if scope == "own" and row.scope != "own":
        columns |= sharing.owner_columns(principal)
    tx.execute(
        update(canned_replies)
        .where(canned_replies.c.id == reply_id)
        .values(**columns, updated_at=tx.now)
    )
    if "attachments" in changes:
        _keep_files(tx, reply_id, changes["attachments"])
    return get_reply(tx.connection, reply_id, principal)


def delete_reply(tx: Transaction, reply_id: int, principal: Principal) -> None:
    """Deletes a reply, which can be restored for a day. Raises as `change_reply`."""
    _writable_row(tx.connection, reply_id, principal)
    _set_deleted(tx, reply_id, tx.now)


def restore_reply(tx: Transaction, reply_id: int, principal: Principal) -> resources.CannedReply:
    """Restores a reply that was deleted within a day. Raises as `change_reply`."""
    _writable_row(tx.connection, reply_id, principal, is_deleted=True)
    _set_deleted(tx, reply_id, None)
    return get_reply(tx.connection, reply_id, principal)


def count_use(tx: Transaction, reply_id: int) -> None:
    """Counts that a reply was put into an answer."""
    tx.execute(
        update(canned_replies)
        .where(canned_replies.c.id == reply_id)
        .values(used=canned_replies.c.used + 1, last_used_at=tx.now)
    )


class DeletedReplies:
    """Deletes for good what can be restored no more; its files go as unused uploads go."""

    interval = timedelta(hours=1)

    def __init__(self, store: Store) -> None:
        self._store = store

    def run(self) -> None:
        """Releases the files first."""
        self._store.write(_delete_for_good)


def _delete_for_good(tx: Transaction) -> None:
    is_over = canned_replies.c.deleted_at < tx.now - KEPT_FOR
    for reply_id in tx.execute(select(canned_replies.c.id).where(is_over)).scalars().all():
        kept_files.release_uploads(tx, _keeper(reply_id))
    tx.execute(delete(canned_replies).where(is_over))


# -- parts ---------------------------------------------------------------------------------------


def _columns(values: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a reply from its fields, as far as they are named. Raises Invalid."""
    names = ("shortcut", "title", "text", "scope", "team_id", "language", "kinds")
    columns: dict[str, Any] = storable({name: values[name] for name in names if name in values})
    if "shortcut" in columns:
        shortcut = columns["shortcut"].strip().lstrip("/")
        if not shortcut or any(character.isspace() for character in shortcut):
            raise Invalid("A shortcut is one word, such as refund.", "shortcut")
        columns["shortcut"] = shortcut
    if "text" in columns and not columns["text"].strip():
        raise Invalid("Write the text.", "text")
    if "title" in columns:
        columns["title"] = columns["title"].strip()
    if "kinds" in columns:
        columns["kinds"] = sorted(set(columns["kinds"]))
    return columns


def _visible_row(
    connection: Connection, reply_id: int, principal: Principal, *, is_deleted: bool = False
) -> Row[Any]:
    deleted_at = canned_replies.c.deleted_at
    is_there: ColumnElement[bool] = deleted_at.is_not(None) if is_deleted else deleted_at.is_(None)
    row = connection.execute(
        select(canned_replies).where(
            canned_replies.c.id == reply_id,
            is_there,
            sharing.is_visible(canned_replies, principal),
        )
    ).first()
    if row is None:
        raise NotFound("There is no such canned reply.")
    return row


def _writable_row(
    connection: Connection, reply_id: int, principal: Principal, *, is_deleted: bool = False
) -> Row[Any]:
    row = _visible_row(connection, reply_id, principal, is_deleted=is_deleted)
    if row.is_from_file:
        raise Conflict(FROM_FILE)
    if not sharing.may_write(connection, principal, row.scope, row.team_id):
        raise Forbidden("Only admins change what is everybody's.")
    return row


def _set_deleted(tx: Transaction, reply_id: int, deleted_at: Any) -> None:
    tx.execute(
        update(canned_replies)
        .where(canned_replies.c.id == reply_id)
        .values(deleted_at=deleted_at, updated_at=tx.now)
    )


def _keeper(reply_id: int) -> str:
    return f"canned-reply:{reply_id}"


def _keep_files(tx: Transaction, reply_id: int, attachment_ids: Sequence[int]) -> None:
    """Makes these the files of a reply, and no others. Raises Invalid."""
    count = kept_files.keep_uploads(tx, attachment_ids, _keeper(reply_id))
    if count != len(set(attachment_ids)):
        raise Invalid("An attachment is not there, or was sent before.", "attachments")


def _from_rows(
    connection: Connection, rows: Sequence[Row[Any]], principal: Principal
) -> list[resources.CannedReply]:
    files_by_keeper: dict[str, list[resources.Attachment]] = {}
    keepers = [_keeper(row.id) for row in rows]
    for start in range(0, len(keepers), 500):
        statement = select(files).where(files.c.uploader.in_(keepers[start : start + 500]))
        for row in connection.execute(statement.order_by(files.c.id)):
            files_by_keeper.setdefault(row.uploader, []).append(attachment_from_row(row))
    writable: dict[tuple[str, int | None], bool] = {}
    for row in rows:
        if (row.scope, row.team_id) not in writable:
            writable[row.scope, row.team_id] = sharing.may_write(
                connection, principal, row.scope, row.team_id
            )
    return [
        resources.CannedReply(
            id=row.id,
            shortcut=row.shortcut,
            title=row.title or row.shortcut,
            text=row.text,
            scope=row.scope,
            team=row.team_id,
            language=row.language,
            kinds=row.kinds,
            attachments=files_by_keeper.get(_keeper(row.id), []),
            owner=row.owner,
            is_from_file=row.is_from_file,
            may_change=not row.is_from_file and writable[row.scope, row.team_id],
            used=row.used,
            last_used_at=row.last_used_at,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )
        for row in rows
    ]
