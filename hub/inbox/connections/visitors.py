"""The open pages of visitors: the rooms of each, and when the last page of a session closed.

A page is in the room of its own address and of every other address that it has proved. The rooms
are computed anew whenever a verified link is made or undone.
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
from hub.accounts import open_sockets
from hub.accounts.visitor_sessions import Visitor, mark_left, mark_returned
from hub.config import Config
from hub.connectors.pages import PageConnector
from hub.contacts import contact_addresses
from hub.errors import NotFound
from hub.identity import customer_view
from hub.inbox.connections.rooms import VISITORS, room_of
from hub.inbox.connections.sync_memory import SyncMemory
from hub.inbox.connections.visitor_details import Page, Prechat
from hub.inbox.connections.visitor_views import session_view
from hub.schema.events import ContactLinked, ContactUnlinked, MediaUrl
from hub.store.engine import Store, Transaction
from hub.store.models import addresses, links
from hub.types import Address

log = structlog.get_logger()

#: A reload closes a page and opens it again: the visitor has not left.
GRACE_SECONDS = 2.0
#: How soon the other processes know of a page that opened here: sooner than a visitor whose page
#: closes there counts as gone.
RECORD_SECONDS = 1.0
#: How soon this process notices links that another made.
LINKS_SECONDS = 3.0


@dataclass(slots=True)
class VisitorConnection:
    """An open socket of a visitor."""

    sid: str
    visitor: Visitor
    token: str = field(repr=False)
    connector: PageConnector
    page: Page
    #: This page itself brought a signed identity, whatever its session was before.
    is_signed: bool = False
    profile: Prechat = field(default_factory=Prechat)
    rooms: frozenset[str] = frozenset()
    sync_memory: SyncMemory = field(default_factory=SyncMemory, repr=False)
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def address(self) -> Address:
        return self.connector.address(self.visitor.name)


class VisitorConnections:
    """All open pages of this process. Safe to use from many threads."""

    def __init__(
        self,
        store: Store,
        media_url: MediaUrl,
        config: Callable[[], Config],
        process_id: str,
        *,
        alone: bool,
    ) -> None:
        """
        Args:
            process_id: the id of this process among those of the hub.
            alone: no other process publishes events that these pages need.
        """
        self._store = store
        self._config = config
        self._media_url = media_url
        self._socketio: SocketIO | None = None
        self._process_id = process_id
        self._alone = alone
        self._by_sid: dict[str, VisitorConnection] = {}
        self._by_session: dict[int, set[str]] = defaultdict(set)
        self._sockets_by_room: dict[str, set[str]] = defaultdict(set)
        self._absences: dict[int, int] = defaultdict(int)
        #: The sessions whose pages here the other processes know of.
        self._recorded: set[int] = set()
        self._lock = threading.Lock()
        self._stop = threading.Event()

    def attach(self, socketio: SocketIO) -> None:
        self._socketio = socketio

    def start(self) -> None:
        """Marks the visitors as gone who have no page open at another process."""
        self._store.write(lambda tx: open_sockets.mark_absent_left(tx, tx.now))
        if not self._alone:
            runtime.spawn(self._record_pages, name="visitors-pages")
            runtime.spawn(self._follow_links, name="visitors-links")

    def stop(self) -> None:
        self._stop.set()

    # -- pages come and go ---------------------------------------------------------------------

    def opened(self, connection: VisitorConnection) -> None:
        """Adds a page that connected."""
        with self._lock:
            self._by_sid[connection.sid] = connection
        self._enter(connection)

    def closed(self, sid: str) -> bool:
        """Removes a page. False for a socket that never had a session."""
        with self._lock:
            connection = self._by_sid.pop(sid, None)
        if connection is None:
            return False
        with connection.lock:
            self._forget(sid, connection.rooms)
            connection.rooms = frozenset()
        self._leave(connection.visitor.id, sid)
        return True

    def change_session(self, connection: VisitorConnection, visitor: Visitor, token: str) -> None:
        """Gives a socket another session, or the same one with a signed identity."""
        before = connection.visitor.id
        connection.visitor, connection.token = visitor, token
        if before == visitor.id:
            self._update_rooms(connection)
            return
        connection.profile = Prechat()
        self._enter(connection)
        self._leave(before, connection.sid)

    def of(self, sid: str) -> VisitorConnection | None:
        """The page behind a socket; None for a socket without session."""
        return self._by_sid.get(sid)

    def missed_after(self, message_id: int) -> None:
        """Notes for every page that events may have been missed since a message."""
        with self._lock:
            connections = list(self._by_sid.values())
        for connection in connections:
            connection.sync_memory.missed_after(message_id)

    def resend_sessions(self) -> None:
        """Sends every page its session anew, one after the other, after events were missed."""
        with self._lock:
            connections = list(self._by_sid.values())
        for connection in connections:
            if connection.sid in self._by_sid:
                self.send_session(connection)
            runtime.yield_control()

    def may_have_pages(self, room: str) -> bool:
        """Whether a page may be in a room. The pages of other processes are not known here."""
        return not self._alone or room in self._sockets_by_room

    # -- rooms and views -----------------------------------------------------------------------

    def on_link_changed(self, payload: ContactLinked | ContactUnlinked) -> None:
        """Enters and leaves rooms after a link was made or undone, and sends the pages anew."""
        if payload.link.evidence != "verified":
            return  # only proofs change what a customer may see
        contact_ids = (int(payload.link.contact_id), int(payload.link.other_contact_id))
        with self._store.read() as connection:
            pages = set(_addresses_of(connection, contact_ids))
        self._update_pages(pages)

    def _update_pages(self, pages: set[Address] | None = None) -> None:
        with self._lock:
            connections = list(self._by_sid.values())
        for connection in connections:
            if (pages is None or connection.address in pages) and self._update_rooms(connection):
                self.send_session(connection, changed=True)

    def send_session(
        self,
        connection: VisitorConnection,
        *,
        resumed: bool | None = None,
        changed: bool = False,
    ) -> None:
        """Sends the event `session` with everything that this page may see."""
        assert self._socketio is not None
        with self._store.read() as database:
            order = self._config().assignment.order
            view = session_view(database, connection.address, self._media_url, order)
        self._socketio.emit(
            "session",
            {"session": connection.token, **view, "resumed": resumed, "changed": changed},
            namespace=VISITORS,
            to=connection.sid,
        )

    def _update_rooms(self, connection: VisitorConnection) -> bool:
        """Puts a page into the rooms of the addresses it has proved, and out of all others."""
        with connection.lock:
            with self._store.read() as database:
                proved = customer_view.find_proved_addresses(database, connection.address)
            rooms = {room_of(connection.address)}
            if proved is not None:
                rooms |= {room_of(address) for address in proved.addresses.values()}
            if rooms == connection.rooms or connection.sid not in self._by_sid:
                return False
            is_first = not connection.rooms
            self._move(connection.sid, rooms - connection.rooms, connection.rooms - rooms)
            connection.rooms = frozenset(rooms)
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
                self._sockets_by_room[room].add(sid)

    def _forget(self, sid: str, rooms: Iterable[str]) -> None:
        with self._lock:
            for room in rooms:
                self._sockets_by_room[room].discard(sid)
                if not self._sockets_by_room[room]:
                    del self._sockets_by_room[room]

    # -- visitors who left -----------------------------------------------------------------------

    def _enter(self, connection: VisitorConnection) -> None:
        session = connection.visitor.id
        with self._lock:
            self._by_session[session].add(connection.sid)
            self._absences[session] += 1
        if connection.visitor.has_left:
            self._store.write(partial(mark_returned, session_ids=(session,)))
        self._update_rooms(connection)

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
            # A page that opened meanwhile has not left, or leaves with a grace of its own.
            if self._absences[session_id] != absence:
                return
            del self._absences[session_id]
        if self._alone:
            self._store.write(partial(mark_left, session_id=session_id, left_at=at))
            return
        self._store.write(lambda tx: open_sockets.remove_page(tx, self._process_id, session_id, at))
        # Last: a page that opened at this moment is recorded anew.
        self._recorded.discard(session_id)

    # -- several processes -------------------------------------------------------------------------

    def record_anew(self) -> None:
        """Tells the other processes of all pages again, after they took this one for dead."""
        self._recorded.clear()

    def _record_pages(self) -> None:
        """Tells the other processes which sessions have a page open here."""
        while not self._stop.wait(RECORD_SECONDS):
            with self._lock:
                unrecorded = set(self._by_session) - self._recorded
            if not unrecorded:
                continue
            try:
                self._store.write(
                    partial(_add_pages, process_id=self._process_id, session_ids=unrecorded)
                )
                self._recorded |= unrecorded
            except Exception:
                # The database may not answer for a moment.
                log.exception("visitors.record_failed")

    def _follow_links(self) -> None:
        """Follows the links that other processes make and undo."""
        newest_seen: Any = None
        while not self._stop.wait(LINKS_SECONDS):
            if not self._by_session:
                continue
            try:
                with self._store.read() as connection:
                    newest = connection.execute(
                        select(func.max(links.c.id), func.max(links.c.undone_at))
                    ).one()
                if newest != newest_seen:
                    newest_seen = newest
                    self._update_pages()
            except Exception:
                # The pages keep what they have; the next look may succeed.
                log.exception("visitors.links_failed")


def _add_pages(tx: Transaction, process_id: str, session_ids: set[int]) -> None:
    open_sockets.add_pages(tx, process_id, session_ids)


def _addresses_of(connection: Connection, contact_ids: Iterable[int]) -> list[Address]:
    """The addresses of every contact that is linked with these: those of pages among them."""
    found_addresses: list[Address] = []
    for contact_id in contact_ids:
        try:
            linked_ids = contact_addresses.linked_contact_ids(connection, contact_id)
        except NotFound:
            continue
        rows = connection.execute(
            select(addresses.c.scheme, addresses.c.path, addresses.c.scope).where(
                addresses.c.contact_id.in_(linked_ids)
            )
        )
        found_addresses += [Address(row.scheme, row.path, row.scope) for row in rows]
    return found_addresses
