"""The desk of tests/conversations: a hub without its web, on SQLite and on PostgreSQL."""

from __future__ import annotations

import pytest

from hub.router import engine
from tests.conversations.conftest import (  # noqa: F401
    anna,
    boris,
    desk,
    postgres_server,
    postgres_store,
    provider,
    quiet_logs,
    sqlite_engine,
    sqlite_store,
    sqlite_template,
    store,
    toys_are_installed,
)
from tests.conversations.desk import Desk
from tests.router.office import Office

TEAMS = {
    "support": {"members": ["mari@example.org", "jaan@example.org"]},
    "sales": {"members": ["liis@example.org"], "overflow": "support"},
}
RULES = [
    {"name": "prices", "when": {"words": "price"}, "team": "sales", "priority": "high"},
    {"name": "rest", "team": "support", "labels": ["seen"]},
]


@pytest.fixture
def office(desk: Desk) -> Office:  # noqa: F811
    return Office(desk)


@pytest.fixture
def teams(desk: Desk) -> Office:  # noqa: F811
    return Office(desk, teams=TEAMS, routing=RULES)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No sweep comes to help: only events wake it."""
    monkeypatch.setattr(engine, "SWEEP_SECONDS", 600.0)
