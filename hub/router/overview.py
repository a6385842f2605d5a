"""The state of a hub at this moment: the agents, their loads, and the queue of each team."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select

from hub.accounts.agents import agent_resource
from hub.config import Config
from hub.router import hours, routing_reads
from hub.router.decisions.values import Agent
from hub.router.queue import places
from hub.schema import resources
from hub.store.models import agents


class AgentLoad(resources.Shape):
    """An agent, and what they hold: `load` of `capacity`, for so many `people`."""

    agent: resources.Agent
    teams: list[str]
    skills: list[str]
    languages: list[str]
    capacity: float
    load: float
    people: int


class TeamQueue(resources.Shape):
    """A team and who waits for it. `name` is empty for what anybody may answer."""

    name: str
    is_open: bool
    opens_at: datetime | None
    members: int
    online: int
    waiting: int
    waiting_since: datetime | None
    #: What the next to come would wait, from those who were served last; None where nobody waits.
    wait_seconds: int | None


class Overview(resources.Shape):
    at: datetime
    teams: list[TeamQueue]
    agents: list[AgentLoad]


def read_overview(connection: Connection, config: Config, now: datetime) -> Overview:
    """The state that the admin's page shows: a query more per team, none per customer."""
    agent_by_id = {
        agent.id: agent
        for agent in routing_reads.read_agents(connection, config)
        if agent.may_answer
    }
    rows = connection.execute(
        select(agents).where(agents.c.disabled_at.is_(None)).order_by(agents.c.name)
    )
    loads = [_load(shape, agent_by_id[int(shape.id)]) for shape in map(agent_resource, rows)]
    waiting = places.waiting_by_team(connection)
    names = [*routing_reads.read_team_names(connection).values(), ""]
    return Overview(
        at=now,
        teams=[
            _team(connection, config, name, loads, waiting.get(name, (0, None)), now)
            for name in sorted(names, key=lambda name: (name == "", name))
        ],
        agents=loads,
    )


def _load(shape: resources.Agent, agent: Agent) -> AgentLoad:
    return AgentLoad(
        agent=shape,
        teams=sorted(agent.teams),
        skills=sorted(agent.skills),
        languages=sorted(agent.languages),
        capacity=agent.capacity,
        load=agent.load,
        people=len(agent.loads),
    )


def _team(
    connection: Connection,
    config: Config,
    name: str,
    loads: list[AgentLoad],
    waiting: tuple[int, datetime | None],
    now: datetime,
) -> TeamQueue:
    members = [load for load in loads if not name or name in load.teams]
    team = config.teams.get(name)
    opening_hours = config.hours[team.hours] if team is not None and team.hours else None
    is_open = opening_hours is None or hours.is_open(opening_hours, now)
    count, since = waiting
    pace = places.team_pace(connection, name) if count else None
    return TeamQueue(
        name=name,
        is_open=is_open,
        opens_at=None if opening_hours is None or is_open else hours.opens_at(opening_hours, now),
        members=len(members),
        online=sum(load.agent.presence == "online" for load in members),
        waiting=count,
        waiting_since=since,
        wait_seconds=None if pace is None else pace.wait(count + 1),
    )
