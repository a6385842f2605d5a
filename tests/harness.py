"""A real hub in a process of its own, with the verbs of the tests."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import requests
import socketio

from hub.accounts import agents, api_tokens
from hub.store.engine import Store, Transaction
from hub.store.migrate import migrate

T = TypeVar("T")
ROOT = Path(__file__).parent.parent
START_SECONDS = 60.0
#: Below the ports that systems give to outgoing connections: a free one stays free until a server
#: is up.
PORTS = range(20_000, 32_000)
#: Not the module's generator, which Hypothesis seeds alike in every process.
_RANDOM = random.SystemRandom()
PASSWORD = "correct horse battery"


def free_port(in_a_row: int = 1) -> int:
    """Returns a free port, the first of `in_a_row` free ones."""
    while True:
        first = _RANDOM.choice(PORTS)
        if all(map(_is_free, range(first, first + in_a_row))):
            return first


def _is_free(port: int) -> bool:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def eventually(condition: Callable[[], T], timeout: float = 15.0, expected: str = "") -> T:
    """Calls `condition` until its value is true, where another process sends no event.

    Args:
        condition: a function whose true value ends the waiting.
        timeout: in seconds.
        expected: the words for the missing value in the error.

    Returns:
        The value.

    Raises:
        AssertionError: the value stayed false.
    """
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"this never came: {expected or condition}, last seen: {value!r}")
        time.sleep(0.05)


class RunningHub:
    """`hub serve` on a free port. Restarts keep its data; `kill` is SIGKILL."""

    def __init__(
        self, folder: Path, config: str, *, port: int | None = None, **environment: str
    ) -> None:
        self.folder = folder
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.config = folder / "connectors.yaml"
        self.config.write_text(config)
        self.environment = {
            **os.environ,
            "HUB_DATA_DIR": str(folder / "data"),
            "HUB_PUBLIC_URL": self.url,
            "PYTHONFAULTHANDLER": "1",
            **environment,
        }
        self.process: subprocess.Popen[str] | None = None
        self.log = folder / "hub.log"
        self.token = ""

    # -- start and stop ---------------------------------------------------------------------------

    def start(self) -> RunningHub:
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [*self._hub("serve"), "--config", str(self.config), "--port", str(self.port)],
                env=self.environment,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self.process.stdout is not None
        watchdog = threading.Timer(START_SECONDS, self.process.kill)
        watchdog.start()
        try:
            for line in self.process.stdout:
                if line.startswith("ready on "):
                    break
            else:
                raise AssertionError("the hub did not start:\n" + self.log.read_text()[-4000:])
        finally:
            watchdog.cancel()
        if not self.token:
            self.token = self.makes_token("Tests")
        return self

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def stop(self) -> int:
        """Sends SIGTERM. Returns the exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            # Its fault handler writes where its threads are.
            self.process.send_signal(signal.SIGABRT)
            self.process.wait(10)
            raise AssertionError(f"the hub did not stop:\n{self.log.read_text()[-8000:]}") from None

    def __enter__(self) -> RunningHub:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def command(self, *arguments: str, stdin: str = "") -> str:
        """Runs another command of the hub on the same data. Returns its output."""
        completed = subprocess.run(
            self._hub(*arguments),
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert completed.returncode == 0, completed.stderr
        return completed.stdout

    # As `hub user add` and `hub token create`, without the second that a process takes to start.

    def hires(self, email: str, name: str, role: str = "agent", password: str = PASSWORD) -> None:
        self._in_store(lambda tx: agents.add_agent(tx, email, name, role, password))

    def makes_token(self, name: str, email: str | None = None) -> str:
        return self._in_store(lambda tx: api_tokens.add_token(tx, name, email))

    def _in_store(self, work: Callable[[Transaction], T]) -> T:
        data = self.folder / "data"
        data.mkdir(exist_ok=True)
        store = Store(self.environment.get("HUB_DATABASE_URL") or f"sqlite:///{data / 'hub.db'}")
        try:
            migrate(store)
            return store.write(work)
        finally:
            store.close()

    def _hub(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "hub", *arguments]

    # -- the API -------------------------------------------------------------------------------

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        return requests.request(
            method, f"{self.url}/api/v1{path}", headers=headers, timeout=20, **options
        )

    def get(self, path: str, **query: Any) -> Any:
        response = self.request("GET", path, params=query)
        assert response.status_code == 200, response.text
        return response.json()

    def post(self, path: str, body: Any = None, status: int = 201) -> Any:
        response = self.request("POST", path, json=body)
        assert response.status_code == status, response.text
        return response.json()

    def patch(self, path: str, body: Any, status: int = 200) -> Any:
        response = self.request("PATCH", path, json=body)
        assert response.status_code == status, response.text
        return response.json()

    def conversations(self, **query: Any) -> list[dict[str, Any]]:
        return list(self.get("/conversations", **query)["items"])

    def messages(self, conversation_id: str) -> list[dict[str, Any]]:
        """Returns the messages of a conversation without events, the oldest first."""
        items = self.get(f"/conversations/{conversation_id}/messages", limit=100)["items"]
        return [message for message in reversed(items) if message["type"] != "event"]

    def message_with(self, text: str) -> dict[str, Any]:
        """Returns the message with this text, as soon as it is stored."""

        def find() -> dict[str, Any] | None:
            for conversation in self.conversations(limit=100):
                for message in self.messages(conversation["id"]):
                    if message["text"] == text:
                        return message
            return None

        return eventually(find, expected=text)  # type: ignore[return-value]

    def reply(self, conversation_id: str, text: str, **more: Any) -> dict[str, Any]:
        answer = self.post(f"/conversations/{conversation_id}/messages", {"text": text, **more})
        assert isinstance(answer, dict)
        return answer

    def delivery_of(
        self, message: dict[str, Any], *statuses: str, timeout: float = 15.0
    ) -> dict[str, Any]:
        """Returns the delivery of a message, once it has one of these statuses."""

        def look() -> dict[str, Any] | None:
            delivery: dict[str, Any] = self.get(f"/messages/{message['id']}")["delivery"]
            return delivery if delivery["status"] in statuses else None

        return eventually(look, timeout, f"{statuses} of {message['text']!r}")  # type: ignore[return-value]

    # -- sockets -------------------------------------------------------------------------------

    def agent(self, token: str | None = None) -> Screen:
        return Screen(self.url, "/agent", {"token": token or self.token})

    def visitor(self, connector: str = "website", **auth: Any) -> Screen:
        screen = Screen(self.url, "/visitor", {"connector": connector, **auth})
        screen.session = screen.wait_for("session")
        return screen


class Screen:
    """A Socket.IO client that keeps the events that came."""

    def __init__(self, url: str, namespace: str, auth: dict[str, Any], **options: Any) -> None:
        self.namespace = namespace
        self.heard: list[tuple[str, Any]] = []
        self.session: dict[str, Any] = {}
        self._changed = threading.Condition()
        # The library adds an Origin of its own to one in `headers`. The server refuses the two, and
        # the client then stays with polling, where a burst of events makes it give up.
        self.client = socketio.Client(
            reconnection=False, websocket_extra_options={"suppress_origin": True}
        )
        self.client.on("*", self._hear, namespace=namespace)
        self.client.connect(url, namespaces=[namespace], auth=auth, wait_timeout=10, **options)

    def _hear(self, name: str, *data: Any) -> None:
        with self._changed:
            self.heard.append((name, data[0] if data else None))
            self._changed.notify_all()

    def wait_for(
        self, name: str, matches: Callable[[Any], bool] = lambda _: True, timeout: float = 10.0
    ) -> Any:
        """Returns the payload of the first matching event of this name, also of an earlier one."""

        def matching() -> list[Any]:
            return [data for event_name, data in self.heard if event_name == name and matches(data)]

        with self._changed:
            assert self._changed.wait_for(matching, timeout), (
                name,
                [event_name for event_name, _ in self.heard],
            )
            return matching()[0]

    def ask(self, name: str, /, **data: Any) -> dict[str, Any]:
        answer = self.client.call(name, data, namespace=self.namespace, timeout=10)
        assert isinstance(answer, dict)
        return answer

    def says(self, text: str, client_id: str, **more: Any) -> dict[str, Any]:
        return self.ask("message.send", text=text, client_id=client_id, **more)

    def close(self) -> None:
        self.client.disconnect()

    def __enter__(self) -> Screen:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
