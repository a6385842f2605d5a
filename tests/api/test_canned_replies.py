"""Canned replies over the wire: kept, shared, found, and filled in for each channel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hub.sandbox import Sandbox
from tests.api.test_resources import texted, word
from tests.harness import RunningHub, eventually

pytestmark = pytest.mark.servers

FIELDS = {"id", "shortcut", "title", "text", "scope", "team", "language", "kinds", "attachments"}


def by(hub: RunningHub, token: str, method: str, path: str, body: Any = None) -> Any:
    headers = {"Authorization": f"Bearer {token}"}
    return hub.request(method, path, json=body, headers=headers)


def listed(hub: RunningHub, **query: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = hub.get("/canned-replies", **query)["items"]
    return items


def test_a_reply_is_kept_to_the_letter_and_changed_and_deleted_and_restored(
    hub: RunningHub,
) -> None:
    name = word()
    text = "1 < 2 & <b>{x: 1}</b>\n  https://shop.example/{id}?a={b}  \\*"
    reply = hub.post("/canned-replies", {"shortcut": f"/{name}", "text": text, "scope": "all"})
    assert set(reply) >= FIELDS
    assert (reply["shortcut"], reply["title"], reply["text"]) == (name, name, text)
    path = f"/canned-replies/{reply['id']}"
    assert hub.get(path)["text"] == text
    changed = hub.patch(path, {"title": "Refund", "language": "et"})
    assert (changed["title"], changed["language"], changed["text"]) == ("Refund", "et", text)
    assert hub.request("DELETE", path).status_code == 204
    assert listed(hub, q=name) == []
    assert hub.request("GET", path).status_code == 404
    assert hub.post(f"{path}/restore", status=200)["text"] == text
    assert [item["id"] for item in listed(hub, q=name)] == [reply["id"]]


@pytest.mark.parametrize(
    "body",
    [
        {"shortcut": "two words", "text": "x"},
        {"shortcut": "/", "text": "x"},
        {"shortcut": "x", "text": " "},
        {"shortcut": "x", "text": "x", "scope": "team"},
        {"shortcut": "x", "text": "x", "scope": "team", "team": "4711"},
        {"shortcut": "x", "text": "x", "scope": "everyone"},
        {"shortcut": "x", "text": "x", "language": "not a language"},
        {"shortcut": "x", "text": "x", "attachments": ["4711"]},
        {"shortcut": "x", "text": "x", "colour": "red"},
    ],
    ids=str,
)
def test_a_wrong_reply_is_refused(hub: RunningHub, body: dict[str, Any]) -> None:
    assert hub.request("POST", "/canned-replies", json=body).status_code == 422


def test_own_replies_are_seen_by_their_agent_alone(hub: RunningHub, ann_token: str) -> None:
    own = by(hub, ann_token, "POST", "/canned-replies", {"shortcut": word(), "text": "mine"})
    assert own.status_code == 201
    path = f"/canned-replies/{own.json()['id']}"
    assert by(hub, ann_token, "GET", path).status_code == 200
    assert hub.request("GET", path).status_code == 404
    assert hub.request("PATCH", path, json={"text": "yours"}).status_code == 404
    assert hub.request("DELETE", path).status_code == 404


def test_everybodys_replies_are_read_by_agents_and_changed_by_admins(
    hub: RunningHub, ann_token: str
) -> None:
    body = {"shortcut": word(), "text": "ours", "scope": "all"}
    assert by(hub, ann_token, "POST", "/canned-replies", body).status_code == 403
    path = f"/canned-replies/{hub.post('/canned-replies', body)['id']}"
    seen = by(hub, ann_token, "GET", path)
    assert (seen.status_code, seen.json()["may_change"]) == (200, False)
    assert by(hub, ann_token, "PATCH", path, {"text": "x"}).status_code == 403
    assert by(hub, ann_token, "DELETE", path).status_code == 403


def test_the_version_for_the_channel_and_the_language_is_chosen(
    hub: RunningHub, sandbox: Sandbox
) -> None:
    name = word()
    conversation = texted(hub, sandbox, "+12025550431")["conversation_id"]
    contact = hub.get(f"/conversations/{conversation}")["contact"]["id"]
    hub.patch(f"/contacts/{contact}", {"attributes": {"language": "et"}})
    ids = {}
    for text, more in (
        ("any", {}),
        ("eesti", {"language": "et"}),
        ("eesti lühidalt", {"language": "et", "kinds": ["sms"]}),
        ("by mail", {"language": "et", "kinds": ["email"]}),
    ):
        body = {"shortcut": name, "text": text, "scope": "all", **more}
        ids[text] = hub.post("/canned-replies", body)["id"]
    items = listed(hub, q=name, conversation_id=conversation)
    assert [item["text"] for item in items] == ["eesti lühidalt"]
    for canned_reply in ids.values():
        path = f"/canned-replies/{canned_reply}/render"
        rendered = hub.post(path, {"conversation_id": conversation}, status=200)
        assert rendered["text"] == "eesti lühidalt"
    preview = {"conversation_id": conversation, "preview": True}
    assert hub.post(f"/canned-replies/{ids['any']}/render", preview, status=200)["text"] == "any"
    mail = listed(hub, q=name, conversation_id=conversation, connector="mail")
    assert [item["text"] for item in mail] == ["by mail"]


def test_use_is_counted_and_a_preview_is_none(hub: RunningHub, sandbox: Sandbox) -> None:
    name = word()
    conversation = texted(hub, sandbox, "+12025550432")["conversation_id"]
    first, second = (
        hub.post("/canned-replies", {"shortcut": f"{name}{n}", "text": "x", "scope": "all"})["id"]
        for n in range(2)
    )
    hub.post(
        f"/canned-replies/{first}/render",
        {"conversation_id": conversation, "preview": True},
        status=200,
    )
    hub.post(f"/canned-replies/{second}/render", {"conversation_id": conversation}, status=200)
    items = listed(hub, q=name)
    assert [(item["id"], item["used"]) for item in items] == [(second, 1), (first, 0)]
    assert items[0]["last_used_at"] and items[1]["last_used_at"] is None


def test_pages_of_replies_have_nothing_twice(hub: RunningHub) -> None:
    name = word()
    for number in range(7):
        hub.post("/canned-replies", {"shortcut": f"{name}{number}", "text": "x", "scope": "all"})
    ids, cursor = [], None
    while True:
        page = hub.get("/canned-replies", q=name, limit=3, **({"cursor": cursor} if cursor else {}))
        ids += [item["id"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert len(ids) == len(set(ids)) == 7
    assert hub.request("GET", "/canned-replies?cursor=nonsense").status_code == 422


def test_a_file_goes_out_with_every_use_and_stays(hub: RunningHub, sandbox: Sandbox) -> None:
    upload = hub.request("POST", "/uploads", files={"file": ("form.txt", b"form", "text/plain")})
    file = upload.json()["id"]
    body = {"shortcut": word(), "text": "The form", "scope": "all", "attachments": [file]}
    reply = hub.post("/canned-replies", body)
    assert [item["name"] for item in reply["attachments"]] == ["form.txt"]
    customer = sandbox.mail.customer(f"{word()}@example.org", "Somebody")
    hello = f"hello {word()}"
    customer.says(hello)
    conversation = hub.message_with(hello)["conversation_id"]
    for _ in range(2):
        path = f"/canned-replies/{reply['id']}/render"
        rendered = hub.post(path, {"conversation_id": conversation}, status=200)
        ids = [item["id"] for item in rendered["attachments"]]
        sent = hub.reply(conversation, rendered["text"], attachments=ids)
        (attachment,) = sent["attachments"]
        assert hub.request("GET", f"/attachments/{attachment['id']}").content == b"form"
    assert len(hub.get(f"/canned-replies/{reply['id']}")["attachments"]) == 1
    emptied = hub.patch(f"/canned-replies/{reply['id']}", {"attachments": []})
    assert emptied["attachments"] == []


CHANNELS: dict[str, Callable[[Sandbox, str], Any]] = {
    "telegram": lambda sandbox, name: sandbox.telegram.customer(f"Siiri {name}"),
    "messenger": lambda sandbox, name: sandbox.graph.customer(f"Siiri {name}"),
    "sms": lambda sandbox, name: sandbox.twilio.customer(f"+1202557{int(name, 16) % 10_000:04}"),
    "email": lambda sandbox, name: sandbox.mail.customer(f"{name}@example.org", f"Siiri {name}"),
}
TEXT = "Tere {contact.first_name|there}! 3 < 5 {ok:1}, {agent.name}: https://shop.example/{id}"


@pytest.mark.parametrize("kind", CHANNELS)
def test_a_canned_reply_is_filled_in_and_arrives_on_every_channel(
    hub: RunningHub, sandbox: Sandbox, ann_token: str, kind: str
) -> None:
    name = word()
    customer = CHANNELS[kind](sandbox, name)
    hello = f"hello {name}"
    customer.says(hello)
    conversation = hub.message_with(hello)["conversation_id"]
    called = "there" if kind == "sms" else "Siiri"
    if kind != "sms":
        eventually(
            lambda: hub.get(f"/conversations/{conversation}")["contact"]["name"].startswith("Siiri")
        )
    reply = hub.post("/canned-replies", {"shortcut": name, "text": TEXT, "scope": "all"})
    rendered = by(
        hub,
        ann_token,
        "POST",
        f"/canned-replies/{reply['id']}/render",
        {"conversation_id": conversation},
    ).json()
    expected = f"Tere {called}! 3 < 5 {{ok:1}}, Ann: https://shop.example/{{id}}"
    assert (rendered["text"], rendered["missing"]) == (expected, [])
    hub.reply(conversation, rendered["text"])
    assert customer.received.wait_for(lambda bubble: "Tere" in bubble.text).text.strip() == expected


def test_a_canned_reply_is_filled_in_and_arrives_in_the_web_chat(hub: RunningHub) -> None:
    with hub.visitor() as visitor:
        said = visitor.says(f"hello {word()}", word())["message"]
        reply = hub.post("/canned-replies", {"shortcut": word(), "text": TEXT, "scope": "all"})
        path = f"/canned-replies/{reply['id']}/render"
        body = {"conversation_id": said["conversation_id"]}
        text = hub.post(path, body, status=200)["text"]
        assert text == "Tere there! 3 < 5 {ok:1}, Tests: https://shop.example/{id}"
        hub.reply(said["conversation_id"], text)
        visitor.wait_for("message.created", lambda event: event["message"]["text"] == text)


def test_what_has_no_value_is_named_and_never_sent_as_braces(
    hub: RunningHub, sandbox: Sandbox
) -> None:
    conversation = texted(hub, sandbox, "+12025550433")["conversation_id"]
    contact = hub.get(f"/conversations/{conversation}")["contact"]["id"]
    hub.patch(f"/contacts/{contact}", {"attributes": {"Plan": "gold", "order_number": "A-17"}})
    text = "{contact.attributes.plan} {order.number} {contact.attributes.size} {contact.nothing}"
    reply = hub.post("/canned-replies", {"shortcut": word(), "text": text, "scope": "all"})
    path = f"/canned-replies/{reply['id']}/render"
    rendered = hub.post(path, {"conversation_id": conversation}, status=200)
    assert rendered["missing"] == ["contact.attributes.size", "contact.nothing"]
    assert rendered["text"].startswith("gold A-17 ")
    assert "{" not in rendered["text"]


def test_the_replies_of_the_file_are_read_only_and_follow_it(
    hub: RunningHub, sandbox: Sandbox
) -> None:
    name = word()
    before = hub.config.read_text()
    entry = f"""
canned_replies:
  - shortcut: {name}
    title: From the file
    text: "Hello {{contact.first_name|there}}"
    kinds: [sms]
"""
    try:
        hub.config.write_text(before + entry)
        hub.post("/config/reload", status=200)
        (reply,) = listed(hub, q=name)
        assert (reply["is_from_file"], reply["may_change"], reply["scope"]) == (True, False, "all")
        path = f"/canned-replies/{reply['id']}"
        for method in ("PATCH", "DELETE"):
            refused = hub.request(method, path, json={"text": "x"})
            assert refused.status_code == 409
            assert "configuration file" in refused.json()["detail"]
        conversation = texted(hub, sandbox, "+12025550434")["conversation_id"]
        hub.post(f"{path}/render", {"conversation_id": conversation}, status=200)
        hub.config.write_text(before + entry.replace("Hello", "Good day"))
        hub.post("/config/reload", status=200)
        (changed,) = listed(hub, q=name)
        assert (changed["id"], changed["used"]) == (reply["id"], 1)
        assert changed["text"].startswith("Good day")
    finally:
        hub.config.write_text(before)
        hub.post("/config/reload", status=200)
    assert listed(hub, q=name) == []
