"""Where agents and visitors have sockets open, process by process.

An agent or a visitor is present while a row of any process says so: a socket that closes at one
process changes nothing for those that are open at another. The rows of a process that was killed
are removed by the others.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, exists, select, update

from hub.accounts.agents import publish_presence, update_agent
from hub.accounts.visitor_sessions import mark_left, mark_returned
from hub.store.engine import Transaction, Upsert
from hub.store.models import agents, open_pages, open_screens, visitor_sessions, web_processes

_RECORD_PROCESS = Upsert(web_processes, ["id"], update=["seen_at"])
_ADD_SCREEN = Upsert(open_screens, ["process_id", "agent_id"])
_ADD_PAGE = Upsert(open_pages, ["process_id", "session_id"])


def record_process(tx: Transaction, process_id: str) -> bool:
    """Notes that a process lives. False where its rows were removed, or it has none yet."""
    renewal = update(web_processes).where(web_processes.c.id == process_id).values(seen_at=tx.now)
    if tx.execute(renewal).rowcount:
        return True
    tx.execute(_RECORD_PROCESS, {"id": process_id, "seen_at": tx.now})
    return False


def remove_process(tx: Transaction, process_id: str, seen_at: datetime) -> None:
    """Removes a process that ended, with its screens and pages. Does nothing if it is back.

    Args:
        seen_at: the last sign of life that the caller knows of.
    """
    removed = tx.execute(
        delete(web_processes).where(
            web_processes.c.id == process_id, web_processes.c.seen_at == seen_at
        )
    )
    if not removed.rowcount:
        return
    agent_ids = tx.execute(
        delete(open_screens)
        .where(open_screens.c.process_id == process_id)
        .returning(open_screens.c.agent_id)
    ).scalars()
    for agent_id in sorted(agent_ids.all()):
        _mark_disconnected(tx, agent_id)
    tx.execute(delete(open_pages).where(open_pages.c.process_id == process_id))
    mark_absent_left(tx, seen_at)


def clear_all(tx: Transaction) -> None:
    """Notes that no socket is open: for a process that is alone, at its start."""
    tx.execute(delete(web_processes))
    tx.execute(delete(open_screens))
    tx.execute(delete(open_pages))
    tx.execute(update(agents).values(connected_at=None))
    mark_absent_left(tx, tx.now)


# -- agents ----------------------------------------------------------------------------------------


def add_screens(tx: Transaction, process_id: str, agent_ids: Collection[int]) -> None:
    """Notes that agents have a screen open at a process, and publishes them."""
    for agent_id in sorted(agent_ids):
        tx.execute(_ADD_SCREEN, {"process_id": process_id, "agent_id": agent_id})
        update_agent(tx, agent_id, {"connected_at": tx.now})
        publish_presence(tx, agent_id)


def remove_screen(tx: Transaction, process_id: str, agent_id: int) -> None:
    """Notes that an agent has no screen open any more at a process."""
    tx.execute(
        delete(open_screens).where(
            open_screens.c.process_id == process_id, open_screens.c.agent_id == agent_id
        )
    )
    _mark_disconnected(tx, agent_id)


def _mark_disconnected(tx: Transaction, agent_id: int) -> None:
    """Marks an agent as away from all screens, unless a screen is open at another process."""
    # Two processes that lose their last screens at once take turns: the later one sees neither row.
    tx.execute(select(agents.c.id).where(agents.c.id == agent_id).with_for_update())
    elsewhere = tx.execute(
        select(open_screens.c.agent_id).where(open_screens.c.agent_id == agent_id)
    )
    if elsewhere.first() is None:
        update_agent(tx, agent_id, {"connected_at": None})
        publish_presence(tx, agent_id)


# -- visitors --------------------------------------------------------------------------------------


def add_pages(tx: Transaction, process_id: str, session_ids: Collection[int]) -> None:
    """Notes that visitors' sessions have pages open at a process."""
    for session_id in sorted(session_ids):
        tx.execute(_ADD_PAGE, {"process_id": process_id, "session_id": session_id})
    mark_returned(tx, tuple(session_ids))


def remove_page(tx: Transaction, process_id: str, session_id: int, left_at: datetime) -> None:
    """Notes that the last page of a session at a process closed, and when.

    The visitor has left, unless a page of the session is open at another process.
    """
    # The lock comes first, for the same reason as with agents.
    of_session = select(visitor_sessions.c.id).where(visitor_sessions.c.id == session_id)
    tx.execute(of_session.with_for_update())
    tx.execute(
        delete(open_pages).where(
            open_pages.c.process_id == process_id, open_pages.c.session_id == session_id
        )
    )
    elsewhere = tx.execute(
        select(open_pages.c.session_id).where(open_pages.c.session_id == session_id)
    )
    if elsewhere.first() is None:
        mark_left(tx, session_id, left_at)


def mark_absent_left(tx: Transaction, left_at: datetime) -> None:
    """Notes that all sessions without an open page have been left."""
    has_page = exists().where(open_pages.c.session_id == visitor_sessions.c.id)
    tx.execute(
        update(visitor_sessions)
        .where(visitor_sessions.c.left_at.is_(None), ~has_page)
        .values(left_at=left_at)
    )
