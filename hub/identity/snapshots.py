"""What a link remembers of the conversations of both, so that it can be undone. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from hub.conversations.merge_state import ConversationState
from hub.store.models import conversations

Row = Mapping[str, Any]

CORE = frozenset(one.name for one in fields(ConversationState))
#: What a conversation gets back when it is work of its own again: its place, its clocks.
REST = frozenset(conversations.c.keys()) - CORE - {"updated_at", "subject", "context_card"}
#: All there is to remember of what was inside another: its row says the rest, as it said then.
INSIDE = ("id", "contact_id", "merged_into_id")
#: How a time is told from the texts beside it, in JSON.
TIME = "at"


def state_of(row: Row) -> ConversationState:
    values: dict[str, Any] = {name: row[name] for name in CORE}
    for name in ("labels", "connectors"):
        values[name] = tuple(values[name])
    return ConversationState(**values)


def columns_of(state: ConversationState) -> dict[str, Any]:
    values = {name: getattr(state, name) for name in CORE}
    return values | {name: list(values[name]) for name in ("labels", "connectors")}


def dump(
    after: int, states: Iterable[ConversationState], rows: Mapping[int, Row]
) -> dict[str, Any]:
    """The conversations as they stood when the newest message was `after`, as JSON."""
    kept = []
    for state in states:
        if state.merged_into_id is not None:
            kept.append({name: getattr(state, name) for name in INSIDE})
            continue
        row = rows.get(state.id, {})
        values = {name: row[name] for name in REST if name in row} | columns_of(state)
        kept.append({name: _dumped(value) for name, value in values.items()})
    return {"after": after, "conversations": kept}


def load(before: Mapping[str, Any]) -> dict[int, Row]:
    """The rows that were remembered, by their ids."""
    rows = [
        {name: _loaded(value) for name, value in kept.items()} for kept in before["conversations"]
    ]
    return {row["id"]: row for row in rows}


def _dumped(value: Any) -> Any:
    return {TIME: value.isoformat()} if isinstance(value, datetime) else value


def _loaded(value: Any) -> Any:
    is_time = isinstance(value, dict) and set(value) == {TIME}
    return datetime.fromisoformat(value[TIME]) if is_time else value
