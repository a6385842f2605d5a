"""Agents' accounts: created, read, changed, disabled, and given their turn by the router."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update

from hub.accounts.passwords import check_new_password, hash_password
from hub.errors import Conflict, Invalid, NotFound
from hub.schema import resources
from hub.schema.events import Event, PresenceChanged
from hub.store.engine import Transaction
from hub.store.models import agent_sessions, agents, tokens
from hub.store.prepared import Prepared

_FIND_AGENT = Prepared(select(agents).where(agents.c.id == bindparam("id")))
_TAKE_TURN = Prepared(
    update(agents)
    .where(
        agents.c.id == bindparam("agent"),
        agents.c.assigned_at.is_not_distinct_from(
            bindparam("seen", type_=agents.c.assigned_at.type)
        ),
    )
    .values(assigned_at=bindparam("given_at"))
    .returning(agents.c.id)
)


# -- reading ---------------------------------------------------------------------------------------


def agent_resource(row: Row[Any]) -> resources.Agent:
    """An agent's row as the API shows it. Without an open screen the presence is `offline`."""
    return resources.Agent(
        id=row.id,
        name=row.name,
        email=row.email,
        role=row.role,
        presence=row.presence if row.connected_at is not None else "offline",
        avatar_url=row.avatar_url,
    )


def find_agent(connection: Connection, agent_id: int | None) -> resources.Agent | None:
    """An agent by id; None for None and for an unknown id."""
    row = None if agent_id is None else _FIND_AGENT.first(connection, {"id": agent_id})
    return None if row is None else agent_resource(row)


def agents_by_id(connection: Connection, ids: Collection[int]) -> dict[int, resources.Agent]:
    """These agents, in one query."""
    if not ids:
        return {}
    rows = connection.execute(select(agents).where(agents.c.id.in_(ids)))
    return {row.id: agent_resource(row) for row in rows}


def enabled_agent_rows(connection: Connection) -> list[Row[Any]]:
    """The rows of all accounts that are not disabled, by name."""
    return list(
        connection.execute(
            select(agents)
            .where(agents.c.disabled_at.is_(None))
            .order_by(agents.c.name, agents.c.id)
        )
    )


def enabled_agent_row(tx: Transaction, agent_id: int) -> Row[Any]:
    """The row of an account that is not disabled. Raises NotFound."""
    row = tx.execute(
        select(agents).where(agents.c.id == agent_id, agents.c.disabled_at.is_(None))
    ).first()
    if row is None:
        raise NotFound("There is no such agent.")
    return row


def disabled_agent_ids(connection: Connection) -> list[int]:
    """The ids of all disabled accounts."""
    rows = connection.execute(select(agents.c.id).where(agents.c.disabled_at.is_not(None)))
    return list(rows.scalars())


def is_disabled(tx: Transaction, agent_id: int) -> bool:
    """Whether an account is disabled."""
    row = tx.execute(
        select(agents.c.id).where(agents.c.id == agent_id, agents.c.disabled_at.is_not(None))
    )
    return row.first() is not None


def agent_row_by_email(tx: Transaction, email: str) -> Row[Any]:
    """The row of an account, locked until the commit. Raises NotFound."""
    row = tx.execute(
        select(agents).where(agents.c.email == email.strip().lower()).with_for_update()
    ).first()
    if row is None:
        raise NotFound(f"Nobody has the address {email}.")
    return row


# -- changing --------------------------------------------------------------------------------------


def add_agent(tx: Transaction, email: str, name: str, role: str, password: str) -> int:
    """Creates an account.

    Args:
        role: `agent` or `admin`.

    Returns: the agent's id.

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
    check_new_password(password, address, name)
    if tx.execute(select(agents.c.id).where(agents.c.email == address)).first():
        raise Conflict(f"{address} has an account already.")
    agent_id = tx.execute(
        insert(agents)
        .values(
            email=address,
            name=name.strip(),
            role=role,
            password_hash=hash_password(password),
            avatar_url="",
            presence="online",
            created_at=tx.now,
        )
        .returning(agents.c.id)
    ).scalar_one()
    assert isinstance(agent_id, int)
    return agent_id


def set_password(tx: Transaction, row: Row[Any], password: str, field: str = "password") -> None:
    """Gives an account another password. Its sign-ins are the caller's.

    Args:
        row: the account.
        field: the field of the request that an error names.

    Raises:
        Invalid: the password is too short, or easily guessed.
    """
    check_new_password(password, row.email, row.name, field=field)
    update_agent(tx, row.id, {"password_hash": hash_password(password)})


def update_agent(tx: Transaction, agent_id: int, columns: Mapping[str, Any]) -> Row[Any]:
    """Writes columns of an account, checked by the caller. Returns the new row."""
    return tx.execute(
        update(agents).where(agents.c.id == agent_id).values(**columns).returning(agents)
    ).one()


def disable_agent(tx: Transaction, email: str) -> None:
    """Ends an account: it cannot sign in, and its sign-ins and tokens are deleted.

    Its conversations go back to the queue, and its screens close, as soon as a running hub sees it.

    Raises:
        NotFound: no account has this address.
        Conflict: it is the last admin's.
    """
    row = agent_row_by_email(tx, email)
    if row.role == "admin":
        ensure_another_admin(tx, row.id)
    if row.disabled_at is not None:
        return
    tx.execute(
        update(agents).where(agents.c.id == row.id).values(disabled_at=tx.now, connected_at=None)
    )
    tx.execute(delete(agent_sessions).where(agent_sessions.c.agent_id == row.id))
    tx.execute(delete(tokens).where(tokens.c.agent_id == row.id))


def enable_agent(tx: Transaction, email: str) -> None:
    """Lets a disabled account sign in again, with its old password. Raises NotFound."""
    row = agent_row_by_email(tx, email)
    tx.execute(update(agents).where(agents.c.id == row.id).values(disabled_at=None))


def ensure_another_admin(tx: Transaction, agent_id: int) -> None:
    """Raises Conflict when no other admin can sign in."""
    admins = tx.execute(
        select(func.count())
        .select_from(agents)
        .where(agents.c.role == "admin", agents.c.disabled_at.is_(None), agents.c.id != agent_id)
    ).scalar_one()
    if not admins:
        raise Conflict("This is the last admin: make another one first.")


def choose_presence(tx: Transaction, agent_id: int | None, presence: str) -> resources.Agent:
    """Writes the presence that an agent chose, and publishes it.

    Args:
        agent_id: None for a service account.

    Raises:
        Conflict: a service account has no presence.
    """
    if agent_id is None:
        raise Conflict("A service account is nobody who could be online.")
    agent = agent_resource(update_agent(tx, agent_id, {"presence": presence}))
    publish_agent(tx, agent)
    return agent


def publish_presence(tx: Transaction, agent_id: int) -> None:
    """Publishes an agent as the row stands, once the transaction is on disk."""
    row = tx.execute(select(agents).where(agents.c.id == agent_id)).one()
    publish_agent(tx, agent_resource(row))


def publish_agent(tx: Transaction, agent: resources.Agent) -> None:
    """Publishes an agent once the transaction is on disk."""
    tx.publish(Event(PresenceChanged(agent=agent, presence=agent.presence)))


def take_turn(
    tx: Transaction, agent_id: int, *, last_assigned_at: datetime | None, given_at: datetime
) -> bool:
    """Marks an agent as given a conversation now.

    Args:
        last_assigned_at: when the agent was last given one, as the decision read it.
        given_at: the moment of this assignment.

    Returns: False when another process gave the agent one since then.
    """
    turn = {"agent": agent_id, "seen": last_assigned_at, "given_at": given_at}
    return _TAKE_TURN.first(tx.connection, turn) is not None
