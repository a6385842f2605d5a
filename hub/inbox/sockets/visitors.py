"""The customers' namespace: `/visitor`. A session is a secret of the page; the room is its own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import request
from flask_socketio import SocketIO
from pydantic import ValidationError
from socketio.exceptions import ConnectionRefusedError

from hub.config import Config
from hub.connectors.page_identity import IdentityRefused
from hub.connectors.pages import PageConnector
from hub.connectors.rates import Buckets
from hub.contacts import contact_addresses
from hub.conversations import queries
from hub.errors import Conflict, Invalid, LimitExceeded, NotFound
from hub.inbox.handover_links import make_handover
from hub.inbox.origins import is_allowed
from hub.inbox.services import Hub
from hub.inbox.sockets import visitor_arrivals, visitor_history, visitor_messages
from hub.inbox.sockets.payloads import Ack, Read, Say, Sync, Typing, answered, ok
from hub.inbox.sockets.rooms import VISITORS
from hub.inbox.sockets.visitor_arrivals import Arrival, TooMany
from hub.inbox.sockets.visitor_connections import VisitorConnection
from hub.inbox.sockets.visitor_payloads import HandoverRequest, Hello, History, Identify, Prechat
from hub.metrics import SOCKETS
from hub.schema import events, resources
from hub.schema.events import Event
from hub.schema.events import Typing as TypingEvent
from hub.types import RateLimit


def register(socketio: SocketIO, hub: Hub) -> None:
    hub.visitor_connections.attach(socketio)
    said = Buckets(*_messages_limit(hub.config))
    opened = Buckets(_sessions_limit(hub.config))
    hub.current.on_change(lambda config: said.resize(*_messages_limit(config)))
    hub.current.on_change(lambda config: opened.resize(_sessions_limit(config)))
    signals = Buckets(RateLimit(4), burst=20)

    def may_try() -> bool:
        return opened.take(request.remote_addr or "") == 0

    def line() -> VisitorConnection:
        found = hub.visitor_connections.of(request.sid)  # type: ignore[attr-defined]
        if found is None:
            raise Conflict("This socket has no session.")
        # The configuration may have changed since this page came in.
        connector = _page_connector(hub, found.connector.name)
        if connector is None:
            raise Conflict("This chat was turned off.")
        found.connector = connector
        if not found.is_signed:
            visitor_arrivals.need_none(connector)
        return found

    def signal() -> VisitorConnection:
        found = line()
        if signals.take(found.visitor.id) > 0:
            raise LimitExceeded("Slow down a little.", timedelta(seconds=1))
        return found

    @socketio.on("connect", namespace=VISITORS)
    def connect(auth: Any = None) -> None:
        try:
            hello = Hello.model_validate(auth if isinstance(auth, dict) else {})
        except ValidationError:
            raise ConnectionRefusedError("invalid") from None
        connector = _page_connector(hub, hello.connector)
        if connector is None:
            raise ConnectionRefusedError("connector_unknown")
        if not is_allowed(request, hub.settings.public_url, connector.allowed_origins):
            raise ConnectionRefusedError("origin_not_allowed")
        try:
            arrival = visitor_arrivals.arrive(hub, connector, hello, may_try)
        except IdentityRefused as error:
            raise ConnectionRefusedError(error.code) from None
        except TooMany:
            raise ConnectionRefusedError("limit_exceeded") from None
        here = VisitorConnection(
            sid=request.sid,  # type: ignore[attr-defined]
            visitor=arrival.visitor,
            token=arrival.token,
            connector=connector,
            page=hello.page,
            is_signed=hello.identity is not None,
        )
        hub.visitor_connections.opened(here)
        SOCKETS.labels(namespace=VISITORS).inc()
        hub.visitor_connections.show(here, resumed=arrival.resumed)

    @socketio.on("disconnect", namespace=VISITORS)
    def disconnect(_reason: Any = None) -> None:
        if hub.visitor_connections.closed(request.sid):  # type: ignore[attr-defined]
            SOCKETS.labels(namespace=VISITORS).dec()

    @socketio.on("identify", namespace=VISITORS)
    def identify(data: Any = None) -> Ack:
        """Only what the site signed says who somebody is."""

        def sign_in(asked: Identify) -> Ack:
            here = signal()
            identity = visitor_arrivals.checked(here.connector, asked.given)
            before = Arrival(here.visitor, here.token)
            try:
                now = visitor_arrivals.signed_in(hub, here.connector, before, identity, may_try)
            except TooMany:
                raise LimitExceeded("Too many sessions at once.", timedelta(minutes=1)) from None
            here.is_signed = True
            if now != before:
                hub.visitor_connections.changed(here, now.visitor, now.token)
                hub.visitor_connections.show(here)
            return ok()

        return answered(Identify, data, sign_in)

    @socketio.on("message.send", namespace=VISITORS)
    def message_send(data: Any = None) -> Ack:
        def say(asked: Say) -> Ack:
            here = line()
            known = visitor_messages.known(hub, here, asked.client_id)
            if known is None:
                wait = said.take(here.visitor.id)
                if wait > 0:
                    raise LimitExceeded(
                        "That was a lot at once. Wait a moment.", timedelta(seconds=wait)
                    )
                known = visitor_messages.take(hub, here, asked)
            shown = events.message_for_customer(known, hub.links.path)
            return ok(message=shown.model_dump(mode="json"))

        return answered(Say, data, say)

    @socketio.on("typing", namespace=VISITORS)
    def typing(data: Any = None) -> Ack:
        def tell(asked: Typing) -> Ack:
            here = signal()
            with hub.store.read() as connection:
                person = contact_addresses.find_contact_address(connection, here.address)
                if person is None:
                    return ok()
                current = queries.current_conversation(connection, person.root_id)
            if current is not None:
                author = resources.Author(type="contact", id=person.root_id, name=person.name)
                hub.store.announce(
                    Event(TypingEvent(conversation_id=current.id, author=author, on=asked.on))
                )
            return ok()

        return answered(Typing, data, tell)

    @socketio.on("read", namespace=VISITORS)
    def read(data: Any = None) -> Ack:
        def mark(asked: Read) -> Ack:
            visitor_messages.read(hub, signal(), int(asked.message_id))
            return ok()

        return answered(Read, data, mark)

    @socketio.on("sync", namespace=VISITORS)
    def sync(data: Any = None) -> Ack:
        def catch_up(asked: Sync) -> Ack:
            address = signal().address
            with hub.store.read() as connection:
                return visitor_history.later(connection, address, int(asked.after), hub.links.path)

        return answered(Sync, data, catch_up)

    @socketio.on("history", namespace=VISITORS)
    def history(data: Any = None) -> Ack:
        def look_back(asked: History) -> Ack:
            address = signal().address
            before = None if asked.before is None else int(asked.before)
            with hub.store.read() as connection:
                return visitor_history.earlier(connection, address, before, hub.links.path)

        return answered(History, data, look_back)

    @socketio.on("prechat.submit", namespace=VISITORS)
    def prechat(data: Any = None) -> Ack:
        def keep(asked: Prechat) -> Ack:
            here = signal()
            if asked.department and asked.department not in here.connector.look.departments:
                raise Invalid("This chat has no such department.", "department")
            here.profile = asked
            visitor_messages.keep_profile(hub, here, asked)
            return ok()

        return answered(Prechat, data, keep)

    @socketio.on("handover.request", namespace=VISITORS)
    def handover(data: Any = None) -> Ack:
        def invite(asked: HandoverRequest) -> Ack:
            here = signal()
            person = visitor_messages.person_of(hub, here)
            if person is None:
                raise Conflict("Say something first; then it can go on elsewhere.")
            with hub.store.read() as connection:
                current = queries.current_conversation(connection, person.root_id)
            if current is None:
                raise NotFound("There is no conversation to go on with.")
            made = make_handover(
                hub, int(current.id), asked.connector, "contact", contact_id=person.contact_id
            )
            return ok(**made.model_dump(mode="json"))

        return answered(HandoverRequest, data, invite)


def _messages_limit(config: Config) -> tuple[RateLimit, float]:
    limits = config.limits
    return RateLimit(limits.visitor_messages_per_minute, 60), limits.visitor_messages_burst


def _sessions_limit(config: Config) -> RateLimit:
    return RateLimit(config.limits.sessions_per_minute, 60)


def _page_connector(hub: Hub, name: str) -> PageConnector | None:
    found = hub.connectors.get(name)
    return found if isinstance(found, PageConnector) else None
