"""Sessions of the web chat. The token is made here, held by the page, and kept as a digest."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import insert, select, update

from hub.schema.tokens import digest
from hub.store.engine import Store, Transaction
from hub.store.models import visitor_sessions

SESSION_LIFE = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Visitor:
    """A browser. `name` is the path of its address, random and without meaning.

    `identity` is the id that the site signed for this session; `has_left`: its pages are closed.
    """

    id: int
    name: str
    locale: str = ""
    identity: str = ""
    has_left: bool = False


def open_session(store: Store, connector: str, locale: str) -> tuple[Visitor, str]:
    """A new visitor, and the token that proves to be them."""
    token = secrets.token_urlsafe(24)
    name = secrets.token_hex(16)

    def write(tx: Transaction) -> int:
        found = tx.execute(
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
        assert isinstance(found, int)
        return found

    return Visitor(store.write(write), name, locale), token


def by_token(store: Store, connector: str, token: str) -> Visitor | None:
    """Who holds a token; None when nobody does (any more). Its life starts anew."""
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
        store.write(lambda tx: _prolong(tx, row.id))
    return Visitor(row.id, row.visitor, row.locale, row.identity, row.left_at is not None)


def _prolong(tx: Transaction, session_id: int) -> None:
    tx.execute(
        update(visitor_sessions)
        .where(visitor_sessions.c.id == session_id)
        .values(expires_at=tx.now + SESSION_LIFE)
    )
