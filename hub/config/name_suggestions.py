"""Finds what somebody meant by a name that is not there. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that looks most like this one, if any does."""
    by_lower = {other.lower(): other for other in known}
    found = get_close_matches(name.lower()[:100], by_lower, n=1, cutoff=0.6)
    return by_lower[found[0]] if found else None


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """`unknown key, did you mean token?`, or what there is."""
    known = tuple(known)
    meant = nearest(name, known)
    if meant:
        return f"unknown {what}, did you mean {meant}?"
    if known:
        return f"unknown {what}; there {'is' if len(known) == 1 else 'are'} {', '.join(known)}"
    return f"unknown {what}; there is none yet"
