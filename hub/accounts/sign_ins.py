"""Sign-ins of agents in browsers. The token is held by the cookie and kept as a digest."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, delete, insert, select

from hub.accounts import sign_in_limits
from hub.accounts.agents import agent_resource, agent_row_by_email, set_password
from hub.accounts.passwords import HASH_OF_NO_PASSWORD, matches_hash
from hub.accounts.principal import Principal
from hub.accounts.sign_in_limits import Try
from hub.errors import Conflict, Invalid
from hub.schema.tokens import digest
from hub.store.engine import Store, Transaction
from hub.store.models import agent_sessions, agents, tokens

SESSION_LIFE = timedelta(days=14)


def sign_in(store: Store, attempt: Try, password: str) -> tuple[str, Principal] | None:
    """Opens a session.

    Args:
        attempt: the try that was counted for it; it counts no longer when it succeeds.

    Returns: the session's token and its principal; None when address or password is wrong.
    """
    email = attempt.email
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

    def write(tx: Transaction) -> None:
        sign_in_limits.forget(tx, attempt)
        _open_session(tx, row.id, token, csrf_token)

    store.write(write)
    return token, Principal(row.name, row.role, agent_resource(row), csrf_token, digest(token))


def sign_out(tx: Transaction, token: str) -> None:
    """Ends the session that a token holds."""
    tx.execute(delete(agent_sessions).where(agent_sessions.c.token_digest == digest(token)))


def end_sign_ins(tx: Transaction, agent_id: int, *, but: str = "") -> int:
    """Ends the sign-ins of an agent.

    Args:
        but: the digest of the one that stays, as `Principal.proof` has it.

    Returns: how many ended.
    """
    ended = tx.execute(
        delete(agent_sessions).where(
            agent_sessions.c.agent_id == agent_id, agent_sessions.c.token_digest != but
        )
    )
    return ended.rowcount


def change_password(store: Store, principal: Principal, current: str, new: str) -> None:
    """Changes an agent's own password. All their sign-ins end but the one that asks.

    Raises:
        Conflict: a service account has no password.
        LimitExceeded: too many wrong ones were tried.
        Invalid: `current` is not the password, or `new` is easily guessed.
    """
    agent_id = principal.agent_id
    if agent_id is None:
        raise Conflict("A service account has no password.")
    attempt = Try.of_password_change(agent_id)
    sign_in_limits.count(store, attempt)
    with store.read() as connection:
        row = connection.execute(select(agents).where(agents.c.id == agent_id)).one()
    if not matches_hash(row.password_hash, current):
        raise Invalid("This is not your password.", "current")

    def write(tx: Transaction) -> None:
        sign_in_limits.forget(tx, attempt)
        set_password(tx, row, new, "new")
        end_sign_ins(tx, row.id, but=principal.proof)

    store.write(write)


def reset_password(tx: Transaction, email: str, password: str) -> None:
    """Gives an account another password, for an admin at the command line.

    Its sign-ins end, and what was tried wrongly counts no longer.

    Raises:
        NotFound: no account has this address.
        Invalid: the password is too short, or easily guessed.
    """
    row = agent_row_by_email(tx, email)
    set_password(tx, row, password)
    end_sign_ins(tx, row.id)
    sign_in_limits.forget_account(tx, row.email)


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
