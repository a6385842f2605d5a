"""Columns of a conversation as JSON, for what keeps a conversation as it was. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

#: In JSON a time is an object with this key, so that it differs from a text.
TIME_KEY = "at"


def dump_columns(columns: Mapping[str, Any]) -> dict[str, Any]:
    """The values of columns as values of JSON."""
    return {name: _dump_value(value) for name, value in columns.items()}


def load_columns(dumped: Mapping[str, Any]) -> dict[str, Any]:
    """The values that `dump_columns` dumped."""
    return {name: _load_value(value) for name, value in dumped.items()}


def _dump_value(value: Any) -> Any:
    return {TIME_KEY: value.isoformat()} if isinstance(value, datetime) else value


def _load_value(value: Any) -> Any:
    is_time = isinstance(value, dict) and set(value) == {TIME_KEY}
    return datetime.fromisoformat(value[TIME_KEY]) if is_time else value
