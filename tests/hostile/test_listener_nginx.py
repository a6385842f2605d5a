"""The documented nginx before a real hub: what clients say of their address counts for nothing."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
import socketio

from tests.docs.pages import ROOT, blocks
from tests.harness import RunningHub, Screen, eventually, free_port

pytestmark = pytest.mark.servers

CONFIG = """\
connectors: {website: {kind: webchat}}
limits: {sessions_per_minute: 5}
"""


@dataclass
class World:
    hub: RunningHub
    nginx_port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.nginx_port}"

    def sign_in(self, email: str, *, come_from: str, say: str) -> int:
        """Tries a wrong password. Returns the status."""
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.nginx_port, timeout=20, source_address=(come_from, 0)
        )
        body = json.dumps({"email": email, "password": "wrong password"})
        headers = {"Content-Type": "application/json", "X-Forwarded-For": say}
        connection.request("POST", "/api/v1/session", body, headers)
        status = connection.getresponse().status
        connection.close()
        return status


def documented_server(nginx_port: int, hub_port: int) -> str:
    """The example of docs/deployment.md, without TLS and on other ports."""
    (example,) = blocks(ROOT / "docs/deployment.md", "nginx")
    text, count = re.subn(r"listen 443 ssl;", f"listen 127.0.0.1:{nginx_port};", example.code)
    assert count == 1
    text = re.sub(r" *ssl_certificate\w* .*;\n", "", text)
    assert text.count("http://127.0.0.1:8000;") == 1
    return text.replace("127.0.0.1:8000", f"127.0.0.1:{hub_port}")


@contextmanager
def nginx(folder: Path, server: str) -> Iterator[None]:
    program = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        pytest.fail("The tests of the proxy need nginx: sudo apt-get install nginx-light")
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    folders = "".join(f"{kind}_temp_path {folder / kind};\n" for kind in kinds)
    user = "user root;\n" if os.geteuid() == 0 else ""
    config = folder / "nginx.conf"
    config.write_text(
        f"{user}daemon off;\nworker_processes 1;\npid {folder / 'nginx.pid'};\n"
        f"events {{ worker_connections 512; }}\n"
        f"http {{\naccess_log off;\n{folders}{server}\n}}\n"
    )
    log = (folder / "nginx.log").open("w")
    process = subprocess.Popen(
        [program, "-p", str(folder), "-e", "stderr", "-c", str(config)], stderr=log
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)
        log.close()


@contextmanager
def new_world(folder: Path, *, without: str = "") -> Iterator[World]:
    """A hub behind nginx.

    Args:
        without: a directive that the operator forgot.
    """
    hub_port, nginx_port = free_port(), free_port()
    server = documented_server(nginx_port, hub_port)
    if without:
        server, count = re.subn(rf" *{without} .*;\n", "", server)
        assert count == 1
    public = {"HUB_PUBLIC_URL": f"http://127.0.0.1:{nginx_port}", "HUB_TRUSTED_PROXIES": "1"}
    with nginx(folder, server), RunningHub(folder, CONFIG, port=hub_port, **public) as hub:
        world = World(hub, nginx_port)
        eventually(lambda: requests.get(f"{world.url}/healthz", timeout=20).ok, expected="nginx")
        yield world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with new_world(tmp_path_factory.mktemp("nginx")) as world:
        yield world


def test_made_up_addresses_do_not_lift_the_limit_of_sign_ins(world: World) -> None:
    statuses = [
        world.sign_in(f"nobody{n}@example.com", come_from="127.0.0.1", say=f"198.51.100.{n}")
        for n in range(14)
    ]
    assert statuses[0] == 401
    assert statuses[-1] == 429
    # And another client is not held up by it, whatever was said before.
    assert world.sign_in("x@example.com", come_from="127.0.0.2", say="127.0.0.1") == 401


def test_made_up_addresses_do_not_lift_the_limit_of_chats(world: World) -> None:
    def opens_chat(said: str) -> bool:
        try:
            with Screen(
                world.url,
                "/visitor",
                {"connector": "website"},
                headers={"X-Forwarded-For": said},
                transports=["websocket"],
            ):
                return True
        except socketio.exceptions.ConnectionError:
            return False

    opened = [opens_chat(f"198.51.100.{n}") for n in range(8)]
    assert opened[0]
    assert not opened[-1]


def test_readiness_tells_details_only_past_the_proxy(world: World) -> None:
    outside = requests.get(f"{world.url}/readyz", timeout=20)
    assert (outside.status_code, outside.json()) == (200, {"status": "ok"})
    details = requests.get(f"http://127.0.0.1:{world.hub.port}/readyz", timeout=20).json()
    assert details["connectors"] == {"website": "ok"}
    assert "proxies" not in details  # the documented set-up fits
    token = {"Authorization": f"Bearer {world.hub.token}"}
    admin = requests.get(f"{world.url}/readyz", headers=token, timeout=20)
    assert admin.json() == details


def test_metrics_are_not_for_the_public(world: World) -> None:
    assert requests.get(f"{world.url}/metrics", timeout=20).status_code == 403
    said = {"X-Forwarded-For": "127.0.0.1"}
    direct = f"http://127.0.0.1:{world.hub.port}/metrics"
    assert requests.get(direct, headers=said, timeout=20).status_code == 404
    assert requests.get(direct, timeout=20).status_code == 200


def test_text_is_compressed_through_the_proxy(world: World) -> None:
    response = requests.get(f"{world.url}/api/v1/openapi.json", timeout=20)
    assert response.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in response.headers["Vary"]
    assert response.json()["openapi"].startswith("3.1")


def test_a_large_mail_comes_through(world: World) -> None:
    # There is no such connector, and a body that is too long would be answered with 413.
    body = b"x" * (39 * 1024 * 1024)
    response = requests.post(f"{world.url}/webhooks/none", data=body, timeout=60)
    assert response.status_code == 404


def test_a_proxy_that_does_not_write_the_field_is_a_warning(tmp_path: Path) -> None:
    with new_world(tmp_path, without="proxy_set_header X-Forwarded-For") as world:
        details = requests.get(f"http://127.0.0.1:{world.hub.port}/readyz", timeout=20).json()
        assert "HUB_TRUSTED_PROXIES" in details["proxies"]
        assert world.hub.log.read_text().count("proxy.misconfigured") == 1
