"""An agent or a visitor is present while a socket of any process is open."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import select

from hub.accounts import agents, open_sockets, presence, visitor_sessions
from hub.accounts.presence import AgentPresence
from hub.store import models
from hub.store.engine import Store
from tests.core.desk import eventually

GRACE = 0.2


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "BEAT_SECONDS", 0.05)


@pytest.fixture
def process(store: Store) -> Iterator[Callable[[str], AgentPresence]]:
    running: list[AgentPresence] = []

    def start(process_id: str) -> AgentPresence:
        running.append(AgentPresence(store, process_id, lambda: GRACE))
        running[-1].start(alone=False)
        return running[-1]

    yield start
    for started in running:
        started.stop()


@pytest.fixture
def mari(store: Store) -> int:
    return store.write(
        lambda tx: agents.add_agent(tx, "mari@example.org", "Mari", "agent", "a long password")
    )


@pytest.fixture
def told(store: Store) -> list[str]:
    """The presences that were published, in their order."""
    presences: list[str] = []
    store.subscribe(lambda events: presences.extend(event.payload.presence for event in events))
    return presences


def is_online(store: Store, agent_id: int) -> bool:
    with store.read() as connection:
        agent = agents.find_agent(connection, agent_id)
    assert agent is not None
    return agent.presence == "online"


def left_at(store: Store, session_id: int) -> Any:
    sessions = models.visitor_sessions
    with store.read() as connection:
        return connection.execute(
            select(sessions.c.left_at).where(sessions.c.id == session_id)
        ).scalar_one()


def test_closing_one_of_two_screens_on_two_processes_leaves_the_agent_online(
    store: Store, process: Callable[[str], AgentPresence], mari: int, told: list[str]
) -> None:
    first, second = process("first"), process("second")
    first.connected(mari, "screen 1")
    second.connected(mari, "screen 2")
    first.disconnected(mari, "screen 1")
    with store.read() as connection:
        rows = select(models.open_screens.c.process_id)
        eventually(lambda: connection.execute(rows).scalars().all() == ["second"])
    assert is_online(store, mari)
    second.disconnected(mari, "screen 2")
    eventually(lambda: not is_online(store, mari))
    assert told == ["online", "online", "offline"]


def test_the_agents_of_a_killed_process_are_offline_after_the_grace(
    store: Store, process: Callable[[str], AgentPresence], mari: int, told: list[str]
) -> None:
    process("stays")
    killed = process("killed")
    killed.connected(mari, "screen")
    assert is_online(store, mari)
    killed.stop()
    eventually(lambda: not is_online(store, mari))
    assert told == ["online", "offline"]


def test_an_agent_of_a_killed_process_who_is_back_elsewhere_stays_online(
    store: Store, process: Callable[[str], AgentPresence], mari: int, told: list[str]
) -> None:
    stays, killed = process("stays"), process("killed")
    killed.connected(mari, "screen")
    killed.stop()
    stays.connected(mari, "the same screen")
    with store.read() as connection:
        rows = select(models.web_processes.c.id)
        eventually(lambda: connection.execute(rows).scalars().all() == ["stays"])
    assert is_online(store, mari)
    assert "offline" not in told


def test_a_process_that_was_taken_for_dead_restores_what_it_has_open(
    store: Store, process: Callable[[str], AgentPresence], mari: int
) -> None:
    slow = process("slow")
    slow.connected(mari, "screen")
    slow.stop()
    restored: list[bool] = []
    slow.on_removed(lambda: restored.append(True))
    with store.read() as connection:
        row = connection.execute(select(models.web_processes)).one()
    store.write(lambda tx: open_sockets.remove_process(tx, "slow", row.seen_at))
    assert not is_online(store, mari)
    slow.beat()
    assert is_online(store, mari)
    assert restored == [True]


def test_a_sign_of_life_at_the_last_moment_keeps_a_process(
    store: Store, process: Callable[[str], AgentPresence], mari: int
) -> None:
    slow = process("slow")
    slow.connected(mari, "screen")
    slow.stop()
    with store.read() as connection:
        row = connection.execute(select(models.web_processes)).one()
    slow.beat()
    store.write(lambda tx: open_sockets.remove_process(tx, "slow", row.seen_at))
    assert is_online(store, mari)


def test_closing_one_of_two_pages_on_two_processes_leaves_the_visitor_present(
    store: Store,
) -> None:
    visitor, _token = visitor_sessions.open_visitor_session(store, "website", "en")
    for name in ("first", "second"):
        store.write(lambda tx, name=name: open_sockets.add_pages(tx, name, {visitor.id}))
    store.write(lambda tx: open_sockets.remove_page(tx, "first", visitor.id, tx.now))
    assert left_at(store, visitor.id) is None
    store.write(lambda tx: open_sockets.remove_page(tx, "second", visitor.id, tx.now))
    assert left_at(store, visitor.id) is not None


def test_the_visitors_of_a_killed_process_left_with_its_last_sign(store: Store) -> None:
    visitor, _token = visitor_sessions.open_visitor_session(store, "website", "en")
    store.write(lambda tx: open_sockets.record_process(tx, "killed"))
    store.write(lambda tx: open_sockets.add_pages(tx, "killed", {visitor.id}))
    store.write(lambda tx: open_sockets.mark_absent_left(tx, tx.now))
    assert left_at(store, visitor.id) is None
    with store.read() as connection:
        seen_at = connection.execute(select(models.web_processes.c.seen_at)).scalar_one()
    store.write(lambda tx: open_sockets.remove_process(tx, "killed", seen_at))
    assert left_at(store, visitor.id) == seen_at


def test_a_session_that_is_over_is_deleted_also_with_its_page_open(store: Store) -> None:
    visitor, _token = visitor_sessions.open_visitor_session(store, "website", "en")
    store.write(lambda tx: open_sockets.add_pages(tx, "first", {visitor.id}))
    sessions = models.visitor_sessions
    store.write(lambda tx: tx.execute(sessions.update().values(expires_at=tx.now)).rowcount)
    store.write(visitor_sessions.delete_expired_visitor_sessions)
    with store.read() as connection:
        assert connection.execute(select(models.open_pages)).all() == []
