"""The sandbox's page: its API, its news, the shop, and the process around it all."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from ruamel.yaml import YAML

from hub.sandbox import Endpoints, Sandbox, demo_connectors
from hub.sandbox.base import sample_files
from tests.harness import free_port
from tests.sandbox.conftest import Listener


def act(sandbox: Sandbox, path: str, **values: Any) -> requests.Response:
    return requests.post(f"{sandbox.url}/sandbox/api/people/{path}", json=values, timeout=10)


def state(sandbox: Sandbox) -> Any:
    return requests.get(f"{sandbox.url}/sandbox/api/state", timeout=10).json()


def screen(sandbox: Sandbox, app: str, person: int = 0) -> Any:
    world = state(sandbox)
    return world["screens"][world["people"][person]["screens"][app]]


def news(sandbox: Sandbox, after: int = 0) -> Iterator[tuple[str, Any]]:
    url = f"{sandbox.url}/sandbox/api/events"
    with requests.get(url, params={"after": after}, stream=True, timeout=10) as answer:
        name = ""
        for line in answer.iter_lines(decode_unicode=True):
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                yield name, json.loads(line.removeprefix("data: "))


def test_what_is_typed_goes_out_through_every_provider(
    sandbox: Sandbox, listener: Listener
) -> None:
    assert act(sandbox, "sam/telegram/says", text="one").ok
    assert act(sandbox, "sam/messenger/says", text="two").ok
    assert act(sandbox, "sam/sms/says", text="three").ok
    assert act(sandbox, "sam/mail/sends", text="four", subject="mail").ok
    assert screen(sandbox, "telegram")[0]["text"] == "one"
    assert listener.heard.wait_for(path="webhooks/messenger")
    assert listener.heard.wait_for(path="webhooks/sms").form["Body"] == "three"
    assert b"four" in sandbox.mail.inbox[0]
    assert screen(sandbox, "telegram", person=1) == []


def test_files_go_as_what_they_are(sandbox: Sandbox) -> None:
    url = f"{sandbox.url}/sandbox/api/people/sam/telegram"
    photo = ("photo.png", sample_files.photo(), "image/png")
    assert requests.post(f"{url}/file", files={"file": photo}, timeout=10).ok
    form = ("form.pdf", sample_files.pdf(), "application/pdf")
    assert requests.post(f"{url}/file", files={"file": form}, timeout=10).ok
    voice = ("voice.wav", b"RIFF", "audio/wav")
    assert requests.post(f"{url}/voice", files={"file": voice}, data={"seconds": "2.4"}).ok
    assert act(sandbox, "sam/telegram/location", lat=59.4, lon=24.7).ok
    kinds = [bubble["kind"] for bubble in screen(sandbox, "telegram")]
    assert kinds == ["photo", "file", "voice", "location"]


def test_news_come_as_they_happen_and_from_where_the_page_left_off(sandbox: Sandbox) -> None:
    stream = news(sandbox)
    assert next(stream)[0] == "life"
    act(sandbox, "sam/telegram/says", text="one")
    name, data = next(stream)
    assert name == "bubble" and data["bubble"]["text"] == "one"
    last = state(sandbox)["last"]
    act(sandbox, "sam/telegram/says", text="two")
    later = news(sandbox, after=last)
    assert next(later)[0] == "life"
    assert next(later)[1]["bubble"]["text"] == "two"


def test_switches_tell_what_is_set_to_go_wrong(sandbox: Sandbox) -> None:
    act(sandbox, "sam/messenger/says", text="hi")
    act(sandbox, "sam/telegram/says", text="hi")
    for verb, name, value in (
        ("telegram/blocks", "bot_blocked", True),
        ("sms/phone_off", "phone_off", True),
        ("mail/away", "away", True),
        ("messenger/blocks", "page_blocked", True),
    ):
        assert act(sandbox, f"sam/{verb}").json()["switches"][name] is value
    for hours, window in ((25, "people"), (200, "closed")):
        switches = act(sandbox, "sam/messenger/waits", hours=hours).json()["switches"]
        assert switches["window"] == window
    assert act(sandbox, "sam/sms/says", text="STOP").json()["switches"]["stopped"] is True


def test_what_cannot_be_done_says_why(sandbox: Sandbox) -> None:
    answer = act(sandbox, "sam/telegram/presses", title="No such button")
    assert answer.status_code == 400 and "No such button" in answer.json()["problem"]
    assert act(sandbox, "sam/telegram/location", lat="north").status_code == 400
    assert act(sandbox, "sam/telegram/flies").status_code == 404
    assert act(sandbox, "nobody/telegram/says", text="x").status_code == 404


def test_a_request_of_another_sites_page_is_refused(sandbox: Sandbox) -> None:
    url = f"{sandbox.url}/sandbox/api/people/sam/telegram/says"
    headers = {"Origin": "https://elsewhere.example"}
    refused = requests.post(url, json={"text": "x"}, headers=headers, timeout=10)
    assert refused.status_code == 403 and screen(sandbox, "telegram") == []
    accepted = requests.post(url, json={"text": "x"}, headers={"Origin": sandbox.url}, timeout=10)
    assert accepted.status_code == 200


def test_the_shop_carries_the_widget_also_under_a_strict_policy(sandbox: Sandbox) -> None:
    page = requests.get(f"{sandbox.url}/shop", timeout=10)
    tag = f'<script src="{sandbox.hub_url}/widget.js" data-connector="website" async></script>'
    assert tag in page.text and "Content-Security-Policy" not in page.headers
    strict = requests.get(f"{sandbox.url}/shop?csp=strict", timeout=10)
    policy = strict.headers["Content-Security-Policy"]
    assert f"script-src {sandbox.hub_url};" in policy and "unsafe" not in policy
    assert "style=" not in strict.text, "inline styles would be refused by the policy"
    assert requests.get(f"{sandbox.url}/shop/shop.css", timeout=10).ok


def test_a_file_of_a_customer_cannot_run_on_the_sandboxs_page(sandbox: Sandbox) -> None:
    media = sandbox.cdn.put(b"<script>", "text/html", "../evil page.html")
    answer = requests.get(media.url, timeout=10)
    assert answer.headers["Content-Security-Policy"] == "sandbox"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    sandbox.cdn.expires()
    assert requests.get(media.url, timeout=10).status_code == 403


def test_the_demos_connectors_are_all_five_at_the_sandbox() -> None:
    text = demo_connectors(Endpoints("http://localhost:8001", 8025, 8143))
    connectors = YAML(typ="safe").load(text)["connectors"]
    kinds = {name: about["kind"] for name, about in connectors.items()}
    assert kinds == {
        "website": "webchat",
        "mail": "email",
        "sms": "sms",
        "telegram": "telegram",
        "messenger": "messenger",
    }
    # Media come from 127.0.0.1, and are fetched only from the host that api_base names.
    for name in ("sms", "telegram", "messenger"):
        assert connectors[name]["api_base"].startswith("http://127.0.0.1:8001/")
    assert connectors["mail"]["imap"]["port"] == 8143


def run(ports: list[int], folder: Path) -> subprocess.Popen[str]:
    names = ("--port", "--smtp-port", "--imap-port")
    options = [part for name, port in zip(names, ports, strict=True) for part in (name, str(port))]
    return subprocess.Popen(
        [sys.executable, "-m", "hub.sandbox", *options, "--state", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
    )


@pytest.mark.servers
def test_the_process_says_ready_ends_on_sigterm_and_remembers(tmp_path: Path) -> None:
    ports = [free_port() for _ in range(3)]
    url = f"http://127.0.0.1:{ports[0]}"
    process = run(ports, tmp_path)
    assert process.stdout is not None
    assert process.stdout.readline() == f"sandbox ready on {url}\n"
    base = f"{url}/sandbox/api"
    post = {"json": {"text": "remember me"}, "timeout": 10}
    assert requests.post(f"{base}/people/sam/telegram/says", **post).ok  # type: ignore[arg-type]
    assert requests.post(f"{base}/people/sam/messenger/photo", json={}, timeout=10).ok
    assert requests.post(f"{base}/people/sam/mail/sends", **post).ok  # type: ignore[arg-type]
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, "")
    process = run(ports, tmp_path)
    assert process.stdout is not None and process.stdout.readline()
    world = requests.get(f"{base}/state", timeout=10).json()
    screens = world["people"][0]["screens"]
    assert world["screens"][screens["telegram"]][0]["text"] == "remember me"
    photo = world["screens"][screens["messenger"]][0]["media"]["url"]
    assert requests.get(photo, timeout=10).content == sample_files.photo()
    assert world["mails"][screens["mail"]][0]["text"] == "remember me"
    assert world["people"][0]["switches"]["window"] == "open"
    process.terminate()
    process.communicate(timeout=20)
    assert process.returncode == 0


@pytest.mark.servers
def test_a_port_in_use_is_reported_in_one_line(tmp_path: Path) -> None:
    with Sandbox() as running:
        port = int(running.url.rpartition(":")[2])
        process = run([port, free_port(), free_port()], tmp_path)
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 1
    assert errors.startswith("the sandbox cannot start: ") and "Traceback" not in errors
