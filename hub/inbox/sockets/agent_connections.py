"""The open screens of agents: each holds as long as the sign-in or the token that opened it.

An account may be disabled by another process, a token be taken away, a sign-in run out: that is
looked for every few moments, and nothing that an agent says in between is worth a question.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import partial

import structlog
from flask_socketio import SocketIO
from sqlalchemy import select

from hub import runtime
from hub.accounts import sign_ins
from hub.accounts.agents import disabled_agent_ids, is_disabled, publish_presence
from hub.accounts.principal import Principal
from hub.conversations import actions
from hub.inbox.sockets.rooms import AGENTS
from hub.schema.author import SYSTEM
from hub.store.engine import Store, Transaction
from hub.store.models import conversations

log = structlog.get_logger()

#: How long a screen may stay open after its account was disabled.
LOOK_SECONDS = 2.0
#: Conversations given back in one transaction.
BATCH = 100


@dataclass(frozen=True, slots=True)
class AgentConnection:
    """An open socket of somebody who signed in."""

    principal: Principal
    sid: str


class AgentConnections:
    """All of this process. Safe to use from many threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._socketio: SocketIO | None = None
        self._by_sid: dict[str, AgentConnection] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()

    def attach(self, socketio: SocketIO) -> None:
        self._socketio = socketio

    def start(self) -> None:
        runtime.spawn(self._run, name="agent-lines")

    def stop(self) -> None:
        self._stop.set()

    def opened(self, line: AgentConnection) -> None:
        with self._lock:
            self._by_sid[line.sid] = line

    def closed(self, sid: str) -> AgentConnection | None:
        """The line that was there; None for a socket that never signed in."""
        with self._lock:
            return self._by_sid.pop(sid, None)

    def of(self, sid: str) -> AgentConnection | None:
        return self._by_sid.get(sid)

    def look(self) -> None:
        """Closes every screen whose sign-in or token is no longer good."""
        with self._lock:
            open_ = list(self._by_sid.values())
        if not open_:
            return
        with self._store.read() as connection:
            good = sign_ins.valid_proofs(connection, {one.principal.proof for one in open_})
        for one in open_:
            if one.principal.proof not in good:
                log.info("agent.closed", agent=one.principal.agent_id)
                self._close(one.sid)

    def give_back(self) -> None:
        """Puts what disabled agents hold back into the queue, resolved ones apart."""
        while ids := self._held():
            self._store.write(partial(_release, ids=ids))

    def _close(self, sid: str) -> None:
        """Ends the connection below: a page then tries again and is told that it is signed out.

        One that is only asked to leave the namespace would wait for ever.
        """
        assert self._socketio is not None
        server = self._socketio.server  # type: ignore[attr-defined]
        below = server.manager.eio_sid_from_sid(sid, AGENTS)
        if below is not None:  # else it has gone by itself
            server.eio.disconnect(below)

    def _held(self) -> list[int]:
        with self._store.read() as connection:
            disabled = disabled_agent_ids(connection)
            if not disabled:
                return []
            return list(
                connection.execute(
                    select(conversations.c.id)
                    .where(
                        conversations.c.assignee_id.in_(disabled),
                        # By the index: what they resolved in years is not read at every look.
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
                self.look()
                self.give_back()
            except Exception:
                # The next look may find the database again.
                log.exception("agent_lines.look_failed")
            if self._stop.wait(LOOK_SECONDS):
                return


def _release(tx: Transaction, ids: list[int]) -> None:
    left = set()
    for conversation_id in ids:
        row = actions.row_of(tx, conversation_id)
        if row.assignee_id is None or not is_disabled(tx, row.assignee_id):
            continue  # somebody took it at this moment
        left.add(row.assignee_id)
        actions.change(tx, row.id, {"assignee_id": None}, SYSTEM)
    for agent_id in sorted(left):
        publish_presence(tx, agent_id)
