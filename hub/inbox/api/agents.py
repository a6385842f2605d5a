"""`/api/v1/agents` and `/teams`: agents with their skills and loads, and teams."""

from __future__ import annotations

from typing import Annotated

from flask import Response
from flask_openapi3 import Tag
from pydantic import Field
from sqlalchemy import Connection

from hub.accounts import agents, teams
from hub.accounts.config_sync import fields_decided_by_file
from hub.accounts.editing import change_agent as change_account
from hub.config.values import Language
from hub.inbox.api.blueprint import ApiBlueprint
from hub.inbox.responses import Body, ItemPath, ListOf, answer, answer_list
from hub.inbox.services import Hub, current_hub
from hub.router import routing_reads
from hub.schema import resources

TAG = Tag(name="Agents")

_Name = Annotated[str, Field(min_length=1, max_length=64)]


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
    teams: list[_Name] | None = Field(None, max_length=100, description="Names of teams.")
    skills: list[_Name] | None = Field(None, max_length=100)
    languages: list[Language] | None = Field(None, max_length=100)
    capacity: float | None = Field(
        None, ge=0, le=1000, description="How much they hold at once; null for the default."
    )


api = ApiBlueprint("agents", __name__, TAG)


@api.get("/agents", responses={200: ListOf[AgentDetails]})
def list_agents() -> Response:
    """Everybody, with what they can do and what they hold."""
    hub = current_hub()
    hub.auth.principal()
    with hub.store.read() as connection:
        return answer_list(_details(connection, hub))


@api.patch("/agents/me", responses={200: resources.Agent})
def change_me(body: OwnAgent) -> Response:
    """Says whether I take conversations. Online also needs an open screen."""
    hub = current_hub()
    agent_id = hub.auth.principal().agent_id
    return answer(hub.store.write(lambda tx: agents.choose_presence(tx, agent_id, body.presence)))


@api.put("/agents/<int:id>", responses={200: AgentDetails})
def change_agent(path: ItemPath, body: AgentChange) -> Response:
    """Changes an agent, except for what the configuration file decides."""
    hub = current_hub()
    hub.auth.admin()
    changes = body.model_dump(exclude_unset=True)
    hub.store.write(lambda tx: change_account(tx, hub.config, path.id, changes))
    with hub.store.read() as connection:
        return answer(_details_of(connection, hub, path.id))


@api.get("/teams", responses={200: ListOf[resources.Team]})
def list_teams() -> Response:
    hub = current_hub()
    hub.auth.principal()
    with hub.store.read() as connection:
        return answer_list(teams.list_teams(connection))


def _details(connection: Connection, hub: Hub) -> list[AgentDetails]:
    states = {state.id: state for state in routing_reads.read_agents(connection, hub.config)}
    return [
        AgentDetails(
            **agents.agent_resource(row).model_dump(),
            teams=sorted(states[row.id].teams),
            skills=row.skills,
            languages=row.languages,
            capacity=states[row.id].capacity,
            load=states[row.id].load,
            decided_by_file=sorted(fields_decided_by_file(hub.config, row.email)),
        )
        for row in agents.enabled_agent_rows(connection)
        if row.id in states
    ]


def _details_of(connection: Connection, hub: Hub, agent_id: int) -> AgentDetails:
    return next(agent for agent in _details(connection, hub) if agent.id == str(agent_id))
