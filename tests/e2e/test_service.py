"""Hours, service clocks and automatic texts, on a real hub with real channels."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import requests

from hub.sandbox import Sandbox, demo_connectors
from tests.harness import RunningHub, eventually, free_port

pytestmark = pytest.mark.servers

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def config_of(sandbox: Sandbox) -> str:
    """Returns a configuration that opens the day after tomorrow; SMS is always served."""
    opens_on = datetime.now(UTC) + timedelta(days=2)
    return f"""{demo_connectors(sandbox.endpoints)}
hours:
  later: {{timezone: UTC, {DAYS[opens_on.weekday()]}: "09:00-17:00"}}
teams:
  day: {{hours: later}}
  always: {{}}
routing:
  - {{name: phones, when: {{kind: sms}}, team: always, sla: quick}}
  - {{name: rest, team: day}}
replies:
  greeting: {{en: "Hello!", et: "Tere!"}}
  queued: {{en: "You are number {{position}}."}}
sla:
  quick: {{first_reply: 3s, resolve: 1h}}
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningHub, Sandbox]]:
    port = free_port()
    with Sandbox(hub_url=f"http://127.0.0.1:{port}") as sandbox:
        folder = tmp_path_factory.mktemp("hub")
        with RunningHub(folder, config_of(sandbox), port=port) as hub:
            yield hub, sandbox


def unique_text() -> str:
    return f"hello {uuid.uuid4().hex[:10]}"


def outbound_texts(hub: RunningHub, conversation_id: str) -> list[str]:
    return [
        message["text"]
        for message in hub.messages(conversation_id)
        if message["direction"] == "out"
    ]


def test_outside_hours_a_visitor_gets_the_greeting_and_the_next_opening(
    world: tuple[RunningHub, Sandbox],
) -> None:
    hub, _ = world
    with hub.visitor(locale="en-GB") as visitor:
        message = visitor.says(unique_text(), "c1")["message"]
        visitor.wait_for("message.created", lambda event: event["message"]["text"] == "Hello!")
        reply = visitor.wait_for(
            "message.created", lambda event: event["message"]["text"].startswith("We are back ")
        )["message"]
        assert re.fullmatch(r"We are back (\w+day) 09:00\.", reply["text"])
        assert reply["author"]["type"] == "system"
        visitor.says(unique_text(), "c2")
        hub.reply(message["conversation_id"], "I happen to be here.")
        visitor.wait_for(
            "message.created", lambda event: event["message"]["text"] == "I happen to be here."
        )
    assert len(outbound_texts(hub, message["conversation_id"])) == 3


def test_a_waiting_customer_gets_the_queue_place_and_agents_the_breach(
    world: tuple[RunningHub, Sandbox],
) -> None:
    hub, sandbox = world
    with hub.agent() as agent:
        phone = sandbox.twilio.customer("+12025550971")
        text = unique_text()
        phone.texts(text)
        conversation_id = hub.message_with(text)["conversation_id"]
        due = eventually(
            lambda: (hub.get(f"/conversations/{conversation_id}")["sla"] or {}).get(
                "first_reply_due"
            ),
            expected="the first reply is due",
        )
        breach = agent.wait_for(
            "sla.breached",
            lambda breach: breach["conversation"]["id"] == conversation_id,
            timeout=15.0,
        )
        assert breach["clock"] == "first_reply"
        assert breach["due"] == due
        assert breach["conversation"]["sla"]["breached"] == ["first_reply"]
        warnings = [name for name, _ in agent.heard if name == "sla.warning"]
        assert len(warnings) <= 1
    eventually(
        lambda: outbound_texts(hub, conversation_id) == ["Hello!", "You are number 1."],
        expected="the place in the queue",
    )
    events = hub.get(f"/conversations/{conversation_id}/messages", limit=50)["items"]
    names = [item["event"]["name"] for item in events if item["type"] == "event"]
    assert names.count("sla.breached") == 1
    metrics = requests.get(f"{hub.url}/metrics", timeout=10).text
    assert 'hub_sla_breaches_total{clock="first_reply",policy="quick"} 1.0' in metrics


def test_clocks_go_on_over_a_restart(world: tuple[RunningHub, Sandbox]) -> None:
    hub, sandbox = world
    phone = sandbox.twilio.customer("+12025550972")
    text = unique_text()
    phone.texts(text)
    conversation_id = hub.message_with(text)["conversation_id"]

    def due() -> str | None:
        sla = hub.get(f"/conversations/{conversation_id}")["sla"]
        return None if sla is None else sla["resolve_due"]

    before = eventually(due, expected="the end is due")
    hub.kill()
    hub.start()
    assert due() == before

    def breached() -> list[str]:
        clocks: list[str] = hub.get(f"/conversations/{conversation_id}")["sla"]["breached"]
        return clocks

    eventually(lambda: breached() == ["first_reply"], expected="the breach after the restart")
