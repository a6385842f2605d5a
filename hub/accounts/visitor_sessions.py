"""Sessions of visitors on chat pages. The token is held by the page and kept as a digest."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, insert, select, update

from hub.schema.tokens import digest
from hub.store.engine import Store, Transaction
from hub.store.models import open_pages, visitor_sessions

SESSION_LIFE = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Visitor:
    """A browser on a chat page.

    Args:
        id: the session's row.
        name: the path of the visitor's address, random and without meaning.
        identity: the id that the site signed for this session, "" for none.
        has_left: all pages of the session are closed.
    """

    id: int
    name: str
    locale: str = ""
    identity: str = ""
    has_left: bool = False


def open_visitor_session(store: Store, connector: str, locale: str) -> tuple[Visitor, str]:
    """Creates a visitor. Returns it with the token that the page holds as its proof."""
    token = secrets.token_urlsafe(24)
    name = secrets.token_hex(16)

    def write(tx: Transaction) -> int:
        session_id = tx.execute(
            insert(visitor_sessions)
            .values(
                token_digest=digest(token),
                connector=connector,
                visitor=name,
                locale=locale,
                created_at=tx.now,
                expires_at=tx.now + SESSION_LIFE,
            )
            .returning(visitor_sessions.c.id)
        ).scalar_one()
        assert isinstance(session_id, int)
        return session_id

    return Visitor(store.write(write), name, locale), token


def find_visitor(store: Store, connector: str, token: str) -> Visitor | None:
    """The visitor whose page holds a token; None when the session is over. Extends its life."""
    now = datetime.now(UTC)
    with store.read() as connection:
        row = connection.execute(
            select(visitor_sessions).where(
                visitor_sessions.c.token_digest == digest(token),
                visitor_sessions.c.connector == connector,
                visitor_sessions.c.expires_at > now,
            )
        ).first()
    if row is None:
        return None
    if row.expires_at - now < SESSION_LIFE / 2:
        store.write(lambda tx: _extend(tx, row.id))
    return Visitor(row.id, row.visitor, row.locale, row.identity, row.left_at is not None)


def _extend(tx: Transaction, session_id: int) -> None:
    tx.execute(
        update(visitor_sessions)
        .where(visitor_sessions.c.id == session_id)
        .values(expires_at=tx.now + SESSION_LIFE)
    )


def sign_visitor_identity(tx: Transaction, session_id: int, identity: str) -> None:
    """Notes the id that the site signed for a session."""
    tx.execute(
        update(visitor_sessions)
        .where(visitor_sessions.c.id == session_id)
        .values(identity=identity)
    )


def mark_returned(tx: Transaction, session_ids: tuple[int, ...]) -> None:
    """Notes that pages of these sessions are open again."""
    tx.execute(
        update(visitor_sessions)
        .where(visitor_sessions.c.id.in_(session_ids), visitor_sessions.c.left_at.is_not(None))
        .values(left_at=None)
    )


def mark_left(tx: Transaction, session_id: int, left_at: datetime) -> None:
    """Notes when the last page of a session closed."""
    tx.execute(
        update(visitor_sessions).where(visitor_sessions.c.id == session_id).values(left_at=left_at)
    )


def delete_expired_visitor_sessions(tx: Transaction) -> None:
    """Deletes the sessions whose time is over."""
    expired = select(visitor_sessions.c.id).where(visitor_sessions.c.expires_at <= tx.now)
    tx.execute(delete(open_pages).where(open_pages.c.session_id.in_(expired)))
    tx.execute(delete(visitor_sessions).where(visitor_sessions.c.expires_at <= tx.now))
