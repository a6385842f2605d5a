"""Agents' accounts: passwords, signed-in browsers, API tokens. Only digests are kept of secrets."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, delete, func, insert, select, update

from hub.conversations.timeline import Author
from hub.conversations.views import agent_shape
from hub.errors import Conflict, Invalid, NotFound
from hub.schema import resources
from hub.schema.tokens import digest
from hub.store.engine import Store, Transaction
from hub.store.models import agent_sessions, agents, tokens

#: OWASP's first choice for argon2id: 19 MiB, two passes, one lane.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
#: Verified against when there is no such agent, so that both answers take the same time.
_NOBODY = _HASHER.hash(secrets.token_hex(16))
MIN_PASSWORD = 8
MAX_PASSWORD = 1024
SESSION_LIFE = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking: an agent, or a service account with an admin's rights and a name."""

    name: str
    role: str
    agent: resources.Agent | None = None
    csrf_token: str = field(default="", repr=False)
    #: The digest of what they proved it with, by which it is known whether that still holds.
    proof: str = field(default="", repr=False)

    @property
    def agent_id(self) -> int | None:
        return None if self.agent is None else int(self.agent.id)

    @property
    def author(self) -> Author:
        return Author("agent", self.agent_id, self.name)


def add_agent(tx: Transaction, email: str, name: str, role: str, password: str) -> int:
    """Makes an account.

    Raises:
        Invalid: no address, no name, an unknown role, a short password.
        Conflict: the address has an account.
    """
    from email_validator import EmailNotValidError, validate_email  # only the command line needs it

    try:
        address = validate_email(email, check_deliverability=False).normalized.lower()
    except EmailNotValidError as error:
        raise Invalid(str(error), "email") from None
    if not name.strip():
        raise Invalid("Give the name that customers see.", "name")
    if role not in ("agent", "admin"):
        raise Invalid("The role is agent or admin.", "role")
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise Invalid(f"A password has {MIN_PASSWORD} to {MAX_PASSWORD} characters.", "password")
    if tx.execute(select(agents.c.id).where(agents.c.email == address)).first():
        raise Conflict(f"{address} has an account already.")
    found = tx.execute(
        insert(agents)
        .values(
            email=address,
            name=name.strip(),
            role=role,
            password_hash=_HASHER.hash(password),
            avatar_url="",
            presence="online",
            created_at=tx.now,
        )
        .returning(agents.c.id)
    ).scalar_one()
    assert isinstance(found, int)
    return found


def sign_in(store: Store, email: str, password: str) -> tuple[str, Principal] | None:
    """A new session's token and who it is; None when address or password is wrong."""
    with store.read() as connection:
        row = connection.execute(
            select(agents).where(
                agents.c.email == email.strip().lower(), agents.c.disabled_at.is_(None)
            )
        ).first()
    if not _is_password(row.password_hash if row is not None else _NOBODY, password):
        return None
    if row is None:
        return None
    token = secrets.token_urlsafe(32)
    csrf_token = secrets.token_urlsafe(32)
    store.write(lambda tx: _open_session(tx, row.id, token, csrf_token))
    return token, _principal(row, csrf_token, digest(token))


def sign_out(tx: Transaction, token: str) -> None:
    tx.execute(delete(agent_sessions).where(agent_sessions.c.token_digest == digest(token)))


def by_session(connection: Connection, token: str) -> Principal | None:
    row = connection.execute(
        select(agents, agent_sessions.c.csrf_token)
        .join(agent_sessions, agent_sessions.c.agent_id == agents.c.id)
        .where(
            agent_sessions.c.token_digest == digest(token),
            agent_sessions.c.expires_at > datetime.now(UTC),
            agents.c.disabled_at.is_(None),
        )
    ).first()
    return None if row is None else _principal(row, row.csrf_token, digest(token))


def by_token(connection: Connection, token: str) -> Principal | None:
    row = connection.execute(
        select(tokens.c.name.label("token_name"), tokens.c.agent_id.label("owner_id"), agents)
        .outerjoin(agents, agents.c.id == tokens.c.agent_id)
        .where(tokens.c.digest == digest(token))
    ).first()
    if row is None:
        return None
    if row.owner_id is None:
        return Principal(name=row.token_name, role="admin", proof=digest(token))
    return None if row.disabled_at is not None else _principal(row, "", digest(token))


def still_good(connection: Connection, proofs: Collection[str]) -> frozenset[str]:
    """Those of these proofs that still let somebody in."""
    by_session_ = (
        select(agent_sessions.c.token_digest)
        .join(agents, agents.c.id == agent_sessions.c.agent_id)
        .where(
            agent_sessions.c.token_digest.in_(proofs),
            agent_sessions.c.expires_at > datetime.now(UTC),
            agents.c.disabled_at.is_(None),
        )
    )
    by_token_ = (
        select(tokens.c.digest)
        .outerjoin(agents, agents.c.id == tokens.c.agent_id)
        .where(tokens.c.digest.in_(proofs), agents.c.disabled_at.is_(None))
    )
    return frozenset(connection.execute(by_session_.union_all(by_token_)).scalars())


def add_token(tx: Transaction, name: str, email: str | None) -> str:
    """Makes an API token, and shows it this once. Raises NotFound, Invalid."""
    if not name.strip():
        raise Invalid("Give the token a name.", "name")
    agent_id = None
    if email is not None:
        owner = _by_email(tx, email)
        if owner.disabled_at is not None:
            raise Conflict(f"{email} is disabled: enable the account first.")
        agent_id = owner.id
    token = "hub_" + secrets.token_urlsafe(32)
    tx.execute(
        insert(tokens).values(
            name=name.strip(), digest=digest(token), agent_id=agent_id, created_at=tx.now
        )
    )
    return token


def disable(tx: Transaction, email: str) -> None:
    """Ends an account: it cannot sign in, and its sign-ins and tokens are gone.

    What it holds goes back to the queue, and its screens close, as soon as a hub that runs sees it.

    Raises:
        NotFound: nobody has this address.
        Conflict: they are the last admin.
    """
    row = _by_email(tx, email)
    if row.role == "admin":
        keep_an_admin(tx, row.id)
    if row.disabled_at is not None:
        return
    tx.execute(
        update(agents).where(agents.c.id == row.id).values(disabled_at=tx.now, connected_at=None)
    )
    tx.execute(delete(agent_sessions).where(agent_sessions.c.agent_id == row.id))
    tx.execute(delete(tokens).where(tokens.c.agent_id == row.id))


def enable(tx: Transaction, email: str) -> None:
    """Lets a disabled account sign in again, with its old password. Raises NotFound."""
    row = _by_email(tx, email)
    tx.execute(update(agents).where(agents.c.id == row.id).values(disabled_at=None))


def is_disabled(tx: Transaction, agent_id: int) -> bool:
    found = tx.execute(
        select(agents.c.id).where(agents.c.id == agent_id, agents.c.disabled_at.is_not(None))
    )
    return found.first() is not None


def keep_an_admin(tx: Transaction, agent_id: int) -> None:
    """Raises Conflict when nobody else is an admin who can sign in."""
    others = tx.execute(
        select(func.count())
        .select_from(agents)
        .where(agents.c.role == "admin", agents.c.disabled_at.is_(None), agents.c.id != agent_id)
    ).scalar_one()
    if not others:
        raise Conflict("This is the last admin: make another one first.")


def _by_email(tx: Transaction, email: str) -> Any:
    row = tx.execute(
        select(agents).where(agents.c.email == email.strip().lower()).with_for_update()
    ).first()
    if row is None:
        raise NotFound(f"Nobody has the address {email}.")
    return row


def set_presence(tx: Transaction, agent_id: int, presence: str) -> resources.Agent:
    row = tx.execute(
        update(agents).where(agents.c.id == agent_id).values(presence=presence).returning(agents)
    ).one()
    return agent_shape(row)


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


def _principal(row: Any, csrf_token: str, proof: str) -> Principal:
    return Principal(row.name, row.role, agent_shape(row), csrf_token, proof)


def _is_password(hashed: str, password: str) -> bool:
    try:
        return _HASHER.verify(hashed, password[: MAX_PASSWORD + 1])
    except (VerificationError, InvalidHashError):
        return False
