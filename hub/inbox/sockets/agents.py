"""The agents' namespace: `/agent`."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Literal

from flask import request
from flask_socketio import SocketIO, join_room
from pydantic import Field
from socketio.exceptions import ConnectionRefusedError

from hub import runtime
from hub.accounts import agents
from hub.accounts.principal import Principal
from hub.connectors.base import Typing as CanType
from hub.connectors.pages import PageConnector
from hub.conversations import actions, assignment, queries, views
from hub.errors import Conflict, HubError, NotFound, SendError
from hub.inbox.api.responses import ConnectorName
from hub.inbox.services import Hub
from hub.inbox.sockets.agent_connections import AgentConnection
from hub.inbox.sockets.payloads import Ack, Ask, Read, Say, Sync, Typing, answered, ok
from hub.inbox.sockets.rooms import AGENTS, EVERYBODY
from hub.metrics import SOCKETS
from hub.outbound import send
from hub.outbound.send import Draft
from hub.schema import resources
from hub.schema.events import ConversationViewed, Event
from hub.schema.events import Typing as TypingEvent
from hub.store.engine import Transaction
from hub.types import Address

SYNC_LIMIT = 200
_Id = Field(pattern=r"^\d{1,18}$")


class AgentSay(Say):
    conversation_id: str = _Id
    type: Literal["message", "note"] = "message"
    connector: ConnectorName | None = None


class AgentTyping(Typing):
    conversation_id: str = _Id


class AgentRead(Read):
    conversation_id: str = _Id


class AgentSync(Sync):
    """Without a conversation: of all that this agent may see."""

    conversation_id: str | None = Field(None, pattern=r"^\d{1,18}$")


class View(Ask):
    conversation_id: str | None = Field(None, pattern=r"^\d{1,18}$")


class SetPresence(Ask):
    presence: resources.Presence


def register(socketio: SocketIO, hub: Hub) -> None:
    lines = hub.agent_connections
    lines.attach(socketio)

    def line() -> AgentConnection:
        found = lines.of(request.sid)  # type: ignore[attr-defined]
        if found is None:
            raise Conflict("This socket is not signed in.")
        return found

    @socketio.on("connect", namespace=AGENTS)
    def connect(auth: Any = None) -> bool | None:
        principal = hub.auth.of_socket(auth)
        if principal is None:
            raise ConnectionRefusedError("not_signed_in")
        sid: str = request.sid  # type: ignore[attr-defined]
        lines.opened(AgentConnection(principal, sid))
        join_room(EVERYBODY)
        SOCKETS.labels(namespace=AGENTS).inc()
        if principal.agent_id is not None:
            hub.presence.connected(principal.agent_id, sid)
        return None

    @socketio.on("disconnect", namespace=AGENTS)
    def disconnect(_reason: Any = None) -> None:
        gone = lines.closed(request.sid)  # type: ignore[attr-defined]
        if gone is None:
            return
        SOCKETS.labels(namespace=AGENTS).dec()
        if gone.principal.agent_id is not None:
            hub.presence.disconnected(gone.principal.agent_id, gone.sid)

    @socketio.on("message.send", namespace=AGENTS)
    def message_send(data: Any = None) -> Ack:
        def say(asked: AgentSay) -> Ack:
            draft = Draft(
                text=asked.text,
                type=asked.type,
                connector=asked.connector,
                attachment_ids=tuple(int(one) for one in asked.attachments),
                reply_to=None if asked.reply_to is None else int(asked.reply_to),
                client_id=asked.client_id,
            )
            author = line().principal.author
            sent = hub.store.write(
                lambda tx: send.send_message(
                    tx,
                    int(asked.conversation_id),
                    draft,
                    author,
                    hub.connectors.outbound_channels(),
                )
            )
            return ok(message=sent.message.model_dump(mode="json"))

        return answered(AgentSay, data, say)

    @socketio.on("typing", namespace=AGENTS)
    def typing(data: Any = None) -> Ack:
        def tell(asked: AgentTyping) -> Ack:
            _tell_typing(hub, line().principal, int(asked.conversation_id), asked.on)
            return ok()

        return answered(AgentTyping, data, tell)

    @socketio.on("read", namespace=AGENTS)
    def read(data: Any = None) -> Ack:
        def mark(asked: AgentRead) -> Ack:
            line()
            hub.store.write(
                lambda tx: actions.read(tx, int(asked.conversation_id), int(asked.message_id))
            )
            return ok()

        return answered(AgentRead, data, mark)

    @socketio.on("sync", namespace=AGENTS)
    def sync(data: Any = None) -> Ack:
        def catch_up(asked: AgentSync) -> Ack:
            line()
            wanted = None if asked.conversation_id is None else int(asked.conversation_id)
            with hub.store.read() as connection:
                found, more = queries.messages_after(
                    connection, int(asked.after), SYNC_LIMIT, conversation_id=wanted
                )
            return ok(messages=[one.model_dump(mode="json") for one in found], more=more)

        return answered(AgentSync, data, catch_up)

    @socketio.on("conversation.view", namespace=AGENTS)
    def view(data: Any = None) -> Ack:
        def tell(asked: View) -> Ack:
            agent = line().principal.agent
            if agent is not None:
                _accept(hub, int(agent.id), asked.conversation_id)
                viewed = ConversationViewed(conversation_id=asked.conversation_id, agent=agent)
                hub.store.announce(Event(viewed))
            return ok()

        return answered(View, data, tell)

    @socketio.on("presence.set", namespace=AGENTS)
    def set_presence(data: Any = None) -> Ack:
        def change(asked: SetPresence) -> Ack:
            agent_id = line().principal.agent_id
            if agent_id is None:
                raise Conflict("A service account is nobody who could be online.")

            def write(tx: Transaction) -> None:
                agents.set_presence(tx, agent_id, asked.presence)
                agents.publish_presence(tx, agent_id)

            hub.store.write(write)
            return ok()

        return answered(SetPresence, data, change)


def _accept(hub: Hub, agent_id: int, conversation_id: str | None) -> None:
    """Whoever looks at what they were given has accepted it."""
    if conversation_id is None:
        return
    with hub.store.read() as connection:
        if not assignment.is_awaited(connection, int(conversation_id), agent_id):
            return
    with suppress(Conflict, NotFound):  # somebody took it at this moment
        hub.store.write(lambda tx: assignment.accept(tx, int(conversation_id), agent_id))


def _tell_typing(hub: Hub, principal: Principal, conversation_id: int, on: bool) -> None:
    with hub.store.read() as connection:
        conversation = views.conversation(connection, conversation_id)
        last = queries.last_inbound(connection, conversation_id)
    author = resources.Author(type="agent", id=principal.agent_id, name=principal.name)
    typing = TypingEvent(conversation_id=conversation.id, author=author, on=on)
    address = None if last is None else last.address
    hub.store.announce(Event(typing, address))
    if last is None:
        return
    connector = hub.connectors.get(last.connector)
    # A page has heard it as an event already.
    if isinstance(connector, CanType) and not isinstance(connector, PageConnector):
        runtime.spawn(_show_typing, connector, last.address, on, name="typing")


def _show_typing(connector: Any, address: Address, on: bool) -> None:
    try:
        for call in connector.typing(address, on):
            connector.transmit(call)
    except (SendError, HubError):
        return  # nobody misses it
