"""The snapshot that a link keeps of both contacts' conversations, so that it can be undone. Pure.

It is JSON in the column `link.before`. A merged conversation is kept by `MERGED_COLUMNS` alone: its
row does not change any more, so it has the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any, NamedTuple, TypedDict

from hub.conversations.column_json import dump_columns, load_columns
from hub.conversations.merge_state import ConversationState
from hub.store.models import conversations

#: The columns of a conversation by their names.
ConversationRow = Mapping[str, Any]

STATE_COLUMNS = frozenset(field.name for field in fields(ConversationState))
#: The columns that a conversation gets back besides, when it is no longer merged: its place in the
#: queue, its clocks.
OTHER_COLUMNS = (
    frozenset(conversations.c.keys()) - STATE_COLUMNS - {"updated_at", "subject", "context_card"}
)
MERGED_COLUMNS = ("id", "contact_id", "merged_into_id")


class Snapshot(TypedDict):
    """Conversations as they were when the newest message of the hub had the id `after`."""

    after: int
    conversations: list[dict[str, Any]]


class LinkRow(NamedTuple):
    """A row of the table `link`; `before` is the snapshot."""

    id: int
    contact_id: int
    other_contact_id: int
    evidence: str
    method: str
    reason: str
    by: str
    created_at: datetime
    undone_at: datetime | None
    undone_by: str
    before: Snapshot


def state_of(row: ConversationRow) -> ConversationState:
    """Returns the part of a conversation's row that a merge changes."""
    values: dict[str, Any] = {name: row[name] for name in STATE_COLUMNS}
    for name in ("labels", "connectors"):
        values[name] = tuple(values[name])
    return ConversationState(**values)


def columns_of(state: ConversationState) -> dict[str, Any]:
    """Returns the columns of a conversation's row that have this state."""
    values = {name: getattr(state, name) for name in STATE_COLUMNS}
    return values | {name: list(values[name]) for name in ("labels", "connectors")}


def dump_snapshot(
    after_message_id: int,
    states: Iterable[ConversationState],
    rows: Mapping[int, ConversationRow],
) -> Snapshot:
    """Dumps conversations as JSON.

    Args:
        after_message_id: the newest message at the time of these states.
        rows: their rows by id, for the columns that are no part of a state.
    """
    dumped: list[dict[str, Any]] = []
    for state in states:
        if state.merged_into_id is not None:
            dumped.append({name: getattr(state, name) for name in MERGED_COLUMNS})
            continue
        row = rows.get(state.id, {})
        values = {name: row[name] for name in OTHER_COLUMNS if name in row} | columns_of(state)
        dumped.append(dump_columns(values))
    return {"after": after_message_id, "conversations": dumped}


def load_snapshot(snapshot: Snapshot) -> dict[int, ConversationRow]:
    """Loads the rows of a snapshot, by their ids."""
    rows = [load_columns(dumped) for dumped in snapshot["conversations"]]
    return {row["id"]: row for row in rows}
