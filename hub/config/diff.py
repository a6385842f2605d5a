"""What would change if a file came into force. Pure; shows no secret."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, SecretBytes, SecretStr

from hub.config.hours import Hours
from hub.config.load import dotted
from hub.config.model import Config
from hub.config.tree import Path
from hub.connectors.http import MASK


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. Values are short texts, secrets masked; empty where there is none."""

    action: Literal["added", "removed", "changed"]
    path: str
    old: str = ""
    new: str = ""

    def __str__(self) -> str:
        sign = {"added": "+", "removed": "-", "changed": "~"}[self.action]
        values = [value for value in (self.old, self.new) if value]
        return f"{sign} {self.path}" + (f": {' -> '.join(values)}" if values else "")


def diff(old: Config, new: Config) -> list[Change]:
    """Every difference between two configurations, in the order of the new one's sections."""
    return list(_changes((), _plain(old), _plain(new)))


def _changes(path: Path, old: Any, new: Any) -> Iterator[Change]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in [*new, *(key for key in old if key not in new)]:
            if key not in old:
                yield Change("added", dotted((*path, key)), new=_short(new[key]))
            elif key not in new:
                yield Change("removed", dotted((*path, key)), old=_short(old[key]))
            else:
                yield from _changes((*path, key), old[key], new[key])
    elif _is_table(old) and _is_table(new):
        for index in range(max(len(old), len(new))):
            inside = (*path, index)
            if index >= len(old):
                yield Change("added", dotted(inside), new=_short(new[index]))
            elif index >= len(new):
                yield Change("removed", dotted(inside), old=_short(old[index]))
            else:
                yield from _changes(inside, old[index], new[index])
    elif old != new:
        yield Change("changed", dotted(path), _short(old), _short(new))


def _is_table(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(item, Mapping) for item in value)


def _plain(value: Any) -> Any:
    """Mappings, lists and values, with secrets kept as secrets, so that they compare and hide."""
    if isinstance(value, Hours):
        return value.model_dump()
    if isinstance(value, BaseModel):
        return {name: _plain(inner) for name, inner in value}
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _short(value: Any) -> str:
    if isinstance(value, SecretStr | SecretBytes):
        return MASK
    if isinstance(value, Mapping):
        return ""
    if value is None:
        return "nothing"
    if isinstance(value, list):
        return "[" + ", ".join(_short(item) or "..." for item in value) + "]"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= 60 else text[:59] + "…"
