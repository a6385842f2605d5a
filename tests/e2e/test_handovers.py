"""Handovers from every channel to every other."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from hub.sandbox import Sandbox
from tests.harness import RunningHub, Screen, eventually

pytestmark = pytest.mark.servers

CHANNELS = ("website", "mail", "sms", "telegram", "messenger")
WELCOME = "nothing needs repeating"
_numbers = itertools.count(140)


class ChannelCustomer:
    """A customer on one channel: writes, follows a link, gets an answer."""

    def __init__(self, hub: RunningHub, sandbox: Sandbox, name: str, stack: ExitStack) -> None:
        self.hub, self.sandbox, self.name, self.stack = hub, sandbox, name, stack
        self.person = "p" + uuid.uuid4().hex[:8]
        self.page: Screen | None = None
        self.customer: Any = {
            "website": lambda: None,
            "mail": lambda: sandbox.mail.customer(f"{self.person}@example.org", self.person),
            "sms": lambda: sandbox.twilio.customer(f"+12025550{next(_numbers)}"),
            "telegram": lambda: sandbox.telegram.customer(self.person),
            "messenger": lambda: sandbox.graph.customer(self.person),
        }[name]()

    def says(self, text: str) -> dict[str, Any]:
        if self.name == "website":
            if self.page is None:
                self.page = self.stack.enter_context(self.hub.visitor())
            assert self.page.says(text, uuid.uuid4().hex)["ok"]
        elif self.name == "mail":
            self.customer.sends(subject="A question", text=text)
        else:
            self.customer.says(text)
        return self.hub.message_with(text)

    def follows(self, handover: dict[str, Any]) -> None:
        """Opens the link of a handover as a device does."""
        url = urlsplit(handover["url"])
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        if self.name == "website":
            token = url.fragment.removeprefix("resume=")
            self.page = self.stack.enter_context(self.hub.visitor(resume=token))
        elif self.name == "mail":
            self.customer.sends(to=unquote(url.path), subject=query["subject"], text=query["body"])
        elif self.name == "sms":
            self.customer.texts(query["body"])
        elif self.name == "telegram":
            self.customer.starts(query["start"])
        else:
            self.customer.follows_link(query["ref"])

    def hears(self, text: str) -> bool:
        if self.name == "website":
            assert self.page is not None
            return eventually(lambda: text in str(self.page and self.page.heard), expected=text)
        return bool(self.customer.received.wait_for(lambda message: text in message.text))


@pytest.fixture
def customer_on(hub: RunningHub, sandbox: Sandbox) -> Iterator[Callable[[str], ChannelCustomer]]:
    with ExitStack() as stack:
        yield lambda name: ChannelCustomer(hub, sandbox, name, stack)


def events(hub: RunningHub, conversation_id: str) -> list[dict[str, Any]]:
    items = hub.get(f"/conversations/{conversation_id}/messages", limit=100)["items"]
    return [item["event"] for item in reversed(items) if item["type"] == "event"]


def event_named(hub: RunningHub, conversation_id: str, name: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        return next(
            (event for event in events(hub, conversation_id) if event["name"] == name), None
        )

    event = eventually(look, expected=name)
    assert event is not None
    return event


@pytest.mark.parametrize(("origin", "goal"), list(itertools.permutations(CHANNELS, 2)))
def test_a_customer_continues_on_another_channel(
    hub: RunningHub, customer_on: Callable[[str], ChannelCustomer], origin: str, goal: str
) -> None:
    origin_customer, goal_customer = customer_on(origin), customer_on(goal)
    question = f"Where is my order A-1001, {origin_customer.person}?"
    question_message = origin_customer.says(question)
    conversation_id = question_message["conversation_id"]
    hub.patch(f"/conversations/{conversation_id}", {"labels": ["vip"], "priority": "high"})
    before = hub.get(f"/conversations/{conversation_id}")
    handover = hub.post(f"/conversations/{conversation_id}/handovers", {"connector": goal})
    assert {"id", "connector", "url", "code", "qr", "expires_at"} == set(handover)
    goal_customer.follows(handover)

    switched = event_named(hub, conversation_id, "channel.switched")
    assert (switched["from"]["connector"], switched["to"]["connector"]) == (origin, goal)
    assert (switched["from"]["address"], switched["recognised_by"]) == (
        question_message["address"],
        "handover",
    )
    after = hub.get(f"/conversations/{conversation_id}")
    for name in ("id", "status", "assignee", "labels", "priority", "waiting_since"):
        assert after[name] == before[name], name
    assert after["contact"]["id"] == before["contact"]["id"]
    card = after["context_card"]
    assert card["open_question"] == question
    assert [item["text"] for item in card["given"] if item["type"] == "order"] == ["A-1001"]
    assert card["waiting_since"] == before["waiting_since"] is not None
    assert (card["from"]["connector"], card["to"]["connector"]) == (origin, goal)
    goal_customer.hears(WELCOME)

    next_message = goal_customer.says(f"It is me, {goal_customer.person}")
    assert (next_message["conversation_id"], next_message["contact_id"]) == (
        conversation_id,
        question_message["contact_id"],
    )
    hub.reply(conversation_id, f"On its way, {goal_customer.person}")
    goal_customer.hears(f"On its way, {goal_customer.person}")
    assert hub.get(f"/conversations/{conversation_id}")["context_card"] is None
    (redeemed,) = hub.get(f"/conversations/{conversation_id}/handovers")["items"]
    assert redeemed["redeemed_at"] is not None
    names = [item["name"] for item in events(hub, conversation_id)]
    assert [names.count(name) for name in ("handover.created", "handover.redeemed")] == [1, 1]
    assert names.count("channel.switched") == 1
    secret = handover["url"].rpartition("=")[2]
    assert secret not in str(events(hub, conversation_id)) and handover["code"] not in str(
        events(hub, conversation_id)
    )


def test_an_answer_follows_a_redeemed_handover_before_the_next_message(
    hub: RunningHub, customer_on: Callable[[str], ChannelCustomer]
) -> None:
    origin_customer, goal_customer = customer_on("website"), customer_on("telegram")
    conversation_id = origin_customer.says(f"Hello from {origin_customer.person}")[
        "conversation_id"
    ]
    goal_customer.follows(
        hub.post(f"/conversations/{conversation_id}/handovers", {"connector": "telegram"})
    )
    event_named(hub, conversation_id, "handover.redeemed")
    hub.reply(conversation_id, f"Welcome over, {goal_customer.person}")
    assert goal_customer.hears(f"Welcome over, {goal_customer.person}")


def test_a_code_in_the_middle_of_a_sentence_is_enough(
    hub: RunningHub, customer_on: Callable[[str], ChannelCustomer]
) -> None:
    origin_customer, goal_customer = customer_on("website"), customer_on("sms")
    question_message = origin_customer.says(f"Hello from {origin_customer.person}")
    conversation_id = question_message["conversation_id"]
    code = hub.post(f"/conversations/{conversation_id}/handovers", {"connector": "sms"})["code"]
    next_message = goal_customer.says(
        f"hi it's me, {code[:4].lower()}-{code[4:].lower()}, where is my parcel?"
    )
    assert next_message["contact_id"] == question_message["contact_id"]
    assert hub.get(f"/conversations/{conversation_id}")["unread_count"] == 2


def test_a_forwarded_mail_from_a_forged_sender_redeems_nothing(
    hub: RunningHub, sandbox: Sandbox, customer_on: Callable[[str], ChannelCustomer]
) -> None:
    origin_customer = customer_on("website")
    question_message = origin_customer.says(f"Hello from {origin_customer.person}")
    conversation_id = question_message["conversation_id"]
    handover = hub.post(f"/conversations/{conversation_id}/handovers", {"connector": "mail"})
    text = f"Fwd: please go on here. Code: {handover['code']} {origin_customer.person}"
    to = unquote(urlsplit(handover["url"]).path)
    forger = sandbox.mail.customer("forger@unsigned.example", "Forger")
    raw = (
        f"From: Victim <victim-{origin_customer.person}@example.org>\r\n"
        f"To: {to}\r\nSubject: Fwd\r\n"
        f"Message-ID: <{origin_customer.person}@unsigned.example>\r\n"
        "Authentication-Results: mx.evil.example; dmarc=pass header.from=example.org\r\n"
        f"\r\n{text}\r\n"
    )
    forger.sends(raw=raw.encode(), to=to)
    stranger = hub.message_with(text)
    assert stranger["contact_id"] != question_message["contact_id"]
    (stored_handover,) = hub.get(f"/conversations/{conversation_id}/handovers")["items"]
    assert stored_handover["redeemed_at"] is None


def test_a_customer_asks_for_a_handover(
    hub: RunningHub, customer_on: Callable[[str], ChannelCustomer]
) -> None:
    origin_customer, goal_customer = customer_on("website"), customer_on("messenger")
    question_message = origin_customer.says(f"Hello from {origin_customer.person}")
    assert origin_customer.page is not None
    handover = origin_customer.page.ask("handover.request", connector="messenger")
    assert handover.pop("ok") is True
    assert set(handover) == {"id", "connector", "url", "code", "qr", "expires_at"}
    assert handover["qr"].startswith("data:image/svg+xml")
    goal_customer.follows(handover)
    created = event_named(hub, question_message["conversation_id"], "handover.created")
    assert created["by"] == "contact"
    assert (
        goal_customer.says(f"me {goal_customer.person}")["contact_id"]
        == question_message["contact_id"]
    )


def test_agents_get_the_event_of_a_switch_with_its_card(
    hub: RunningHub, customer_on: Callable[[str], ChannelCustomer]
) -> None:
    origin_customer, goal_customer = customer_on("sms"), customer_on("telegram")
    conversation_id = origin_customer.says(f"Is it open? {origin_customer.person}")[
        "conversation_id"
    ]
    with hub.agent() as agent:
        goal_customer.follows(
            hub.post(f"/conversations/{conversation_id}/handovers", {"connector": "telegram"})
        )
        heard = agent.wait_for(
            "conversation.updated",
            lambda e: e["conversation"]["id"] == conversation_id and e["context_card"] is not None,
        )
    assert heard["context_card"] == heard["conversation"]["context_card"]
    assert set(heard["context_card"]) == {
        "from",
        "to",
        "switched_at",
        "open_question",
        "given",
        "waiting_since",
    }


OFFER_CONFIG = """\
connectors:
  website: {kind: webchat}
  second: {kind: webchat}
replies:
  handover: {offer: second, offer_after: 1s, offer_text: "Or go on there: {links}"}
"""


def test_a_waiting_visitor_is_offered_another_channel_once(tmp_path: Path) -> None:
    with RunningHub(tmp_path, OFFER_CONFIG) as hub, hub.visitor() as visitor:
        conversation_id = visitor.says("Is anybody there?", "c-1")["message"]["conversation_id"]
        offer = visitor.wait_for(
            "message.created", lambda e: "Or go on there" in e["message"]["text"], 40.0
        )
        assert f"{hub.url}/chat/second#resume=" in offer["message"]["text"]
        assert offer["message"]["author"]["type"] == "system"
        (handover,) = hub.get(f"/conversations/{conversation_id}/handovers")["items"]
        assert handover["created_by"] == "hub"
        token = offer["message"]["text"].partition("#resume=")[2].strip()
        with hub.visitor("second", resume=token) as goal_customer:
            message = goal_customer.says("Here I am", "c-2")["message"]
        assert message["conversation_id"] == conversation_id
