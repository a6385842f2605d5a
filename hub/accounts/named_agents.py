"""The agents whom a note names, singly or by their teams."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select

from hub.errors import Invalid
from hub.store.models import agents, team_members, teams

#: How many agents and teams one note may name.
MAX_NAMED = 100


def resolve_named_agents(
    connection: Connection, agent_ids: Sequence[int], team_ids: Sequence[int]
) -> list[int]:
    """The ids of these agents and of the members of these teams, each once.

    Raises:
        Invalid: an agent or a team that is not there, or more than `MAX_NAMED` of either.
    """
    if max(len(agent_ids), len(team_ids)) > MAX_NAMED:
        raise Invalid(f"A note names at most {MAX_NAMED} agents and teams.", "mentions")
    known = set(
        connection.execute(select(agents.c.id).where(agents.c.id.in_(agent_ids))).scalars()
        if agent_ids
        else ()
    )
    if not known.issuperset(agent_ids):
        raise Invalid("There is no such agent.", "mentions")
    if not team_ids:
        return sorted(known)
    known_teams = connection.execute(select(teams.c.id).where(teams.c.id.in_(team_ids))).scalars()
    if not set(known_teams).issuperset(team_ids):
        raise Invalid("There is no such team.", "mention_teams")
    members = connection.execute(
        select(team_members.c.agent_id).where(team_members.c.team_id.in_(team_ids))
    )
    return sorted(known.union(members.scalars()))
