"""Events in a form that can be compared and read, and the promises that each event keeps."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, get_type_hints

from pydantic import TypeAdapter

from hub.types import Address, JournalOnlyEvent, ParsedEvent


def as_json(value: Any) -> Any:
    """An event as JSON that reads well: only what differs from the defaults, and no `raw`.

    Addresses are `scheme:path` or `scheme:path in scope`; bytes at hand are size and SHA-256.
    """
    if isinstance(value, Address):
        return f"{value} in {value.scope}" if value.scope else str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if is_dataclass(value):
        shown = {
            item.name: as_json(getattr(value, item.name))
            for item in fields(value)
            if item.name != "raw" and not _is_default(item, getattr(value, item.name))
        }
        return shown | ({"event": type(value).__name__} if hasattr(value, "raw") else {})
    if callable(value):
        content = value()
        return {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    if isinstance(value, Mapping):
        return {key: as_json(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [as_json(item) for item in value]
    return value


def _is_default(item: Field[Any], value: Any) -> bool:
    if item.default is not MISSING:
        return bool(value == item.default)
    if item.default_factory is not MISSING:
        return bool(value == item.default_factory())
    return False


@cache
def _adapters(kind: type) -> dict[str, TypeAdapter[Any]]:
    return {name: TypeAdapter(hint) for name, hint in get_type_hints(kind).items()}


def assert_well_formed(event: ParsedEvent, scheme: str) -> None:
    """Every field has the type it promises, and the times have a zone."""
    _assert_types(event)
    assert event.key, "an event without a key cannot be recognised when it comes again"
    assert len(event.key) <= 255, f"a key has at most 255 characters: {event.key}"
    if not isinstance(event, JournalOnlyEvent) and event.address is not None:
        assert event.address.scheme == scheme
        assert event.address.path


def _assert_types(value: Any) -> None:
    if is_dataclass(value) and not isinstance(value, type):
        for name, adapter in _adapters(type(value)).items():
            inner = getattr(value, name)
            plain = dict(inner) if isinstance(inner, Mapping) else inner
            adapter.validate_python(plain, strict=True)
            _assert_types(inner)
    elif isinstance(value, tuple):
        for item in value:
            _assert_types(item)
    elif isinstance(value, datetime):
        assert value.utcoffset() == timedelta(0), f"{value!r} is not in UTC"
