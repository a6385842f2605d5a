from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from hub.notifications import notices
from hub.notifications.recording import record_notifications
from hub.schema import resources
from hub.schema.author import Author
from hub.store.engine import Store
from tests.core.desk import Desk

Unseen = Callable[[Author], list[tuple[str, str]]]


@pytest.fixture(autouse=True)
def _observed(store: Store) -> Iterator[None]:
    """As the app connects it."""
    store.observe(record_notifications)
    yield


@pytest.fixture
def unseen(store: Store) -> Unseen:
    """The notifications of an agent as pairs of kind and text, the latest first."""

    def read(agent: Author) -> list[tuple[str, str]]:
        return [(each.kind, each.text) for each in notifications_of(store, agent)]

    return read


def notifications_of(store: Store, agent: Author) -> list[resources.Notification]:
    assert agent.id is not None
    with store.read() as connection:
        return notices.list_notifications(connection, agent.id, 50, None).items


def told_to(desk: Desk, agent: Author, name: str) -> list[Any]:
    """The payloads of these events that went to this agent's screens alone."""
    return [
        event.payload for event in desk.events if event.name == name and event.agent_id == agent.id
    ]
