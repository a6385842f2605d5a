"""Names in one section that must be defined in another. Pure.

Reads the file's values before they are validated, so that a wrong name is reported together with
all other problems.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from hub.config.name_suggestions import nearest_name, unknown_name
from hub.config.tree import Path

ANY = "*"

#: Where a name stands, and the section that must define it.
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
    (("canned_replies", ANY, "team"), "teams"),
    (("canned_replies", ANY, "kinds"), "kinds"),
    (("replies", "fallback", "kinds"), "kinds"),
    (("replies", "handover", "offer"), "connectors"),
)
#: The same for names that are keys.
_KEYS: tuple[tuple[tuple[str, ...], str], ...] = ((("assignment", "capacity", "weights"), "kinds"),)
#: The noun for one name of a section, for messages.
_NOUNS = {
    "teams": "team",
    "hours": "hours",
    "sla": "policy",
    "connectors": "connector",
    "kinds": "kind of channel",
}


def missing_names(
    file: Mapping[str, Any], kinds: Callable[[], tuple[str, ...]]
) -> Iterator[tuple[Path, str]]:
    """Finds the names that no section defines, and teams that overflow into themselves.

    Args:
        file: the sections as plain values.
        kinds: gives the installed kinds; called only when the file names one.

    Yields: the path of the name and the message about it.
    """

    def known(section: str) -> tuple[str, ...]:
        if section == "kinds":
            return kinds()
        value = file.get(section)
        return tuple(value) if isinstance(value, Mapping) else ()

    for pattern, section in _NAMES:
        for path, value in _find(file, pattern):
            for name_path, name in _names(path, value):
                if name not in known(section):
                    yield name_path, unknown_name(_NOUNS[section], name, known(section))
    for pattern, section in _KEYS:
        for path, value in _find(file, pattern):
            for name in value if isinstance(value, Mapping) else ():
                if name not in known(section):
                    yield (*path, name), unknown_name(_NOUNS[section], name, known(section))
    for path, value in _find(file, ("teams", ANY, "overflow")):
        if value == path[1]:
            yield path, "must be another team"


def unknown_members(
    file: Mapping[str, Any], accounts: Collection[str]
) -> Iterator[tuple[Path, str]]:
    """Finds the members of teams who have no account. Nothing where no account is known.

    Args:
        file: the sections as plain values.
        accounts: the addresses of all agents.

    Yields: the path of the address and the message about it.
    """
    if not accounts:
        return
    known = {address.lower() for address in accounts}
    for path, members in _find(file, ("teams", ANY, "members")):
        for member_path, address in _names(path, members):
            if isinstance(address, str) and address.strip().lower() not in known:
                suggestion = nearest_name(address, known)
                remedy = f"did you mean {suggestion}?" if suggestion else "add it by hub user add"
                yield member_path, f"no agent has this address, {remedy}"


def _find(value: Any, pattern: tuple[str, ...], path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value whose path fits a pattern, with its path."""
    if not pattern:
        yield path, value
        return
    step, steps_after = pattern[0], pattern[1:]
    if isinstance(value, Mapping):
        for key in value if step == ANY else (step,):
            if key in value:
                yield from _find(value[key], steps_after, (*path, key))
    elif isinstance(value, list) and step == ANY:
        for index, item in enumerate(value):
            yield from _find(item, steps_after, (*path, index))


def _names(path: Path, value: Any) -> Iterator[tuple[Path, str]]:
    """One name, or each name of a list, with its path."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, str):
                yield (*path, index), item
