"""Teams and their members."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlalchemy import Connection, bindparam, delete, insert, select

from hub.accounts.agents import agent_resource, find_agent
from hub.errors import Invalid
from hub.schema import resources
from hub.store.engine import Transaction
from hub.store.models import agents, team_members, teams
from hub.store.prepared import Prepared

_FIND_TEAM = Prepared(select(teams).where(teams.c.id == bindparam("id")))
_FIND_AGENT_AND_TEAM = Prepared(
    select(agents, teams.c.id.label("team_id"), teams.c.name.label("team_name"))
    .join(teams, teams.c.id == bindparam("team"))
    .where(agents.c.id == bindparam("agent"))
)


def find_team(connection: Connection, team_id: int | None) -> resources.Team | None:
    """A team by id; None for None and for an unknown id."""
    row = None if team_id is None else _FIND_TEAM.first(connection, {"id": team_id})
    return None if row is None else resources.Team(id=row.id, name=row.name)


def find_agent_and_team(
    connection: Connection, agent_id: int | None, team_id: int | None
) -> tuple[resources.Agent | None, resources.Team | None]:
    """An agent and a team by their ids, each None for None, in one query at most."""
    if agent_id is None or team_id is None:
        return find_agent(connection, agent_id), find_team(connection, team_id)
    row = _FIND_AGENT_AND_TEAM.first(connection, {"agent": agent_id, "team": team_id})
    if row is None:
        return None, None
    return agent_resource(row), resources.Team(id=row.team_id, name=row.team_name)


def teams_by_id(connection: Connection, ids: Collection[int]) -> dict[int, resources.Team]:
    """These teams, in one query."""
    if not ids:
        return {}
    rows = connection.execute(select(teams).where(teams.c.id.in_(ids)))
    return {row.id: resources.Team(id=row.id, name=row.name) for row in rows}


def list_teams(connection: Connection) -> list[resources.Team]:
    """All teams, by name."""
    rows = connection.execute(select(teams).order_by(teams.c.name))
    return [resources.Team(id=row.id, name=row.name) for row in rows]


def team_ids(tx: Transaction) -> dict[str, int]:
    """The id of every team by its name."""
    return {row.name: row.id for row in tx.execute(select(teams.c.id, teams.c.name))}


def ensure_teams(tx: Transaction, names: Iterable[str]) -> dict[str, int]:
    """Creates the teams that do not exist yet. Returns the id of every team by its name."""
    ids = team_ids(tx)
    for name in names:
        if name not in ids:
            ids[name] = tx.execute(
                insert(teams).values(name=name, created_at=tx.now).returning(teams.c.id)
            ).scalar_one()
    return ids


def team_names_of(tx: Transaction, agent_id: int) -> list[str]:
    """The names of the teams that an agent is a member of."""
    return list(
        tx.execute(
            select(teams.c.name)
            .join(team_members, team_members.c.team_id == teams.c.id)
            .where(team_members.c.agent_id == agent_id)
        ).scalars()
    )


def set_teams_of(tx: Transaction, agent_id: int, names: Iterable[str]) -> None:
    """Makes an agent a member of these teams and of no other. Raises Invalid for a missing team."""
    ids = team_ids(tx)
    names = list(names)
    missing = [name for name in names if name not in ids]
    if missing:
        raise Invalid(f"There is no team {missing[0]!r}.", "teams")
    tx.execute(delete(team_members).where(team_members.c.agent_id == agent_id))
    wanted = sorted({ids[name] for name in names})
    if wanted:
        add_members(tx, [(team_id, agent_id) for team_id in wanted])


def memberships(tx: Transaction) -> set[tuple[int, int]]:
    """Every membership as (team id, agent id)."""
    return {(row.team_id, row.agent_id) for row in tx.execute(select(team_members))}


def add_members(tx: Transaction, pairs: Iterable[tuple[int, int]]) -> None:
    """Adds memberships, each (team id, agent id) and not there yet; at least one."""
    tx.execute(
        insert(team_members), [{"team_id": team, "agent_id": agent} for team, agent in pairs]
    )


def remove_member(tx: Transaction, team_id: int, agent_id: int) -> None:
    """Ends one membership."""
    tx.execute(
        delete(team_members).where(
            team_members.c.team_id == team_id, team_members.c.agent_id == agent_id
        )
    )
