"""Snoozes and service levels of a real, patched hub end at their moment, not at a tick."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.harness import RunningHub, eventually

CONFIG = """
connectors:
  website: {kind: webchat}
sla:
  quick: {first_reply: 3s}
routing:
  - {name: all, sla: quick}
"""
#: Far below a tick of ten seconds, and enough for a busy machine.
LATE = timedelta(seconds=1.5)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    folder: Path = tmp_path_factory.mktemp("hub")
    with RunningHub(folder, CONFIG) as running:
        yield running


def events(hub: RunningHub, conversation_id: str) -> dict[str, dict[str, Any]]:
    """The last event of each name."""
    items = hub.get(f"/conversations/{conversation_id}/messages", limit=100)["items"]
    return {one["event"]["name"]: one for one in reversed(items) if one["type"] == "event"}


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def test_a_promise_of_three_seconds_gets_its_warning_before_its_breach(hub: RunningHub) -> None:
    with hub.visitor() as visitor:
        said = visitor.says("Is anybody there?", "c1")["message"]
        conversation_id = said["conversation_id"]
        eventually(lambda: "sla.breached" in events(hub, conversation_id))
    told = events(hub, conversation_id)
    warned, breached = (
        moment(told[f"sla.{name}"]["created_at"]) for name in ("warning", "breached")
    )
    due = moment(said["received_at"]) + timedelta(seconds=3)
    assert warned < due <= breached < due + LATE


def test_a_snooze_ends_at_its_moment(hub: RunningHub) -> None:
    with hub.visitor() as visitor:
        conversation_id = visitor.says("Later, please", "c2")["message"]["conversation_id"]
        ends_at = datetime.now(UTC) + timedelta(seconds=2)
        hub.patch(f"/conversations/{conversation_id}", {"snoozed_until": ends_at.isoformat()})
        with hub.agent() as agent:
            agent.wait_for(
                "conversation.updated",
                lambda told: (
                    told["conversation"]["id"] == conversation_id
                    and told["conversation"]["status"] == "open"
                ),
                timeout=15,
            )
    opened = moment(events(hub, conversation_id)["conversation.status"]["created_at"])
    assert timedelta() <= opened - ends_at < LATE
