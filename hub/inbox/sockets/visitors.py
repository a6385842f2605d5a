"""The visitors' namespace: `/visitor`. The session token is a secret of the page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import request
from pydantic import ValidationError
from socketio.exceptions import ConnectionRefusedError

from hub.config import Config
from hub.connectors.page_identity import IdentityRefused
from hub.connectors.rates import Buckets
from hub.contacts import contact_addresses
from hub.conversations import queries
from hub.errors import Conflict, Invalid, LimitExceeded, NotFound
from hub.inbox.connections import visitor_views
from hub.inbox.connections.rooms import VISITORS
from hub.inbox.connections.visitor_details import Prechat
from hub.inbox.connections.visitors import VisitorConnection
from hub.inbox.origins import is_allowed
from hub.inbox.services import Hub
from hub.inbox.sockets import visitor_messages, visitor_sessions
from hub.inbox.sockets.namespace import Ack, EventNamespace, client_event, ok, socket_id
from hub.inbox.sockets.payloads import Read, SendMessage, Sync, Typing
from hub.inbox.sockets.visitor_payloads import HandoverRequest, Hello, History, Identify
from hub.inbox.sockets.visitor_sessions import PageSession, TooManySessions
from hub.metrics import SOCKETS
from hub.schema import events, resources
from hub.schema.events import Event
from hub.schema.events import Typing as TypingEvent
from hub.transport.handover_links import create_handover_link
from hub.types import RateLimit


class VisitorNamespace(EventNamespace):
    """The events of chat pages."""

    def __init__(self, hub: Hub) -> None:
        super().__init__(VISITORS)
        self._hub = hub
        self._messages = Buckets(*_messages_limit(hub.config))
        self._sessions = Buckets(_sessions_limit(hub.config))
        #: Everything else that a page sends.
        self._signals = Buckets(RateLimit(4), burst=20)
        hub.current.on_change(lambda config: self._messages.resize(*_messages_limit(config)))
        hub.current.on_change(lambda config: self._sessions.resize(_sessions_limit(config)))

    def on_connect(self, auth: Any = None) -> None:
        try:
            hello = Hello.model_validate(auth if isinstance(auth, dict) else {})
        except ValidationError:
            raise ConnectionRefusedError("invalid") from None
        connector = self._hub.page_connector(hello.connector)
        if connector is None:
            raise ConnectionRefusedError("connector_unknown")
        if not is_allowed(request, self._hub.settings.public_url, connector.allowed_origins):
            raise ConnectionRefusedError("origin_not_allowed")
        try:
            session = visitor_sessions.session_for_page(
                self._hub, connector, hello, self._may_open_session
            )
        except IdentityRefused as error:
            raise ConnectionRefusedError(error.code) from None
        except TooManySessions:
            raise ConnectionRefusedError("limit_exceeded") from None
        connection = VisitorConnection(
            sid=socket_id(),
            visitor=session.visitor,
            token=session.token,
            connector=connector,
            page=hello.page,
            is_signed=hello.identity is not None,
        )
        self._hub.visitor_connections.opened(connection)
        SOCKETS.labels(namespace=VISITORS).inc()
        self._hub.visitor_connections.send_session(connection, resumed=session.resumed)

    def on_disconnect(self, _reason: Any = None) -> None:
        if self._hub.visitor_connections.closed(socket_id()):
            SOCKETS.labels(namespace=VISITORS).dec()

    @client_event("identify", Identify)
    def identify(self, payload: Identify) -> Ack:
        """Signs a visitor in. Only the site's signature says which customer a visitor is."""
        connection = self._connection_for_signal()
        identity = visitor_sessions.verified_identity(connection.connector, payload.signed)
        before = PageSession(connection.visitor, connection.token)
        try:
            session = visitor_sessions.sign_in_session(
                self._hub, connection.connector, before, identity, self._may_open_session
            )
        except TooManySessions:
            raise LimitExceeded("Too many sessions at once.", timedelta(minutes=1)) from None
        connection.is_signed = True
        if session != before:
            connections = self._hub.visitor_connections
            connections.change_session(connection, session.visitor, session.token)
            connections.send_session(connection)
        return ok()

    @client_event("message.send", SendMessage)
    def send_message(self, payload: SendMessage) -> Ack:
        connection = self._connection()
        message = visitor_messages.find_sent(self._hub, connection, payload.client_id)
        if message is None:
            wait = self._messages.take(connection.visitor.id)
            if wait > 0:
                raise LimitExceeded(
                    "That was a lot at once. Wait a moment.", timedelta(seconds=wait)
                )
            message = visitor_messages.receive_message(self._hub, connection, payload)
        for_customer = events.message_for_customer(message, self._hub.links.path)
        return ok(message=for_customer.model_dump(mode="json"))

    @client_event("typing", Typing)
    def typing(self, payload: Typing) -> Ack:
        address = self._connection_for_signal().address
        with self._hub.store.read() as connection:
            sender = contact_addresses.find_contact_address(connection, address)
            if sender is None:
                return ok()
            conversation = queries.current_conversation(connection, sender.root_id)
        if conversation is not None:
            author = resources.Author(type="contact", id=sender.root_id, name=sender.name)
            typing = TypingEvent(conversation_id=conversation.id, author=author, on=payload.on)
            self._hub.store.publish_unsaved(Event(typing))
        return ok()

    @client_event("read", Read)
    def read(self, payload: Read) -> Ack:
        connection = self._connection_for_signal()
        visitor_messages.record_read(self._hub, connection, int(payload.message_id))
        return ok()

    @client_event("sync", Sync)
    def sync(self, payload: Sync) -> Ack:
        page = self._connection_for_signal()
        with self._hub.store.read() as connection:
            view = visitor_views.messages_after(
                connection,
                page.address,
                int(payload.after),
                self._hub.links.path,
                page.sync_memory,
            )
        return ok(**view._asdict())

    @client_event("history", History)
    def history(self, payload: History) -> Ack:
        address = self._connection_for_signal().address
        before = None if payload.before is None else int(payload.before)
        with self._hub.store.read() as connection:
            view = visitor_views.messages_before(connection, address, before, self._hub.links.path)
        return ok(**view._asdict())

    @client_event("prechat.submit", Prechat)
    def submit_prechat(self, payload: Prechat) -> Ack:
        connection = self._connection_for_signal()
        if payload.department and payload.department not in connection.connector.look.departments:
            raise Invalid("This chat has no such department.", "department")
        connection.profile = payload
        visitor_messages.save_profile(self._hub, connection, payload)
        return ok()

    @client_event("handover.request", HandoverRequest)
    def request_handover(self, payload: HandoverRequest) -> Ack:
        address = self._connection_for_signal().address
        with self._hub.store.read() as connection:
            sender = contact_addresses.find_contact_address(connection, address)
            if sender is None:
                raise Conflict("Say something first; then it can go on elsewhere.")
            conversation = queries.current_conversation(connection, sender.root_id)
        if conversation is None:
            raise NotFound("There is no conversation to go on with.")
        handover = create_handover_link(
            self._hub.store,
            self._hub.connectors,
            int(conversation.id),
            payload.connector,
            "contact",
            expires=self._hub.config.replies.handover.expires,
            contact_id=sender.contact_id,
        )
        return ok(**handover.model_dump(mode="json"))

    def _may_open_session(self) -> bool:
        """Counts one more session or followed link for the client's IP address."""
        return self._sessions.take(request.remote_addr or "") == 0

    def _connection(self) -> VisitorConnection:
        """The connection whose event is being handled. Raises Conflict, IdentityRequired."""
        connection = self._hub.visitor_connections.of(socket_id())
        if connection is None:
            raise Conflict("This socket has no session.")
        # The configuration may have changed since the page connected.
        connector = self._hub.page_connector(connection.connector.name)
        if connector is None:
            raise Conflict("This chat was turned off.")
        connection.connector = connector
        if not connection.is_signed:
            visitor_sessions.require_no_identity(connector)
        return connection

    def _connection_for_signal(self) -> VisitorConnection:
        """The same for events that are no messages, which have a limit of their own."""
        connection = self._connection()
        if self._signals.take(connection.visitor.id) > 0:
            raise LimitExceeded("Slow down a little.", timedelta(seconds=1))
        return connection


def _messages_limit(config: Config) -> tuple[RateLimit, float]:
    limits = config.limits
    return RateLimit(limits.visitor_messages_per_minute, 60), limits.visitor_messages_burst


def _sessions_limit(config: Config) -> RateLimit:
    return RateLimit(config.limits.sessions_per_minute, 60)
