"""What a link remembers of the conversations of both, so that it can be undone. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from hub.conversations.merge_state import ConversationState
from hub.store.models import conversations

ConversationRow = Mapping[str, Any]

STATE_COLUMNS = frozenset(one.name for one in fields(ConversationState))
#: What a conversation gets back when it is work of its own again: its place, its clocks.
OTHER_COLUMNS = (
    frozenset(conversations.c.keys()) - STATE_COLUMNS - {"updated_at", "subject", "context_card"}
)
#: All there is to remember of what was inside another: its row says the rest, as it said then.
MERGED_COLUMNS = ("id", "contact_id", "merged_into_id")
#: How a time is told from the texts beside it, in JSON.
TIME_KEY = "at"


def state_of(row: ConversationRow) -> ConversationState:
    values: dict[str, Any] = {name: row[name] for name in STATE_COLUMNS}
    for name in ("labels", "connectors"):
        values[name] = tuple(values[name])
    return ConversationState(**values)


def columns_of(state: ConversationState) -> dict[str, Any]:
    values = {name: getattr(state, name) for name in STATE_COLUMNS}
    return values | {name: list(values[name]) for name in ("labels", "connectors")}


def dump_snapshot(
    after: int, states: Iterable[ConversationState], rows: Mapping[int, ConversationRow]
) -> dict[str, Any]:
    """The conversations as they stood when the newest message was `after`, as JSON."""
    kept = []
    for state in states:
        if state.merged_into_id is not None:
            kept.append({name: getattr(state, name) for name in MERGED_COLUMNS})
            continue
        row = rows.get(state.id, {})
        values = {name: row[name] for name in OTHER_COLUMNS if name in row} | columns_of(state)
        kept.append({name: _dumped(value) for name, value in values.items()})
    return {"after": after, "conversations": kept}


def load_snapshot(before: Mapping[str, Any]) -> dict[int, ConversationRow]:
    """The rows that were remembered, by their ids."""
    rows = [
        {name: _loaded(value) for name, value in kept.items()} for kept in before["conversations"]
    ]
    return {row["id"]: row for row in rows}


def _dumped(value: Any) -> Any:
    return {TIME_KEY: value.isoformat()} if isinstance(value, datetime) else value


def _loaded(value: Any) -> Any:
    is_time = isinstance(value, dict) and set(value) == {TIME_KEY}
    return datetime.fromisoformat(value[TIME_KEY]) if is_time else value
