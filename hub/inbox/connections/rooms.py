"""The names of namespaces and rooms."""

from __future__ import annotations

from hub.types import Address

AGENTS = "/agent"
VISITORS = "/visitor"
#: The room of all agents: each of them sees everything.
ALL_AGENTS = "agents"


def room_of(address: Address) -> str:
    """The room of all pages that have proved an address."""
    return f"{address.scheme}/{address.scope}/{address.path}"


def room_of_agent(agent_id: int) -> str:
    """The room of all screens of one agent."""
    return f"agent/{agent_id}"
