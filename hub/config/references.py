"""Names in one section that must stand in another. Pure.

Reads the file's plain values, so that a wrong name shows beside every other problem.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from hub.config.name_suggestions import unknown
from hub.config.tree import Path

ANY = "*"

#: Where a name stands, and the section that must have it.
_NAMES: tuple[tuple[tuple[str, ...], str], ...] = (
    (("teams", ANY, "hours"), "hours"),
    (("teams", ANY, "overflow"), "teams"),
    (("routing", ANY, "team"), "teams"),
    (("routing", ANY, "sla"), "sla"),
    (("routing", ANY, "when", "connector"), "connectors"),
    (("routing", ANY, "when", "kind"), "kinds"),
    (("routing", ANY, "when", "hours"), "hours"),
    (("routing", ANY, "when", "outside_hours"), "hours"),
    (("sla", ANY, "within"), "hours"),
    (("agents", ANY, "teams"), "teams"),
    (("replies", "fallback", "kinds"), "kinds"),
    (("replies", "handover", "offer"), "connectors"),
)
_KEYS: tuple[tuple[tuple[str, ...], str], ...] = ((("assignment", "capacity", "weights"), "kinds"),)
_ONE = {
    "teams": "team",
    "hours": "hours",
    "sla": "policy",
    "connectors": "connector",
    "kinds": "kind of channel",
}


def missing_names(
    file: Mapping[str, Any], kinds: Callable[[], tuple[str, ...]]
) -> Iterator[tuple[Path, str]]:
    """Every name that leads nowhere, with its path and a sentence."""

    def known(section: str) -> tuple[str, ...]:
        if section == "kinds":
            return kinds()
        value = file.get(section)
        return tuple(value) if isinstance(value, Mapping) else ()

    for pattern, section in _NAMES:
        for path, value in _find(file, pattern):
            for inside, name in _names(path, value):
                if name not in known(section):
                    yield inside, unknown(_ONE[section], name, known(section))
    for pattern, section in _KEYS:
        for path, value in _find(file, pattern):
            for name in value if isinstance(value, Mapping) else ():
                if name not in known(section):
                    yield (*path, name), unknown(_ONE[section], name, known(section))
    for path, value in _find(file, ("teams", ANY, "overflow")):
        if value == path[1]:
            yield path, "must be another team"


def _find(value: Any, pattern: tuple[str, ...], path: Path = ()) -> Iterator[tuple[Path, Any]]:
    if not pattern:
        yield path, value
        return
    step, rest = pattern[0], pattern[1:]
    if isinstance(value, Mapping):
        for key in value if step == ANY else (step,):
            if key in value:
                yield from _find(value[key], rest, (*path, key))
    elif isinstance(value, list) and step == ANY:
        for index, item in enumerate(value):
            yield from _find(item, rest, (*path, index))


def _names(path: Path, value: Any) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, str):
                yield (*path, index), item
