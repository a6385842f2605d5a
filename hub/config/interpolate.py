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
        changed: whether anything came from a variable or a default.
        values: what came from the environment; never to be shown.
        unset: variables without a value and without a default.
        broken: there is a `${` that opens no variable.
    """

    text: str
    changed: bool = False
    values: tuple[str, ...] = ()
    unset: tuple[str, ...] = ()
    broken: bool = False


def interpolate(text: str, environ: Mapping[str, str]) -> Interpolated:
    """Fills in the variables of one text. `$${` stays as `${`.

    An empty variable counts as unset, as in `${NAME:-default}` of a shell: a secret that is
    empty is a mistake in every case.
    """
    if "${" not in text:
        return Interpolated(text)
    values: list[str] = []
    unset: list[str] = []
    broken = False
    changed = False

    def fill(found: re.Match[str]) -> str:
        nonlocal broken, changed
        if found["escaped"]:
            return "${"
        if found["broken"]:
            broken = True
            return "${"
        changed = True
        value = environ.get(found["name"], "")
        if value:
            values.append(value)
            return value
        if found["default"] is None:
            unset.append(found["name"])
            return ""
        return str(found["default"])

    filled = _PART.sub(fill, text)
    return Interpolated(filled, changed, tuple(values), tuple(dict.fromkeys(unset)), broken)
