"""Writes the configuration file's teams and agents into the tables. What the file says wins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, select

from hub.accounts import teams
from hub.accounts.agents import agent_resource, publish_agent, update_agent
from hub.config import Config
from hub.store.engine import Transaction
from hub.store.models import agents

#: The columns of an agent that an entry in the file may decide.
COLUMNS = ("name", "role", "skills", "languages", "capacity")


def sync_from_config(tx: Transaction, config: Config) -> None:
    """Makes teams, members and agents what the file says; what it leaves out stays as it is.

    No account is created: an agent of the file without one is written once it is created.
    Teams that are no longer in the file keep their conversations and lose their members.
    """
    ids_of_teams = teams.ensure_teams(tx, config.teams)
    rows_by_email = {row.email: row for row in tx.execute(select(agents))}
    for email, entry in config.agents.items():
        if email in rows_by_email:
            _write_agent(tx, rows_by_email[email], {name: getattr(entry, name) for name in COLUMNS})
    ids_by_email = {email: row.id for email, row in rows_by_email.items()}
    _write_members(tx, config, ids_of_teams, ids_by_email)


def fields_decided_by_file(config: Config, email: str) -> frozenset[str]:
    """The fields of an agent that the file decides, so that nobody can change them elsewhere."""
    entry = config.agents.get(email)
    decided = set()
    if entry is not None:
        decided = {name for name in (*COLUMNS, "teams") if getattr(entry, name) is not None}
    if any(team.members for team in config.teams.values()):
        decided.add("teams")
    return frozenset(decided)


def _write_agent(tx: Transaction, row: Row[Any], entry: Mapping[str, Any]) -> None:
    columns = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in entry.items()
        if value is not None
    }
    changed = {name: value for name, value in columns.items() if getattr(row, name) != value}
    if changed:
        publish_agent(tx, agent_resource(update_agent(tx, row.id, changed)))


def _write_members(
    tx: Transaction,
    config: Config,
    ids_of_teams: Mapping[str, int],
    ids_by_email: Mapping[str, int],
) -> None:
    """The members that the file names; agents that it does not mention keep their teams."""
    if not config.teams and not config.agents:
        return
    wanted: set[tuple[int, int]] = set()
    for name, team in config.teams.items():
        wanted |= {
            (ids_of_teams[name], ids_by_email[email])
            for email in team.members
            if email in ids_by_email
        }
    for email, entry in config.agents.items():
        if entry.teams is not None and email in ids_by_email:
            wanted |= {
                (ids_of_teams[name], ids_by_email[email])
                for name in entry.teams
                if name in ids_of_teams
            }
    if any(team.members for team in config.teams.values()):
        mentioned = set(ids_by_email.values())
    else:
        mentioned = {
            ids_by_email[email]
            for email, entry in config.agents.items()
            if entry.teams is not None and email in ids_by_email
        }
    present = teams.memberships(tx)
    for team_id, agent_id in present - wanted:
        if agent_id in mentioned:
            teams.remove_member(tx, team_id, agent_id)
    missing = sorted(wanted - present)
    if missing:
        teams.add_members(tx, missing)
