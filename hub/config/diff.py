"""The differences between two configurations. Pure; shows no secret."""

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

#: The only key of a mapping that stands for a secret. Its value is a digest: it tells whether the
#: secret changed, and no more.
SEALED = "sealed secret"
#: Makes the digest of a secret.
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


def config_values(config: Config, seal: Seal) -> dict[str, Any]:
    """Turns a configuration into JSON values, to store and to compare.

    Args:
        seal: makes the digest that stands for a secret.
    """
    values = _json_value(config, seal)
    assert isinstance(values, dict)
    return values


def config_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    """Compares two configurations in the form of `config_values`.

    Returns: every difference, in the order of the new configuration's sections.
    """
    return list(_changes((), old, new))


def _changes(path: Path, old: Any, new: Any) -> Iterator[Change]:
    if _is_mapping(old) and _is_mapping(new):
        for key in [*new, *(key for key in old if key not in new)]:
            key_path = (*path, key)
            if key not in old:
                yield Change("added", dotted(key_path), new=_short_text(new[key]))
            elif key not in new:
                yield Change("removed", dotted(key_path), old=_short_text(old[key]))
            else:
                yield from _changes(key_path, old[key], new[key])
    elif _is_list_of_mappings(old) and _is_list_of_mappings(new):
        for index in range(max(len(old), len(new))):
            item_path = (*path, index)
            if index >= len(old):
                yield Change("added", dotted(item_path), new=_short_text(new[index]))
            elif index >= len(new):
                yield Change("removed", dotted(item_path), old=_short_text(old[index]))
            else:
                yield from _changes(item_path, old[index], new[index])
    elif old != new:
        yield Change("changed", dotted(path), _short_text(old), _short_text(new))


def _is_mapping(value: Any) -> bool:
    return isinstance(value, Mapping) and SEALED not in value


def _is_list_of_mappings(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(item, Mapping) for item in value)


def _json_value(value: Any, seal: Seal) -> Any:
    if isinstance(value, SecretStr):
        return {SEALED: seal(value.get_secret_value().encode())}
    if isinstance(value, SecretBytes):
        return {SEALED: seal(value.get_secret_value())}
    if isinstance(value, Hours):
        return value.model_dump()
    if isinstance(value, BaseModel):
        return {name: _json_value(inner, seal) for name, inner in value}
    if isinstance(value, Mapping):
        return {str(key): _json_value(inner, seal) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_json_value(item, seal) for item in value]
    if isinstance(value, timedelta | date):
        return str(value)
    return value


def _short_text(value: Any) -> str:
    if isinstance(value, Mapping):
        return MASK if SEALED in value else ""
    if value is None:
        return "nothing"
    if isinstance(value, list):
        return "[" + ", ".join(_short_text(item) or "..." for item in value) + "]"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= 60 else text[:59] + "…"
