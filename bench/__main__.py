"""`make bench`: measures, prints a table, writes JSON, and with `--readme` the README's table too.

Exit 1 when a goal is missed, so that a claim cannot quietly become untrue.
"""

from __future__ import annotations

import json
import os
import platform
import re
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import crash, footprint, growth, inbound, latency

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "bench" / "results"
README = ROOT / "README.md"
PARTS = {
    "footprint": footprint.run,
    "inbound": inbound.run,
    "latency": latency.run,
    "growth": growth.run,
    "crash": crash.run,
}


def main(arguments: list[str]) -> int:
    wanted = [name for name in arguments if not name.startswith("-")] or list(PARTS)
    results: dict[str, Any] = {"date": f"{datetime.now(UTC):%Y-%m-%d}", "machine": machine()}
    for name in wanted:
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory(prefix="hub-bench-") as folder:
            results[name] = PARTS[name](Path(folder))
    rows = table(results)
    print(render(rows, results))
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "latest.json").write_text(json.dumps(results, indent=2) + "\n")
    if "--readme" in arguments:
        write_readme(render(rows, results))
    return 0 if all(row[3] != "missed" for row in rows) else 1


def machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, Python {platform.python_version()}"


Row = tuple[str, str, str, str]


def table(results: dict[str, Any]) -> list[Row]:
    """(what, measured, goal, met or missed) for every number."""
    rows: list[Row] = []
    if found := results.get("inbound"):
        rows.append(("bare route (the floor)", f"{found['floor_per_second']} requests/s", "", ""))
        for kind in ("messenger", "telegram", "sms"):
            one = found[kind]
            rows.append(
                _row(
                    f"signed {kind} webhook, stored and emitted",
                    f"{one['per_second']} requests/s, {one['ratio']:.2f} of the floor",
                    f"≥ {found['goal']} of the floor",
                    one["ratio"] >= found["goal"],
                )
            )
    if found := results.get("latency"):
        rows.append(
            (
                f"customer's message to {found['agents']} agents' sockets "
                f"at {found['messages_per_second']} messages/s",
                f"p50 {found['p50_ms']} ms, p99 {found['p99_ms']} ms",
                "",
                "",
            )
        )
    if found := results.get("footprint"):
        rows.append(
            _row(
                "idle memory, five connectors",
                f"{found['idle_mb']} MB",
                f"< {found['goal_idle_mb']} MB",
                found["idle_mb"] < found["goal_idle_mb"],
            )
        )
        rows.append(
            _row(
                "start to ready",
                f"{found['start_seconds']} s",
                f"< {found['goal_start_seconds']} s",
                found["start_seconds"] < found["goal_start_seconds"],
            )
        )
        rows.append(("idle visitor socket", f"{found['kb_per_visitor_socket']} KB", "", ""))
    if found := results.get("growth"):
        sizes = " / ".join(f"{size:,}" for size in found["messages"])
        for name, one in found["queries"].items():
            rows.append(
                _row(
                    f"{name} at {sizes} messages",
                    " / ".join(f"{ms} ms" for ms in one["ms"]),
                    f"each step < {one['goal']}x",
                    all(step < one["goal"] for step in one["growth"]),
                )
            )
    if found := results.get("crash"):
        rows.append(
            _row(
                f"{found['deliveries']} deliveries under {found['kills']} SIGKILLs",
                f"{found['lost']} lost, {found['doubled']} doubled",
                "none",
                found["lost"] == found["doubled"] == 0,
            )
        )
    return rows


def _row(what: str, measured: str, goal: str, met: bool) -> Row:
    return what, measured, goal, "met" if met else "missed"


def render(rows: list[Row], results: dict[str, Any]) -> str:
    lines = ["| what | measured | goal | |", "|---|---|---|---|"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    lines += ["", f"Measured on {results['date']} by `make bench` on {results['machine']}."]
    return "\n".join(lines)


def write_readme(text: str) -> None:
    begin, end = "<!-- bench:start -->", "<!-- bench:end -->"
    readme = README.read_text()
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    README.write_text(pattern.sub(lambda _: f"{begin}\n{text}\n{end}", readme))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
