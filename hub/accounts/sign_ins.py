"""Sign-ins of agents in browsers. The token is held by the cookie and kept as a digest."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, delete, insert, select

from hub.accounts.agents import agent_resource
from hub.accounts.passwords import HASH_OF_NO_PASSWORD, matches_hash
from hub.accounts.principal import Principal
from hub.schema.tokens import digest
from hub.store.engine import Store, Transaction
from hub.store.models import agent_sessions, agents, tokens

SESSION_LIFE = timedelta(days=14)


def sign_in(store: Store, email: str, password: str) -> tuple[str, Principal] | None:
    """Opens a session.

    Returns: the session's token and its principal; None when address or password is wrong.
    """
    with store.read() as connection:
        row = connection.execute(
            select(agents).where(
                agents.c.email == email.strip().lower(), agents.c.disabled_at.is_(None)
            )
        ).first()
    if not matches_hash(row.password_hash if row is not None else HASH_OF_NO_PASSWORD, password):
        return None
    if row is None:
        return None
    token = secrets.token_urlsafe(32)
    csrf_token = secrets.token_urlsafe(32)
    store.write(lambda tx: _open_session(tx, row.id, token, csrf_token))
    return token, Principal(row.name, row.role, agent_resource(row), csrf_token, digest(token))


def sign_out(tx: Transaction, token: str) -> None:
    """Ends the session that a token holds."""
    tx.execute(delete(agent_sessions).where(agent_sessions.c.token_digest == digest(token)))


def principal_of_session(connection: Connection, token: str) -> Principal | None:
    """The agent whose session a token holds; None when it is over."""
    row = connection.execute(
        select(agents, agent_sessions.c.csrf_token)
        .join(agent_sessions, agent_sessions.c.agent_id == agents.c.id)
        .where(
            agent_sessions.c.token_digest == digest(token),
            agent_sessions.c.expires_at > datetime.now(UTC),
            agents.c.disabled_at.is_(None),
        )
    ).first()
    if row is None:
        return None
    return Principal(row.name, row.role, agent_resource(row), row.csrf_token, digest(token))


def valid_proofs(connection: Connection, proofs: Collection[str]) -> frozenset[str]:
    """Those of these digests that still belong to a valid session or API token."""
    sessions = (
        select(agent_sessions.c.token_digest)
        .join(agents, agents.c.id == agent_sessions.c.agent_id)
        .where(
            agent_sessions.c.token_digest.in_(proofs),
            agent_sessions.c.expires_at > datetime.now(UTC),
            agents.c.disabled_at.is_(None),
        )
    )
    api_tokens = (
        select(tokens.c.digest)
        .outerjoin(agents, agents.c.id == tokens.c.agent_id)
        .where(tokens.c.digest.in_(proofs), agents.c.disabled_at.is_(None))
    )
    return frozenset(connection.execute(sessions.union_all(api_tokens)).scalars())


def delete_expired_sign_ins(tx: Transaction) -> None:
    """Deletes the sessions whose time is over."""
    tx.execute(delete(agent_sessions).where(agent_sessions.c.expires_at <= tx.now))


def _open_session(tx: Transaction, agent_id: int, token: str, csrf_token: str) -> None:
    tx.execute(
        insert(agent_sessions).values(
            token_digest=digest(token),
            agent_id=agent_id,
            csrf_token=csrf_token,
            created_at=tx.now,
            expires_at=tx.now + SESSION_LIFE,
        )
    )
