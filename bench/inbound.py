"""Signed webhooks, stored and emitted, against the floor; both alternate in one run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from bench import load, servers

ROUNDS = 9
REQUESTS = 800
CONNECTIONS = 24
CUSTOMERS = 200
GOAL = 0.5


def run(folder: Path) -> dict[str, Any]:
    """Measures the requests per second of the floor and of each kind, and their ratio (medians)."""
    with servers.floor(folder) as floor, servers.hub(folder / "inbound") as hub:
        makers: dict[str, Callable[[int], bytes]] = {
            "messenger": lambda n: servers.messenger(n, CUSTOMERS),
            "telegram": lambda n: servers.telegram(n, CUSTOMERS),
            "sms": lambda n: servers.sms(n, CUSTOMERS, hub.url),
        }
        body = b'{"text": "Where is my order?"}' * 8
        floor_request = load.http_request("/webhook", body, {"Content-Type": "application/json"})
        rates: dict[str, list[float]] = {"floor": [], **{kind: [] for kind in makers}}
        with hub.agent(), _floor_listener(floor.port):
            for make in makers.values():  # each customer writes once before the measured rounds
                load.run(hub.port, [make(n) for n in range(CUSTOMERS)], CONNECTIONS)
            number = CUSTOMERS
            for _round in range(ROUNDS):
                rates["floor"].append(load.run(floor.port, [floor_request] * REQUESTS, CONNECTIONS))
                for kind, make in makers.items():
                    requests = [make(number + n) for n in range(REQUESTS)]
                    rates[kind].append(load.run(hub.port, requests, CONNECTIONS))
                number += REQUESTS
            stored = hub.get("/journal", limit=1)["items"]
            assert stored, "nothing was stored"
    base = median(rates["floor"])
    return {
        "floor_per_second": round(base),
        **{
            kind: {
                "per_second": round(median(rates[kind])),
                # Each round against its own floor: a slow phase of the machine is in both.
                "ratio": round(
                    median(a / b for a, b in zip(rates[kind], rates["floor"], strict=True)), 2
                ),
            }
            for kind in rates
            if kind != "floor"
        },
        "goal": GOAL,
    }


def _floor_listener(port: int) -> Any:
    from tests.harness import Screen

    return Screen(f"http://127.0.0.1:{port}", "/", {})
