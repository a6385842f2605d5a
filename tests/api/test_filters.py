"""`GET /conversations` with filters over the wire; what each lets through is in tests/core."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from hub.sandbox import Sandbox
from tests.harness import RunningHub, eventually

pytestmark = pytest.mark.servers

WRONG = [
    ("status", "opened"),
    ("status", ""),
    ("assignee", "nobody"),
    ("assignee", "0"),
    ("assignee", "1e9"),
    ("assignee", "9" * 40),
    ("team", "support"),
    ("connector", ""),
    ("connector", "x" * 65),
    ("label", ""),
    ("label", "x" * 65),
    ("priority", "highest"),
    ("language", "p"),
    ("language", "pl'--"),
    ("waiting", "them"),
    ("sla", "soon"),
    ("unread", "2"),
    ("unread", "maybe"),
    ("mentioned", "2"),
    ("before", "tomorrow"),
    ("before", "2026-02-30"),
    ("after", "0000-01-01"),
    ("after", "12"),
    ("zone", "Mars/Olympus"),
    ("zone", "../../etc/passwd"),
    ("zone", "Europe"),
    ("q", "x" * 401),
    ("sort", "newest"),
    ("view", "x"),
    ("cursor", "nonsense"),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_filter_is_an_error_that_names_it(hub: RunningHub, name: str, value: str) -> None:
    query = {name: value} | ({"before": "2026-01-01"} if name == "zone" else {})
    answer = hub.request("GET", "/conversations", params=query)
    assert answer.status_code == 422, answer.text
    body = answer.json()
    assert body.get("field") == name or name in str(body.get("errors")), body


@pytest.mark.parametrize(
    "value", ["\x00", "'; DROP TABLE conversation; --", "%", "🙂", "نَ" * 60, '"', "label:", "a:b:c"]
)
@pytest.mark.parametrize("name", ["label", "connector", "q"])
def test_any_text_is_a_filter_of_text(hub: RunningHub, name: str, value: str) -> None:
    answer = hub.request("GET", "/conversations", params={name: value})
    assert answer.status_code in (200, 422), answer.text


def arrives(hub: RunningHub, sandbox: Sandbox, text: str) -> dict[str, Any]:
    number = f"+3725{uuid.uuid4().int % 10**7:07}"
    sandbox.twilio.customer(number).texts(text)
    message: dict[str, Any] = eventually(lambda: hub.message_with(text))
    return message


def test_filters_combine_over_the_wire(hub: RunningHub, sandbox: Sandbox, ann_token: str) -> None:
    word = f"word{uuid.uuid4().hex[:8]}"
    first = arrives(hub, sandbox, f"{word} one")["conversation_id"]
    other = arrives(hub, sandbox, f"{word} two")["conversation_id"]
    hub.patch(f"/conversations/{first}", {"priority": "urgent", "labels": [word]})

    def shown(**query: Any) -> list[str]:
        return [one["id"] for one in hub.conversations(q=word, **query)]

    assert shown() == [other, first] or shown() == [first, other]
    assert shown(sort="priority") == [first, other]
    assert shown(sort="waiting") == [first, other]
    assert shown(priority="urgent", waiting="us", unread="1", label=word) == [first]
    assert shown(priority="urgent", waiting="customer") == []
    assert shown(after="2020-01-01", zone="Asia/Tehran") != []
    assert shown(before="2020-01-01") == []
    assert [one["id"] for one in hub.conversations(q=f"label:{word} is:unread")] == [first]


def test_a_conversation_in_which_i_am_mentioned_is_found(
    hub: RunningHub, sandbox: Sandbox, ann_token: str
) -> None:
    said = arrives(hub, sandbox, f"hello {uuid.uuid4().hex}")
    ann = next(one for one in hub.get("/agents")["items"] if one["email"] == "ann@example.com")
    path = f"/conversations/{said['conversation_id']}/messages"
    hub.post(path, {"type": "note", "text": "@Ann, please", "mentions": [ann["id"]]})
    answer = hub.request(
        "GET",
        "/conversations",
        params={"mentioned": "me"},
        headers={"Authorization": f"Bearer {ann_token}"},
    )
    assert said["conversation_id"] in [one["id"] for one in answer.json()["items"]]
