"""The types of value that `connectors.yaml` has beside texts and numbers. Pure."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable
from datetime import timedelta
from typing import Annotated, Any, get_args

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WithJsonSchema

from hub.types import MessageOriginKind

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = re.compile(r"(?:\d{1,9}[smhdw])+")
_DURATION_PART = re.compile(r"(\d+)([smhdw])")
#: No wait in a help desk is longer, and sums with today's date stay in range.
LONGEST = timedelta(days=3650)


def parse_duration(value: Any) -> timedelta:
    """Reads a duration such as `90s`, `5m`, `2h`, `7d` or `1h30m`.

    Raises:
        ValueError: the value has another form, or is longer than ten years.
    """
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str) or not _DURATION.fullmatch(value):
        raise ValueError("must be a duration with its unit, such as 90s, 5m, 2h or 7d")
    seconds = sum(int(count) * _UNITS[unit] for count, unit in _DURATION_PART.findall(value))
    if seconds > LONGEST.total_seconds():
        raise ValueError("must be ten years or less")
    return timedelta(seconds=seconds)


def format_duration(value: timedelta) -> str:
    """Writes a duration as the shortest text that `parse_duration` reads."""
    seconds = int(value.total_seconds())
    parts = []
    for unit, size in reversed(_UNITS.items()):
        count, seconds = divmod(seconds, size) if unit != "w" else (0, seconds)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema(
        {"type": "string", "pattern": r"^(\d{1,9}[smhdw])+$", "examples": ["90s", "7d"]}
    ),
]


def _one_or_more(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


#: One text, or a list of them: `language: ar` is `language: [ar]`.
Texts = Annotated[
    tuple[Annotated[str, Field(min_length=1)], ...],
    BeforeValidator(_one_or_more),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]

#: One kind of origin, or a list of them.
OriginKinds = Annotated[
    tuple[MessageOriginKind, ...],
    BeforeValidator(_one_or_more),
    WithJsonSchema(
        {
            "anyOf": [
                {"enum": list(get_args(MessageOriginKind))},
                {"type": "array", "items": {"enum": list(get_args(MessageOriginKind))}},
            ]
        }
    ),
]

_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(?:\.[^@\s.]+)*")


def _email(value: str) -> str:
    if not _EMAIL.fullmatch(value) or len(value) > 254:
        raise ValueError("must be an email address")
    return value.lower()


#: An agent's sign-in address, in lower case.
Email = Annotated[str, AfterValidator(_email)]

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")


def _language(value: str) -> str:
    if not _LANGUAGE.fullmatch(value):
        raise ValueError("must be a language tag such as en, ar or pt-BR")
    primary, dash, subtags = value.partition("-")
    return f"{primary.lower()}{dash}{subtags}"


#: A language tag. Source: RFC 5646.
Language = Annotated[str, AfterValidator(_language)]


def check_placeholders(text: str, allowed: Iterable[str]) -> str:
    """Checks the placeholders (`{name}`) of a text that `str.format` fills later.

    Args:
        allowed: the names that are filled.

    Returns: the text as it is.
    Raises:
        ValueError: a brace belongs to no placeholder, or no value fills a placeholder.
    """
    names = tuple(allowed)
    listed = ", ".join(f"{{{name}}}" for name in names)
    try:
        parts = list(string.Formatter().parse(text))
    except ValueError:
        raise ValueError(
            "has a brace without its other half; write {{ and }} for the sign"
        ) from None
    for _, name, format_spec, conversion in parts:
        if name is not None and (name not in names or format_spec or conversion):
            raise ValueError(f"has a placeholder that nothing fills; it may have {listed}")
    return text
