"""The hub is killed at random moments; nothing acknowledged is lost, nothing is there twice."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from tests.e2e import crash

pytestmark = pytest.mark.servers


def seed() -> int:
    """A new one every time; `CRASH_SEED` repeats a storm."""
    return int(os.environ.get("CRASH_SEED") or random.SystemRandom().randrange(10**6))


def check(outcome: crash.Outcome) -> None:
    print(outcome)
    assert outcome.lost_events == []
    assert outcome.doubled_events == []
    assert outcome.replies > outcome.deliveries / 4
    assert outcome.lost_replies == []
    assert outcome.doubled_replies == []
    assert outcome.tried_again > 0, "no delivery met a hub that was down"


def test_a_hundred_deliveries_survive_kills_at_random_moments(tmp_path: Path) -> None:
    check(crash.run(tmp_path, deliveries=100, kills=3, seed=seed()))


@pytest.mark.long
def test_a_thousand_deliveries_survive_kills_at_random_moments(tmp_path: Path) -> None:
    check(crash.run(tmp_path, deliveries=1000, kills=25, seed=seed()))
