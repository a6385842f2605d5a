"""What both namespaces share: events as methods, checked payloads, acknowledgements."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import structlog
from flask import request
from flask_socketio import Namespace
from pydantic import BaseModel, ValidationError

from hub.errors import HubError
from hub.store.engine import is_unavailable

log = structlog.get_logger()

#: What a client hears in answer to its event: `{ok: true, ...}` or `{ok: false, code, message}`.
Ack = dict[str, Any]
SelfT = TypeVar("SelfT", bound="EventNamespace")
PayloadT = TypeVar("PayloadT", bound=BaseModel)
Handler = Callable[[SelfT, PayloadT], Ack]

_EVENT = "_client_event"


def client_event(
    name: str, payload: type[PayloadT]
) -> Callable[[Handler[SelfT, PayloadT]], Callable[[SelfT, Any], Ack]]:
    """Makes a method the handler of a client's event; its payload is checked first.

    Every error becomes an acknowledgement, so that a client is never left without an answer.
    """

    def decorate(handler: Handler[SelfT, PayloadT]) -> Callable[[SelfT, Any], Ack]:
        def handle(self: SelfT, data: Any = None) -> Ack:
            try:
                return handler(self, payload.model_validate(data if data is not None else {}))
            except ValidationError as error:
                first = error.errors(include_url=False, include_input=False)[0]
                field = ".".join(map(str, first["loc"])) or "payload"
                return refusal("invalid", f"{field}: {first['msg']}")
            except HubError as error:
                return refusal(error.code, error.message)
            except Exception as error:
                log.exception("socket.failed", event_name=name)
                if is_unavailable(error):
                    return refusal("unavailable", "The database does not answer. Try again.")
                return refusal("internal", "Something went wrong here. Try again.")

        setattr(handle, _EVENT, name)
        return handle

    return decorate


def ok(**fields: Any) -> Ack:
    """The acknowledgement of an event that was carried out."""
    return {"ok": True, **fields}


def refusal(code: str, message: str) -> Ack:
    """The acknowledgement of an event that was not."""
    return {"ok": False, "code": code, "message": message}


def socket_id() -> str:
    """The id of the socket whose event is being handled."""
    sid: str = request.sid  # type: ignore[attr-defined]
    return sid


class EventNamespace(Namespace):
    """A namespace whose events are methods under `client_event`.

    `on_connect` and `on_disconnect` are found by their names, as Flask-SocketIO does.
    """

    #: Set by Flask-SocketIO when the namespace is registered; the name and the server extension.
    namespace: str
    socketio: Any

    def __init__(self, namespace: str) -> None:
        super().__init__(namespace)
        #: Clients' events are handled no more: the process stops.
        self.is_closed = False
        #: The clients' events of this namespace, with their handlers.
        self.events = {
            name: getattr(self, attribute)
            for attribute in dir(type(self))
            if (name := getattr(getattr(type(self), attribute), _EVENT, None)) is not None
        }

    def trigger_event(self, event: str, *args: Any) -> Any:
        """Calls the handler of an event; an unknown one gets no acknowledgement."""
        if event in ("connect", "disconnect"):
            return super().trigger_event(event, *args)
        handler = None if self.is_closed else self.events.get(event)
        if handler is None:
            return self.socketio.server.not_handled
        return self.socketio._handle_event(handler, event, self.namespace, *args)
