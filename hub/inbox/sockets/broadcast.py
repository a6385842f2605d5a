"""Carries events from the store to the screens, in the order of the commits."""

from __future__ import annotations

import json
import queue
from collections.abc import Sequence
from functools import partial
from typing import Any

import orjson
import structlog
from flask_socketio import SocketIO
from socketio.packet import Packet

from hub import runtime
from hub.connectors.registry import has_pages
from hub.inbox.sockets.rooms import AGENTS, EVERYBODY, VISITORS, room_of
from hub.inbox.sockets.visitor_connections import VisitorConnections
from hub.outbound import receipts
from hub.schema import events
from hub.schema.events import ContactLinked, ContactUnlinked, Event, MessageCreated
from hub.schema.storable_text import storable
from hub.store.engine import Store
from hub.store.media import MediaLinks
from hub.types import Address, DeliveryStatus, DeliveryUpdate

log = structlog.get_logger()


class Json:
    """What Socket.IO asks of a JSON module."""

    @staticmethod
    def dumps(value: Any, **_options: Any) -> str:
        return orjson.dumps(value).decode()

    @staticmethod
    def loads(text: str | bytes, **_options: Any) -> Any:
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            # Browsers write half a surrogate pair as it is (a text cut within an emoji), and what
            # is said with it must not be lost.
            if b"\\ud" not in (text if isinstance(text, bytes) else text.encode()).lower():
                raise
        return storable(json.loads(text))


class TextPacket(Packet):  # type: ignore[misc]
    """Everything we say is JSON: nobody needs to look through it for bytes."""

    uses_binary_events = False


class Broadcaster:
    """One thread that emits, so that no request waits for a screen."""

    def __init__(
        self, store: Store, socketio: SocketIO, links: MediaLinks, lines: VisitorConnections
    ) -> None:
        self._socketio = socketio
        self._lines = lines
        self._links = links
        self._store = store
        self._queue: queue.SimpleQueue[Sequence[Event] | None] = queue.SimpleQueue()
        store.subscribe(self._queue.put)

    def start(self) -> None:
        runtime.spawn(self._run, name="broadcast")

    def stop(self) -> None:
        self._queue.put(None)

    def _run(self) -> None:
        while (batch := self._queue.get()) is not None:
            for event in batch:
                try:
                    self._emit(event)
                except Exception:
                    # A screen that missed it catches up with `sync`; the others must not wait.
                    log.exception("broadcast.failed", event_name=event.name)

    def _emit(self, event: Event) -> None:
        if event.to_agents:
            self._socketio.emit(
                event.name, event.payload.model_dump(mode="json"), namespace=AGENTS, to=EVERYBODY
            )
        if isinstance(event.payload, ContactLinked | ContactUnlinked):
            self._lines.relinked(event.payload)
        address = event.address
        # Most of what is said on other channels no page may hear: they cost one look here.
        if address is not None and self._lines.is_heard(room_of(address)):
            self._emit_to_pages(event, address)

    def _emit_to_pages(self, event: Event, address: Address) -> None:
        payload = events.for_customer(event.payload, str(address), self._links.path)
        seen = None
        if (
            isinstance(payload, MessageCreated)
            and has_pages(payload.message.kind)
            and payload.message.direction == "out"
        ):
            seen = partial(self._seen, payload.message.connector or "", payload.message.id)
        self._socketio.emit(
            event.name,
            payload.model_dump(mode="json"),
            namespace=VISITORS,
            to=room_of(address),
            callback=seen,
        )

    def _seen(self, connector: str, message_id: str, *_answer: Any) -> None:
        """A page of the customer's says that it has the message."""
        seen = DeliveryUpdate(
            key="", raw=b"", status=DeliveryStatus.DELIVERED, message_id=message_id
        )
        self._store.write(lambda tx: receipts.record_receipt(tx, connector, seen))
