"""Texts from outside, made fit for a database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any


def storable(value: Any) -> Any:
    """The same value with every text in it fit for a database.

    PostgreSQL has no NUL in texts, and no encoding has half a surrogate pair; both come in, from
    mails and from JSON. What is fine already is not copied: nearly everything is.
    """
    if isinstance(value, str):
        if "\0" in value:
            value = value.replace("\0", "")
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if isinstance(value, tuple | list):
        return type(value)(storable(one) for one in value) if value else value
    if isinstance(value, Mapping):
        return {storable(name): storable(one) for name, one in value.items()} if value else value
    if is_dataclass(value) and not isinstance(value, type):
        return _storable_fields(value)
    return value


def is_plain_json(raw: bytes) -> bool:
    """Whether no text in a JSON body can be anything but storable: it has no escapes."""
    return raw[:1] == b"{" and b"\\u" not in raw


def _storable_fields(value: Any) -> Any:
    changed = {}
    for field in fields(value):
        old = getattr(value, field.name)
        if old and not isinstance(old, bytes):
            new = storable(old)
            if new is not old and new != old:
                changed[field.name] = new
    return replace(value, **changed) if changed else value
