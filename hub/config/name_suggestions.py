"""Suggests a known name for an unknown one that looks like it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest_name(name: str, known_names: Iterable[str]) -> str | None:
    """The known name that looks most like `name`; None when no known name looks like it."""
    by_lower_case = {known.lower(): known for known in known_names}
    matches = get_close_matches(name.lower()[:100], by_lower_case, n=1, cutoff=0.6)
    return by_lower_case[matches[0]] if matches else None


def unknown_name(noun: str, name: str, known_names: Iterable[str]) -> str:
    """The message about an unknown name: it suggests the nearest known name, or lists all.

    Args:
        noun: what the name stands for: `key`, `team`. With it a message is `unknown key, did you
            mean token?`.
        name: the unknown name; the message does not repeat it.
    """
    known = tuple(known_names)
    suggestion = nearest_name(name, known)
    if suggestion:
        return f"unknown {noun}, did you mean {suggestion}?"
    if known:
        return f"unknown {noun}; there {'is' if len(known) == 1 else 'are'} {', '.join(known)}"
    return f"unknown {noun}; there is none yet"
