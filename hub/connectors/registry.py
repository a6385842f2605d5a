"""Finds kinds of channels by entry point: those of the hub and those of other packages."""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from hub.connectors.base import Connector, is_able
from hub.connectors.pages import PageConnector

GROUP = "hub.connectors"


@cache
def kinds() -> dict[str, EntryPoint]:
    """Every installed kind by name. Imports none of them: most hubs use few."""
    return {point.name: point for point in sorted(entry_points(group=GROUP))}


@cache
def kind(name: str) -> type[Connector[Any]]:
    """The connector class of a kind.

    Raises:
        KeyError: no installed package has this kind.
        TypeError: the package that has it does not keep the contract.
    """
    connector_class = kinds()[name].load()
    if not (isinstance(connector_class, type) and issubclass(connector_class, Connector)):
        raise TypeError(f"the entry point {name!r} in {GROUP!r} is not a Connector")
    if connector_class.kind != name:
        raise TypeError(
            f"the entry point {name!r} brings a connector of kind {connector_class.kind!r}"
        )
    return connector_class


@cache
def has_pages(name: str | None) -> bool:
    """Whether the customers of a kind are on pages of this hub: a live chat.

    Args:
        name: the kind of a connector or of a stored message; None where a message has none.

    Returns:
        False as well for a kind that is no longer installed.
    """
    return name in kinds() and is_able(kind(str(name)), PageConnector)
