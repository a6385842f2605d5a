"""Ordinary mails a second, and what hostile mails cost when they double.

Reads in the worker processes of the hub, and in forks of one for the costs. The families of hostile
mails are those of the tests.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from hub.connectors.email.config import EmailConfig
from hub.connectors.email.reader import PROCESSES, read_mail, shared_pool

ROOT = Path(__file__).parent.parent
SIZE = 65_536
MAILS = 1_000
#: A family whose cost grows by the square is eight times as dear for each byte at eight times the
#: size. Below this time nothing is compared: it is noise.
GOAL_GROWTH = 2.5
LEAST_SECONDS = 0.1

HTML = "<html><body>{}<blockquote>On 1.2.2026 Shop wrote: {}</blockquote></body></html>"
TEXT = (
    "Yes, number {} please.\n\nThanks\nAnn\n\nOn 1.2.2026 10:00, Shop <s@shop.example> wrote:\n> {}"
)


def run(_folder: Path) -> dict[str, Any]:
    """Measures mails a second, and the growth of time and memory for each byte."""
    costs = _costs()
    return {
        "per_second": round(_mails_per_second()),
        "processes": PROCESSES,
        "families": len(costs),
        "bytes": [SIZE, SIZE * 8],
        **_dearest(costs, "seconds", LEAST_SECONDS),
        **_dearest(costs, "memory", 32e6),
        "longest_seconds": round(max(cost[-1]["seconds"] for cost in costs.values()), 2),
        "largest_mb": round(max(cost[-1]["memory"] for cost in costs.values()) / 1e6),
        "goal_growth": GOAL_GROWTH,
    }


def _mails_per_second() -> float:
    smtp = {"host": "smtp.example", "port": 25}
    config = EmailConfig(
        kind="email", address="support@shop.example", smtp=smtp, webhook_secret="x"
    )
    mails = list(_ordinary_mails())
    with ThreadPoolExecutor(PROCESSES) as threads:
        list(threads.map(lambda mail: read_mail(mail, config), mails[:50]))
        began = time.perf_counter()
        list(threads.map(lambda mail: read_mail(mail, config), mails))
        seconds = time.perf_counter() - began
    shared_pool().close()
    return len(mails) / seconds


def _ordinary_mails() -> Iterator[bytes]:
    """Answers with a quotation, of 4 KB, as text and HTML."""
    for number in range(MAILS):
        text = TEXT.format(number, "Which one? " * 80)
        page = HTML.format(text.replace("\n", "<br>"), "Which one? " * 80)
        yield (
            f"From: Ann Lee <ann{number % 100}@example.com>\r\nTo: support@shop.example\r\n"
            f"Subject: Re: Order {number}\r\nMessage-ID: <{number}@example.com>\r\n"
            "Content-Type: multipart/alternative; boundary=b\r\n\r\n"
            f"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
            f"--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{page}\r\n--b--\r\n"
        ).encode()


def _costs() -> dict[str, list[dict[str, Any]]]:
    measuring = subprocess.run(
        [sys.executable, "-m", "tests.hostile.mail_cost", str(SIZE)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    costs: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for line in measuring.stdout.splitlines():
        cost = json.loads(line)
        costs[cost["name"]].append(cost)
    return costs


def _dearest(costs: dict[str, list[dict[str, Any]]], unit: str, least: float) -> dict[str, Any]:
    """The family whose cost for each byte grows most, from the least size to the greatest."""
    growths = {
        name: sizes[-1][unit] / max(sizes[0][unit], least / 8) / sizes[-1]["times"]
        for name, sizes in costs.items()
    }
    name = max(growths, key=lambda family: growths[family])
    return {f"{unit}_growth": round(growths[name], 2), f"{unit}_family": name}
