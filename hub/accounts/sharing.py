"""Entries of one agent, of a team or of everybody: who sees them, and who may change them."""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Table, and_, or_, select

from hub.accounts.principal import Principal
from hub.errors import Forbidden, Invalid
from hub.store.models import team_members, teams

Scope = Literal["own", "team", "all"]


def is_visible(table: Table, principal: Principal) -> ColumnElement[bool]:
    """The condition that a principal sees an entry: their own, their teams' and everybody's.

    Args:
        table: with the columns `scope`, `agent_id`, `owner` and `team_id`.
    """
    column = table.c
    is_mine = and_(column.scope == "own", _is_author(table, principal))
    if principal.role == "admin":
        return or_(is_mine, column.scope != "own")
    my_teams = select(team_members.c.team_id).where(team_members.c.agent_id == principal.agent_id)
    return or_(
        is_mine, column.scope == "all", and_(column.scope == "team", column.team_id.in_(my_teams))
    )


def _is_author(table: Table, principal: Principal) -> ColumnElement[bool]:
    if principal.agent_id is not None:
        return table.c.agent_id == principal.agent_id
    return and_(table.c.agent_id.is_(None), table.c.owner == principal.name)


def owner_columns(principal: Principal) -> dict[str, Any]:
    """The columns that name the author of an entry."""
    return {"agent_id": principal.agent_id, "owner": principal.name}


def check_scope(
    connection: Connection, principal: Principal, scope: str, team_id: int | None
) -> None:
    """Checks that a principal may keep an entry in a scope.

    Raises:
        Invalid: a team is missing or does not exist, or is named for another scope.
        Forbidden: the agent is not in the team, or is no admin.
    """
    if scope == "team":
        if team_id is None:
            raise Invalid("Say which team.", "team")
        if connection.execute(select(teams.c.id).where(teams.c.id == team_id)).first() is None:
            raise Invalid("There is no such team.", "team")
    elif team_id is not None:
        raise Invalid("Only the scope team has a team.", "team")
    if not may_write(connection, principal, scope, team_id):
        raise Forbidden(
            "Only members of the team change what is the team's."
            if scope == "team"
            else "Only admins change what is everybody's."
        )


def may_write(
    connection: Connection, principal: Principal, scope: str, team_id: int | None
) -> bool:
    """Whether a principal may change an entry that they see."""
    if scope == "own" or principal.role == "admin":
        return True
    if scope != "team":
        return False
    member = select(team_members.c.agent_id).where(
        team_members.c.team_id == team_id, team_members.c.agent_id == principal.agent_id
    )
    return connection.execute(member).first() is not None
