"""The author of a message or a change, as the database keeps it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Author:
    """A contact, an agent, a bot, or the hub itself.

    Args:
        type: `contact`, `agent`, `bot` or `system`.
        id: the contact's or agent's id; None for the hub, and for a service account.
        name: the name to show.
    """

    type: str
    id: int | None = None
    name: str = ""


SYSTEM = Author("system")
