"""An answer goes by another channel when its own cannot carry it, on the real servers."""

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
    """Returns the demo's configuration with a fallback after one second."""
    return f"{demo_connectors(sandbox.endpoints)}replies: {{fallback: {{after: 1s}}}}\n"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningHub, Sandbox]]:
    port = free_port()
    with Sandbox(hub_url=f"http://127.0.0.1:{port}") as sandbox:
        folder = tmp_path_factory.mktemp("hub")
        with RunningHub(folder, config_of(sandbox), port=port) as hub:
            yield hub, sandbox


def unique_word() -> str:
    return uuid.uuid4().hex[:10]


def starts_conversation(hub: RunningHub, customer: Any) -> str:
    text = f"hello {unique_word()}"
    customer.says(text)
    return str(hub.message_with(text)["conversation_id"])


def continues_by_sms(hub: RunningHub, sandbox: Sandbox, conversation_id: str) -> Any:
    """Redeems a handover to SMS by its code. Returns the customer with the phone."""
    phone = sandbox.twilio.customer(f"+1{next(_numbers)}")
    code = hub.post(f"/conversations/{conversation_id}/handovers", {"connector": "sms"})["code"]
    phone.texts(code)
    eventually(lambda: address_on(hub, conversation_id, "sms"), expected="the phone's address")
    return phone


def continues_by_mail(hub: RunningHub, sandbox: Sandbox, conversation_id: str) -> Any:
    """Redeems a handover to mail. Returns the customer with the mailbox."""
    mailbox = sandbox.mail.customer(f"{unique_word()}@example.org", "Dora")
    url = hub.post(f"/conversations/{conversation_id}/handovers", {"connector": "mail"})["url"]
    to = re.fullmatch(r"mailto:([^?]+)\?.*", url)
    assert to is not None
    mailbox.sends(f"Here I am {unique_word()}", to=to[1])
    eventually(lambda: address_on(hub, conversation_id, "mail"), expected="the mailbox's address")
    return mailbox


def address_on(hub: RunningHub, conversation_id: str, connector: str) -> dict[str, Any] | None:
    contact_id = hub.get(f"/conversations/{conversation_id}")["contact"]["id"]
    addresses = hub.get(f"/contacts/{contact_id}/addresses")["items"]
    return next((address for address in addresses if address["connector"] == connector), None)


def last_wrote_days_ago(hub: RunningHub, conversation_id: str, customer: Any, days: float) -> None:
    address = address_on(hub, conversation_id, "messenger")
    assert address is not None
    moment = datetime.now(UTC) - timedelta(days=days)
    with sqlite3.connect(hub.folder / "data" / "hub.db", timeout=20) as database:
        changed = database.execute(
            "UPDATE reach SET last_inbound_at = ? WHERE connector = 'messenger' AND address_id ="
            " (SELECT id FROM address WHERE path = ?)",
            (moment.strftime("%Y-%m-%d %H:%M:%S.%f"), address["address"].partition(":")[2]),
        )
        assert changed.rowcount == 1
    customer.last_wrote_hours_ago(days * 24)


def fallback_events(hub: RunningHub, conversation_id: str) -> list[dict[str, Any]]:
    items = hub.get(f"/conversations/{conversation_id}/messages", limit=100)["items"]
    events = [item["event"] for item in reversed(items) if item["type"] == "event"]
    return [item for item in events if item["name"] == "delivery.fallback"]


def test_after_messengers_window_the_answer_arrives_by_sms(
    world: tuple[RunningHub, Sandbox],
) -> None:
    hub, sandbox = world
    cleo = sandbox.graph.customer(f"Cleo {unique_word()}")
    conversation_id = starts_conversation(hub, cleo)
    phone = continues_by_sms(hub, sandbox, conversation_id)
    before = address_on(hub, conversation_id, "messenger")
    assert before is not None
    assert before["fallback"] == {
        "connector": "sms",
        "kind": "sms",
        "address": f"tel:{phone.number}",
    }
    last_wrote_days_ago(hub, conversation_id, cleo, 8)
    text = f"Your parcel is here {unique_word()}"
    sent = hub.reply(conversation_id, text, connector="messenger")
    assert sent["connector"] == "messenger"
    delivery = hub.delivery_of(sent, "delivered")
    assert delivery["fallback_from"]["connector"] == "messenger"
    assert delivery["fallback_from"]["code"] == "window_closed"
    phone.received.wait_for(text=text)
    message = hub.get(f"/messages/{sent['id']}")
    assert (message["connector"], message["address"]) == ("sms", f"tel:{phone.number}")
    assert not any(text in each.text for each in cleo.received)
    calls = [call for call in sandbox.graph.calls if text in str(call.values)]
    assert calls == []  # a send that will be refused is not tried
    (event,) = fallback_events(hub, message["conversation_id"])
    assert (event["from"]["connector"], event["to"]["connector"]) == ("messenger", "sms")
    metrics = requests.get(f"{hub.url}/metrics", timeout=20).text
    assert re.search(
        r'hub_fallbacks_total\{from="messenger",reason="window_closed",to="sms"\}', metrics
    )


def test_a_customer_that_sent_stop_gets_no_sms_instead(
    world: tuple[RunningHub, Sandbox],
) -> None:
    hub, sandbox = world
    cleo = sandbox.graph.customer(f"Cleo {unique_word()}")
    conversation_id = starts_conversation(hub, cleo)
    phone = continues_by_sms(hub, sandbox, conversation_id)
    phone.texts("STOP")
    eventually(
        lambda: not (address_on(hub, conversation_id, "sms") or {"reachable": 1})["reachable"]
    )
    last_wrote_days_ago(hub, conversation_id, cleo, 8)
    text = f"one more offer {unique_word()}"
    delivery = hub.delivery_of(hub.reply(conversation_id, text, connector="messenger"), "failed")
    assert (delivery["code"], delivery["fallback_from"]) == ("window_closed", None)
    assert not any(text in each.text for each in phone.received)


def test_answers_a_visitor_did_not_read_come_by_mail_with_a_link_back(
    world: tuple[RunningHub, Sandbox],
) -> None:
    hub, sandbox = world
    visitor = hub.visitor(locale="et")
    hello = f"Is it back? {unique_word()}"
    conversation_id = visitor.says(hello, "c-1")["message"]["conversation_id"]
    mailbox = continues_by_mail(hub, sandbox, conversation_id)
    web_address = address_on(hub, conversation_id, "website")
    assert web_address is not None
    assert (web_address["present"], web_address["fallback"]["connector"]) == (True, "mail")
    visitor.close()
    eventually(lambda: (address_on(hub, conversation_id, "website") or {})["present"] is False)
    answers = [f"Yes, in blue {unique_word()}", f"Shall I keep it? {unique_word()}"]
    sent = [hub.reply(conversation_id, text, connector="website") for text in answers]
    mail = mailbox.received.wait_for(lambda each: answers[-1] in each.text, timeout=30)
    assert all(text in mail.text for text in answers)
    assert "Vastus" in mail.subject
    assert mail.header("Auto-Submitted") == "auto-replied"
    (event,) = fallback_events(hub, conversation_id)
    assert (event["code"], event["to"]["connector"]) == ("visitor_left", "mail")
    assert event["messages"] == [message["id"] for message in sent]

    token = re.search(r"/chat/website#resume=([A-Za-z0-9_-]+)", mail.text)
    assert token is not None
    with hub.visitor(resume=token[1]) as phone:
        assert phone.session["resumed"] is True
        shown = [message["text"] for message in phone.session["messages"]]
        assert {hello, *answers} <= set(shown)
    with hub.visitor(resume=token[1]) as stranger:
        assert stranger.session["resumed"] is False
        assert stranger.session["messages"] == []

    reply = f"Yes please {unique_word()}"
    mailbox.replies(mail, reply)
    assert hub.message_with(reply)["conversation_id"] == conversation_id


def test_a_visitor_without_another_channel_gets_nothing_and_the_agent_sees_it(
    world: tuple[RunningHub, Sandbox],
) -> None:
    hub, _sandbox = world
    visitor = hub.visitor()
    conversation_id = visitor.says(f"hello {unique_word()}", "c-1")["message"]["conversation_id"]
    visitor.close()
    eventually(lambda: (address_on(hub, conversation_id, "website") or {})["present"] is False)
    hub.reply(conversation_id, f"Are you there? {unique_word()}")
    (event,) = eventually(lambda: fallback_events(hub, conversation_id), 20)
    assert (event["code"], event["to"]) == ("visitor_left", None)


def test_an_answer_leaves_by_one_channel_when_the_hub_is_killed(tmp_path: Path) -> None:
    seed = random.randrange(10**9)
    print(f"seed {seed}")
    chance = random.Random(seed)
    port = free_port()
    with Sandbox(hub_url=f"http://127.0.0.1:{port}") as sandbox:
        with RunningHub(tmp_path, config_of(sandbox), port=port) as hub:
            cleo = sandbox.graph.customer("Cleo")
            conversation_id = starts_conversation(hub, cleo)
            phone = continues_by_sms(hub, sandbox, conversation_id)
            last_wrote_days_ago(hub, conversation_id, cleo, 8)
            sent = []
            for number in range(24):
                sent.append(
                    hub.reply(conversation_id, f"answer {number:02d}", connector="messenger")
                )
                if number % 8 == 7:
                    time.sleep(chance.random() * 0.2)
                    hub.kill()
                    hub.start()
            deliveries = [
                hub.delivery_of(message, "sent", "delivered", "failed", timeout=60)
                for message in sent
            ]
        shown = Counter(bubble.text for bubble in phone.received if "answer" in bubble.text)
        for message, delivery in zip(sent, deliveries, strict=True):
            if delivery["status"] == "failed":
                assert shown[message["text"]] == 0
            elif not delivery["maybe_twice"]:
                assert shown[message["text"]] == 1, (message["text"], delivery)
        assert not any("answer" in bubble.text for bubble in cleo.received)
        failed = [message for message in deliveries if message["status"] == "failed"]
        assert len(failed) <= 3  # at most one per kill
