"""A real hub beside clients that are many, slow or odd."""

from __future__ import annotations

import contextlib
import json
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from bench.idle_sockets import processor_seconds
from bench.sockets import Crowd
from tests.harness import ROOT, RunningHub, eventually, free_port

pytestmark = pytest.mark.servers

CONFIG = """\
connectors:
  website: {kind: webchat}
  letters: {kind: email, address: letters@shop.example, webhook_secret: letters-secret,
            smtp: {host: 127.0.0.1, port: 9, tls: none}}
limits: {sessions_per_minute: 100000}
"""
JOIN_SECONDS = 1


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    limits = {"HUB_SOCKET_JOIN_SECONDS": str(JOIN_SECONDS)}
    with RunningHub(tmp_path_factory.mktemp("hub"), CONFIG, **limits) as hub:
        yield hub


@pytest.fixture(scope="module", autouse=True)
def many_descriptors() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def is_healthy(hub: RunningHub) -> bool:
    return requests.get(f"{hub.url}/healthz", timeout=20).ok


# -- sign-in first ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/conversations"),
        ("PATCH", "/contacts/1"),
        ("POST", "/contacts/1/links"),
        ("POST", "/uploads"),
        ("GET", "/conversations?limit=none"),
    ],
)
def test_without_a_sign_in_nothing_is_told_of_the_form(
    hub: RunningHub, method: str, path: str
) -> None:
    response = requests.request(
        method, f"{hub.url}/api/v1{path}", data=b"{not json", timeout=20,
        headers={"Content-Type": "application/json"},
    )  # fmt: skip
    assert response.status_code == 401
    assert "errors" not in response.json()


def test_without_a_sign_in_a_body_is_not_waited_for(hub: RunningHub) -> None:
    with socket.create_connection(("127.0.0.1", hub.port), timeout=10) as client:
        client.sendall(
            b"POST /api/v1/conversations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: 1000\r\n\r\n{"
        )
        assert client.recv(4096).startswith(b"HTTP/1.1 401 ")


def test_every_answer_is_read_as_what_it_says_and_is_not_stored(hub: RunningHub) -> None:
    for path in ("/api/v1/conversations", "/api/v1/session", "/readyz", "/nothing", "/metrics"):
        token = {"Authorization": f"Bearer {hub.token}"}
        headers = requests.get(hub.url + path, headers=token, timeout=20).headers
        assert headers["X-Content-Type-Options"] == "nosniff", path
        assert headers["Cache-Control"] == "no-store", path
    for path in ("/", "/widget.js", "/socket.io/?EIO=4&transport=polling", "/socket.io/?EIO=9"):
        headers = requests.get(hub.url + path, timeout=20).headers
        assert headers["X-Content-Type-Options"] == "nosniff", path


# -- compression ------------------------------------------------------------------------------


def test_a_long_answer_is_compressed_for_clients_that_accept_it(hub: RunningHub) -> None:
    url = f"{hub.url}/api/v1/openapi.json"
    compressed = requests.get(url, timeout=20)
    plain = requests.get(url, timeout=20, headers={"Accept-Encoding": "identity"})
    refused = requests.get(url, timeout=20, headers={"Accept-Encoding": "gzip;q=0"})
    assert compressed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in {**plain.headers, **refused.headers}
    assert compressed.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"
    assert compressed.json() == plain.json() == refused.json()
    assert int(compressed.headers["Content-Length"]) < len(plain.content) / 3


def test_short_answers_and_secrets_are_not_compressed(hub: RunningHub) -> None:
    assert "Content-Encoding" not in requests.get(f"{hub.url}/healthz", timeout=20).headers
    assert "Content-Encoding" not in hub.request("GET", "/session").headers


def test_files_of_the_screens_are_sent_compressed_and_kept_for_a_year(hub: RunningHub) -> None:
    page = requests.get(hub.url, timeout=20)
    assert page.headers["Cache-Control"] == "no-cache"
    script = page.text.split('src="')[1].split('"')[0]
    sizes = {}
    for encoding in ("identity", "gzip", "br"):
        headers = {"Accept-Encoding": encoding}
        response = requests.get(hub.url + script, headers=headers, timeout=20, stream=True)
        assert response.status_code == 200
        assert response.headers.get("Content-Encoding", "identity") == encoding
        assert response.headers["Content-Type"].startswith("text/javascript")
        assert response.headers["Vary"] == "Accept-Encoding"
        assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        sizes[encoding] = int(response.headers["Content-Length"])
        response.close()
    assert sizes["br"] < sizes["gzip"] < sizes["identity"] / 2


# -- sockets ----------------------------------------------------------------------------------


@pytest.mark.parametrize("transport", ["websocket", "polling"])
def test_a_socket_that_joins_nothing_is_closed(hub: RunningHub, transport: str) -> None:
    if transport == "websocket":
        crowd = Crowd(hub.url, "/visitor")
        client = crowd.connect()
        with contextlib.closing(client):
            client.recv()  # the greeting of the transport
            with contextlib.suppress(ConnectionError):
                assert client.recv() in ("1", "")
        return
    url = f"{hub.url}/socket.io/?EIO=4&transport=polling"
    opened = requests.get(url, timeout=20)
    sid = json.loads(opened.text[1:])["sid"]
    assert requests.get(f"{url}&sid={sid}", timeout=20).text == "1"  # "closed", not a ping
    assert requests.get(f"{url}&sid={sid}", timeout=20).status_code == 400


def test_a_socket_that_joined_stays(hub: RunningHub) -> None:
    with hub.visitor() as visitor, hub.agent() as agent:
        # Others that join nothing show when the time is over.
        idle = Crowd(hub.url, "/visitor").connect()
        idle.recv()
        with contextlib.suppress(ConnectionError):
            idle.recv()
        idle.close()
        assert visitor.says("Still here", "c1")["ok"]
        assert agent.wait_for("message.created")


# -- many -------------------------------------------------------------------------------------


@pytest.mark.slow
def test_four_thousand_slow_clients_hold_nobody_up(hub: RunningHub) -> None:
    half_sent = (
        b"",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ",
        b"POST /webhooks/letters HTTP/1.1\r\nHost: x\r\nContent-Type: message/rfc822\r\n"
        b"Authorization: Bearer letters-secret\r\nContent-Length: 90000\r\n\r\nSubject: ",
    )
    with contextlib.ExitStack() as stack:
        for number in range(4100):
            client = socket.create_connection(("127.0.0.1", hub.port), timeout=20)
            stack.enter_context(client)
            client.sendall(half_sent[number % 3])
            if number % 410 == 0:
                assert is_healthy(hub)
        with hub.visitor() as visitor:
            assert visitor.says("Is anybody there?", "c1")["ok"]
        assert is_healthy(hub)


@pytest.mark.slow
def test_five_thousand_idle_chats_hold_nobody_up(hub: RunningHub) -> None:
    crowd = Crowd(hub.url, "/visitor")
    with contextlib.closing(crowd):
        crowd.join_many(5000, {"connector": "website"})
        assert is_healthy(hub)
        with hub.visitor() as visitor:
            assert visitor.says("Is anybody there?", "c1")["ok"]
        crowd.read(0)
        assert crowd.count_open() == 5000


# -- the end ----------------------------------------------------------------------------------

SERVE_AND_BREAK = """\
import os, sys
from hub import runtime
runtime.patch()
from hub.listener import Listener
start = Listener.start
def start_and_break(self):
    start(self)
    os.close(self._socket.fileno())
Listener.start = start_and_break
from hub.cli import cli
cli(prog_name="hub")
"""


def test_a_hub_whose_listener_is_gone_exits_with_an_error(tmp_path: Path) -> None:
    (tmp_path / "connectors.yaml").write_text("connectors: {website: {kind: webchat}}\n")
    begin = time.monotonic()
    completed = subprocess.run(
        [sys.executable, "-c", SERVE_AND_BREAK, "serve", "--port", str(free_port()),
         "--config", str(tmp_path / "connectors.yaml")],
        cwd=ROOT, env={"PATH": "", "HUB_DATA_DIR": str(tmp_path)}, capture_output=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert completed.returncode == 1, completed.stderr.decode()
    assert time.monotonic() - begin < 50


def test_open_chats_take_no_time_when_a_hub_stops(tmp_path: Path) -> None:
    chats = 400
    without, with_chats = (_stop_seconds(tmp_path / str(number), number) for number in (0, chats))
    assert (with_chats - without) / chats < 0.0002, (without, with_chats)


def _stop_seconds(folder: Path, chats: int) -> float:
    """The processor time that a hub with so many open chats takes to stop."""
    folder.mkdir()
    with RunningHub(folder, CONFIG) as hub, contextlib.closing(Crowd(hub.url, "/visitor")) as crowd:
        crowd.join_many(chats, {"connector": "website"})
        eventually(lambda: is_healthy(hub))
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        before = processor_seconds(hub)
        assert hub.stop() == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - ended.ru_utime - ended.ru_stime - before


def test_a_hub_stops_while_connections_are_open(tmp_path: Path) -> None:
    with RunningHub(tmp_path, CONFIG) as hub, contextlib.ExitStack() as stack:
        for data in (b"", b"GET / HTTP/1.1\r\n"):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", hub.port)))
            client.sendall(data)
        with hub.visitor():
            assert hub.stop() == 0
        eventually(lambda: hub.process is None or hub.process.poll() == 0, expected="the end")
