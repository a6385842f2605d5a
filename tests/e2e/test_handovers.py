"""From every channel to every other: the link is followed, nothing is said twice."""

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


class Phone:
    """A customer on one channel: says something, follows a link, gets an answer."""

    def __init__(self, hub: RunningHub, sandbox: Sandbox, name: str, stack: ExitStack) -> None:
        self.hub, self.sandbox, self.name, self.stack = hub, sandbox, name, stack
        self.person = "p" + uuid.uuid4().hex[:8]
        self.page: Screen | None = None
        self.owner: Any = {
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
            self.owner.sends(subject="A question", text=text)
        else:
            self.owner.says(text)
        return self.hub.message_with(text)

    def follows(self, made: dict[str, Any]) -> None:
        """Does what the link makes a device do."""
        url = urlsplit(made["url"])
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        if self.name == "website":
            token = url.fragment.removeprefix("resume=")
            self.page = self.stack.enter_context(self.hub.visitor(resume=token))
        elif self.name == "mail":
            self.owner.sends(to=unquote(url.path), subject=query["subject"], text=query["body"])
        elif self.name == "sms":
            self.owner.texts(query["body"])
        elif self.name == "telegram":
            self.owner.starts(query["start"])
        else:
            self.owner.follows_link(query["ref"])

    def hears(self, words: str) -> bool:
        if self.name == "website":
            assert self.page is not None
            return eventually(lambda: words in str(self.page and self.page.heard), what=words)
        return bool(self.owner.received.wait_for(lambda one: words in one.text))


@pytest.fixture
def phone(hub: RunningHub, sandbox: Sandbox) -> Iterator[Callable[[str], Phone]]:
    with ExitStack() as stack:
        yield lambda name: Phone(hub, sandbox, name, stack)


def events(hub: RunningHub, conversation_id: str) -> list[dict[str, Any]]:
    items = hub.get(f"/conversations/{conversation_id}/messages", limit=100)["items"]
    return [one["event"] for one in reversed(items) if one["type"] == "event"]


def told(hub: RunningHub, conversation_id: str, name: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        return next((one for one in events(hub, conversation_id) if one["name"] == name), None)

    found = eventually(look, what=name)
    assert found is not None
    return found


@pytest.mark.parametrize(("origin", "goal"), list(itertools.permutations(CHANNELS, 2)))
def test_a_customer_goes_on_elsewhere(
    hub: RunningHub, phone: Callable[[str], Phone], origin: str, goal: str
) -> None:
    here, there = phone(origin), phone(goal)
    question = f"Where is my order A-1001, {here.person}?"
    asked = here.says(question)
    thread = asked["conversation_id"]
    hub.patch(f"/conversations/{thread}", {"labels": ["vip"], "priority": "high"})
    before = hub.get(f"/conversations/{thread}")
    made = hub.post(f"/conversations/{thread}/handovers", {"connector": goal})
    assert {"id", "connector", "url", "code", "qr", "expires_at"} == set(made)
    there.follows(made)

    switched = told(hub, thread, "channel.switched")
    assert (switched["from"]["connector"], switched["to"]["connector"]) == (origin, goal)
    assert (switched["from"]["address"], switched["recognised_by"]) == (
        asked["address"],
        "handover",
    )
    after = hub.get(f"/conversations/{thread}")
    for name in ("id", "status", "assignee", "labels", "priority", "waiting_since"):
        assert after[name] == before[name], name
    assert after["contact"]["id"] == before["contact"]["id"]
    card = after["context_card"]
    assert card["open_question"] == question
    assert [one["text"] for one in card["given"] if one["type"] == "order"] == ["A-1001"]
    assert card["waiting_since"] == before["waiting_since"] is not None
    assert (card["from"]["connector"], card["to"]["connector"]) == (origin, goal)
    there.hears(WELCOME)

    more = there.says(f"It is me, {there.person}")
    assert (more["conversation_id"], more["contact_id"]) == (thread, asked["contact_id"])
    hub.reply(thread, f"On its way, {there.person}")
    there.hears(f"On its way, {there.person}")
    assert hub.get(f"/conversations/{thread}")["context_card"] is None
    (kept,) = hub.get(f"/conversations/{thread}/handovers")["items"]
    assert kept["redeemed_at"] is not None
    names = [one["name"] for one in events(hub, thread)]
    assert [names.count(name) for name in ("handover.created", "handover.redeemed")] == [1, 1]
    assert names.count("channel.switched") == 1
    secret = made["url"].rpartition("=")[2]
    assert secret not in str(events(hub, thread)) and made["code"] not in str(events(hub, thread))


def test_an_answer_goes_to_where_they_went_before_they_say_a_word(
    hub: RunningHub, phone: Callable[[str], Phone]
) -> None:
    here, there = phone("website"), phone("telegram")
    thread = here.says(f"Hello from {here.person}")["conversation_id"]
    there.follows(hub.post(f"/conversations/{thread}/handovers", {"connector": "telegram"}))
    told(hub, thread, "handover.redeemed")
    hub.reply(thread, f"Welcome over, {there.person}")
    assert there.hears(f"Welcome over, {there.person}")


def test_a_code_in_the_middle_of_a_sentence_is_enough(
    hub: RunningHub, phone: Callable[[str], Phone]
) -> None:
    here, there = phone("website"), phone("sms")
    asked = here.says(f"Hello from {here.person}")
    thread = asked["conversation_id"]
    code = hub.post(f"/conversations/{thread}/handovers", {"connector": "sms"})["code"]
    more = there.says(f"hi it's me, {code[:4].lower()}-{code[4:].lower()}, where is my parcel?")
    assert more["contact_id"] == asked["contact_id"]
    assert hub.get(f"/conversations/{thread}")["unread_count"] == 2


def test_a_forwarded_mail_from_a_forged_sender_redeems_nothing(
    hub: RunningHub, sandbox: Sandbox, phone: Callable[[str], Phone]
) -> None:
    here = phone("website")
    asked = here.says(f"Hello from {here.person}")
    thread = asked["conversation_id"]
    made = hub.post(f"/conversations/{thread}/handovers", {"connector": "mail"})
    text = f"Fwd: please go on here. Code: {made['code']} {here.person}"
    to = unquote(urlsplit(made["url"]).path)
    forger = sandbox.mail.customer("forger@unsigned.example", "Forger")
    raw = (
        f"From: Victim <victim-{here.person}@example.org>\r\nTo: {to}\r\nSubject: Fwd\r\n"
        f"Message-ID: <{here.person}@unsigned.example>\r\n"
        "Authentication-Results: mx.evil.example; dmarc=pass header.from=example.org\r\n"
        f"\r\n{text}\r\n"
    )
    forger.sends(raw=raw.encode(), to=to)
    stranger = hub.message_with(text)
    assert stranger["contact_id"] != asked["contact_id"]
    (kept,) = hub.get(f"/conversations/{thread}/handovers")["items"]
    assert kept["redeemed_at"] is None


def test_a_customer_asks_for_it_themselves(hub: RunningHub, phone: Callable[[str], Phone]) -> None:
    here, there = phone("website"), phone("messenger")
    asked = here.says(f"Hello from {here.person}")
    assert here.page is not None
    made = here.page.ask("handover.request", connector="messenger")
    assert made.pop("ok") is True
    assert set(made) == {"id", "connector", "url", "code", "qr", "expires_at"}
    assert made["qr"].startswith("data:image/svg+xml")
    there.follows(made)
    created = told(hub, asked["conversation_id"], "handover.created")
    assert created["by"] == "contact"
    assert there.says(f"me {there.person}")["contact_id"] == asked["contact_id"]


def test_agents_hear_of_a_switch_with_its_card(
    hub: RunningHub, phone: Callable[[str], Phone]
) -> None:
    here, there = phone("sms"), phone("telegram")
    thread = here.says(f"Is it open? {here.person}")["conversation_id"]
    with hub.agent() as agent:
        there.follows(hub.post(f"/conversations/{thread}/handovers", {"connector": "telegram"}))
        heard = agent.wait_for(
            "conversation.updated",
            lambda e: e["conversation"]["id"] == thread and e["context_card"] is not None,
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


WAITING = """\
connectors:
  website: {kind: webchat}
  second: {kind: webchat}
replies:
  handover: {offer: second, offer_after: 1s, offer_text: "Or go on there: {links}"}
"""


def test_who_waits_on_a_page_is_offered_another_channel_once(tmp_path: Path) -> None:
    with RunningHub(tmp_path, WAITING) as hub, hub.visitor() as visitor:
        thread = visitor.says("Is anybody there?", "c-1")["message"]["conversation_id"]
        offer = visitor.wait_for(
            "message.created", lambda e: "Or go on there" in e["message"]["text"], 40.0
        )
        assert f"{hub.url}/chat/second#resume=" in offer["message"]["text"]
        assert offer["message"]["author"]["type"] == "system"
        (made,) = hub.get(f"/conversations/{thread}/handovers")["items"]
        assert made["created_by"] == "hub"
        token = offer["message"]["text"].partition("#resume=")[2].strip()
        with hub.visitor("second", resume=token) as there:
            said = there.says("Here I am", "c-2")["message"]
        assert said["conversation_id"] == thread
