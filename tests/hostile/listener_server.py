"""A listener with a small application, in a process of its own.

`python -m tests.hostile.listener_server RUNTIME LIMITS` prints the port. RUNTIME is `green` or
`threads`; LIMITS is a JSON object of the fields of `Limits` that differ from their defaults.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from hub import runtime

#: Of the bodies that /echo takes.
MAX_BODY = 512 * 1024


def main(threads: str, limits_json: str) -> None:
    if threads == "green":
        runtime.patch()
    import select

    from werkzeug.exceptions import HTTPException

    from hub.listener import BodyLimit, Limits, Listener, Proxies, listen
    from hub.listener.websocket import WebSocket, WebSocketUpgrade
    from hub.logs import configure_logs

    configure_logs()

    options = json.loads(limits_json)
    proxies = Proxies(options.get("trusted_proxies", 0), "https://chat.example.com")
    limits = Limits(**options, body_limit=lambda _path: BodyLimit(MAX_BODY))
    engine = SimpleNamespace(ping_interval=25, ping_timeout=20, max_http_buffer_size=100_000)

    def echo_messages(websocket: WebSocket) -> None:
        while (message := websocket.wait()) is not None:
            websocket.send(f"{len(message)}")

    websockets = WebSocketUpgrade(echo_messages, engine)

    def app(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == "/websocket":
            return websockets(environ, start)
        try:
            answer = _answer(path, environ)
        except HTTPException as error:
            return error(environ, start)
        start("401 Unauthorized" if path == "/unread" else "200 OK", [])
        return answer

    def _answer(path: str, environ: dict[str, Any]) -> Iterable[bytes]:
        match path:
            case "/echo":
                return [b"%d" % len(environ["wsgi.input"].read())]
            case "/address":
                return [environ["REMOTE_ADDR"].encode()]
            case "/descriptors":
                return [b"%d" % sum(1 for _ in Path("/proc/self/fd").iterdir())]
            case "/exhaust":  # leaves no descriptor to the process
                held = []
                try:
                    while True:
                        held.append(os.open(os.devnull, os.O_RDONLY))
                except OSError:
                    pass
                exhausted.append(held)
                return [b"%d" % len(held)]
            case "/stream":
                return (b"x" * 1000 for _ in range(1000))
            case "/broken":
                raise RuntimeError("on purpose")
            case _:
                return [b"ok"]

    exhausted: list[list[int]] = []
    sock = listen("127.0.0.1", 0)
    listener = Listener(sock, app, limits, proxies)
    listener.start()
    print(sock.getsockname()[1], flush=True)
    while True:
        select.select([sys.stdin], [], [])  # reading alone would stop every green thread
        match sys.stdin.readline():
            case "release\n":
                for descriptor in exhausted.pop():
                    os.close(descriptor)
            case "break\n":
                os.close(sock.fileno())
            case "":
                return
        print("gone" if listener.is_gone else "listens", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
