"""A changed file comes into force while the hub runs: whole, or not at all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.harness import RunningHub, eventually

pytestmark = pytest.mark.servers

WEB = "connectors:\n  website: {kind: webchat, label: Shop}\n"
SMS = (
    "  sms: {kind: sms, provider: twilio, account_sid: AC1, auth_token: SESAME-1,"
    ' number: "+15005550006", api_base: "http://127.0.0.1:9"}\n'
)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[RunningHub]:
    with RunningHub(tmp_path, WEB) as running:
        yield running


def applied(hub: RunningHub) -> list[dict[str, str]]:
    return list(hub.post("/config/reload", {}, status=200)["changes"])


def posted(hub: RunningHub) -> int:
    return requests.post(f"{hub.url}/webhooks/sms", data={"Body": "x"}, timeout=10).status_code


def plan(hub: RunningHub) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hub", "plan", "--config", str(hub.config)],
        env=hub.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def names(hub: RunningHub) -> list[str]:
    return [one["name"] for one in hub.get("/connectors")["items"]]


def test_a_connector_is_turned_on_without_a_restart_and_no_socket_drops(hub: RunningHub) -> None:
    with hub.visitor() as page, hub.agent() as desk:
        hub.config.write_text(WEB + SMS)
        assert [(one["action"], one["path"]) for one in applied(hub)] == [
            ("added", "connectors.sms")
        ]
        assert names(hub) == ["website", "sms"]
        told = desk.wait_for("connector.updated", lambda p: p["connector"]["name"] == "sms")
        assert told["connector"]["state"] == "ok"
        said = page.says("Still here", "1")
        assert said["ok"], said


def test_a_connector_taken_out_of_the_file_takes_nothing_more(hub: RunningHub) -> None:
    hub.config.write_text(WEB + SMS)
    applied(hub)
    assert posted(hub) == 403
    hub.config.write_text(WEB)
    applied(hub)
    assert names(hub) == ["website"]
    assert posted(hub) == 404


def test_a_page_of_a_chat_that_was_turned_off_is_told_so(hub: RunningHub) -> None:
    with hub.visitor() as page:
        hub.config.write_text(WEB.replace("kind: webchat,", "kind: webchat, enabled: false,"))
        applied(hub)
        said = page.says("Hello?", "1")
        assert (said["ok"], said["code"]) == (False, "conflict")
        hub.config.write_text(WEB)
        applied(hub)
        assert page.says("Hello?", "1")["ok"]


def test_a_wrong_file_is_refused_whole_with_every_problem(hub: RunningHub) -> None:
    hub.config.write_text(WEB.replace("Shop", "Store") + "  x: {kind: smoke}\nlimitz: {}\n")
    refused = hub.request("POST", "/config/reload")
    assert refused.status_code == 409
    problem = refused.json()
    assert problem["code"] == "config_invalid"
    assert len(problem["problems"]) == 2
    assert all(str(hub.config) in one for one in problem["problems"])
    assert hub.get("/connectors")["items"][0]["label"] == "Shop"


def test_a_hangup_signal_applies_the_file(hub: RunningHub) -> None:
    hub.config.write_text(WEB.replace("Shop", "Store"))
    assert hub.process is not None
    os.kill(hub.process.pid, signal.SIGHUP)
    eventually(lambda: hub.get("/connectors")["items"][0]["label"] == "Store")


def test_a_hangup_with_a_wrong_file_changes_nothing_and_the_log_says_why(hub: RunningHub) -> None:
    hub.config.write_text("connectors: {website: {kind: webchat, lable: Shop}}\n")
    assert hub.process is not None
    os.kill(hub.process.pid, signal.SIGHUP)
    eventually(lambda: "did you mean label?" in hub.log.read_text())
    assert hub.get("/connectors")["items"][0]["label"] == "Shop"


def test_a_changed_secret_shows_as_changed_and_never_as_itself(hub: RunningHub) -> None:
    hub.config.write_text(WEB + SMS)
    applied(hub)
    hub.config.write_text(WEB + SMS.replace("SESAME-1", "SESAME-2"))
    told = hub.request("POST", "/config/reload")
    assert told.json()["changes"] == [
        {
            "action": "changed",
            "path": "connectors.sms.auth_token",
            "old": "[secret]",
            "new": "[secret]",
        }
    ]
    assert "SESAME" not in told.text + hub.log.read_text()
    assert b"SESAME" not in (hub.folder / "data" / "hub.db").read_bytes()


def test_only_an_admin_applies_a_file(hub: RunningHub) -> None:
    hub.hires("ann@example.com", "Ann")
    token = hub.makes_token("Ann", "ann@example.com")
    refused = hub.request("POST", "/config/reload", headers={"Authorization": f"Bearer {token}"})
    assert refused.status_code == 403


def test_plan_compares_the_file_with_what_is_in_force(hub: RunningHub) -> None:
    assert plan(hub).returncode == 0
    hub.config.write_text(WEB.replace("Shop", "Store"))
    planned = plan(hub)
    assert planned.returncode == 2
    assert planned.stdout.splitlines() == ["~ connectors.website.label: Shop -> Store"]
    applied(hub)
    assert plan(hub).returncode == 0
