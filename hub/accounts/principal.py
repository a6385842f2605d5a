"""The signed-in agent or service account on whose behalf a request or a socket acts."""

from __future__ import annotations

from dataclasses import dataclass, field

from hub.schema import resources
from hub.schema.author import Author


@dataclass(frozen=True, slots=True)
class Principal:
    """An agent, or a service account with an admin's rights and a name of its own."""

    name: str
    role: str
    agent: resources.Agent | None = None
    csrf_token: str = field(default="", repr=False)
    #: The digest of the session or API token, by which its validity is checked again later.
    proof: str = field(default="", repr=False)

    @property
    def agent_id(self) -> int | None:
        """The agent's id; None for a service account."""
        return None if self.agent is None else int(self.agent.id)

    @property
    def author(self) -> Author:
        """The author of the messages that this principal writes."""
        return Author("agent", self.agent_id, self.name)
