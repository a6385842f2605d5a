"""API tokens: shown once, kept as a digest."""

from __future__ import annotations

import secrets

from sqlalchemy import Connection, insert, select

from hub.accounts.agents import agent_resource, agent_row_by_email
from hub.accounts.principal import Principal
from hub.errors import Conflict, Invalid
from hub.schema.tokens import digest
from hub.store.engine import Transaction
from hub.store.models import agents, tokens


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
