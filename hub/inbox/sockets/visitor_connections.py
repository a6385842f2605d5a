"""The open pages of visitors: which rooms each one hears, and when the last of a session closed.

A page hears its own address and every other that it has proved. That is looked at anew whenever a
verified link is made or taken back.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

import structlog
from flask_socketio import SocketIO
from sqlalchemy import Connection, func, select

from hub import runtime
from hub.accounts.visitor_sessions import Visitor, mark_all_left, mark_left, mark_returned
from hub.config import Config
from hub.connectors.pages import PageConnector
from hub.contacts import contact_addresses
from hub.errors import NotFound
from hub.identity import customer_view
from hub.inbox.sockets.rooms import VISITORS, room_of
from hub.inbox.sockets.visitor_history import welcome
from hub.inbox.sockets.visitor_payloads import Page, Prechat
from hub.schema.events import ContactLinked, ContactUnlinked, MediaUrl
from hub.store.engine import Store
from hub.store.models import addresses, links
from hub.types import Address

log = structlog.get_logger()

#: A reload closes a page and opens it again: that is no leaving.
GRACE_SECONDS = 2.0
#: How soon another process's links are heard of, and its marks put right.
SWEEP_SECONDS = 3.0


@dataclass(slots=True)
class VisitorConnection:
    """An open socket of a visitor."""

    sid: str
    visitor: Visitor
    token: str = field(repr=False)
    connector: PageConnector
    page: Page
    #: This very page brought a proof, whatever its session was before.
    is_signed: bool = False
    profile: Prechat = field(default_factory=Prechat)
    rooms: frozenset[str] = frozenset()
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def address(self) -> Address:
        return self.connector.address(self.visitor.name)


class VisitorConnections:
    """All of this process. Safe to use from many threads."""

    def __init__(
        self, store: Store, media_url: MediaUrl, config: Callable[[], Config], *, alone: bool
    ) -> None:
        """`alone` when there is no other process whose events these pages must hear."""
        self._store = store
        self._config = config
        self._media_url = media_url
        self._socketio: SocketIO | None = None
        self._alone = alone
        self._by_sid: dict[str, VisitorConnection] = {}
        self._by_session: dict[int, set[str]] = defaultdict(set)
        self._heard: dict[str, set[str]] = defaultdict(set)
        self._absences: dict[int, int] = defaultdict(int)
        self._lock = threading.Lock()
        self._stop = threading.Event()

    def attach(self, socketio: SocketIO) -> None:
        self._socketio = socketio

    def start(self) -> None:
        """Whoever was here before has left; a process that has them open will say so."""
        self._store.write(mark_all_left)
        if not self._alone:
            runtime.spawn(self._sweep, name="visitors")

    def stop(self) -> None:
        self._stop.set()

    # -- pages come and go ---------------------------------------------------------------------

    def opened(self, line: VisitorConnection) -> None:
        with self._lock:
            self._by_sid[line.sid] = line
        self._enter(line)

    def closed(self, sid: str) -> bool:
        """False for a socket that never had a session."""
        with self._lock:
            line = self._by_sid.pop(sid, None)
        if line is None:
            return False
        with line.lock:
            self._forget(sid, line.rooms)
            line.rooms = frozenset()
        self._leave(line.visitor.id, sid)
        return True

    def changed(self, line: VisitorConnection, visitor: Visitor, token: str) -> None:
        """This socket goes on with another session, or its session is somebody's now."""
        before = line.visitor.id
        line.visitor, line.token = visitor, token
        if before == visitor.id:
            self._hear(line)
            return
        line.profile = Prechat()
        self._enter(line)
        self._leave(before, line.sid)

    def of(self, sid: str) -> VisitorConnection | None:
        return self._by_sid.get(sid)

    def is_heard(self, room: str) -> bool:
        """Whether a page may be in a room; another process's pages are not known here."""
        return not self._alone or room in self._heard

    # -- what they hear ------------------------------------------------------------------------

    def relinked(self, payload: ContactLinked | ContactUnlinked) -> None:
        """Opens and closes rooms after a link was made or undone, and shows the pages anew."""
        if payload.link.evidence != "verified":
            return  # what others say of a customer opens nothing
        records = (int(payload.link.contact_id), int(payload.link.other_contact_id))
        with self._store.read() as connection:
            pages = set(_pages_of(connection, records))
        self._look_again(pages)

    def _look_again(self, pages: set[Address] | None = None) -> None:
        with self._lock:
            open_ = list(self._by_sid.values())
        for line in open_:
            if (pages is None or line.address in pages) and self._hear(line):
                self.show(line, changed=True)

    def show(
        self, line: VisitorConnection, *, resumed: bool | None = None, changed: bool = False
    ) -> None:
        """Says `session`: all that this page may see."""
        assert self._socketio is not None
        with self._store.read() as connection:
            order = self._config().assignment.order
            known = welcome(connection, line.address, self._media_url, order)
        self._socketio.emit(
            "session",
            {"session": line.token, **known, "resumed": resumed, "changed": changed},
            namespace=VISITORS,
            to=line.sid,
        )

    def _hear(self, line: VisitorConnection) -> bool:
        """Puts a page into the rooms of what it has proved, and out of others."""
        with line.lock:
            with self._store.read() as connection:
                found = customer_view.find_proved_addresses(connection, line.address)
            rooms = {room_of(line.address)}
            if found is not None:
                rooms |= {room_of(address) for address in found.addresses.values()}
            if rooms == line.rooms or line.sid not in self._by_sid:
                return False
            is_first = not line.rooms
            self._move(line.sid, rooms - line.rooms, line.rooms - rooms)
            line.rooms = frozenset(rooms)
        return not is_first

    def _move(self, sid: str, into: Iterable[str], out_of: Iterable[str]) -> None:
        assert self._socketio is not None
        server = self._socketio.server  # type: ignore[attr-defined]
        for room in out_of:
            server.leave_room(sid, room, namespace=VISITORS)
        self._forget(sid, out_of)
        for room in into:
            try:
                server.enter_room(sid, room, namespace=VISITORS)
            except (KeyError, ValueError):
                return  # the socket is gone
            with self._lock:
                self._heard[room].add(sid)

    def _forget(self, sid: str, rooms: Iterable[str]) -> None:
        with self._lock:
            for room in rooms:
                self._heard[room].discard(sid)
                if not self._heard[room]:
                    del self._heard[room]

    # -- who has left ----------------------------------------------------------------------------

    def _enter(self, line: VisitorConnection) -> None:
        session = line.visitor.id
        with self._lock:
            self._by_session[session].add(line.sid)
            self._absences[session] += 1
        if line.visitor.has_left:
            self._store.write(partial(mark_returned, session_ids=(session,)))
        self._hear(line)

    def _leave(self, session_id: int, sid: str) -> None:
        with self._lock:
            self._by_session[session_id].discard(sid)
            if self._by_session[session_id]:
                return
            del self._by_session[session_id]
            self._absences[session_id] += 1
            absence = self._absences[session_id]
        at = datetime.now(UTC)
        runtime.spawn(self._leave_after_grace, session_id, absence, at, name="visitor-grace")

    def _leave_after_grace(self, session_id: int, absence: int, at: datetime) -> None:
        if self._stop.wait(GRACE_SECONDS):
            return  # the next start says so
        with self._lock:
            # Whoever came back meanwhile has not left, or leaves anew.
            if self._absences[session_id] != absence:
                return
            del self._absences[session_id]
        self._store.write(partial(mark_left, session_id=session_id, left_at=at))

    # -- several processes -------------------------------------------------------------------------

    def _sweep(self) -> None:
        """Other processes make links too, and see a session's page close that is open here."""
        seen: Any = None
        while not self._stop.wait(SWEEP_SECONDS):
            with self._lock:
                here = tuple(self._by_session)
            if not here:
                continue
            try:
                with self._store.read() as connection:
                    last = connection.execute(
                        select(func.max(links.c.id), func.max(links.c.undone_at))
                    ).one()
                if last != seen:
                    seen = last
                    self._look_again()
                self._store.write(partial(mark_returned, session_ids=here))
            except Exception:
                # The pages go on with what they have; the next round may do better.
                log.exception("visitors.sweep_failed")


def _pages_of(connection: Connection, records: Iterable[int]) -> list[Address]:
    """The addresses of every contact that is linked with these: those of pages among them."""
    found: list[Address] = []
    for record in records:
        try:
            group = contact_addresses.linked_contact_ids(connection, record)
        except NotFound:
            continue
        rows = connection.execute(
            select(addresses.c.scheme, addresses.c.path, addresses.c.scope).where(
                addresses.c.contact_id.in_(group)
            )
        )
        found += [Address(row.scheme, row.path, row.scope) for row in rows]
    return found
