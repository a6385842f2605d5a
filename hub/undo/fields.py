"""Which columns of a conversation are one change, and whether it can be put back. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

#: The fields that can be undone, by their names in the API, each with its columns.
FIELDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "status": ("status", "snoozed_until"),
        "assignee_id": ("assignee_id",),
        "team": ("team_id",),
        "priority": ("priority",),
        "labels": ("labels",),
    }
)
_WAITING = ("waiting_since", "unread_count")
_ROUTING = ("rule", "queued_at", "accepted_at", "attempts", "not_for")
#: What else comes back: resolving ends the waiting, resolving and assigning leave the queue.
BESIDE: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"status": (*_WAITING, *_ROUTING), "assignee_id": _ROUTING}
)


@dataclass(frozen=True, slots=True)
class PutBack:
    """The columns that undo a change.

    Args:
        changes: for `change_conversation`; empty where the value is back already.
        restored: the columns that come back beside.
    """

    changes: Mapping[str, Any]
    restored: Mapping[str, Any]


def columns_before(field: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """What is recorded of a conversation before a change of a field."""
    return {name: row[name] for name in (*FIELDS[field], *BESIDE.get(field, ()))}


def columns_before_both(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """What is recorded before two changes of one field, of what each had before it.

    The customer waits no more where an answer between the two has ended it.
    """
    waiting = {name: second[name] for name in _WAITING if name in first}
    return {**first, **waiting}


def columns_after(field: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """What is recorded of a conversation after a change of a field."""
    return {name: row[name] for name in FIELDS[field]}


def put_back(
    field: str, before: Mapping[str, Any], after: Mapping[str, Any], now: Mapping[str, Any]
) -> PutBack | None:
    """Decides how a change of one field is undone.

    Labels are looked at one by one: those that others added or took away since stay as they are.

    Args:
        before, after: the columns as they were recorded.
        now: all columns of the conversation as they are.

    Returns: None where the value was changed since: it is kept.
    """
    if field == "labels":
        return PutBack({"labels": _labels_back(before["labels"], after["labels"], now)}, {})
    wanted = {name: before[name] for name in FIELDS[field]}
    if all(now[name] == value for name, value in wanted.items()):
        return PutBack({}, {})
    if any(now[name] != value for name, value in after.items()):
        return None
    is_beside_changed = field == "assignee_id" or after.get("status") == "resolved"
    names = BESIDE.get(field, ()) if is_beside_changed else ()
    return PutBack(wanted, {name: before[name] for name in names})


def _labels_back(before: list[str], after: list[str], now: Mapping[str, Any]) -> list[str]:
    added = set(after) - set(before)
    remaining = [label for label in now["labels"] if label not in added]
    removed = [label for label in before if label not in after and label not in remaining]
    return remaining + removed
