"""A database without room: nothing is confirmed, and the sender is asked to come again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from hub.accounts import api_tokens
from hub.app import App
from hub.config import load_config
from hub.settings import Settings

CONFIG = """\
connectors:
  letters:
    kind: email
    address: letters@shop.example
    smtp: {host: 127.0.0.1, port: 1, tls: none}
    webhook_secret: "letters-secret"
"""
#: More than fits into the pages that SQLite's file still has free.
LONG_TEXT = "A long story. " * 20_000
UNLIMITED = 2**30


class FullHub:
    """A hub in this process; its database can lose all room to grow."""

    def __init__(self, app: App) -> None:
        self.app = app
        self._client = app.flask.test_client()
        self._token = app.store.write(lambda tx: api_tokens.add_token(tx, "Tests", None))

    def allows_pages(self, count: int) -> None:
        """SQLite never gives up pages it has: a count below that leaves no room for another."""
        writer = self.app.store._writer
        assert writer is not None
        writer.exec_driver_sql(f"PRAGMA max_page_count = {count}")
        writer.commit()

    def gets_mail(self, number: int, text: str) -> TestResponse:
        headers = {"Authorization": "Bearer letters-secret", "Content-Type": "message/rfc822"}
        mail = (
            f"Message-ID: <{number}@shop.example>\r\nFrom: eve@example.org\r\n"
            f"To: letters@shop.example\r\nSubject: Hi\r\n\r\n{text}\r\n"
        )
        return self._client.post("/webhooks/letters", data=mail, headers=headers)

    def request(self, method: str, path: str, body: Any = None) -> TestResponse:
        headers = {"Authorization": f"Bearer {self._token}"}
        return self._client.open(f"/api/v1{path}", method=method, json=body, headers=headers)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[FullHub]:
    config = tmp_path / "connectors.yaml"
    config.write_text(CONFIG)
    settings = Settings.load(data_dir=tmp_path, database_url=f"sqlite:///{tmp_path}/hub.db")
    app = App(settings, lambda: load_config(config, {}))
    yield FullHub(app)
    app.stop()


def assert_asks_to_come_again(answer: TestResponse) -> None:
    assert answer.status_code == 503, answer.text
    assert answer.json is not None
    assert answer.json["code"] == "unavailable"
    assert int(answer.headers["Retry-After"]) > 0


def test_a_webhook_is_asked_to_come_again_when_the_database_is_full(hub: FullHub) -> None:
    hub.allows_pages(1)
    assert_asks_to_come_again(hub.gets_mail(1, LONG_TEXT))
    hub.allows_pages(UNLIMITED)
    assert hub.gets_mail(1, LONG_TEXT).status_code == 200
    conversations = hub.request("GET", "/conversations").json
    assert conversations is not None
    assert len(conversations["items"]) == 1


def test_a_reply_is_asked_to_come_again_when_the_database_is_full(hub: FullHub) -> None:
    assert hub.gets_mail(1, "Hello").status_code == 200
    conversations = hub.request("GET", "/conversations").json
    assert conversations is not None
    path = f"/conversations/{conversations['items'][0]['id']}/messages"
    reply = {"text": LONG_TEXT[:60_000], "client_id": "1"}
    hub.allows_pages(1)
    assert_asks_to_come_again(hub.request("POST", path, reply))
    hub.allows_pages(UNLIMITED)
    answer = hub.request("POST", path, reply)
    assert answer.status_code == 201, answer.text
