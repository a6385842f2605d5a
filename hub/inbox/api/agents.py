"""`/api/v1/agents` and `/teams`: who answers, what they can do, what they hold."""

from __future__ import annotations

from typing import Annotated, Any

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field
from sqlalchemy import Connection, delete, insert, select, update

from hub.accounts import credentials, presence
from hub.config.values import Language
from hub.conversations.views import agent_shape
from hub.errors import Conflict, Invalid, NotFound
from hub.inbox.api.responses import Body, ItemPath, ListOf, answer, answer_list
from hub.inbox.services import Hub
from hub.router import config_sync, routing_reads
from hub.schema import resources
from hub.schema.storable_text import storable
from hub.store.engine import Transaction
from hub.store.models import agents, team_members, teams

TAG = Tag(name="Agents")

_Word = Annotated[str, Field(min_length=1, max_length=64)]


class AgentDetails(resources.Agent):
    """An agent as the router sees them.

    `load` is what they hold now of their `capacity`; `decided_by_file` names the fields that the
    configuration file decides.
    """

    teams: list[str]
    skills: list[str]
    languages: list[str]
    capacity: float
    load: float
    decided_by_file: list[str]


class OwnAgent(Body):
    presence: resources.Presence


class AgentChange(Body):
    """What is left out stays as it is."""

    name: str | None = Field(None, min_length=1, max_length=200)
    role: resources.Role | None = None
    teams: list[_Word] | None = Field(None, max_length=100, description="Names of teams.")
    skills: list[_Word] | None = Field(None, max_length=100)
    languages: list[Language] | None = Field(None, max_length=100)
    capacity: float | None = Field(
        None, ge=0, le=1000, description="How much they hold at once; null for the default."
    )


def blueprint(hub: Hub) -> APIBlueprint:
    api = APIBlueprint("agents", __name__, abp_tags=[TAG])

    @api.get("/agents", responses={200: ListOf[AgentDetails]})
    def list_agents() -> Response:
        """Everybody, with what they can do and what they hold."""
        hub.auth.principal()
        with hub.store.read() as connection:
            return answer_list(_details(connection, hub))

    @api.patch("/agents/me", responses={200: resources.Agent})
    def change_me(body: OwnAgent) -> Response:
        """Says whether I take conversations. Online also needs an open screen."""
        principal = hub.auth.principal()
        agent_id = principal.agent_id
        if agent_id is None:
            raise Conflict("A service account is nobody who could be online.")

        def change(tx: Transaction) -> resources.Agent:
            agent = credentials.set_presence(tx, agent_id, body.presence)
            presence.publish(tx, agent_id)
            return agent

        return answer(hub.store.write(change))

    @api.put("/agents/<int:id>", responses={200: AgentDetails})
    def change_agent(path: ItemPath, body: AgentChange) -> Response:
        """Changes an agent, except for what the configuration file decides."""
        hub.auth.admin()
        changes = body.model_dump(exclude_unset=True)
        hub.store.write(lambda tx: _change(tx, hub, path.id, changes))
        with hub.store.read() as connection:
            return answer(next(one for one in _details(connection, hub) if one.id == str(path.id)))

    @api.get("/teams", responses={200: ListOf[resources.Team]})
    def list_teams() -> Response:
        hub.auth.principal()
        with hub.store.read() as connection:
            rows = connection.execute(select(teams).order_by(teams.c.name))
            return answer_list([resources.Team(id=row.id, name=row.name) for row in rows])

    return api


def _details(connection: Connection, hub: Hub) -> list[AgentDetails]:
    states = {one.id: one for one in routing_reads.read_agents(connection, hub.config)}
    rows = connection.execute(
        select(agents).where(agents.c.disabled_at.is_(None)).order_by(agents.c.name, agents.c.id)
    )
    return [
        AgentDetails(
            **agent_shape(row).model_dump(),
            teams=sorted(states[row.id].teams),
            skills=row.skills,
            languages=row.languages,
            capacity=states[row.id].capacity,
            load=states[row.id].load,
            decided_by_file=sorted(config_sync.decided_by_file(hub.config, row.email)),
        )
        for row in rows
        if row.id in states
    ]


def _change(tx: Transaction, hub: Hub, agent_id: int, changes: dict[str, Any]) -> None:
    row = tx.execute(
        select(agents).where(agents.c.id == agent_id, agents.c.disabled_at.is_(None))
    ).first()
    if row is None:
        raise NotFound("There is no such agent.")
    for name in ("name", "role", "teams", "skills", "languages"):
        if name in changes and changes[name] is None:
            raise Invalid("This cannot be null; leave it out to keep it.", name)
    changes = storable(changes)
    in_teams = _in_teams(tx, agent_id)
    before = {name: getattr(row, name) for name in config_sync.COLUMNS} | {"teams": in_teams}
    for name in config_sync.decided_by_file(hub.config, row.email):
        if name in changes and _plain(changes[name]) != _plain(before[name]):
            raise Conflict(
                f"The {name} of {row.email} stand in the configuration file, which decides. "
                "Change them there."
            )
    if changes.get("role") == "agent" and row.role == "admin":
        credentials.keep_an_admin(tx, agent_id)
    if "teams" in changes:
        _join(tx, agent_id, changes.pop("teams"))
    if "name" in changes:
        changes["name"] = changes["name"].strip() or row.name
    if changes:
        tx.execute(update(agents).where(agents.c.id == agent_id).values(**changes))
    presence.publish(tx, agent_id)


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, list) else value


def _in_teams(tx: Transaction, agent_id: int) -> list[str]:
    return list(
        tx.execute(
            select(teams.c.name)
            .join(team_members, team_members.c.team_id == teams.c.id)
            .where(team_members.c.agent_id == agent_id)
        ).scalars()
    )


def _join(tx: Transaction, agent_id: int, names: list[str]) -> None:
    ids = {row.name: row.id for row in tx.execute(select(teams))}
    missing = [name for name in names if name not in ids]
    if missing:
        raise Invalid(f"There is no team {missing[0]!r}.", "teams")
    tx.execute(delete(team_members).where(team_members.c.agent_id == agent_id))
    wanted = sorted({ids[name] for name in names})
    if wanted:
        tx.execute(
            insert(team_members),
            [{"team_id": team_id, "agent_id": agent_id} for team_id in wanted],
        )
