"""Carries events from the store to the screens, in the order of the commits."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Sequence
from functools import partial
from typing import Any

import orjson
import structlog
from flask_socketio import SocketIO
from socketio.packet import Packet

from hub import runtime
from hub.connectors.registry import has_pages
from hub.inbox.connections.agents import AgentConnections
from hub.inbox.connections.rooms import (
    AGENTS,
    ALL_AGENTS,
    VISITORS,
    room_of,
    room_of_agent,
)
from hub.inbox.connections.visitors import VisitorConnections
from hub.outbound import receipts
from hub.schema import events
from hub.schema.events import ContactLinked, ContactUnlinked, Event, MessageCreated
from hub.schema.storable_text import storable
from hub.store.engine import Store
from hub.store.media import MediaLinks
from hub.types import Address, DeliveryStatus, DeliveryUpdate

log = structlog.get_logger()


#: How long a process that stops goes on emitting what it has written.
STOP_SECONDS = 5.0


class Json:
    """The JSON module that Socket.IO uses."""

    @staticmethod
    def dumps(value: Any, **_options: Any) -> str:
        return orjson.dumps(value).decode()

    @staticmethod
    def loads(text: str | bytes, **_options: Any) -> Any:
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            # Browsers send half a surrogate pair as it is (a text cut within an emoji); the rest of
            # the message must not be lost.
            if b"\\ud" not in (text if isinstance(text, bytes) else text.encode()).lower():
                raise
        return storable(json.loads(text))


class TextPacket(Packet):  # type: ignore[misc]
    """All payloads are JSON, so that the packet need not be searched for bytes."""

    uses_binary_events = False


class Broadcaster:
    """One thread that emits events, so that no request waits for a screen."""

    def __init__(
        self,
        store: Store,
        socketio: SocketIO,
        links: MediaLinks,
        agent_connections: AgentConnections,
        visitor_connections: VisitorConnections,
    ) -> None:
        self._socketio = socketio
        self._agent_connections = agent_connections
        self._visitor_connections = visitor_connections
        self._links = links
        self._store = store
        self._queue: queue.SimpleQueue[Sequence[Event] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        store.subscribe(self._queue.put)

    def start(self) -> None:
        self._thread = runtime.spawn(self._run, name="broadcast")

    def stop(self) -> None:
        """Emits what is waiting, so that the screens of other processes miss nothing."""
        self._queue.put(None)
        if self._thread is not None:
            self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        while (batch := self._queue.get()) is not None:
            for event in batch:
                try:
                    self._emit(event)
                except Exception:
                    # A screen that missed the event catches up with `sync`.
                    log.exception("broadcast.failed", event_name=event.name)

    def _emit(self, event: Event) -> None:
        # Making a payload costs more than all else here: it is made only where it is received.
        if event.to_agents and self._agent_connections.may_have_screens():
            room = ALL_AGENTS if event.agent_id is None else room_of_agent(event.agent_id)
            self._socketio.emit(
                event.name, event.payload.model_dump(mode="json"), namespace=AGENTS, to=room
            )
        if isinstance(event.payload, ContactLinked | ContactUnlinked):
            self._visitor_connections.on_link_changed(event.payload)
        address = event.address
        # Most messages of other channels belong to no open page: they cost one look-up here.
        if address is not None and self._visitor_connections.may_have_pages(room_of(address)):
            self._emit_to_pages(event, address)

    def _emit_to_pages(self, event: Event, address: Address) -> None:
        payload = events.for_customer(event.payload, str(address), self._links.path)
        callback = None
        if (
            isinstance(payload, MessageCreated)
            and has_pages(payload.message.kind)
            and payload.message.direction == "out"
        ):
            callback = partial(
                self._record_delivered, payload.message.connector or "", payload.message.id
            )
        self._socketio.emit(
            event.name,
            payload.model_dump(mode="json"),
            namespace=VISITORS,
            to=room_of(address),
            callback=callback,
        )

    def _record_delivered(self, connector: str, message_id: str, *_answer: Any) -> None:
        """Records that a page of the customer acknowledged a message."""
        delivered = DeliveryUpdate(
            key="", raw=b"", status=DeliveryStatus.DELIVERED, message_id=message_id
        )
        self._store.write(lambda tx: receipts.record_receipt(tx, connector, delivered))
