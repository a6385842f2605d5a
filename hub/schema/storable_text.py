"""Texts from outside, made fit for a database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

NOT_IN_PLAIN_FORMS = (b" ", b"\n", b'"', b"\\", b"\0", b"%00")


def storable(value: Any) -> Any:
    """The same value with every text in it fit for a database.

    PostgreSQL has no NUL in texts, and no encoding has half a surrogate pair; mails and JSON bring
    both. A value that is storable already, as nearly every value is, is not copied.
    """
    if isinstance(value, str):
        if "\0" in value:
            value = value.replace("\0", "")
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if isinstance(value, tuple | list):
        return type(value)(storable(item) for item in value) if value else value
    if isinstance(value, Mapping):
        return {storable(name): storable(item) for name, item in value.items()} if value else value
    if is_dataclass(value) and not isinstance(value, type):
        return _storable_fields(value)
    return value


def is_plain(raw: bytes) -> bool:
    """Whether nothing but storable texts can be in a body: JSON without escapes, or a form.

    A form has `&` between its fields, and no white space, quote or backslash.
    """
    if raw[:1] == b"{":
        return b"\\u" not in raw
    return b"&" in raw and raw.isascii() and not any(sign in raw for sign in NOT_IN_PLAIN_FORMS)


def _storable_fields(value: Any) -> Any:
    changed = {}
    for field in fields(value):
        old = getattr(value, field.name)
        if old and not isinstance(old, bytes):
            new = storable(old)
            if new is not old and new != old:
                changed[field.name] = new
    return replace(value, **changed) if changed else value
