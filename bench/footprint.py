"""The resources of an idle hub: memory, time to start, memory per open chat."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from bench import servers
from bench.sockets import Crowd
from tests.harness import RunningHub

VISITORS = 300
SETTLE_SECONDS = 3.0
GOAL_IDLE_MB = 120
GOAL_START_SECONDS = 2.5


def run(folder: Path) -> dict[str, Any]:
    """Measures memory in MB, starts in seconds, and KB per visitor socket."""
    with servers.hub(folder / "footprint") as hub:
        time.sleep(SETTLE_SECONDS)
        idle = resident_mb(hub)
        crowd = Crowd(hub.url, "/visitor")
        for _ in range(VISITORS):
            crowd.join({"connector": "website"})
        time.sleep(1.0)
        with_visitors = resident_mb(hub)
        crowd.close()
        hub.stop()
        starts = [_start_seconds(hub) for _ in range(3)]
    return {
        "idle_mb": round(idle, 1),
        "goal_idle_mb": GOAL_IDLE_MB,
        "start_seconds": round(sorted(starts)[1], 2),
        "goal_start_seconds": GOAL_START_SECONDS,
        "kb_per_visitor_socket": round((with_visitors - idle) * 1000 / VISITORS, 1),
    }


def _start_seconds(hub: RunningHub) -> float:
    begin = time.perf_counter()
    hub.start()
    seconds = time.perf_counter() - begin
    hub.stop()
    return seconds


def resident_mb(hub: RunningHub) -> float:
    """Returns the resident memory in MB (10^6 bytes), as the system counts it."""
    assert hub.process is not None
    for line in Path(f"/proc/{hub.process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise RuntimeError("this system does not tell how much memory a process has")
