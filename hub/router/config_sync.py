"""Teams and agents as the file has them, written into the tables. What it says wins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, insert, select, update

from hub.config import Config
from hub.conversations.views import agent_shape
from hub.schema.events import Event, PresenceChanged
from hub.store.engine import Transaction
from hub.store.models import agents, team_members, teams

#: What an agent's entry in the file may decide that is a column of theirs.
COLUMNS = ("name", "role", "skills", "languages", "capacity")


def apply(tx: Transaction, config: Config) -> None:
    """Makes teams, members and agents what the file says; what it leaves out stays as it is.

    Accounts are not made here: an agent in the file who has none yet is written when they do.
    Teams that are no longer in the file keep what they have and lose their members.
    """
    ids = _write_teams(tx, config)
    accounts = {row.email: row for row in tx.execute(select(agents))}
    for email, entry in config.agents.items():
        if email in accounts:
            given = {name: getattr(entry, name) for name in COLUMNS}
            _write_agent(tx, accounts[email], given)
    _write_members(tx, config, ids, {email: row.id for email, row in accounts.items()})


def decided_by_file(config: Config, email: str) -> frozenset[str]:
    """Which fields of an agent the file decides."""
    entry = config.agents.get(email)
    decided = set()
    if entry is not None:
        decided = {name for name in (*COLUMNS, "teams") if getattr(entry, name) is not None}
    if any(team.members for team in config.teams.values()):
        decided.add("teams")
    return frozenset(decided)


def _write_teams(tx: Transaction, config: Config) -> dict[str, int]:
    ids = {row.name: row.id for row in tx.execute(select(teams.c.id, teams.c.name))}
    for name in config.teams:
        if name not in ids:
            ids[name] = tx.execute(
                insert(teams).values(name=name, created_at=tx.now).returning(teams.c.id)
            ).scalar_one()
    return ids


def _write_agent(tx: Transaction, row: Any, given: Mapping[str, Any]) -> None:
    plain = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in given.items()
        if value is not None
    }
    changed = {name: value for name, value in plain.items() if getattr(row, name) != value}
    if not changed:
        return
    new = tx.execute(
        update(agents).where(agents.c.id == row.id).values(**changed).returning(agents)
    ).one()
    agent = agent_shape(new)
    tx.publish(Event(PresenceChanged(agent=agent, presence=agent.presence)))


def _write_members(
    tx: Transaction, config: Config, ids: Mapping[str, int], accounts: Mapping[str, int]
) -> None:
    """The members the file names; agents it does not speak of keep the teams they were given."""
    if not config.teams and not config.agents:
        return
    wanted: set[tuple[int, int]] = set()
    spoken_of: set[int] = set()
    for name, team in config.teams.items():
        wanted |= {(ids[name], accounts[email]) for email in team.members if email in accounts}
    for email, entry in config.agents.items():
        if entry.teams is not None and email in accounts:
            wanted |= {(ids[name], accounts[email]) for name in entry.teams if name in ids}
    if any(team.members for team in config.teams.values()):
        spoken_of = set(accounts.values())
    else:
        spoken_of = {
            accounts[email]
            for email, entry in config.agents.items()
            if entry.teams is not None and email in accounts
        }
    present = {(row.team_id, row.agent_id) for row in tx.execute(select(team_members))}
    for team_id, agent_id in present - wanted:
        if agent_id in spoken_of:
            tx.execute(
                delete(team_members).where(
                    team_members.c.team_id == team_id, team_members.c.agent_id == agent_id
                )
            )
    missing = sorted(wanted - present)
    if missing:
        tx.execute(
            insert(team_members), [{"team_id": team, "agent_id": agent} for team, agent in missing]
        )
