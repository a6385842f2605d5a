"""Nothing that a chat takes is invisible, and nothing that it refuses is refused without a word.

Events of a visitor's page and uploads are damaged at random. A message that was acknowledged is in
a conversation with something to see in it; every refusal has a code and a sentence, which the page
shows beside the message.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from hub.schema.visible_text import is_visible
from tests.harness import RunningHub, Screen

pytestmark = pytest.mark.servers

CONFIG = """\
connectors:
  website: {kind: webchat, departments: [Orders, Returns]}
limits:
  sessions_per_minute: 100000
  visitor_messages_per_minute: 100000
  visitor_messages_burst: 9999
"""
#: Values that stand where others are expected.
ODD: tuple[Any, ...] = (
    None, True, 0, -1, 1.5, 10**30, "", " ", "x", "\ufeff", "\u200b\u2060", "\x00", "a\x00b",
    "\ud83d", "0", "9" * 40, "é" * 10_001, "\u202e\u0301", [], {}, [[]], [None], {"id": {}},
    {"text": 7}, "2026-13-45", "<img src=x onerror=alert(1)>", "\r\nBcc: a@b.c", ["1", "1"],
)  # fmt: skip
#: Events that change something or only tell; each with what a page sends.
SIGNALS: dict[str, dict[str, Any]] = {
    "prechat.submit": {"name": "Ada", "email": "ada@home.example", "department": "Orders"},
    "typing": {"on": True},
    "read": {"message_id": "1"},
    "sync": {"after": "0"},
    "history": {"before": "5"},
    "handover.request": {"connector": "website"},
    "identify": {"id": "7", "user_hash": "00"},
}
NAMES = ("", ".", "..", "a" * 300, "\u202egnp.exe", "a\x00b", "CON", "../../x", "ü.png", "\ufeff")
MEDIA_TYPES = ("", "text/html", "image/png", "x", "image/svg+xml; charset=\x01", "a/b/c", "audio/x")
CONTENTS = (b"", b"\x00", b"<script>", b"\x89PNG\r\n\x1a\n", b"%PDF-1.4", os.urandom(2_000))
MESSAGES = 120
SIGNALS_EACH = 4
UPLOADS = 30


@pytest.fixture
def chance() -> random.Random:
    """Random choices. `HUB_TEST_SEED` makes those of a failure again."""
    seed = int(os.environ.get("HUB_TEST_SEED", random.SystemRandom().randrange(10**9)))
    print(f"HUB_TEST_SEED={seed}")
    return random.Random(seed)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    with RunningHub(tmp_path_factory.mktemp("chat"), CONFIG) as hub:
        yield hub


def damaged(payload: dict[str, Any], chance: random.Random) -> Any:
    """A payload with something wrong in it; now and then no object at all."""
    way = chance.random()
    if way < 0.05:
        return chance.choice(ODD)
    changed = dict(payload)
    if way < 0.15:
        changed.pop(chance.choice(list(payload)))
    elif way < 0.25:
        changed[chance.choice(("html", "sent_at", "author", "text ", ""))] = chance.choice(ODD)
    else:
        changed[chance.choice(list(payload))] = chance.choice(ODD)
    return changed


def ask(page: Screen, event: str, payload: Any) -> dict[str, Any]:
    answer = page.client.call(event, payload, namespace="/visitor", timeout=10)
    assert isinstance(answer, dict), f"{event} was not answered: {payload!r}"
    return answer


def assert_refused_with_a_sentence(answer: dict[str, Any], payload: Any) -> None:
    assert answer["ok"] is False
    assert answer["code"] not in ("", "internal"), (answer, payload)
    assert is_visible(answer["message"]), (answer, payload)


def shown_to_agents(hub: RunningHub) -> dict[str, dict[str, Any]]:
    """Every message of a customer in any conversation, by its id."""
    return {
        message["id"]: message
        for conversation in hub.conversations(limit=100)
        for message in hub.messages(conversation["id"])
        if message["direction"] == "in"
    }


def upload(hub: RunningHub, session: str, content: bytes, name: str, kind: str) -> Any:
    return requests.post(
        f"{hub.url}/chat/website/uploads",
        files={"file": (name, content, kind)},
        headers={"Authorization": f"Bearer {session}"},
        timeout=20,
    )


def test_a_damaged_message_is_shown_or_refused(hub: RunningHub, chance: random.Random) -> None:
    taken = refused = 0
    # An agent's list goes up to 100 messages; a page's conversation has fewer.
    for first in range(0, MESSAGES, 40):
        with hub.visitor(page=f"https://shop.example/{first}") as page:
            for number in range(first, first + 40):
                whole = {
                    "text": f"Where is it? {number}",
                    "client_id": f"c-{number}",
                    "reply_to": "1",
                    "attachments": [],
                }
                payload = damaged(whole, chance)
                answer = ask(page, "message.send", payload)
                if answer["ok"]:
                    taken += 1
                    assert_shown(hub, page, answer["message"]["id"], payload)
                else:
                    refused += 1
                    assert_refused_with_a_sentence(answer, payload)
    assert min(taken, refused) > MESSAGES / 10, "too few of one kind to say anything"
    assert hub.get("/journal", status="failed")["items"] == []


def assert_shown(hub: RunningHub, page: Screen, message_id: str, payload: Any) -> None:
    message = shown_to_agents(hub)[message_id]
    assert is_visible(message["text"]) or message["attachments"], payload
    own = ask(page, "sync", {"after": str(int(message_id) - 1)})
    assert message_id in [shown["id"] for shown in own["messages"]], payload


def test_every_other_event_is_answered(hub: RunningHub, chance: random.Random) -> None:
    for event, whole in SIGNALS.items():
        with hub.visitor() as page:
            page.says("Hello", "c-1")
            for _ in range(SIGNALS_EACH):
                payload = damaged(whole, chance)
                answer = ask(page, event, payload)
                if not answer["ok"]:
                    assert_refused_with_a_sentence(answer, payload)


def test_what_a_visitor_typed_before_the_chat_is_at_the_contact(
    hub: RunningHub, chance: random.Random
) -> None:
    for _ in range(20):
        with hub.visitor() as page:
            payload = damaged(SIGNALS["prechat.submit"], chance)
            if not ask(page, "prechat.submit", payload)["ok"]:
                continue
            message = page.says("Hello", "c-1")["message"]
            contact = hub.get(f"/conversations/{message['conversation_id']}")["contact"]
            name, email = (payload or {}).get("name", ""), (payload or {}).get("email", "")
            if is_visible(name.replace("\x00", "")):
                assert is_visible(contact["name"]), payload
            if is_visible(email.replace("\x00", "")):
                details = hub.get(f"/contacts/{contact['id']}")
                assert details["attributes"].get("email"), payload


def test_an_odd_file_is_taken_and_shown_or_refused(hub: RunningHub, chance: random.Random) -> None:
    for number in range(0, UPLOADS, 10):
        with hub.visitor() as page:
            for client_id in range(number, number + 10):
                choices = [chance.choice(values) for values in (CONTENTS, NAMES, MEDIA_TYPES)]
                answer = upload(hub, page.session["session"], *choices)
                if answer.status_code != 201:
                    assert 400 <= answer.status_code < 500, (choices, answer.text)
                    assert is_visible(answer.json()["detail"]), choices
                    continue
                file = answer.json()
                sent = page.says("", f"f-{client_id}", attachments=[file["id"]])
                assert sent["ok"], (choices, sent)
                shown = shown_to_agents(hub)[sent["message"]["id"]]["attachments"]
                assert [one["id"] for one in shown] == [file["id"]], choices
                assert is_visible(shown[0]["name"]), choices


@pytest.mark.parametrize("body", [b"", b"{}", b"--x\r\n\r\n", b"\xff" * 100])
def test_a_broken_upload_is_refused_with_a_sentence(hub: RunningHub, body: bytes) -> None:
    with hub.visitor() as page:
        answer = requests.post(
            f"{hub.url}/chat/website/uploads",
            data=body,
            headers={
                "Authorization": f"Bearer {page.session['session']}",
                "Content-Type": "multipart/form-data; boundary=x",
            },
            timeout=20,
        )
    assert 400 <= answer.status_code < 500
    assert is_visible(answer.json()["detail"])
