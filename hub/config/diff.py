"""What would change if a file came into force. Pure; shows no secret."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from pydantic import BaseModel, SecretBytes, SecretStr

from hub.config.hours import Hours
from hub.config.load import dotted
from hub.config.model import Config
from hub.config.tree import Path
from hub.connectors.http import MASK

#: The one key of a mapping that stands for a secret: its value tells only whether it changed.
SEALED = "sealed secret"
#: Turns a secret into what may be kept of it.
Seal = Callable[[bytes], str]


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


def plain(config: Config, seal: Seal) -> dict[str, Any]:
    """A configuration as JSON values, to keep and to compare. Secrets are sealed."""
    found = _plain(config, seal)
    assert isinstance(found, dict)
    return found


def diff(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    """Every difference between two plain configurations, in the order of the new one's sections."""
    return list(_changes((), old, new))


def _changes(path: Path, old: Any, new: Any) -> Iterator[Change]:
    if _is_open(old) and _is_open(new):
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


def _is_open(value: Any) -> bool:
    return isinstance(value, Mapping) and SEALED not in value


def _is_table(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(item, Mapping) for item in value)


def _plain(value: Any, seal: Seal) -> Any:
    if isinstance(value, SecretStr):
        return {SEALED: seal(value.get_secret_value().encode())}
    if isinstance(value, SecretBytes):
        return {SEALED: seal(value.get_secret_value())}
    if isinstance(value, Hours):
        return value.model_dump()
    if isinstance(value, BaseModel):
        return {name: _plain(inner, seal) for name, inner in value}
    if isinstance(value, Mapping):
        return {str(key): _plain(inner, seal) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, seal) for item in value]
    if isinstance(value, timedelta | date):
        return str(value)
    return value


def _short(value: Any) -> str:
    if isinstance(value, Mapping):
        return MASK if SEALED in value else ""
    if value is None:
        return "nothing"
    if isinstance(value, list):
        return "[" + ", ".join(_short(item) or "..." for item in value) + "]"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= 60 else text[:59] + "…"
