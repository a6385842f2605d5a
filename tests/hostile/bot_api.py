"""A Bot API on loopback that says what a test tells it to, also what Telegram never says."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "123:secret"

#: What the server does with a request instead of its usual answer.
Act = Callable[["Handler"], None]


class BotApi:
    """Holds updates as bytes, takes messages, and serves files.

    Args of `acts`: a method's name or the path of a file, with a function that answers for it.
    """

    def __init__(self) -> None:
        self.updates: list[tuple[int, bytes]] = []
        self.sent: list[dict[str, str]] = []
        self.asked: list[str] = []
        self.acts: dict[str, Act] = {}
        self.changed = threading.Condition()
        self._server = ThreadingHTTPServer(
            ("127.0.0.1", 0), type("Bound", (Handler,), {"api": self})
        )
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # a hub that hangs up is what a test wants
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def brings(self, *updates: bytes) -> None:
        """Adds updates; `%d` in one stands for its number."""
        with self.changed:
            for update in updates:
                number = len(self.updates) + 1
                self.updates.append((number, update.replace(b"%d", str(number).encode())))
            self.changed.notify_all()

    def answers(self, name: str, act: Act) -> None:
        self.acts[name] = act

    def waits_until(self, condition: Callable[[], bool], timeout: float = 20.0) -> None:
        with self.changed:
            assert self.changed.wait_for(condition, timeout), "this never came"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> BotApi:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def config(self, name: str = "telegram", more: str = "") -> str:
        """The connector's entry in `connectors.yaml`."""
        return (
            f"  {name}: {{kind: telegram, token: '{TOKEN}', mode: polling, "
            f"api_base: '{self.url}'{more}}}\n"
        )

    # -- the methods -------------------------------------------------------------------------------

    def result(self, method: str, parameters: dict[str, Any]) -> bytes:
        if method == "getUpdates":
            return self._news(parameters)
        if method == "sendMessage":
            with self.changed:
                self.sent.append(parameters)
                number = len(self.sent)
                self.changed.notify_all()
            chat = {"id": int(parameters["chat_id"]), "type": "private"}
            return json.dumps({"message_id": 10_000 + number, "date": 1, "chat": chat}).encode()
        if method == "getMe":
            return b'{"id":123,"is_bot":true,"first_name":"B","username":"b"}'
        if method == "getWebhookInfo":
            return b'{"url":"","has_custom_certificate":false,"pending_update_count":0}'
        if method == "getFile":
            path = parameters["file_id"]
            return json.dumps({"file_id": path, "file_unique_id": path, "file_path": path}).encode()
        if method == "getChat":
            chat = {"id": int(parameters["chat_id"]), "type": "private", "accent_color_id": 0}
            return json.dumps({**chat, "max_reaction_count": 1, "first_name": "A"}).encode()
        return b"true"

    def _news(self, parameters: dict[str, Any]) -> bytes:
        offset, limit = int(parameters.get("offset", 0)), int(parameters.get("limit", 100))

        def held() -> list[bytes]:
            return [body for number, body in self.updates if number >= offset][:limit]

        with self.changed:
            self.changed.wait_for(held, float(parameters.get("timeout", 0)))
            return b"[" + b",".join(held()) + b"]"


class Handler(BaseHTTPRequestHandler):
    api: BotApi
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = self.path.removeprefix(f"/file/bot{TOKEN}/")
        self.parameters: dict[str, Any] = {}
        with self.api.changed:
            self.api.asked.append(path)
            self.api.changed.notify_all()
        act = self.api.acts.get(path)
        if act is not None:
            act(self)
        else:
            self.gives(b"no such file", 404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        method = urlsplit(self.path).path.rpartition("/")[2]
        if self.headers.get("content-type", "").startswith("application/json"):
            self.parameters = json.loads(body)
        else:
            self.parameters = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        act = self.api.acts.get(method)
        if act is not None:
            act(self)
        else:
            self.does(method)

    def does(self, method: str) -> None:
        """The usual answer to a method."""
        result = self.api.result(method, self.parameters)
        self.gives(b'{"ok":true,"result":' + result + b"}")

    def refuses(self, status: int, description: str, **parameters: Any) -> None:
        self.gives(
            json.dumps(
                {
                    "ok": False,
                    "error_code": status,
                    "description": description,
                    "parameters": parameters,
                }
            ).encode(),
            status,
        )

    def gives(self, body: bytes, status: int = 200, **headers: str) -> None:
        self.begins(status, **{"content-length": str(len(body)), **headers})
        self.wfile.write(body)

    def begins(self, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def drips(self, chunk: bytes, every: float, seconds: float, **headers: str) -> None:
        """A body that never ends, a little at a time."""
        self.begins(200, **{"content-length": str(10**6), **headers})
        end = time.monotonic() + seconds
        try:
            while time.monotonic() < end:
                self.wfile.write(chunk)
                self.wfile.flush()
                time.sleep(every)
        except OSError:
            pass
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        pass


def message(text: str, chat: int = 77, more: str = "") -> bytes:
    """An update with a message; `%d` stands for its number."""
    return (
        f'{{"update_id":%d,"message":{{"message_id":%d,"date":1767225600,'
        f'"chat":{{"id":{chat},"type":"private","first_name":"A"}},'
        f'"from":{{"id":{chat},"is_bot":false,"first_name":"A"}}{more},"text":{json.dumps(text)}}}}}'
    ).encode()


def texts_of(hub: Any) -> Iterator[str]:
    """The texts of all messages of customers in a running hub."""
    for conversation in hub.conversations(limit=100):
        for item in hub.messages(conversation["id"]):
            if item["direction"] == "in":
                yield item["text"]
