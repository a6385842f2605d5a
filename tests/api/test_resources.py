"""The fields, codes and lists that other people's programs rely on."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest

from hub.sandbox import Sandbox
from tests.harness import RunningHub, eventually

pytestmark = pytest.mark.servers

ATTACHMENT = {"id", "name", "media_type", "size", "url", "state"}
CONTACT = {"id", "name", "avatar_url", "attributes", "created_at"}
CONVERSATION = {
    "id",
    "contact",
    "status",
    "assignee",
    "team",
    "priority",
    "labels",
    "connectors",
    "last_message",
    "unread_count",
    "waiting_since",
    "created_at",
    "updated_at",
}
MESSAGE = {
    "id",
    "conversation_id",
    "contact_id",
    "direction",
    "type",
    "connector",
    "kind",
    "address",
    "text",
    "html",
    "attachments",
    "reply_to",
    "author",
    "delivery",
    "external_id",
    "client_id",
    "created_at",
    "received_at",
}
DELIVERY = {"status", "code", "reason", "attempts", "maybe_twice"}
RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")


def word() -> str:
    return uuid.uuid4().hex[:10]


def texted(hub: RunningHub, sandbox: Sandbox, number: str) -> dict[str, Any]:
    text = f"hello {word()}"
    sandbox.twilio.customer(number).texts(text)
    return hub.message_with(text)


def test_shapes_have_the_documented_fields(hub: RunningHub, sandbox: Sandbox) -> None:
    asked = texted(hub, sandbox, "+12025550401")
    file = hub.request("POST", "/uploads", files={"file": ("a.txt", b"x", "text/plain")}).json()
    said = hub.reply(asked["conversation_id"], "yes", attachments=[file["id"]], client_id=word())
    conversation = hub.get(f"/conversations/{asked['conversation_id']}")
    assert set(asked) >= MESSAGE and set(said) >= MESSAGE
    assert set(file) >= ATTACHMENT
    assert set(conversation) >= CONVERSATION
    assert set(conversation["contact"]) >= CONTACT
    assert set(said["delivery"]) >= DELIVERY and asked["delivery"] is None
    assert set(asked["author"]) == {"type", "id", "name"}
    assert (asked["direction"], asked["type"], asked["kind"]) == ("in", "message", "sms")
    for shape in (asked, said, conversation, conversation["contact"]):
        assert isinstance(shape["id"], str)
        assert RFC_3339.fullmatch(shape["created_at"])


def test_lists_come_in_pages_with_nothing_twice(hub: RunningHub) -> None:
    with hub.visitor() as visitor:
        for number in range(7):
            thread = visitor.says(f"line {number}", f"c-{number}")["message"]["conversation_id"]
    for path, wanted in ((f"/conversations/{thread}/messages", 7), ("/conversations", 1)):
        ids, cursor = [], None
        while True:
            page = hub.get(path, limit=3, **({"cursor": cursor} if cursor else {}))
            assert set(page) == {"items", "next"}
            assert len(page["items"]) <= 3
            ids += [one["id"] for one in page["items"]]
            cursor = page["next"]
            if cursor is None:
                break
        assert len(ids) == len(set(ids)) >= wanted
    # The router may have written its event after the last message.
    items = hub.get(f"/conversations/{thread}/messages", limit=100)["items"]
    assert next(one for one in items if one["type"] == "message")["text"] == "line 6"


def test_a_repeated_client_id_gives_the_first_message_again(
    hub: RunningHub, sandbox: Sandbox
) -> None:
    thread = texted(hub, sandbox, "+12025550402")["conversation_id"]
    body = {"text": "once", "client_id": word()}
    first = hub.post(f"/conversations/{thread}/messages", body, 201)
    again = hub.post(f"/conversations/{thread}/messages", {**body, "text": "other words"}, 200)
    assert (again["id"], again["text"]) == (first["id"], "once")


def test_filters_find_what_they_name(hub: RunningHub, sandbox: Sandbox, ann_token: str) -> None:
    thread = texted(hub, sandbox, "+12025550403")["conversation_id"]
    ann = next(one["id"] for one in hub.get("/agents")["items"] if one["name"] == "Ann")
    label = word()
    change = {"assignee_id": ann, "labels": [label], "priority": "high", "status": "pending"}
    changed = hub.patch(f"/conversations/{thread}", change)
    assert changed["assignee"]["id"] == ann
    assert (changed["priority"], changed["status"]) == ("high", "pending")
    for query in (
        {"label": label},
        {"assignee": ann, "status": "pending"},
        {"connector": "sms", "label": label},
    ):
        assert thread in [one["id"] for one in hub.get("/conversations", **query)["items"]], query
    assert hub.get("/conversations", label=label, status="open")["items"] == []
    assert hub.get("/conversations", label=label, connector="mail")["items"] == []
    why = hub.get(f"/conversations/{thread}/routing")
    assert [one["agent"]["id"] for one in why["candidates"] if one["chosen"]] == [ann]
    assert why["candidates"][0]["reasons"][0]["text"] == "Tests gave it to Ann."
    released = hub.patch(f"/conversations/{thread}", {"assignee_id": None})
    assert released["assignee"] is None


def test_a_snooze_needs_its_time(hub: RunningHub, sandbox: Sandbox) -> None:
    thread = texted(hub, sandbox, "+12025550404")["conversation_id"]
    assert hub.patch(f"/conversations/{thread}", {"status": "snoozed"}, 422)["field"]
    until = {"snoozed_until": "2099-01-01T00:00:00Z"}
    assert hub.patch(f"/conversations/{thread}", until)["status"] == "snoozed"


def test_writing_first_where_the_channel_allows_it(hub: RunningHub, sandbox: Sandbox) -> None:
    text, key = f"your parcel {word()}", word()
    body = {"address": "tel:+12025550405", "connector": "sms", "text": text, "client_id": key}
    made = hub.post("/conversations", body, 201)
    assert set(made) >= CONVERSATION
    assert hub.post("/conversations", body, 200)["id"] == made["id"]
    sandbox.twilio.customer("+12025550405").received.wait_for(text=text)
    refused = {"address": "telegram:999", "connector": "telegram", "text": "hi"}
    assert hub.post("/conversations", refused, 409)["code"] == "conflict"
    assert hub.post("/conversations", {**refused, "address": "nonsense"}, 422)["field"] == "address"


def test_a_handover_shows_its_link_and_code_this_once(hub: RunningHub, sandbox: Sandbox) -> None:
    thread = texted(hub, sandbox, "+12025550406")["conversation_id"]
    made = hub.post(f"/conversations/{thread}/handovers", {"connector": "telegram"}, 201)
    assert set(made) >= {"url", "code", "expires_at"}
    assert made["url"].startswith("https://t.me/")
    kept = hub.get(f"/conversations/{thread}/handovers")["items"]
    assert made["code"] not in str(kept) and made["url"] not in str(kept)


def test_a_code_brings_the_customer_along(hub: RunningHub, sandbox: Sandbox) -> None:
    asked = texted(hub, sandbox, "+12025550407")
    thread = asked["conversation_id"]
    made = hub.post(f"/conversations/{thread}/handovers", {"connector": "telegram"})
    text = f"my code is {made['code']}"
    sandbox.telegram.customer(f"T {word()}").says(text)
    came = hub.message_with(text)
    assert (came["conversation_id"], came["contact_id"]) == (thread, asked["contact_id"])
    kinds = {one["kind"] for one in hub.get(f"/contacts/{asked['contact_id']}/timeline")["items"]}
    assert {"sms", "telegram"} <= kinds


def test_a_merge_is_undone_without_a_loss(hub: RunningHub, sandbox: Sandbox) -> None:
    one, two = (texted(hub, sandbox, f"+1202555041{n}") for n in range(2))
    link = hub.post(f"/contacts/{one['contact_id']}/links", {"contact_id": two["contact_id"]})
    merged = hub.get(f"/contacts/{one['contact_id']}/timeline")["items"]
    assert {one["id"], two["id"]} <= {each["id"] for each in merged}
    assert hub.request("DELETE", f"/links/{link['id']}").status_code == 200
    assert hub.request("DELETE", f"/links/{link['id']}").status_code == 409
    apart = hub.get(f"/contacts/{one['contact_id']}/timeline")["items"]
    assert two["id"] not in {each["id"] for each in apart}
    assert hub.get(f"/messages/{two['id']}")["contact_id"] == two["contact_id"]


def test_search_finds_words_and_people(hub: RunningHub, sandbox: Sandbox) -> None:
    secret = word()
    sandbox.twilio.customer("+12025550420").texts(f"where is {secret} please")
    found = eventually(lambda: hub.get("/search", q=secret)["items"])
    assert found[0]["message"]["text"] == f"where is {secret} please"
    people = hub.get("/contacts", q="12025550420")["items"]
    assert len(people) == 1


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/conversations/999999", 404),
        ("GET", "/contacts/999999", 404),
        ("GET", "/attachments/999999", 404),
        ("GET", "/nowhere", 404),
        ("PUT", "/conversations", 405),
        ("GET", "/conversations?limit=0", 422),
        ("GET", "/conversations?limit=1000", 422),
        ("GET", "/conversations?cursor=nonsense", 422),
        ("GET", "/conversations?status=lost", 422),
        ("GET", "/journal?status=lost", 422),
    ],
)
def test_errors_are_problems(hub: RunningHub, method: str, path: str, status: int) -> None:
    answer = hub.request(method, path)
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["detail"]
