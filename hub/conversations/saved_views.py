"""Views: filters of the list under a name, for their owner, for a team, or for all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, insert, or_, select, update

from hub.accounts.principal import Principal
from hub.errors import Conflict, Forbidden, Invalid, NotFound
from hub.schema.storable_text import storable
from hub.store.engine import Transaction
from hub.store.models import saved_views, team_members, teams

#: How many views one agent sees; each costs a count.
MOST_VIEWS = 50
MAX_NAME = 80


def list_views(connection: Connection, principal: Principal) -> list[Row[Any]]:
    """The views that an agent sees, by name: their own, their teams', and everybody's."""
    rows = connection.execute(
        select(saved_views)
        .where(_is_seen_by(principal))
        .order_by(saved_views.c.name, saved_views.c.id)
        .limit(2 * MOST_VIEWS)
    )
    return list(rows.all())


def get_view(connection: Connection, view_id: int, principal: Principal) -> Row[Any]:
    """A view that an agent sees. Raises NotFound."""
    row = connection.execute(
        select(saved_views).where(saved_views.c.id == view_id, _is_seen_by(principal))
    ).first()
    if row is None:
        raise NotFound("There is no such view.")
    return row


def add_view(tx: Transaction, values: Mapping[str, Any], principal: Principal) -> int:
    """Saves a view. Returns its id.

    Args:
        values: `name`, `scope`, `team_id`, `filter` and `sort`.

    Raises:
        Invalid: a wrong name, scope or team.
        Conflict: the agent has too many views.
    """
    if values["scope"] == "own" and principal.agent_id is None:
        raise Invalid("A service account shares its views: choose team or all.", "scope")
    is_own = (
        saved_views.c.owner_id.is_(None)
        if principal.agent_id is None
        else saved_views.c.owner_id == principal.agent_id
    )
    existing = tx.execute(select(saved_views.c.id).where(is_own).limit(MOST_VIEWS)).all()
    if len(existing) == MOST_VIEWS:
        raise Conflict(f"At most {MOST_VIEWS} views: delete one first.")
    columns = _checked(tx, values)
    statement = insert(saved_views).values(
        owner_id=principal.agent_id, created_at=tx.now, updated_at=tx.now, **columns
    )
    return int(tx.execute(statement.returning(saved_views.c.id)).scalar_one())


def change_view(
    tx: Transaction, view_id: int, changes: Mapping[str, Any], principal: Principal
) -> None:
    """Changes a view of one's own; an admin changes every shared one.

    Raises:
        NotFound: there is no such view.
        Forbidden: it is another agent's.
        Invalid: a wrong name, scope or team.
    """
    row = _get_own(tx, view_id, principal)
    if changes.get("scope") == "own" and row.owner_id != principal.agent_id:
        raise Invalid("Only its owner can keep it for themselves.", "scope")
    kept_values = {name: getattr(row, name) for name in _COLUMNS}
    columns = _checked(tx, {**kept_values, **changes})
    tx.execute(
        update(saved_views).where(saved_views.c.id == view_id).values(updated_at=tx.now, **columns)
    )


def delete_view(tx: Transaction, view_id: int, principal: Principal) -> None:
    """Deletes a view of one's own; an admin deletes every shared one. Raises as `change_view`."""
    _get_own(tx, view_id, principal)
    tx.execute(delete(saved_views).where(saved_views.c.id == view_id))


_COLUMNS = ("name", "scope", "team_id", "filter", "sort")


def _get_own(tx: Transaction, view_id: int, principal: Principal) -> Row[Any]:
    row = get_view(tx.connection, view_id, principal)
    if row.owner_id != principal.agent_id and principal.role != "admin":
        raise Forbidden("Only the one who made it, or an admin, can change this view.")
    return row


def _checked(tx: Transaction, values: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a view. Raises Invalid."""
    name = storable(values["name"]).strip()
    if not 0 < len(name) <= MAX_NAME:
        raise Invalid(f"A name has 1 to {MAX_NAME} characters.", "name")
    team_id = values.get("team_id")
    if values["scope"] != "team":
        team_id = None
    elif team_id is None or not tx.execute(select(teams.c.id).where(teams.c.id == team_id)).first():
        raise Invalid("Name the team that sees it.", "team")
    return {
        "name": name,
        "scope": values["scope"],
        "team_id": team_id,
        "filter": values["filter"],
        "sort": values["sort"],
    }


def _is_seen_by(principal: Principal) -> ColumnElement[bool]:
    if principal.agent_id is None:  # a service account sees what is shared
        return saved_views.c.scope != "own"
    own_teams = select(team_members.c.team_id).where(team_members.c.agent_id == principal.agent_id)
    is_of_team: ColumnElement[bool] = saved_views.c.team_id.in_(own_teams)
    if principal.role == "admin":
        is_of_team = saved_views.c.scope == "team"
    return or_(
        saved_views.c.owner_id == principal.agent_id,
        saved_views.c.scope == "all",
        (saved_views.c.scope == "team") & is_of_team,
    )
