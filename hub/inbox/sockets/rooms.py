"""The names under which screens are spoken to."""

from __future__ import annotations

from hub.types import Address

AGENTS = "/agent"
VISITORS = "/visitor"
#: Every agent sees everything, until teams limit it.
EVERYBODY = "agents"


def room_of(address: Address) -> str:
    """The room of all pages that have proved an address."""
    return f"{address.scheme}/{address.scope}/{address.path}"
