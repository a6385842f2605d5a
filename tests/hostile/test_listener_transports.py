"""Transports of Socket.IO that fall silent are closed, by one look at all of them."""

from __future__ import annotations

import json
import time

from flask import Flask
from flask_socketio import SocketIO

from hub.inbox.sockets.transports import MAX_WAITING, Transports


def new_transport(app: Flask) -> str:
    response = app.test_client().get("/socket.io/?EIO=4&transport=polling")
    opened: dict[str, str] = json.loads(response.get_data(as_text=True).split("\x1e")[0][1:])
    return opened["sid"]


def test_a_transport_that_leaves_a_ping_unanswered_is_closed_and_forgotten() -> None:
    app = Flask("test")
    socketio = SocketIO(app, async_mode="threading")
    transports = Transports(socketio, join_seconds=1000)
    engine = socketio.server.eio  # type: ignore[attr-defined]
    silent, answering = new_transport(app), new_transport(app)
    engine.sockets[silent].last_ping = time.time() - engine.ping_timeout - 1
    engine.sockets[answering].last_ping = time.time()
    transports.close_silent()
    assert engine.sockets[silent].closed
    assert not engine.sockets[answering].closed
    transports.close_silent()
    assert list(engine.sockets) == [answering]
    assert engine.service_task_handle is None  # no other watch beside this one


def test_transports_that_join_nothing_are_closed_and_make_room() -> None:
    app = Flask("test")
    socketio = SocketIO(app, async_mode="threading")
    transports = Transports(socketio, join_seconds=0)
    app.wsgi_app = transports.wrap(app.wsgi_app)  # type: ignore[method-assign, assignment]
    engine = socketio.server.eio  # type: ignore[attr-defined]
    sid = new_transport(app)
    transports._waiting.extend((time.monotonic(), f"another-{n}") for n in range(MAX_WAITING))
    refused = app.test_client().get("/socket.io/?EIO=4&transport=polling")
    assert refused.status_code == 503
    assert refused.headers["Retry-After"]
    transports.close_unjoined()
    assert engine.sockets[sid].closed
    assert app.test_client().get("/socket.io/?EIO=4&transport=polling").status_code == 200
