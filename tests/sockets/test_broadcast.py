"""Events are turned into payloads only where a screen may receive them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from hub.inbox.connections.agents import AgentConnection, AgentConnections
from hub.inbox.connections.visitors import VisitorConnections
from hub.inbox.sockets.broadcast import Broadcaster
from hub.schema.events import Event, Typing
from hub.schema.resources import Author
from hub.store.engine import Store


class CountedTyping(Typing):
    """An event that counts how often its payload is made."""

    def model_dump(self, **options: Any) -> dict[str, Any]:
        made.append(self.conversation_id)
        return super().model_dump(**options)


class Sockets:
    """Stands in for Socket.IO, and keeps what is emitted."""

    def __init__(self) -> None:
        self.emitted: list[str] = []

    def emit(self, _name: str, payload: dict[str, Any], **_options: Any) -> None:
        self.emitted.append(payload["conversation_id"])


made: list[str] = []


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made.clear()
    store = Store(f"sqlite:///{tmp_path / 'hub.db'}")
    yield store
    store.close()


def emitted(store: Store, screens: AgentConnections, conversation_id: str) -> list[str]:
    """Publishes an event, and returns what reached the sockets."""
    sockets = Sockets()
    no_pages = cast("VisitorConnections", None)  # the event has no customer's address
    broadcaster = Broadcaster(store, cast("Any", sockets), cast("Any", None), screens, no_pages)
    broadcaster.start()
    store.publish_unsaved(
        Event(
            CountedTyping(
                conversation_id=conversation_id,
                author=Author(type="agent", id="1", name="Aino"),
                on=True,
            )
        )
    )
    broadcaster.stop()  # emits what waits
    return sockets.emitted


def screen(sid: str) -> AgentConnection:
    return AgentConnection(cast("Any", None), sid)


def test_without_a_screen_no_payload_is_made(store: Store) -> None:
    assert emitted(store, AgentConnections(store, alone=True), "1") == []
    assert made == []


def test_an_open_screen_gets_its_events_until_it_closes(store: Store) -> None:
    screens = AgentConnections(store, alone=True)
    screens.opened(screen("first"))
    screens.opened(screen("second"))
    screens.closed("first")
    assert emitted(store, screens, "2") == ["2"]
    screens.closed("second")
    made.clear()
    assert emitted(store, screens, "3") == []
    assert made == []


def test_beside_other_processes_every_event_is_emitted(store: Store) -> None:
    assert emitted(store, AgentConnections(store, alone=False), "4") == ["4"]
