"""The floor: the cost of this stack without a hub.

One bare Flask-SocketIO route under eventlet with one durable SQLite insert and one emit. No hub can
be faster on the same stack; the benchmark measures how near it comes.
"""

from __future__ import annotations

import sqlite3
import sys

import eventlet

eventlet.monkey_patch()

from flask import Flask, request  # noqa: E402
from flask_socketio import SocketIO  # noqa: E402


def main(path: str) -> None:
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("CREATE TABLE event (id INTEGER PRIMARY KEY, body BLOB)")
    app = Flask("floor")
    socketio = SocketIO(app, async_mode="eventlet")

    @app.post("/webhook")
    def webhook() -> str:
        body = request.get_data()
        database.execute("INSERT INTO event (body) VALUES (?)", (body,))
        socketio.emit("event", {"text": body.decode()}, to="agents")
        return "ok"

    @socketio.on("connect")
    def connect(_auth: object = None) -> None:
        from flask_socketio import join_room

        join_room("agents")

    listener = eventlet.listen(("127.0.0.1", 0), backlog=512)
    print(f"ready on http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    eventlet.wsgi.server(listener, app, log_output=False, keepalive=True)


if __name__ == "__main__":
    import eventlet.wsgi

    main(sys.argv[1])
