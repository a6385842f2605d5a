"""The contents of a call, whatever its type: every text and every bytes that is somewhere in it."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from hub.types import Attachment


def contents_of(value: Any) -> Iterator[str | bytes]:
    """Every text, number and bytes in a value, in its fields and in the values inside those.

    The contents of an `Attachment` are its URL and its bytes: a connector may upload either.
    """
    if isinstance(value, str | bytes):
        yield value
    elif isinstance(value, int | float):
        yield str(value)
    elif isinstance(value, Attachment):
        yield value.url
        if value.content is not None:
            yield value.content()
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from contents_of(getattr(value, field.name))
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from contents_of(key)
            yield from contents_of(item)
    elif isinstance(value, Iterable):
        for item in value:
            yield from contents_of(item)


def is_in(needle: str | bytes, contents: Iterable[str | bytes]) -> bool:
    """Whether a text or bytes is part of one of the contents."""
    data = needle.encode() if isinstance(needle, str) else needle
    return bool(data) and any(
        data in (content.encode("utf-8", "replace") if isinstance(content, str) else content)
        for content in contents
    )


def has_file(file: Attachment, contents: Iterable[str | bytes]) -> bool:
    """Whether a file is in the contents: by its URL, by its bytes, or by its bytes in Base64."""
    everywhere = list(contents)
    data = file.content() if file.content is not None else b""
    return (
        is_in(file.url, everywhere)
        or is_in(data, everywhere)
        or is_in(base64.b64encode(data), everywhere)
    )
