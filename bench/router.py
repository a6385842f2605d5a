"""The speed and fairness of the router: a modelled day, and a full queue on a real hub."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench import router_drain, router_sim


def run(folder: Path) -> dict[str, Any]:
    """Measures a day by policy, the time of a decision, and the draining of a full queue."""
    return {**router_sim.run(folder), "drain": router_drain.run(folder)}
