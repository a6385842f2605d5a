"""Two people whom an agent makes one, on real channels: where answers go, and who is suggested."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from hub.sandbox import Sandbox
from tests.harness import RunningHub, eventually

pytestmark = pytest.mark.servers
numbers = itertools.count(1)

#: The customer of a channel, and how they write.
PEOPLE: dict[str, Any] = {
    "messenger": (
        lambda sandbox, number: sandbox.graph.customer(f"Pia {number}"),
        lambda customer, text: customer.says(text),
    ),
    "sms": (
        lambda sandbox, number: sandbox.twilio.customer(f"+1202556{number:04d}"),
        lambda customer, text: customer.texts(text),
    ),
    "telegram": (
        lambda sandbox, number: sandbox.telegram.customer(f"Quentin {number}"),
        lambda customer, text: customer.says(text),
    ),
    "email": (
        lambda sandbox, number: sandbox.mail.customer(f"q{number}@example.org", "Quentin"),
        lambda customer, text: customer.sends(text, subject="Hello"),
    ),
}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("messenger", "sms"),
        ("sms", "messenger"),
        ("telegram", "email"),
        ("email", "telegram"),
        ("messenger", "messenger"),
    ],
)
@pytest.mark.parametrize("linked_into", ["first", "second"])
def test_after_a_merge_each_conversations_answer_goes_to_its_own_customer(
    hub: RunningHub, sandbox: Sandbox, first: str, second: str, linked_into: str
) -> None:
    customers, said = [], []
    for kind in (first, second):
        number = next(numbers)
        make, write = PEOPLE[kind]
        customers.append(make(sandbox, number))
        write(customers[-1], f"words {number} by {kind}")
        said.append(hub.message_with(f"words {number} by {kind}"))
    kept, other = said if linked_into == "first" else reversed(said)
    link = hub.post(f"/contacts/{kept['contact_id']}/links", {"contact_id": other["contact_id"]})
    with hub.agent() as agent:
        for customer, message in zip(customers, said, strict=True):
            text = f"an answer to {message['id']}"
            sent = hub.reply(message["conversation_id"], text)
            assert sent["address"] == message["address"]
            customer.received.wait_for(text=text)
            answer = agent.ask(
                "message.send",
                conversation_id=message["conversation_id"],
                text=f"again {message['id']}",
                client_id=f"again-{message['id']}",
            )
            assert answer["message"]["address"] == message["address"]
    assert hub.request("DELETE", f"/links/{link['id']}").status_code == 200
    for message in said:
        sent = hub.reply(message["conversation_id"], "and after the undoing")
        assert sent["address"] == message["address"]


@pytest.mark.parametrize("messenger_is", ["first", "second"])
def test_one_name_and_the_same_words_are_suggested_when_messenger_tells_the_name_later(
    hub: RunningHub, sandbox: Sandbox, messenger_is: str
) -> None:
    number = next(numbers)
    name, words = f"Nora Sepp{number}", f"Where is my order number {number}{number}{number}?"
    by_messenger, by_mail = (
        sandbox.graph.customer(name),
        sandbox.mail.customer(f"nora{number}@example.org", name),
    )
    steps = [
        lambda: by_messenger.says(words),
        lambda: by_mail.sends(words, subject="My order"),
    ]
    contacts = []
    for step in steps if messenger_is == "first" else steps[::-1]:
        step()
        known = [found["contact_id"] for found in contacts]

        def newest(known: list[str] = known) -> dict[str, Any] | None:
            for conversation in hub.conversations(limit=20):
                last = conversation["last_message"]
                if words in (last or {}).get("text", "") and last["contact_id"] not in known:
                    return dict(last)
            return None

        contacts.append(eventually(newest, expected=words))
    suggestions = eventually(
        lambda: hub.get(f"/contacts/{contacts[1]['contact_id']}/suggestions")["items"],
        expected="a suggestion",
    )
    assert any("sent the same words" in found["reason"] for found in suggestions)
