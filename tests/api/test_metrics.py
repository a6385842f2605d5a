"""What those who keep the hub running can see."""

from __future__ import annotations

import re
import uuid

import pytest
import requests

from hub.sandbox import Sandbox
from tests.harness import RunningHub, eventually

pytestmark = pytest.mark.servers


def metric(hub: RunningHub, name: str, **labels: str) -> float:
    """The value of one line, 0 when it is not there yet."""
    shown = requests.get(f"{hub.url}/metrics", timeout=20).text
    total = 0.0
    for line in shown.splitlines():
        found = re.fullmatch(rf"{name}(?:{{(.*)}})? (\S+)", line)
        if found and all(f'{key}="{value}"' in (found[1] or "") for key, value in labels.items()):
            total += float(found[2])
    return total


def test_the_process_says_that_it_lives(hub: RunningHub) -> None:
    answer = requests.get(f"{hub.url}/healthz", timeout=20)
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_a_broken_connector_is_shown_and_does_not_make_the_hub_unready(hub: RunningHub) -> None:
    def ready() -> dict[str, str]:
        answer = requests.get(f"{hub.url}/readyz", timeout=20)
        assert answer.status_code == 200
        return dict(answer.json()["connectors"])

    eventually(lambda: ready()["hooked"] == "attention", 20, "a webhook that cannot be set")
    states = ready()
    assert (states["resting"], states["website"]) == ("disabled", "ok")
    shown = {one["name"]: one for one in hub.get("/connectors")["items"]}
    assert shown["hooked"]["last_error"]
    assert "made-up-token" not in str(shown)


def test_messages_are_counted_on_their_way_in_and_out(hub: RunningHub, sandbox: Sandbox) -> None:
    def new() -> float:
        return metric(hub, "hub_inbound_events_total", connector="sms", outcome="new")

    def sent() -> float:
        return metric(hub, "hub_outbound_attempts_total", connector="sms", outcome="sent")

    came, left = new(), sent()
    text = uuid.uuid4().hex
    sandbox.twilio.customer("+12025550188").texts(text)
    message = hub.message_with(text)
    eventually(lambda: new() == came + 1)
    hub.delivery_of(hub.reply(message["conversation_id"], "yes"), "sent", "delivered")
    eventually(lambda: sent() == left + 1)
    assert metric(hub, "hub_send_seconds_count", connector="sms") >= 1


def test_a_refused_webhook_is_counted(hub: RunningHub) -> None:
    def refused() -> float:
        return metric(hub, "hub_inbound_events_total", connector="messenger", outcome="rejected")

    before = refused()
    requests.post(f"{hub.url}/webhooks/messenger", json={}, timeout=20)
    assert refused() == before + 1


def test_open_sockets_are_counted(hub: RunningHub) -> None:
    before = metric(hub, "hub_sockets", namespace="/visitor")
    with hub.visitor():
        assert metric(hub, "hub_sockets", namespace="/visitor") == before + 1
    eventually(lambda: metric(hub, "hub_sockets", namespace="/visitor") == before)
