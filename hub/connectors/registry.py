"""Finds kinds of channels: ours and those that other packages bring, by entry point."""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from hub.connectors.base import Connector

GROUP = "hub.connectors"


@cache
def kinds() -> dict[str, EntryPoint]:
    """Every kind there is, by name. Nothing is imported yet: most hubs use few of them."""
    return {point.name: point for point in sorted(entry_points(group=GROUP))}


@cache
def kind(name: str) -> type[Connector[Any]]:
    """The connector class of a kind.

    Raises:
        KeyError: no such kind.
        TypeError: the package behind it does not keep the contract.
    """
    found = kinds()[name].load()
    if not (isinstance(found, type) and issubclass(found, Connector)):
        raise TypeError(f"the entry point {name!r} in {GROUP!r} is not a Connector")
    if found.kind != name:
        raise TypeError(f"the entry point {name!r} brings a connector of kind {found.kind!r}")
    return found
