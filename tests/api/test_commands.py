"""Every command, as a person at a terminal runs it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import requests

from hub.config import load_config
from hub.connectors.base import Site
from hub.transport.running import RunningConnectors
from tests.harness import RunningHub, free_port

pytestmark = pytest.mark.servers
GOOD = "connectors:\n  website: {kind: webchat}\n"
BAD = """\
connectors:
  telegram: {kind: telegram, tokn: "1:x"}
  sms: {kind: sms, provider: twilio, account_sid: "${NOT_SET_ANYWHERE}"}
  chat: {kind: webchatt}
"""


def hub(
    folder: Path, *arguments: str, given: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hub", *arguments],
        env={**os.environ, "HUB_DATA_DIR": str(folder / "data"), **environment},
        input=given,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def wrote(folder: Path, text: str) -> str:
    path = folder / "connectors.yaml"
    path.write_text(text)
    return str(path)


# -- configuration -----------------------------------------------------------------------------


def test_check_says_that_a_good_file_is_fine(tmp_path: Path) -> None:
    done = hub(tmp_path, "check", "--config", wrote(tmp_path, GOOD))
    assert (done.returncode, done.stderr) == (0, "")
    assert "website" in done.stdout


def test_check_lists_every_problem_with_its_line_and_path(tmp_path: Path) -> None:
    path = wrote(tmp_path, BAD)
    done = hub(tmp_path, "check", "--config", path)
    assert done.returncode == 1
    lines = (done.stdout + done.stderr).strip().splitlines()
    shape = re.compile(rf"{re.escape(path)}:\d+: connectors\.(telegram|sms|chat)\S*: .+")
    assert all(shape.fullmatch(line) for line in lines), lines
    assert f"{path}:2: connectors.telegram.tokn: unknown key, did you mean token?" in lines
    assert any("NOT_SET_ANYWHERE" in line for line in lines)
    assert any("connectors.chat.kind" in line for line in lines)


def test_check_names_members_of_teams_that_no_agent_has_where_there_are_agents(
    tmp_path: Path,
) -> None:
    members = "teams:\n  support:\n    members: [mari@example.com, Zoe@Example.com, x@else.test]\n"
    path = wrote(tmp_path, GOOD + members)
    # Without a database nobody can know who is there.
    assert hub(tmp_path, "check", "--config", path).returncode == 0
    new = ("user", "add", "zoe@example.com", "--name", "Zoe", "--password-stdin")
    assert hub(tmp_path, *new, given="correct horse battery\n").returncode == 0
    done = hub(tmp_path, "check", "--config", path)
    assert done.returncode == 1
    first, second = done.stderr.splitlines()
    assert "connectors.yaml:5: teams.support.members[0]: no agent has this address" in first
    assert "connectors.yaml:5: teams.support.members[2]" in second
    other = ("user", "add", "mari@example.com", "--name", "Mari", "--password-stdin")
    assert hub(tmp_path, *other, given="correct horse battery\n").returncode == 0
    done = hub(tmp_path, "check", "--config", path)
    assert [line.split(": ")[1] for line in done.stderr.splitlines()] == [
        "teams.support.members[2]"
    ]


def test_check_of_a_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    done = hub(tmp_path, "check", "--config", str(tmp_path / "none.yaml"))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert len((done.stdout + done.stderr).strip().splitlines()) == 1


def test_plan_before_the_first_start_shows_all_as_new_and_makes_no_database(
    tmp_path: Path,
) -> None:
    path = wrote(tmp_path, GOOD + "  old: {kind: sms, enabled: false}\n")
    done = hub(tmp_path, "plan", "--config", path)
    assert done.returncode == 2
    assert done.stdout.splitlines() == ["+ connectors.website", "+ connectors.old"]
    assert not (tmp_path / "data" / "hub.db").exists()


def test_plan_of_a_wrong_file_lists_its_problems(tmp_path: Path) -> None:
    done = hub(tmp_path, "plan", "--config", wrote(tmp_path, BAD))
    assert done.returncode == 1
    assert "did you mean token?" in done.stderr


def test_schema_is_json_schema_of_the_file_and_of_the_events(tmp_path: Path) -> None:
    config = json.loads(hub(tmp_path, "schema").stdout)
    assert config["$schema"].startswith("https://json-schema.org/")
    assert "connectors" in config["properties"]
    events = json.loads(hub(tmp_path, "schema", "events").stdout)
    assert "message.created" in events["x-events"]


def test_serve_does_not_start_with_a_wrong_file(tmp_path: Path) -> None:
    done = hub(tmp_path, "serve", "--config", wrote(tmp_path, BAD), "--port", str(free_port()))
    assert done.returncode == 1
    assert "ready" not in done.stdout
    assert "Traceback" not in done.stderr
    assert "did you mean token?" in done.stderr


# -- people ------------------------------------------------------------------------------------


def test_user_add_makes_an_account_once(tmp_path: Path) -> None:
    add = ("user", "add", "ann@example.com", "--name", "Ann", "--role", "admin", "--password-stdin")
    first = hub(tmp_path, *add, given="correct horse\n")
    assert first.returncode == 0, first.stderr
    again = hub(tmp_path, *add, given="correct horse\n")
    assert again.returncode == 1
    assert "has an account already" in again.stderr
    made = hub(tmp_path, "token", "create", "--name", "x", "--user", "ann@example.com")
    assert made.returncode == 0
    assert re.fullmatch(r"\S+\n", made.stdout), "the token alone"


@pytest.mark.parametrize(
    ("arguments", "given", "word"),
    [
        (("user", "add", "nonsense", "--name", "A", "--password-stdin"), "long enough\n", "@"),
        (("user", "add", "a@example.com", "--name", "A", "--password-stdin"), "short\n", "10"),
        (("user", "add", "a@example.com", "--name", "A", "--role", "boss"), "", "boss"),
        (("token", "create", "--name", "x", "--user", "nobody@example.com"), "", "nobody"),
    ],
)
def test_what_cannot_be_made_is_said_in_a_sentence(
    tmp_path: Path, arguments: tuple[str, ...], given: str, word: str
) -> None:
    done = hub(tmp_path, *arguments, given=given)
    assert done.returncode != 0
    assert word in done.stderr
    assert "Traceback" not in done.stderr


# -- running -----------------------------------------------------------------------------------


def test_serve_says_once_that_it_is_ready_and_ends_well(tmp_path: Path) -> None:
    """With the port and the folder from the environment, as a platform gives them."""
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "hub", "serve", "--config", wrote(tmp_path, GOOD)],
        env={**os.environ, "PORT": str(port), "HUB_DATA_DIR": str(tmp_path / "elsewhere")},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    watchdog = threading.Timer(30, server.kill)
    watchdog.start()
    try:
        assert server.stdout is not None
        first = server.stdout.readline()
        assert first == f"ready on http://127.0.0.1:{port}\n"
        assert requests.get(f"http://127.0.0.1:{port}/readyz", timeout=10).status_code == 200
        server.send_signal(signal.SIGTERM)
        assert server.stdout.read() == ""
        assert server.wait(20) == 0
    finally:
        watchdog.cancel()
        server.kill()
    kept = tmp_path / "elsewhere"
    assert (kept / "hub.db").exists()
    assert (kept / "secret.key").stat().st_mode & 0o077 == 0


def test_a_taken_port_is_one_line(hub_: RunningHub, tmp_path: Path) -> None:
    done = hub(tmp_path, "serve", "--config", wrote(tmp_path, GOOD), "--port", str(hub_.port))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert str(hub_.port) in done.stderr


@pytest.fixture
def hub_(world: object) -> RunningHub:
    running = world.hub  # type: ignore[attr-defined]
    assert isinstance(running, RunningHub)
    return running


def test_replay_runs_what_failed_again_and_says_how_many(tmp_path: Path) -> None:
    from hub.inbound.journal import add_unprocessed_entry
    from hub.store.engine import Store
    from hub.store.migrate import migrate
    from hub.types import WebhookRequest

    letters = (
        "connectors:\n  letters: {kind: email, address: a@shop.example, webhook_secret: s,\n"
        "            smtp: {host: 127.0.0.1, port: 1, tls: none}}\n"
    )
    path = wrote(tmp_path, letters)
    (tmp_path / "data").mkdir()
    store = Store(f"sqlite:///{tmp_path}/data/hub.db")
    migrate(store)
    mail = b"From: ann@example.org\r\nTo: a@shop.example\r\nSubject: Hi\r\n\r\nfailed once\r\n"
    request = WebhookRequest(
        method="POST", url="", body=mail, headers={"content-type": "message/rfc822"}
    )
    store.write(
        lambda tx: add_unprocessed_entry(
            tx, "letters", "key-1", mail, request, "failed", "It broke."
        )
    )
    store.close()
    done = hub(tmp_path, "replay", "--config", path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "1 replayed, 0 still failing.\n"
    assert hub(tmp_path, "replay", "--config", path).stdout == "0 replayed, 0 still failing.\n"


def test_the_demo_prints_three_addresses_and_a_sign_in_that_works(tmp_path: Path) -> None:
    port = free_port(in_a_row=4)
    demo = subprocess.Popen(
        [sys.executable, "-m", "hub", "demo", "--port", str(port)],
        env={**os.environ, "HUB_DATA_DIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    watchdog = threading.Timer(60, demo.terminate)
    watchdog.start()
    said = ""
    try:
        assert demo.stdout is not None
        for line in demo.stdout:
            said += line
            if "Ctrl-C" in line:
                break
        inbox, shop, sandbox = re.findall(r"http://localhost:\d+/\S*", said)
        assert inbox == f"http://localhost:{port}/"
        for page in (inbox, shop, sandbox):
            assert requests.get(page, timeout=20).status_code == 200
        email, password = re.findall(r"sign in as (\S+) with the password (\S+)", said)[0]
        body = {"email": email, "password": password}
        browser = requests.Session()
        assert browser.post(f"{inbox}api/v1/session", json=body, timeout=20).status_code == 200
        seeded = browser.get(f"{inbox}api/v1/conversations", timeout=20).json()["items"]
        assert len(seeded) >= 5
        assert {"website", "mail", "sms", "telegram", "messenger"} == {
            one["name"]
            for one in browser.get(f"{inbox}api/v1/connectors", timeout=20).json()["items"]
        }
    finally:
        watchdog.cancel()
        demo.terminate()
        assert demo.wait(30) == 0
    assert (tmp_path / "demo" / "hub.db").exists()
    assert not (tmp_path / "hub.db").exists()


def test_a_chat_before_does_not_make_the_end_slow(tmp_path: Path) -> None:
    running = RunningHub(tmp_path, GOOD).start()
    with running.visitor() as visitor:
        assert visitor.says("hello", "c-1")["ok"]
    begin = time.monotonic()
    assert running.stop() == 0
    assert time.monotonic() - begin < 6


def test_a_connector_that_does_not_close_keeps_no_other_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = load_config(Path(wrote(tmp_path, GOOD + "  second: {kind: webchat}\n")), {})
    connectors = RunningConnectors(config.connectors, Site("http://localhost"), b"")
    first, second = connectors
    closed: list[str] = []

    def breaks() -> None:
        raise RuntimeError("reentrant call")

    monkeypatch.setattr(first, "close", breaks)
    monkeypatch.setattr(second, "close", lambda: closed.append(second.name))
    connectors.close()
    assert closed == ["second"]
