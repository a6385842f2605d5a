"""Offices: agents and teams on the stores of `tests/core/conftest.py`."""

from __future__ import annotations

import pytest

from hub.router import engine
from tests.core.desk import Desk
from tests.core.router.office import Office

TEAMS = {
    "support": {"members": ["mari@example.org", "jaan@example.org"]},
    "sales": {"members": ["liis@example.org"], "overflow": "support"},
}
RULES = [
    {"name": "prices", "when": {"words": "price"}, "team": "sales", "priority": "high"},
    {"name": "rest", "team": "support", "labels": ["seen"]},
]


@pytest.fixture
def office(desk: Desk) -> Office:
    return Office(desk)


@pytest.fixture
def teams(desk: Desk) -> Office:
    return Office(desk, teams=TEAMS, routing=RULES)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No sweep comes to help: only events wake it."""
    monkeypatch.setattr(engine, "SWEEP_SECONDS", 600.0)
