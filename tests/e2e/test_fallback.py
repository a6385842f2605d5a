"""An answer finds the customer when its own channel cannot carry it: through the real servers."""

from __future__ import annotations

import itertools
import random
import re
import sqlite3
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from hub.sandbox import Sandbox, demo_connectors
from tests.harness import RunningHub, eventually, free_port

pytestmark = pytest.mark.servers

_numbers = itertools.count(2025550800)


def config_of(sandbox: Sandbox) -> str:
    """The demo's, with little patience."""
    return f"{demo_connectors(sandbox.endpoints)}replies: {{fallback: {{after: 1s}}}}\n"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningHub, Sandbox]]:
    port = free_port()
    with Sandbox(hub_url=f"http://127.0.0.1:{port}") as sandbox:
        folder = tmp_path_factory.mktemp("hub")
        with RunningHub(folder, config_of(sandbox), port=port) as hub:
            yield hub, sandbox


def word() -> str:
    return uuid.uuid4().hex[:10]


def meets(hub: RunningHub, customer: Any) -> str:
    text = f"hello {word()}"
    customer.says(text)
    return str(hub.message_with(text)["conversation_id"])


def brings_to_sms(hub: RunningHub, sandbox: Sandbox, thread: str) -> Any:
    """Somebody follows an invitation to SMS by its code. Returns them with their phone."""
    phone = sandbox.twilio.customer(f"+1{next(_numbers)}")
    code = hub.post(f"/conversations/{thread}/handovers", {"connector": "sms"})["code"]
    phone.texts(code)
    eventually(lambda: address_on(hub, thread, "sms"), what="the phone's address")
    return phone


def brings_to_mail(hub: RunningHub, sandbox: Sandbox, thread: str) -> Any:
    """Somebody follows an invitation by mail. Returns them with their mailbox."""
    mailbox = sandbox.mail.customer(f"{word()}@example.org", "Dora")
    url = hub.post(f"/conversations/{thread}/handovers", {"connector": "mail"})["url"]
    to = re.fullmatch(r"mailto:([^?]+)\?.*", url)
    assert to is not None
    mailbox.sends(f"Here I am {word()}", to=to[1])
    eventually(lambda: address_on(hub, thread, "mail"), what="the mailbox's address")
    return mailbox


def address_on(hub: RunningHub, thread: str, connector: str) -> dict[str, Any] | None:
    contact_id = hub.get(f"/conversations/{thread}")["contact"]["id"]
    found = hub.get(f"/contacts/{contact_id}/addresses")["items"]
    return next((one for one in found if one["connector"] == connector), None)


def last_wrote_days_ago(hub: RunningHub, thread: str, cleo: Any, days: float) -> None:
    found = address_on(hub, thread, "messenger")
    assert found is not None
    moment = datetime.now(UTC) - timedelta(days=days)
    with sqlite3.connect(hub.folder / "data" / "hub.db", timeout=20) as database:
        changed = database.execute(
            "UPDATE reach SET last_inbound_at = ? WHERE connector = 'messenger' AND address_id ="
            " (SELECT id FROM address WHERE path = ?)",
            (moment.strftime("%Y-%m-%d %H:%M:%S.%f"), found["address"].partition(":")[2]),
        )
        assert changed.rowcount == 1
    cleo.last_wrote_hours_ago(days * 24)


def steps(hub: RunningHub, thread: str) -> list[dict[str, Any]]:
    items = hub.get(f"/conversations/{thread}/messages", limit=100)["items"]
    events = [one["event"] for one in reversed(items) if one["type"] == "event"]
    return [one for one in events if one["name"] == "delivery.fallback"]


def test_after_messengers_window_the_answer_arrives_by_sms(
    world: tuple[RunningHub, Sandbox],
) -> None:
    hub, sandbox = world
    cleo = sandbox.graph.customer(f"Cleo {word()}")
    thread = meets(hub, cleo)
    phone = brings_to_sms(hub, sandbox, thread)
    before = address_on(hub, thread, "messenger")
    assert before is not None
    assert before["fallback"] == {
        "connector": "sms",
        "kind": "sms",
        "address": f"tel:{phone.number}",
    }
    last_wrote_days_ago(hub, thread, cleo, 8)
    text = f"Your parcel is here {word()}"
    sent = hub.reply(thread, text, connector="messenger")
    assert sent["connector"] == "messenger"
    found = hub.delivery_of(sent, "delivered")
    assert found["fallback_from"]["connector"] == "messenger"
    assert found["fallback_from"]["code"] == "window_closed"
    phone.received.wait_for(text=text)
    now = hub.get(f"/messages/{sent['id']}")
    assert (now["connector"], now["address"]) == ("sms", f"tel:{phone.number}")
    assert not any(text in each.text for each in cleo.received)
    orders = [call for call in sandbox.graph.calls if text in str(call.values)]
    assert orders == []  # what is known to be refused is not tried
    (step,) = steps(hub, now["conversation_id"])
    assert (step["from"]["connector"], step["to"]["connector"]) == ("messenger", "sms")
    metrics = requests.get(f"{hub.url}/metrics", timeout=20).text
    assert re.search(
        r'hub_fallbacks_total\{from="messenger",reason="window_closed",to="sms"\}', metrics
    )


def test_whoever_said_stop_by_sms_gets_nothing_there_instead(
    world: tuple[RunningHub, Sandbox],
) -> None:
    hub, sandbox = world
    cleo = sandbox.graph.customer(f"Cleo {word()}")
    thread = meets(hub, cleo)
    phone = brings_to_sms(hub, sandbox, thread)
    phone.texts("STOP")
    eventually(lambda: not (address_on(hub, thread, "sms") or {"reachable": 1})["reachable"])
    last_wrote_days_ago(hub, thread, cleo, 8)
    text = f"one more offer {word()}"
    found = hub.delivery_of(hub.reply(thread, text, connector="messenger"), "failed")
    assert (found["code"], found["fallback_from"]) == ("window_closed", None)
    assert not any(text in each.text for each in phone.received)


def test_what_a_visitor_left_unread_comes_by_mail_with_a_way_back(
    world: tuple[RunningHub, Sandbox],
) -> None:
    hub, sandbox = world
    visitor = hub.visitor(locale="et")
    hello = f"Is it back? {word()}"
    thread = visitor.says(hello, "c-1")["message"]["conversation_id"]
    mailbox = brings_to_mail(hub, sandbox, thread)
    there = address_on(hub, thread, "website")
    assert there is not None
    assert (there["present"], there["fallback"]["connector"]) == (True, "mail")
    visitor.close()
    eventually(lambda: (address_on(hub, thread, "website") or {})["present"] is False)
    answers = [f"Yes, in blue {word()}", f"Shall I keep it? {word()}"]
    sent = [hub.reply(thread, text, connector="website") for text in answers]
    mail = mailbox.received.wait_for(lambda each: answers[-1] in each.text, timeout=30)
    assert all(text in mail.text for text in answers)
    assert "Vastus" in mail.subject
    assert mail.header("Auto-Submitted") == "auto-replied"
    (step,) = steps(hub, thread)
    assert (step["code"], step["to"]["connector"]) == ("visitor_left", "mail")
    assert step["messages"] == [one["id"] for one in sent]

    token = re.search(r"/chat/website#resume=([A-Za-z0-9_-]+)", mail.text)
    assert token is not None
    with hub.visitor(resume=token[1]) as phone:
        assert phone.session["resumed"] is True
        shown = [one["text"] for one in phone.session["messages"]]
        assert {hello, *answers} <= set(shown)
    with hub.visitor(resume=token[1]) as stranger:
        assert stranger.session["resumed"] is False
        assert stranger.session["messages"] == []

    reply = f"Yes please {word()}"
    mailbox.replies(mail, reply)
    assert hub.message_with(reply)["conversation_id"] == thread


def test_a_visitor_nobody_can_reach_gets_nothing_and_the_agent_is_told(
    world: tuple[RunningHub, Sandbox],
) -> None:
    hub, _sandbox = world
    visitor = hub.visitor()
    thread = visitor.says(f"hello {word()}", "c-1")["message"]["conversation_id"]
    visitor.close()
    eventually(lambda: (address_on(hub, thread, "website") or {})["present"] is False)
    hub.reply(thread, f"Are you there? {word()}")
    (step,) = eventually(lambda: steps(hub, thread), 20)
    assert (step["code"], step["to"]) == ("visitor_left", None)


def test_whatever_is_killed_an_answer_leaves_by_one_channel(tmp_path: Path) -> None:
    seed = random.randrange(10**9)
    print(f"seed {seed}")
    chance = random.Random(seed)
    port = free_port()
    with Sandbox(hub_url=f"http://127.0.0.1:{port}") as sandbox:
        with RunningHub(tmp_path, config_of(sandbox), port=port) as hub:
            cleo = sandbox.graph.customer("Cleo")
            thread = meets(hub, cleo)
            phone = brings_to_sms(hub, sandbox, thread)
            last_wrote_days_ago(hub, thread, cleo, 8)
            sent = []
            for number in range(24):
                sent.append(hub.reply(thread, f"answer {number:02d}", connector="messenger"))
                if number % 8 == 7:
                    time.sleep(chance.random() * 0.2)
                    hub.kill()
                    hub.start()
            ended = [
                hub.delivery_of(one, "sent", "delivered", "failed", timeout=60) for one in sent
            ]
        shown = Counter(bubble.text for bubble in phone.received if "answer" in bubble.text)
        for one, delivery in zip(sent, ended, strict=True):
            if delivery["status"] == "failed":
                assert shown[one["text"]] == 0
            elif not delivery["maybe_twice"]:
                assert shown[one["text"]] == 1, (one["text"], delivery)
        assert not any("answer" in bubble.text for bubble in cleo.received)
        failed = [one for one in ended if one["status"] == "failed"]
        assert len(failed) <= 3  # at most what was in hand at each kill
