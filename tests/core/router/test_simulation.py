"""The modelled day of `make bench`, held to its goals: the same rules and strategies decide."""

from __future__ import annotations

import pytest

from bench import router_sim


@pytest.fixture(scope="module", params=[router_sim.SEED, 7])
def days(request: pytest.FixtureRequest) -> dict[str, dict[str, float]]:
    print("seed", request.param)
    return router_sim.run_days(request.param)


def test_no_conversation_waits_at_the_end_of_the_day(days: dict[str, dict[str, float]]) -> None:
    assert {name: day["left_waiting"] for name, day in days.items()} == dict.fromkeys(days, 0)


def test_a_free_agent_is_found_ten_times_sooner_than_by_a_tick(
    days: dict[str, dict[str, float]],
) -> None:
    tick = days["tick of 5 min"]["wait_p95_free"]
    assert tick > 60
    assert days["least_loaded"]["wait_p95_free"] * 10 <= tick
    assert days["round_robin"]["wait_p95_free"] * 10 <= tick


def test_the_load_is_spread(days: dict[str, dict[str, float]]) -> None:
    assert days["least_loaded"]["jain"] >= 0.95
    assert days["round_robin"]["jain"] >= 0.95


def test_no_conversation_waits_for_ever(days: dict[str, dict[str, float]]) -> None:
    assert days["least_loaded"]["longest_wait"] < days["tick of 5 min"]["longest_wait"]
    assert days["least_loaded"]["longest_wait"] < 15 * 60


def test_most_customers_come_back_to_the_agent_they_know(days: dict[str, dict[str, float]]) -> None:
    assert days["least_loaded"]["share_sticky"] > 0.7


@pytest.mark.parametrize(
    ("loads", "index"), [([3, 3, 3], 1.0), ([1, 0, 0, 0], 0.25), ([2, 1], 0.9)]
)
def test_jains_index(loads: list[float], index: float) -> None:
    assert router_sim.jain(loads) == pytest.approx(index)
