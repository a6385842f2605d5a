"""The open screens of agents: each stays open as long as the sign-in or token that opened it.

An account may be disabled by another process, a token be deleted, a sign-in run out. All proofs are
checked together every few moments, so that no event of an agent needs a query of its own.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from functools import partial

import structlog
from flask_socketio import SocketIO
from sqlalchemy import select

from hub import runtime
from hub.accounts import sign_ins
from hub.accounts.agents import disabled_agent_ids, is_disabled, publish_presence
from hub.accounts.principal import Principal
from hub.contacts import locks
from hub.conversations import actions, lifecycle
from hub.inbox.connections.rooms import AGENTS
from hub.inbox.connections.sync_memory import SyncMemory
from hub.schema.author import SYSTEM
from hub.store.engine import Store, Transaction
from hub.store.models import conversations

log = structlog.get_logger()

#: How long a screen may stay open after its account was disabled.
CHECK_SECONDS = 2.0
#: Conversations given back in one transaction.
BATCH = 100


@dataclass(frozen=True, slots=True)
class AgentConnection:
    """An open socket of an agent or a service account."""

    principal: Principal
    sid: str
    sync_memory: SyncMemory = field(default_factory=SyncMemory, repr=False)


class AgentConnections:
    """All open screens of this process. Safe to use from many threads."""

    def __init__(self, store: Store, *, alone: bool) -> None:
        """Starts without screens.

        Args:
            alone: no other process of the hub has screens.
        """
        self._store = store
        self._alone = alone
        self._socketio: SocketIO | None = None
        self._by_sid: dict[str, AgentConnection] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()

    def attach(self, socketio: SocketIO) -> None:
        self._socketio = socketio

    def start(self) -> None:
        runtime.spawn(self._run, name="agent-connections")

    def stop(self) -> None:
        self._stop.set()

    def opened(self, connection: AgentConnection) -> None:
        """Adds a screen that connected."""
        with self._lock:
            self._by_sid[connection.sid] = connection

    def closed(self, sid: str) -> AgentConnection | None:
        """Removes a screen and returns it; None for a socket that never signed in."""
        with self._lock:
            return self._by_sid.pop(sid, None)

    def of(self, sid: str) -> AgentConnection | None:
        """The screen behind a socket; None for a socket that is not signed in."""
        return self._by_sid.get(sid)

    def may_have_screens(self) -> bool:
        """Whether a screen may be open. The screens of other processes are not known here.

        A screen counts before it enters a room, so none in a room is overlooked.
        """
        return not self._alone or bool(self._by_sid)

    def missed_after(self, message_id: int) -> None:
        """Notes for every screen that events may have been missed since a message."""
        with self._lock:
            connections = list(self._by_sid.values())
        for connection in connections:
            connection.sync_memory.missed_after(message_id)

    def close_invalid(self) -> None:
        """Closes every screen whose sign-in or token is no longer valid."""
        with self._lock:
            connections = list(self._by_sid.values())
        if not connections:
            return
        with self._store.read() as database:
            valid = sign_ins.valid_proofs(
                database, {connection.principal.proof for connection in connections}
            )
        for connection in connections:
            if connection.principal.proof not in valid:
                log.info("agent.closed", agent=connection.principal.agent_id)
                self._close(connection.sid)

    def release_of_disabled(self) -> None:
        """Puts the conversations of disabled agents back into the queue, except resolved ones."""
        while ids := self._held_by_disabled():
            self._store.write(partial(_release, ids=ids))

    def _close(self, sid: str) -> None:
        """Ends the transport: the page connects again and learns that it is signed out.

        A page that is only told to leave the namespace would wait for ever.
        """
        assert self._socketio is not None
        server = self._socketio.server  # type: ignore[attr-defined]
        transport_sid = server.manager.eio_sid_from_sid(sid, AGENTS)
        if transport_sid is not None:  # else the client closed it itself
            server.eio.disconnect(transport_sid)

    def _held_by_disabled(self) -> list[int]:
        with self._store.read() as connection:
            disabled = disabled_agent_ids(connection)
            if not disabled:
                return []
            return list(
                connection.execute(
                    select(conversations.c.id)
                    .where(
                        conversations.c.assignee_id.in_(disabled),
                        # By the index: conversations resolved over years are not read each time.
                        conversations.c.status.in_(("open", "pending", "snoozed")),
                        conversations.c.merged_into_id.is_(None),
                    )
                    .order_by(conversations.c.id)
                    .limit(BATCH)
                ).scalars()
            )

    def _run(self) -> None:
        while True:
            try:
                self.close_invalid()
                self.release_of_disabled()
            except Exception:
                # The next check may find the database again.
                log.exception("agent_lines.look_failed")
            if self._stop.wait(CHECK_SECONDS):
                return


def _release(tx: Transaction, ids: list[int]) -> None:
    agent_ids = set()
    locks.lock_links(tx)  # these are several people's
    for conversation_id in ids:
        row = lifecycle.lock_conversation(tx, conversation_id)
        if row.assignee_id is None or not is_disabled(tx, row.assignee_id):
            continue  # another agent took it at this moment
        agent_ids.add(row.assignee_id)
        actions.change_conversation(tx, row.id, {"assignee_id": None}, SYSTEM)
    for agent_id in sorted(agent_ids):
        publish_presence(tx, agent_id)
