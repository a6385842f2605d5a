"""Transports of Socket.IO that fall silent are closed, by one look at all of them."""

from __future__ import annotations

import json
import time

import pytest
from engineio import packet
from flask import Flask
from flask_socketio import SocketIO

from hub.inbox.sockets.pings import Pings
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


class Websocket:
    """Takes messages, or has no room for them."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.has_room = True

    def send_at_once(self, message: str) -> bool:
        if self.has_room:
            self.sent.append(message)
        return self.has_room


def test_pings_are_sent_by_one_timer_and_start_no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Flask("test")
    engine = SocketIO(app, async_mode="threading").server.eio  # type: ignore[attr-defined]
    engine.start_service_task = False  # as Transports has it
    started: list[object] = []
    monkeypatch.setattr(engine, "start_background_task", lambda target: started.append(target))
    pings = Pings(engine)
    idle, busy, polling, closed = (engine.sockets[new_transport(app)] for _ in range(4))
    websockets = {idle.sid: Websocket(), busy.sid: Websocket()}
    websockets[busy.sid].has_room = False
    monkeypatch.setattr(pings, "_websockets", websockets)
    idle.upgraded = busy.upgraded = True
    closed.close(wait=False, abort=True)
    waiting = [transport.queue.qsize() for transport in (idle, busy, polling)]
    pings.send_due()
    assert not websockets[idle.sid].sent
    later = time.monotonic() + engine.ping_interval + 1
    monkeypatch.setattr(time, "monotonic", lambda: later)
    pings.send_due()
    pings.send_due()
    assert started == []
    assert websockets[idle.sid].sent == ["2"]
    # What could not be written at once waits for the thread that writes.
    after = [transport.queue.qsize() for transport in (idle, busy, polling)]
    assert [now - before for before, now in zip(waiting, after, strict=True)] == [0, 1, 1]
    assert idle.last_ping
    # The answer makes the next one due, once.
    idle.receive(packet.Packet(packet.PONG))
    idle.receive(packet.Packet(packet.PONG))
    assert len(pings._waiting) == 1
