"""One real hub with every kind of connector, for what goes over HTTP and sockets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from hub.sandbox import Sandbox, demo_connectors
from tests.harness import PASSWORD, RunningHub, free_port

UPLOAD_LIMIT = 200_000
MORE = f"""\
  other:
    kind: webchat
    allowed_origins: ["https://other.example"]
  locked:
    kind: webchat
    identity: required
    identity_secret: "made-up"
  shop:
    kind: webchat
    identity_secret: "made-up secret of the shop"
  blog:
    kind: webchat
    identity_secret: "made-up secret of the blog"
  letters:
    kind: email
    address: letters@shop.example
    smtp: {{host: 127.0.0.1, port: 1, tls: none}}
    webhook_secret: "letters-secret"
    authserv_id: mx.shop.example
  hooked:
    kind: telegram
    token: "200300400:made-up-token-of-another-bot-0000000"
    mode: webhook
    secret_token: "hooked-secret"
    api_base: "http://127.0.0.1:1"
  resting:
    kind: sms
    enabled: false
limits:
  sessions_per_minute: 100000
  visitor_messages_per_minute: 100000
  visitor_messages_burst: 1000
  sign_in_tries_per_minute: 100000
  upload_max_bytes: {UPLOAD_LIMIT}
"""


@dataclass(frozen=True)
class World:
    hub: RunningHub
    sandbox: Sandbox
    ann_token: str


@contextmanager
def new_world(folder: Path) -> Iterator[World]:
    port = free_port()
    with Sandbox(hub_url=f"http://127.0.0.1:{port}") as sandbox:
        config = demo_connectors(sandbox.endpoints) + MORE
        with RunningHub(folder, config, port=port) as hub:
            add_user(hub, "ann@example.com", "Ann")
            yield World(hub, sandbox, hub.makes_token("x", "ann@example.com"))


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with new_world(tmp_path_factory.mktemp("api")) as world:
        yield world


@pytest.fixture
def hub(world: World) -> RunningHub:
    return world.hub


@pytest.fixture
def sandbox(world: World) -> Sandbox:
    return world.sandbox


@pytest.fixture
def ann_token(world: World) -> str:
    """A token that acts as the agent Ann."""
    return world.ann_token


def add_user(hub: RunningHub, email: str, name: str, role: str = "agent") -> None:
    hub.hires(email, name, role)


class Browser:
    """A browser with the inbox open: it has a cookie, and what the page knows of it."""

    def __init__(self, hub: RunningHub) -> None:
        self.hub = hub
        self.jar = requests.Session()
        self.csrf_token = ""

    def signs_in(self, email: str = "ann@example.com", password: str = PASSWORD) -> Any:
        answer = self.sends("POST", "/session", json={"email": email, "password": password})
        if answer.status_code == 200:
            self.csrf_token = answer.json()["csrf_token"]
        return answer

    def sends(self, method: str, path: str, **options: Any) -> requests.Response:
        url = f"{self.hub.url}/api/v1{path}"
        return self.jar.request(method, url, timeout=20, **options)

    @property
    def csrf(self) -> dict[str, str]:
        return {"X-CSRF-Token": self.csrf_token}


@pytest.fixture
def ann(hub: RunningHub) -> Browser:
    return Browser(hub)
