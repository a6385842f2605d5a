"""An admin changes an agent, except for the fields that the configuration file decides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.accounts.agents import (
    enabled_agent_row,
    ensure_another_admin,
    publish_presence,
    update_agent,
)
from hub.accounts.config_sync import COLUMNS, fields_decided_by_file
from hub.accounts.teams import set_teams_of, team_names_of
from hub.config import Config
from hub.errors import Conflict, Invalid
from hub.schema.storable_text import storable
from hub.store.engine import Transaction

NOT_NULL = ("name", "role", "teams", "skills", "languages")


def change_agent(
    tx: Transaction, config: Config, agent_id: int, changes: Mapping[str, Any]
) -> None:
    """Writes the changed fields of an agent and publishes it.

    Args:
        changes: new values by field: `name`, `role`, `teams` (names), `skills`, `languages`,
            `capacity` (None for the default).

    Raises:
        NotFound: there is no such agent.
        Invalid: null for a field that needs a value; a team that does not exist.
        Conflict: the file decides this field; the last admin would lose the role.
    """
    row = enabled_agent_row(tx, agent_id)
    for name in NOT_NULL:
        if name in changes and changes[name] is None:
            raise Invalid("This cannot be null; leave it out to keep it.", name)
    columns: dict[str, Any] = storable(dict(changes))
    before = {name: getattr(row, name) for name in COLUMNS}
    before["teams"] = team_names_of(tx, agent_id)
    for name in fields_decided_by_file(config, row.email):
        if name in columns and _comparable(columns[name]) != _comparable(before[name]):
            raise Conflict(
                f"The {name} of {row.email} stand in the configuration file, which decides. "
                "Change them there."
            )
    if columns.get("role") == "agent" and row.role == "admin":
        ensure_another_admin(tx, agent_id)
    if "teams" in columns:
        set_teams_of(tx, agent_id, columns.pop("teams"))
    if "name" in columns:
        columns["name"] = columns["name"].strip() or row.name
    if columns:
        update_agent(tx, agent_id, columns)
    publish_presence(tx, agent_id)


def _comparable(value: Any) -> Any:
    """Lists are compared as sets of words: their order says nothing."""
    return sorted(value) if isinstance(value, list) else value
