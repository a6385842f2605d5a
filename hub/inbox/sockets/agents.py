"""The agents' namespace: `/agent`."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Literal

from flask_socketio import join_room
from pydantic import Field
from socketio.exceptions import ConnectionRefusedError

from hub import runtime
from hub.accounts import agents
from hub.accounts.named_agents import MAX_NAMED
from hub.accounts.principal import Principal
from hub.connectors.base import Typing as CanType
from hub.connectors.pages import PageConnector
from hub.conversations import assignment, queries, views
from hub.errors import Conflict, HubError, NotFound, SendError
from hub.inbox.connections.agents import AgentConnection
from hub.inbox.connections.rooms import AGENTS, ALL_AGENTS, room_of_agent
from hub.inbox.responses import ConnectorName, Id, Recipient
from hub.inbox.services import Hub
from hub.inbox.sockets.namespace import Ack, EventNamespace, client_event, ok, socket_id
from hub.inbox.sockets.payloads import ClientPayload, Read, SendMessage, Sync, Typing
from hub.metrics import SOCKETS
from hub.notifications import reading
from hub.outbound import send
from hub.outbound.recipients import MAX_COPIES
from hub.outbound.send import Draft
from hub.schema import resources
from hub.schema.events import ConversationViewed, Event, NoticesChanged
from hub.schema.events import Typing as TypingEvent
from hub.types import Address

SYNC_LIMIT = 200
_Id = Field(pattern=r"^\d{1,18}$")


class AgentSendMessage(SendMessage):
    conversation_id: str = _Id
    type: Literal["message", "note"] = "message"
    connector: ConnectorName | None = None
    cc: list[Recipient] | None = Field(None, max_length=MAX_COPIES)
    mentions: list[Id] = Field([], max_length=MAX_NAMED)
    mention_teams: list[Id] = Field([], max_length=MAX_NAMED)


class AgentTyping(Typing):
    conversation_id: str = _Id


class AgentRead(Read):
    conversation_id: str = _Id


class AgentSync(Sync):
    """Without a conversation: of all conversations that this agent may see."""

    conversation_id: str | None = Field(None, pattern=r"^\d{1,18}$")


class ViewConversation(ClientPayload):
    conversation_id: str | None = Field(None, pattern=r"^\d{1,18}$")


class SetPresence(ClientPayload):
    presence: resources.Presence


class AgentNamespace(EventNamespace):
    """The events of agents' screens."""

    def __init__(self, hub: Hub) -> None:
        super().__init__(AGENTS)
        self._hub = hub

    def on_connect(self, auth: Any = None) -> None:
        principal = self._hub.auth.of_socket(auth)
        if principal is None:
            raise ConnectionRefusedError("not_signed_in")
        sid = socket_id()
        self._hub.agent_connections.opened(AgentConnection(principal, sid))
        join_room(ALL_AGENTS)
        if principal.agent_id is not None:
            join_room(room_of_agent(principal.agent_id))
        SOCKETS.labels(namespace=AGENTS).inc()
        self._hub.notices.set("proxy_untrusted", self._hub.proxies.warning is not None)
        notices = NoticesChanged(codes=self._hub.notices.codes)
        self.emit(NoticesChanged.name, notices.model_dump(mode="json"), room=sid)
        if principal.agent_id is not None:
            self._hub.presence.connected(principal.agent_id, sid)

    def on_disconnect(self, _reason: Any = None) -> None:
        connection = self._hub.agent_connections.closed(socket_id())
        if connection is None:
            return
        SOCKETS.labels(namespace=AGENTS).dec()
        if connection.principal.agent_id is not None:
            self._hub.presence.disconnected(connection.principal.agent_id, connection.sid)

    @client_event("message.send", AgentSendMessage)
    def send_message(self, payload: AgentSendMessage) -> Ack:
        draft = Draft(
            text=payload.text,
            type=payload.type,
            connector=payload.connector,
            attachment_ids=tuple(int(upload_id) for upload_id in payload.attachments),
            reply_to=None if payload.reply_to is None else int(payload.reply_to),
            client_id=payload.client_id,
            cc=None if payload.cc is None else tuple(payload.cc),
            mentions=tuple(payload.mentions),
            mention_teams=tuple(payload.mention_teams),
        )
        author = self._principal().author
        sent = self._hub.store.write(
            lambda tx: send.send_message(
                tx,
                int(payload.conversation_id),
                draft,
                author,
                self._hub.connectors.outbound_channels(),
            )
        )
        return ok(message=sent.message.model_dump(mode="json"))

    @client_event("typing", AgentTyping)
    def typing(self, payload: AgentTyping) -> Ack:
        principal = self._principal()
        if principal.agent_id is not None:
            _accept_viewed(self._hub, int(principal.agent_id), payload.conversation_id)
        _show_typing(self._hub, principal, int(payload.conversation_id), payload.on)
        return ok()

    @client_event("read", AgentRead)
    def read(self, payload: AgentRead) -> Ack:
        agent_id = self._principal().agent_id
        self._hub.store.write(
            lambda tx: reading.mark_read_by(
                tx, agent_id, int(payload.conversation_id), int(payload.message_id)
            )
        )
        return ok()

    @client_event("sync", AgentSync)
    def sync(self, payload: AgentSync) -> Ack:
        memory = self._connection().sync_memory
        conversation_id = None if payload.conversation_id is None else int(payload.conversation_id)
        after = memory.start(int(payload.after), conversation_id)
        with self._hub.store.read() as connection:
            messages, more = queries.messages_after(
                connection, after, SYNC_LIMIT, conversation_id=conversation_id
            )
        messages = memory.give(messages, after)
        return ok(messages=[message.model_dump(mode="json") for message in messages], more=more)

    @client_event("conversation.view", ViewConversation)
    def view_conversation(self, payload: ViewConversation) -> Ack:
        agent = self._principal().agent
        if agent is not None:
            _accept_viewed(self._hub, int(agent.id), payload.conversation_id)
            viewed = ConversationViewed(conversation_id=payload.conversation_id, agent=agent)
            self._hub.store.publish_unsaved(Event(viewed))
        return ok()

    @client_event("presence.set", SetPresence)
    def set_presence(self, payload: SetPresence) -> Ack:
        agent_id = self._principal().agent_id
        self._hub.store.write(lambda tx: agents.choose_presence(tx, agent_id, payload.presence))
        return ok()

    def _principal(self) -> Principal:
        return self._connection().principal

    def _connection(self) -> AgentConnection:
        connection = self._hub.agent_connections.of(socket_id())
        if connection is None:
            raise Conflict("This socket is not signed in.")
        return connection


def _accept_viewed(hub: Hub, agent_id: int, conversation_id: str | None) -> None:
    """An agent who looks at an assigned conversation has accepted it."""
    if conversation_id is None:
        return
    with hub.store.read() as connection:
        if not assignment.awaits_acceptance(connection, int(conversation_id), agent_id):
            return
    with suppress(Conflict, NotFound):  # another agent took it at this moment
        hub.store.write(
            lambda tx: assignment.accept_conversation(tx, int(conversation_id), agent_id)
        )


def _show_typing(hub: Hub, principal: Principal, conversation_id: int, on: bool) -> None:
    """Tells other agents and the customer's page or app that an agent is typing."""
    with hub.store.read() as connection:
        conversation = views.get_conversation(connection, conversation_id)
        place = queries.answer_place(connection, conversation_id)
    author = resources.Author(type="agent", id=principal.agent_id, name=principal.name)
    typing = TypingEvent(conversation_id=conversation.id, author=author, on=on)
    address = None if place is None else place.address
    hub.store.publish_unsaved(Event(typing, address))
    if place is None:
        return
    connector = hub.connectors.get(place.connector)
    # A page gets the event itself.
    if isinstance(connector, CanType) and not isinstance(connector, PageConnector):
        runtime.spawn(_show_typing_at_provider, connector, place.address, on, name="typing")


def _show_typing_at_provider(connector: Any, address: Address, on: bool) -> None:
    try:
        for call in connector.typing(address, on):
            connector.transmit(call)
    except (SendError, HubError):
        return  # a missing typing sign is no loss
