"""The table of results: what was measured, the value, the goal, and whether it was met."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path
from typing import Any

README = Path(__file__).parent.parent / "README.md"
PAGE = README.parent / "docs/benchmarks.md"
#: The rows that README quotes, by the beginning of their names; all rows stand in `PAGE`.
QUOTED = (
    "signed messenger webhook",
    "customer's message to",
    "idle memory",
    "conversation list",
    "waiting where somebody is free",
)

#: Name, value, goal, `met` or `missed`; the last two are empty where there is no goal.
Row = tuple[str, str, str, str]


def machine() -> str:
    """Describes this machine: cores, memory, Python."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, Python {platform.python_version()}"


def table(results: dict[str, Any]) -> list[Row]:
    """Makes the rows of the parts that were measured."""
    rows: list[Row] = []
    if inbound := results.get("inbound"):
        rows.append(("bare route (the floor)", f"{inbound['floor_per_second']} requests/s", "", ""))
        for kind in ("messenger", "telegram", "sms"):
            result = inbound[kind]
            rows.append(
                _row(
                    f"signed {kind} webhook, stored and emitted",
                    f"{result['per_second']} requests/s, {result['ratio']:.2f} of the floor",
                    f"≥ {inbound['goal']} of the floor",
                    result["ratio"] >= inbound["goal"],
                )
            )
    if postgres := results.get("postgres"):
        rows.append(
            _row(
                "the same on PostgreSQL, one process",
                f"{postgres['postgres_per_second']} requests/s, {postgres['ratio']:.2f} of SQLite",
                f"≥ {postgres['goal']} of SQLite",
                postgres["ratio"] >= postgres["goal"],
            )
        )
        rows.append(
            _row(
                "two web processes beside one, on PostgreSQL",
                f"{postgres['two_per_second']} requests/s, {postgres['two_ratio']:.2f} of one",
                "≥ 1",
                postgres["two_ratio"] >= 1,
            )
        )
    if latency := results.get("latency"):
        rows.append(
            (
                f"customer's message to {latency['agents']} agents' sockets "
                f"at {latency['messages_per_second']} messages/s",
                f"p50 {latency['p50_ms']} ms, p99 {latency['p99_ms']} ms",
                "",
                "",
            )
        )
    if footprint := results.get("footprint"):
        rows.append(
            _row(
                "idle memory, five connectors",
                f"{footprint['idle_mb']} MB",
                f"< {footprint['goal_idle_mb']} MB",
                footprint["idle_mb"] < footprint["goal_idle_mb"],
            )
        )
        rows.append(
            _row(
                "start to ready",
                f"{footprint['start_seconds']} s",
                f"< {footprint['goal_start_seconds']} s",
                footprint["start_seconds"] < footprint["goal_start_seconds"],
            )
        )
        rows.append(("idle visitor socket", f"{footprint['kb_per_visitor_socket']} KB", "", ""))
    if sockets := results.get("sockets"):
        rows.append(
            (
                f"each of {sockets['sockets']:,} idle chats",
                f"{sockets['kb_per_socket']} KB; all of them {sockets['idle_core_percent']}% "
                "of a core",
                "",
                "",
            )
        )
        rows.append(
            _row(
                "health check beside them",
                f"p99 {sockets['health_p99_ms']} ms; a message p50 {sockets['message_p50_ms']} ms, "
                f"p99 {sockets['message_p99_ms']} ms",
                f"< {sockets['goal_health_ms']} ms",
                sockets["health_p99_ms"] < sockets["goal_health_ms"],
            )
        )
    if growth := results.get("growth"):
        sizes = " / ".join(f"{size:,}" for size in growth["messages"])
        for name, query in growth["queries"].items():
            rows.append(
                _row(
                    f"{name} at {sizes} messages",
                    " / ".join(f"{ms} ms" for ms in query["ms"]),
                    f"each step < {query['goal']}x",
                    all(step < query["goal"] for step in query["growth"]),
                )
            )
    if merge := results.get("merge"):
        sizes = " / ".join(f"{size:,}" for size in merge["messages"])
        for label, name in (("merging", "merge_ms"), ("undoing it", "undo_ms")):
            rows.append(
                _row(
                    f"{label}, a contact of {sizes} messages",
                    " / ".join(f"{ms} ms" for ms in merge[name]),
                    f"< {merge['goal_ms']} ms",
                    max(merge[name]) < merge["goal_ms"],
                )
            )
    if mail := results.get("mail"):
        rows += _mail_rows(mail)
    if router := results.get("router"):
        rows += _router_rows(router)
    if backlog := results.get("backlog"):
        rows += _backlog_rows(backlog)
    if crash := results.get("crash"):
        rows.append(
            _row(
                f"{crash['deliveries']} deliveries under {crash['kills']} SIGKILLs",
                f"{crash['lost']} lost, {crash['doubled']} doubled",
                "none",
                crash["lost"] == crash["doubled"] == 0,
            )
        )
    return rows


def _mail_rows(mail: dict[str, Any]) -> list[Row]:
    sizes = " to ".join(f"{size // 1024} KB" for size in mail["bytes"])
    goal = mail["goal_growth"]
    return [
        (
            "mails of 4 KB with a quotation, read",
            f"{mail['per_second']:,} mails/s in {mail['processes']} processes",
            "",
            "",
        ),
        *(
            _row(
                f"{name} for each byte of a hostile mail, {mail['families']} families, {sizes}",
                f"at most {mail[f'{unit}_growth']} times ({mail[f'{unit}_family']}); {greatest}",
                f"< {goal} times",
                mail[f"{unit}_growth"] < goal,
            )
            for name, unit, greatest in (
                ("time", "seconds", f"the longest {mail['longest_seconds']} s"),
                ("memory", "memory", f"the largest {mail['largest_mb']} MB"),
            )
        ),
    ]


def _backlog_rows(backlog: dict[str, Any]) -> list[Row]:
    goal, health = backlog["goal_per_second"], backlog["goal_health_ms"]
    return [
        _row(
            f"{backlog['queued']:,} queued answers, to a provider that answers at once",
            f"{backlog['per_second']} a second, {backlog['cpu_ms_each']} ms of a processor each",
            f"≥ {goal} a second",
            backlog["per_second"] >= goal,
        ),
        _row(
            "`/healthz` meanwhile",
            f"p50 {backlog['health_p50_ms']} ms, p99 {backlog['health_p99_ms']} ms",
            f"p99 < {health:.0f} ms",
            backlog["health_p99_ms"] < health,
        ),
    ]


def _router_rows(router: dict[str, Any]) -> list[Row]:
    rows: list[Row] = []
    for name, day in router["days"].items():
        measured = (
            f"p50 {day['wait_p50']:.2f} s, p95 {day['wait_p95']:.0f} s, where somebody was free "
            f"{day['wait_p95_free']:.2f} s, longest {day['longest_wait']:.0f} s; "
            f"{day['share_sticky']:.0%} sticky, Jain {day['jain']:.3f}, "
            f"{day['timeouts']:.0f} not accepted in time"
        )
        rows.append(
            (f"waiting on a modelled day, {name} (seed {router['seed']})", measured, "", "")
        )
    event_driven = [router["days"][name]["jain"] for name in ("least_loaded", "round_robin")]
    decision, drain = router["decision"], router["drain"]
    return [
        *rows,
        _row(
            "waiting where somebody is free, against a tick of 5 minutes",
            f"{router['faster']:,.0f} times shorter at p95",
            f"≥ {router['goal_faster']} times",
            router["faster"] >= router["goal_faster"],
        ),
        _row(
            "spread of the load, Jain's index",
            f"{min(event_driven):.3f}",
            f"≥ {router['goal_jain']}",
            min(event_driven) >= router["goal_jain"],
        ),
        _row(
            "a decision, 200 agents, 5,000 waiting",
            f"p50 {decision['p50_ms']:.2f} ms",
            f"< {router['goal_decision_ms']:.0f} ms",
            decision["p50_ms"] < router["goal_decision_ms"],
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


def _row(name: str, measured: str, goal: str, met: bool) -> Row:
    return name, measured, goal, "met" if met else "missed"


def render(rows: list[Row], results: dict[str, Any]) -> str:
    """Writes the rows as a Markdown table with its date and machine."""
    lines = ["| what | measured | goal | |", "|---|---|---|---|"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    lines += ["", f"Measured on {results['date']} by `make bench` on {results['machine']}."]
    return "\n".join(lines)


def write_pages(rows: list[Row], results: dict[str, Any]) -> None:
    """Writes all rows into docs/benchmarks.md, and those of `QUOTED` into README.md."""
    _write_between_marks(PAGE, render(rows, results))
    quoted = [row for row in rows if row[0].startswith(QUOTED)]
    _write_between_marks(README, render(quoted, results))


def _write_between_marks(page: Path, text: str) -> None:
    begin, end = "<!-- bench:start -->", "<!-- bench:end -->"
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    page.write_text(pattern.sub(lambda _: f"{begin}\n{text}\n{end}", page.read_text()))
