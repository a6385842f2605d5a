"""`${NAME}` and `${NAME:-default}` in the texts of `connectors.yaml`. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_PART = re.compile(
    r"(?P<escaped>\$\$\{)"
    r"|\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\}"
    r"|(?P<broken>\$\{)"
)


@dataclass(frozen=True, slots=True)
class Interpolated:
    """A text with its variables filled in.

    Args:
        changed: a part of the text came from a variable or its default.
        values: the values from the environment; they may be secrets, so no message shows them.
        unset: the names of variables without a value and without a default.
        broken: the text has a `${` without a variable's name and `}`.
    """

    text: str
    changed: bool = False
    values: tuple[str, ...] = ()
    unset: tuple[str, ...] = ()
    broken: bool = False


def interpolate(text: str, environ: Mapping[str, str]) -> Interpolated:
    """Fills in the variables of one text. `$${` becomes `${` and is no variable.

    An empty variable counts as unset, as in `${NAME:-default}` of a shell: a secret that is
    empty is a mistake in every case.
    """
    if "${" not in text:
        return Interpolated(text)
    values: list[str] = []
    unset: list[str] = []
    broken = False
    changed = False

    def fill(match: re.Match[str]) -> str:
        nonlocal broken, changed
        if match["escaped"]:
            return "${"
        if match["broken"]:
            broken = True
            return "${"
        changed = True
        value = environ.get(match["name"], "")
        if value:
            values.append(value)
            return value
        if match["default"] is None:
            unset.append(match["name"])
            return ""
        return str(match["default"])

    filled = _PART.sub(fill, text)
    return Interpolated(filled, changed, tuple(values), tuple(dict.fromkeys(unset)), broken)
