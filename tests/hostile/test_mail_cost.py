"""For any mail of n bytes, the time and the memory of its reading grow at most linearly."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import defaultdict
from typing import Any

import pytest

from tests.harness import ROOT
from tests.hostile.mail_families import FAMILIES

SIZE = 32_768
#: Measurements vary; a quadratic family is 64 times as dear at eight times the size.
SLACK = 2.5
SECONDS, BYTES = 0.3, 32_000_000

Costs = list[dict[str, Any]]


def too_dear(costs: Costs) -> list[str]:
    """What grows by more than the size of the mail, `SLACK` times."""
    first, last = costs[0], costs[-1]
    times = last["times"] / first["times"] * SLACK
    limits = {
        "seconds": first["seconds"] * times + SECONDS,
        "memory": first["memory"] * times + BYTES,
    }
    return [name for name, limit in limits.items() if last[name] > limit]


@pytest.fixture(scope="module")
def costs() -> dict[str, Costs]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.hostile.mail_cost", str(SIZE)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    measured: dict[str, Costs] = defaultdict(list)
    for line in done.stdout.splitlines():
        result = json.loads(line)
        measured[result["name"]].append(result)
    return measured


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
def test_a_mail_costs_no_more_than_its_size(name: str, costs: dict[str, Costs]) -> None:
    assert [cost["times"] for cost in costs[name]] == [1, 2, 4, 8]
    assert all(cost["stages"] for cost in costs[name]), "it could not be read"
    assert too_dear(costs[name]) == [], costs[name]


def test_the_comparison_finds_what_grows_by_the_square() -> None:
    linear = [{"times": n, "seconds": 0.1 * n, "memory": 9e6 * n} for n in (1, 2, 4, 8)]
    square = [{"times": n, "seconds": 0.1 * n * n, "memory": 9e6 * n * n} for n in (1, 2, 4, 8)]
    assert too_dear(linear) == []
    assert too_dear(square) == ["seconds", "memory"]
