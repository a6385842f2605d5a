"""Hours, clocks and the hub's own words, on a real hub with real channels."""

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
    """Open from the day after tomorrow, whatever day the test runs on; SMS is always served."""
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


def word() -> str:
    return f"hello {uuid.uuid4().hex[:10]}"


def texts_by_us(hub: RunningHub, conversation_id: str) -> list[str]:
    return [one["text"] for one in hub.messages(conversation_id) if one["direction"] == "out"]


def test_outside_hours_a_visitor_is_greeted_and_told_when_somebody_is_back(
    world: tuple[RunningHub, Sandbox],
) -> None:
    hub, _ = world
    with hub.visitor(locale="en-GB") as visitor:
        said = visitor.says(word(), "c1")["message"]
        visitor.wait_for("message.created", lambda told: told["message"]["text"] == "Hello!")
        back = visitor.wait_for(
            "message.created", lambda told: told["message"]["text"].startswith("We are back ")
        )["message"]
        assert re.fullmatch(r"We are back (\w+day) 09:00\.", back["text"])
        assert back["author"]["type"] == "system"
        visitor.says(word(), "c2")
        hub.reply(said["conversation_id"], "I happen to be here.")
        visitor.wait_for(
            "message.created", lambda told: told["message"]["text"] == "I happen to be here."
        )
    assert len(texts_by_us(hub, said["conversation_id"])) == 3


def test_who_must_wait_hears_it_by_sms_and_the_clocks_tell_of_a_breach(
    world: tuple[RunningHub, Sandbox],
) -> None:
    hub, sandbox = world
    with hub.agent() as agent:
        phone = sandbox.twilio.customer("+12025550971")
        text = word()
        phone.texts(text)
        conversation_id = hub.message_with(text)["conversation_id"]
        due = eventually(
            lambda: (hub.get(f"/conversations/{conversation_id}")["sla"] or {}).get(
                "first_reply_due"
            ),
            what="the first reply is due",
        )
        told = agent.wait_for(
            "sla.breached",
            lambda told: told["conversation"]["id"] == conversation_id,
            timeout=15.0,
        )
        assert told["clock"] == "first_reply"
        assert told["due"] == due
        assert told["conversation"]["sla"]["breached"] == ["first_reply"]
        warned = [name for name, _ in agent.heard if name == "sla.warning"]
        assert len(warned) <= 1
    eventually(
        lambda: texts_by_us(hub, conversation_id) == ["Hello!", "You are number 1."],
        what="the place in the queue",
    )
    events = hub.get(f"/conversations/{conversation_id}/messages", limit=50)["items"]
    names = [one["event"]["name"] for one in events if one["type"] == "event"]
    assert names.count("sla.breached") == 1
    metrics = requests.get(f"{hub.url}/metrics", timeout=10).text
    assert 'hub_sla_breaches_total{clock="first_reply",policy="quick"} 1.0' in metrics


def test_clocks_go_on_over_a_restart(world: tuple[RunningHub, Sandbox]) -> None:
    hub, sandbox = world
    phone = sandbox.twilio.customer("+12025550972")
    text = word()
    phone.texts(text)
    conversation_id = hub.message_with(text)["conversation_id"]

    def due() -> str | None:
        sla = hub.get(f"/conversations/{conversation_id}")["sla"]
        return None if sla is None else sla["resolve_due"]

    before = eventually(due, what="the end is due")
    hub.kill()
    hub.start()
    assert due() == before

    def breached() -> list[str]:
        found: list[str] = hub.get(f"/conversations/{conversation_id}")["sla"]["breached"]
        return found

    eventually(lambda: breached() == ["first_reply"], what="the breach after the restart")
