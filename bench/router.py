"""How fast and how fairly conversations find their agents: a modelled day, and a real rush."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench import router_drain, router_sim


def run(folder: Path) -> dict[str, Any]:
    """A day by policy, the time of a decision, and the draining of a full queue."""
    return {**router_sim.run(folder), "drain": router_drain.run(folder)}
