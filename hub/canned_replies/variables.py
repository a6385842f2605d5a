"""The variables of a text (`{contact.first_name|there}`), found and filled in. Pure."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

#: What begins the name of a variable that the hub knows.
ROOTS = ("contact", "agent", "conversation", "order")
#: A blank: what stands for a variable without a value, for a person to fill in.
BLANK_OPENS, BLANK_CLOSES = "⟦", "⟧"

_VARIABLE = re.compile(
    r"\{(?P<name>contact\.attributes\.[^{}|\n]{1,80}|[^\W\d]\w+(?:\.\w+)*)"
    r"(?:\|(?P<default>[^{}\n]*))?\}"
)
_LINK = re.compile(r"(?:\b[a-zA-Z][a-zA-Z0-9+.-]*://|\bwww\.)\S*")
_BLANK = re.compile(f"{BLANK_OPENS}([^{BLANK_OPENS}{BLANK_CLOSES}\n]*){BLANK_CLOSES}")
_BLANK_MARKS = str.maketrans("", "", BLANK_OPENS + BLANK_CLOSES)


@dataclass(frozen=True, slots=True)
class FilledText:
    """A text with its variables filled in.

    Args:
        text: with a blank (`⟦contact.attributes.size⟧`) for each variable without a value.
        missing: the names of those variables, each once, in their order.
    """

    text: str
    missing: tuple[str, ...]


def find_blanks(text: str) -> list[str]:
    """The names of the blanks that a text still has."""
    return _BLANK.findall(text)


def fill(text: str, value_of: Callable[[str], str]) -> FilledText:
    """Fills in the variables of a text, once: what a value has in braces stays as it is.

    All other braces stay. In a link only the variables that the hub knows by their root are filled
    in, with their values percent-encoded: `{id}` there is part of the link.

    Args:
        value_of: the value of a variable by its name, empty where there is none.
    """
    links = [match.span() for match in _LINK.finditer(text)]
    starts = [start for start, _ in links]
    missing: dict[str, None] = {}

    def replace(match: re.Match[str]) -> str:
        name, default = match["name"].strip(), match["default"]
        link = bisect_right(starts, match.start()) - 1
        is_in_link = link >= 0 and match.start() < links[link][1]
        if is_in_link and name.partition(".")[0] not in ROOTS:
            return match[0]
        value = " ".join(value_of(name).translate(_BLANK_MARKS).split())
        if value:
            return quote(value, safe="") if is_in_link else value
        if default is not None:
            return default
        missing[name] = None
        return f"{BLANK_OPENS}{name}{BLANK_CLOSES}"

    return FilledText(_VARIABLE.sub(replace, text), tuple(missing))
