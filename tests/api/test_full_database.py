"""A database without room: nothing is confirmed, and the sender is asked to come again."""

from __future__ import annotations

import errno
import io
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO, cast

import pytest
from flask import Flask
from pydantic import BaseModel
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from hub.accounts import api_tokens
from hub.app import App
from hub.config import load_config
from hub.inbox import problems
from hub.inbox.sockets.namespace import Ack, client_event
from hub.listener.proxies import PEER
from hub.logs import LossyStream
from hub.settings import Settings
from hub.store.engine import RunAgain, Store
from hub.store.migrate import migrate

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

    def uploads(self) -> TestResponse:
        return self._client.post(
            "/api/v1/uploads",
            data={"file": (io.BytesIO(b"x" * 1000), "letter.txt")},
            headers={"Authorization": f"Bearer {self._token}"},
        )

    def readiness(self) -> tuple[int, str]:
        inside = {PEER: "127.0.0.1"}
        answer = self._client.get("/readyz", environ_overrides=inside)
        assert answer.json is not None
        return answer.status_code, answer.json["disk"]


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


def test_a_full_database_is_said_by_readiness_and_notices_until_it_has_room(hub: FullHub) -> None:
    assert hub.readiness() == (200, "ok")
    hub.allows_pages(1)
    hub.gets_mail(1, LONG_TEXT)
    assert hub.readiness() == (503, "full")
    assert hub.app.notices.codes == ["disk_full"]
    hub.allows_pages(UNLIMITED)
    assert hub.readiness() == (200, "ok")
    assert hub.app.notices.codes == []


def test_an_upload_is_answered_507_when_the_database_is_full(hub: FullHub) -> None:
    hub.allows_pages(1)
    while (answer := hub.uploads()).status_code == 201:
        pass  # the last page has room for some
    assert (answer.status_code, answer.json and answer.json["code"]) == (507, "storage_full")
    hub.allows_pages(UNLIMITED)
    assert hub.uploads().status_code == 201


def test_an_upload_is_answered_507_when_the_disk_is_full(
    hub: FullHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    answer = hub.uploads()
    assert (answer.status_code, answer.json and answer.json["code"]) == (507, "storage_full")


def test_a_spool_without_room_is_said_by_readiness(hub: FullHub) -> None:
    hub.app.store.state.note_full_disk()
    assert hub.app.notices.codes == ["disk_full"]
    # The trial that readiness makes finds room in the database.
    assert hub.readiness() == (200, "ok")
    assert hub.app.notices.codes == []


def test_a_log_without_room_loses_lines_and_ends_nothing() -> None:
    full = Path("/dev/full").open("w")  # noqa: SIM115 - closing it fails, too
    stream = LossyStream(full)
    assert stream.write("x" * 100_000) == 100_000
    stream.flush()
    print("a line", file=cast(TextIO, stream), flush=True)
    with suppress(OSError):
        full.close()


# -- starting on what cannot be used ---------------------------------------------------------------


def start(folder: Path) -> subprocess.CompletedProcess[str]:
    (folder / "connectors.yaml").write_text("connectors: {website: {kind: webchat}}")
    return subprocess.run(
        [sys.executable, "-m", "hub", "serve", "--port", "0"],
        cwd=folder,
        env={**os.environ, "HUB_DATA_DIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def make_database(folder: Path) -> Path:
    store = Store(f"sqlite:///{folder}/hub.db")
    migrate(store)
    store.close()
    return folder / "hub.db"


def spoil(database: Path) -> None:
    """Overwrites the pages after the first one."""
    content = bytearray(database.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    database.write_bytes(bytes(content))


def replace(database: Path) -> None:
    database.write_text("This is a letter, and no database at all. " * 200)


def make_newer(database: Path) -> None:
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()


def make_folder(database: Path) -> None:
    database.unlink()
    database.mkdir()


def limit_pages(database: Path) -> None:
    """SQLite stores the limit of no connection, so a header of another size takes its place."""
    database.write_bytes(database.read_bytes()[:2000])


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (spoil, "damaged"),
        (replace, "no SQLite database"),
        (make_newer, "newer version"),
        (make_folder, "cannot be opened"),
        (limit_pages, "damaged"),
    ],
)
def test_a_start_on_an_unusable_database_ends_with_a_sentence(
    tmp_path: Path, harm: Callable[[Path], None], words: str
) -> None:
    harm(make_database(tmp_path))
    ended = start(tmp_path)
    assert ended.returncode == 1
    assert words in ended.stderr
    assert "Traceback" not in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1, ended.stderr


def unavailable_errors() -> list[Exception]:
    return [OperationalError("INSERT", None, Exception("database or disk is full")), RunAgain()]


@pytest.mark.parametrize("error", unavailable_errors(), ids=["full", "every run met others"])
def test_a_request_hears_that_the_database_is_unavailable(error: Exception) -> None:
    app = Flask("test")
    problems.install(app)

    @app.get("/")
    def fail() -> str:
        raise error

    answer = app.test_client().get("/")
    assert (answer.status_code, answer.json["code"]) == (503, "unavailable")  # type: ignore[index]
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.parametrize("error", unavailable_errors(), ids=["full", "every run met others"])
def test_a_socket_hears_that_the_database_is_unavailable(error: Exception) -> None:
    class Nothing(BaseModel):
        pass

    @client_event("message.send", Nothing)
    def fail(_namespace: Any, _payload: Nothing) -> Ack:
        raise error

    acknowledged = fail(None, {})  # type: ignore[type-var]
    assert (acknowledged["ok"], acknowledged["code"]) == (False, "unavailable")
