"""The crash test in its long form: a thousand signed deliveries while the hub is killed."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from tests.e2e import crash

DELIVERIES = 1000
KILLS = 25


def run(folder: Path) -> dict[str, Any]:
    """Counts the acknowledged events and queued replies that were lost or doubled."""
    seed = random.SystemRandom().randrange(10**6)
    outcome = crash.run(folder, deliveries=DELIVERIES, kills=KILLS, seed=seed)
    return {
        "seed": seed,
        "deliveries": outcome.deliveries,
        "kills": KILLS,
        "lost": len(outcome.lost_events) + len(outcome.lost_replies),
        "doubled": len(outcome.doubled_events) + len(outcome.doubled_replies),
    }
