"""What was measured, as a table: what, how much, the goal, and whether it was met."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path
from typing import Any

README = Path(__file__).parent.parent / "README.md"

#: What, measured, goal, met or missed.
Row = tuple[str, str, str, str]


def machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, Python {platform.python_version()}"


def table(results: dict[str, Any]) -> list[Row]:
    """A row for every number."""
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
    if found := results.get("merge"):
        sizes = " / ".join(f"{size:,}" for size in found["messages"])
        for what, name in (("merging", "merge_ms"), ("undoing it", "undo_ms")):
            rows.append(
                _row(
                    f"{what}, a contact of {sizes} messages",
                    " / ".join(f"{ms} ms" for ms in found[name]),
                    f"< {found['goal_ms']} ms",
                    max(found[name]) < found["goal_ms"],
                )
            )
    if found := results.get("router"):
        rows += _router_rows(found)
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


def _router_rows(found: dict[str, Any]) -> list[Row]:
    rows: list[Row] = []
    for name, day in found["days"].items():
        measured = (
            f"p50 {day['wait_p50']:.2f} s, p95 {day['wait_p95']:.0f} s, where somebody was free "
            f"{day['wait_p95_free']:.2f} s, longest {day['longest_wait']:.0f} s; "
            f"{day['share_sticky']:.0%} sticky, Jain {day['jain']:.3f}, "
            f"{day['timeouts']:.0f} not accepted in time"
        )
        rows.append((f"waiting on a modelled day, {name} (seed {found['seed']})", measured, "", ""))
    ours = [found["days"][name]["jain"] for name in ("least_loaded", "round_robin")]
    decision, drain = found["decision"], found["drain"]
    return [
        *rows,
        _row(
            "waiting where somebody is free, against a tick of 5 minutes",
            f"{found['faster']:,.0f} times shorter at p95",
            f"≥ {found['goal_faster']} times",
            found["faster"] >= found["goal_faster"],
        ),
        _row(
            "spread of the load, Jain's index",
            f"{min(ours):.3f}",
            f"≥ {found['goal_jain']}",
            min(ours) >= found["goal_jain"],
        ),
        _row(
            "a decision, 200 agents, 5,000 waiting",
            f"p50 {decision['p50_ms']:.2f} ms",
            f"< {found['goal_decision_ms']:.0f} ms",
            decision["p50_ms"] < found["goal_decision_ms"],
        ),
        _row(
            f"{drain['waiting']:,} waiting given to {drain['agents']} agents who come online",
            f"{drain['seconds']} s, {drain['cpu_seconds']} s of a core",
            f"< {drain['goal_seconds']:.0f} s",
            drain["seconds"] < drain["goal_seconds"],
        ),
        _row(
            "longest wait of a socket meanwhile",
            f"{drain['stall_ms']} ms, p50 {drain['usual_ms']} ms",
            f"< {drain['goal_stall_ms']:.0f} ms",
            drain["stall_ms"] < drain["goal_stall_ms"],
        ),
    ]


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
