"""The invented part of the modelled day: its configuration, its customers and its agents."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from hub.router.decisions.rules import ConversationSnapshot
from hub.router.decisions.values import Agent

#: A Monday.
DAY = datetime(2026, 1, 5, tzinfo=UTC)
OPENS, CLOSES = 8, 18
CUSTOMERS = 900
#: The share of assignments that the agent does not see in time.
MISSED_SHARE = 0.03

CONFIG: dict[str, Any] = {
    "connectors": {"website": {"kind": "webchat"}},
    "hours": {"office": {"timezone": "UTC", "mon-fri": f"{OPENS:02}:00-{CLOSES}:00"}},
    "teams": {
        "support": {"hours": "office"},
        "sales": {"hours": "office", "overflow": "support"},
    },
    "routing": [
        {"name": "pricing page", "when": {"page": "*/pricing*"}, "team": "sales"},
        {
            "name": "arabic",
            "when": {"language": ["ar", "fa"]},
            "skills": ["arabic"],
            "team": "support",
        },
        {"name": "returns", "when": {"words": ["refund", "wrong size"]}, "team": "support"},
        {
            "name": "vip",
            "when": {"contact": {"plan": "gold"}},
            "team": "support",
            "priority": "high",
        },
        {"name": "rest", "team": "support"},
    ],
    "assignment": {"capacity": {"default": 4}},
}


@dataclass(frozen=True)
class Arrival:
    """A customer writes. `missed` says of each assignment whether its agent does not see it."""

    number: int
    at: datetime
    customer: int
    snapshot: ConversationSnapshot
    service_time: timedelta
    weight: float
    missed: tuple[bool, ...]


def arrivals(rng: random.Random) -> list[Arrival]:
    """Makes a Poisson day with a peak at noon and bursts of up to forty arrivals in a minute."""
    times: list[datetime] = []
    at = DAY + timedelta(hours=OPENS)
    end = DAY + timedelta(hours=CLOSES - 1)
    while at < end:
        hour = (at - DAY).total_seconds() / 3600
        per_minute = 1.3 + 0.9 * max(0.0, 1 - abs(hour - 12.5) / 4)
        at += timedelta(minutes=rng.expovariate(per_minute))
        times.append(at)
    for _ in range(8):
        start = DAY + timedelta(hours=rng.uniform(OPENS + 1.5, CLOSES - 2.5))
        times += [start + timedelta(seconds=rng.uniform(0, 60)) for _ in range(rng.randint(15, 40))]
    return [_arrival(rng, number, at) for number, at in enumerate(sorted(times))]


def _arrival(rng: random.Random, number: int, at: datetime) -> Arrival:
    customer = rng.randrange(CUSTOMERS)
    kind = rng.choices(["webchat", "telegram", "messenger", "sms", "email"], [5, 2, 2, 1, 2])[0]
    texts = rng.choices(["hello, a question", "I want a refund", "it is the wrong size"], [8, 1, 1])
    snapshot = ConversationSnapshot(
        connector="website",
        kind=kind,
        page="https://shop.example/pricing" if customer % 10 < 3 else "https://shop.example/",
        language="ar" if customer % 12 == 0 else "en",
        text=texts[0],
        contact={"plan": "gold"} if customer % 20 == 0 else {},
    )
    return Arrival(
        number,
        at,
        customer,
        snapshot,
        service_time=timedelta(minutes=min(rng.lognormvariate(2.5, 0.6), 90)),
        weight=0.5 if kind == "email" else 1.0,
        missed=tuple(rng.random() < MISSED_SHARE for _ in range(6)),
    )


def agents() -> dict[int, Agent]:
    """Makes fourteen agents for support, five with Arabic, and six for sales; all are offline."""
    return {
        number: Agent(
            id=number,
            name=f"Agent {number}",
            presence="offline",
            teams=frozenset({"support"} if number <= 14 else {"sales"}),
            skills=frozenset({"arabic"} if number % 3 == 1 and number <= 14 else ()),
            capacity=4.0,
        )
        for number in range(1, 21)
    }


def shifts() -> dict[int, list[tuple[datetime, datetime]]]:
    """Returns eight hours for each agent, from eight, nine or ten, with half an hour for lunch."""
    spans_by_agent = {}
    for number in range(1, 21):
        start = DAY + timedelta(hours=OPENS + number % 3)
        lunch = start + timedelta(hours=3, minutes=15 * (number % 8))
        end = start + timedelta(hours=8)
        spans_by_agent[number] = [(start, lunch), (lunch + timedelta(minutes=30), end)]
    return spans_by_agent
