"""API tokens: shown once, kept as a digest."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from hub.accounts.agents import agent_resource, agent_row_by_email
from hub.accounts.principal import Principal
from hub.errors import Conflict, Invalid, NotFound
from hub.schema.tokens import digest
from hub.store.engine import Store, Transaction
from hub.store.models import agents, tokens

log = structlog.get_logger()

#: How exact `last_used_at` is.
USE_SECONDS = 60.0
#: Above this number of tokens their times are forgotten, and noted once more.
MANY = 10_000


def add_token(tx: Transaction, name: str, email: str | None) -> str:
    """Creates an API token.

    Args:
        email: the agent that it acts as; None for a service account of an admin's rights.

    Returns: the token, which is not kept and cannot be shown again.

    Raises:
        NotFound: no account has this address.
        Invalid: no name.
        Conflict: the account is disabled.
    """
    if not name.strip():
        raise Invalid("Give the token a name.", "name")
    agent_id = None
    if email is not None:
        owner = agent_row_by_email(tx, email)
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


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A token as it is listed. `owner` is its agent's address; empty for a service account."""

    id: int
    name: str
    owner: str
    created_at: datetime
    last_used_at: datetime | None


def list_tokens(connection: Connection, agent_id: int | None = None) -> list[TokenRow]:
    """All tokens, oldest first, or those of one agent."""
    query = (
        select(
            tokens.c.id,
            tokens.c.name,
            func.coalesce(agents.c.email, "").label("owner"),
            tokens.c.created_at,
            tokens.c.last_used_at,
        )
        .outerjoin(agents, agents.c.id == tokens.c.agent_id)
        .order_by(tokens.c.id)
    )
    if agent_id is not None:
        query = query.where(tokens.c.agent_id == agent_id)
    return [TokenRow(*row) for row in connection.execute(query)]


def revoke_token(tx: Transaction, token_id: int, agent_id: int | None = None) -> None:
    """Ends a token: no later request is answered, and its sockets close.

    Args:
        agent_id: only a token of this agent.

    Raises:
        NotFound: there is no such token, or it is another agent's.
    """
    statement = delete(tokens).where(tokens.c.id == token_id)
    if agent_id is not None:
        statement = statement.where(tokens.c.agent_id == agent_id)
    if not tx.execute(statement).rowcount:
        raise NotFound("There is no such token.")


class TokenUse:
    """Notes when tokens are used: at most once a minute each, and after the request."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._noted: dict[str, float] = {}

    def note(self, proof: str) -> None:
        """
        Args:
            proof: the digest of a token; that of a sign-in changes nothing.
        """
        now = time.monotonic()
        if now - self._noted.get(proof, float("-inf")) < USE_SECONDS:
            return
        if len(self._noted) > MANY:
            self._noted.clear()
        self._noted[proof] = now
        try:
            self._store.write(lambda tx: _note_use(tx, proof))
        except SQLAlchemyError as error:
            # The request was answered; its time is no reason to fail afterwards.
            log.warning("token.use_not_noted", error=type(error).__name__)


def _note_use(tx: Transaction, proof: str) -> None:
    before = tx.now - timedelta(seconds=USE_SECONDS)
    tx.execute(
        update(tokens)
        .where(
            tokens.c.digest == proof,
            # Another process may have noted it.
            tokens.c.last_used_at.is_(None) | (tokens.c.last_used_at < before),
        )
        .values(last_used_at=tx.now)
    )


def principal_of_token(connection: Connection, token: str) -> Principal | None:
    """The agent or service account that a token acts as; None when it is not valid."""
    row = connection.execute(
        select(tokens.c.name.label("token_name"), tokens.c.agent_id.label("owner_id"), agents)
        .outerjoin(agents, agents.c.id == tokens.c.agent_id)
        .where(tokens.c.digest == digest(token))
    ).first()
    if row is None:
        return None
    if row.owner_id is None:
        return Principal(name=row.token_name, role="admin", proof=digest(token))
    if row.disabled_at is not None:
        return None
    return Principal(row.name, row.role, agent_resource(row), proof=digest(token))
