"""Undo, later, taking back: the fields and routes of messages that wait or have left."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.sandbox import Sandbox
from tests.api.conftest import World
from tests.harness import RunningHub, eventually

pytestmark = pytest.mark.servers


def word() -> str:
    return uuid.uuid4().hex[:10]


def on_telegram(hub: RunningHub, sandbox: Sandbox) -> tuple[dict[str, Any], Any]:
    customer = sandbox.telegram.customer(f"Anna {word()}")
    text = f"hello {word()}"
    customer.says(text)
    return hub.message_with(text), customer


def deletes(hub: RunningHub, message: dict[str, Any]) -> Any:
    return hub.request("DELETE", f"/messages/{message['id']}")


def seen_by(customer: Any) -> list[str]:
    return [bubble.text for bubble in customer.screen.bubbles if not bubble.mine]


def test_a_message_can_be_undone_and_then_never_leaves(hub: RunningHub, sandbox: Sandbox) -> None:
    asked, customer = on_telegram(hub, sandbox)
    file = hub.request("POST", "/uploads", files={"file": ("a.txt", b"x", "text/plain")}).json()
    held = hub.reply(asked["conversation_id"], "Wrnog", undo_seconds=2, attachments=[file["id"]])
    assert held["send_at"] is not None
    answer = deletes(hub, held)
    draft = answer.json()
    assert (answer.status_code, draft["text"]) == (200, "Wrnog")
    assert (draft["connector"], draft["attachments"]) == ("telegram", [file])
    sent = hub.reply(asked["conversation_id"], "Right", undo_seconds=1, attachments=[file["id"]])
    hub.delivery_of(sent, "sent", "delivered")
    assert hub.request("GET", f"/messages/{held['id']}").status_code == 404
    assert deletes(hub, held).status_code == 404
    assert "Right" in seen_by(customer) and "Wrnog" not in seen_by(customer)
    assert [message["text"] for message in hub.messages(asked["conversation_id"])][1:] == ["Right"]


def test_a_held_reply_shows_on_no_page_before_it_leaves(hub: RunningHub) -> None:
    with hub.visitor() as page:
        asked = page.says("Is it back?", word())["message"]
        held = hub.reply(asked["conversation_id"], "Wait and see", undo_seconds=2)
        now = hub.reply(asked["conversation_id"], "noted", type="note")
        assert now["type"] == "note"
        assert [
            event for name, event in page.heard
            if name == "message.created" and event["message"]["id"] == held["id"]
        ] == []  # fmt: skip
        came = page.wait_for(
            "message.created", lambda event: event["message"]["id"] == held["id"], timeout=10
        )
        assert (came["message"]["text"], came["message"]["send_at"]) == ("Wait and see", None)
        hub.delivery_of(held, "delivered")


def test_a_plan_is_kept_told_and_cancelled(hub: RunningHub, sandbox: Sandbox) -> None:
    asked, customer = on_telegram(hub, sandbox)
    in_two_seconds = (datetime.now(UTC) + timedelta(seconds=2)).isoformat()
    path = asked["conversation_id"]
    planned = hub.reply(path, "Any news?", send_at=in_two_seconds)
    assert datetime.fromisoformat(planned["send_at"]) == datetime.fromisoformat(in_two_seconds)
    customer.says(f"news {word()}")

    def not_sent() -> Any:
        items = hub.get(f"/conversations/{path}/messages")["items"]
        events = [item["event"] for item in items if item["event"]]
        return [event for event in events if event["name"] == "message.not_sent"]

    (event,) = eventually(not_sent)
    assert event["code"] == "customer_wrote"
    assert "Any news?" not in seen_by(customer)


@pytest.mark.parametrize(
    "fields",
    [
        {"send_at": "2020-01-01T09:00:00Z"},
        {"send_at": "2020-06-01T09:00:00+03:00", "zone": "Europe/Tallinn"},
        {"send_at": "soon"},
        {"send_at": "2099-01-01T09:00:00Z"},
        {"zone": "Europe/Tallinn"},
        {"undo_seconds": 31},
        {"undo_seconds": -1},
        {"type": "note", "send_at": "2027-06-01T09:00:00Z"},
    ],
    ids=str,
)
def test_a_time_or_a_wait_that_cannot_be_is_422(hub: RunningHub, fields: dict[str, Any]) -> None:
    with hub.visitor() as page:
        asked = page.says("Hello", word())["message"]
    path = f"/conversations/{asked['conversation_id']}/messages"
    answer = hub.request("POST", path, json={"text": "x", **fields})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


def test_an_answer_to_what_is_not_the_newest_is_409_with_the_newest(hub: RunningHub) -> None:
    with hub.visitor() as page:
        first = page.says("Red, please", word())["message"]
        second = page.says("No: green", word())["message"]
    path = f"/conversations/{first['conversation_id']}/messages"
    refused = hub.request("POST", path, json={"text": "Red", "seen_message_id": first["id"]})
    assert (refused.status_code, refused.json()["message"]["id"]) == (409, second["id"])
    taken = hub.request(
        "POST", path, json={"text": "Green", "seen_message_id": second["id"], "resolve": True}
    )
    assert taken.status_code == 201
    assert hub.get(f"/conversations/{first['conversation_id']}")["status"] == "resolved"


def test_a_chat_message_is_changed_and_removed_where_the_customer_has_it(hub: RunningHub) -> None:
    with hub.visitor() as page:
        asked = page.says("Is it back?", word())["message"]
        said = hub.reply(asked["conversation_id"], "Yess")
        hub.delivery_of(said, "delivered")
        changed = hub.patch(f"/messages/{said['id']}", {"text": "Yes"})
        assert (changed["text"], [edit["text"] for edit in changed["edits"]]) == ("Yes", ["Yess"])
        shown = page.wait_for("message.updated", lambda event: event["message"]["text"] == "Yes")
        assert shown["message"]["edited_at"] is not None and shown["message"]["edits"] == []
        removed = deletes(hub, said)
        assert removed.status_code == 200
        assert removed.json()["text"] == "Yes"
        assert removed.json()["extra"]["retracted_by"] == "Tests"
        shown = page.wait_for(
            "message.updated", lambda event: event["message"]["extra"] == {"retracted": "yes"}
        )
        assert (shown["message"]["text"], shown["message"]["attachments"]) == ("", [])
        assert deletes(hub, said).status_code == 409
        history = page.ask("history")["messages"]
        assert [message["text"] for message in history if message["id"] == said["id"]] == [""]


def test_a_telegram_message_is_changed_and_deleted_at_telegram(
    hub: RunningHub, sandbox: Sandbox
) -> None:
    asked, customer = on_telegram(hub, sandbox)
    said = hub.reply(asked["conversation_id"], "Yess")
    hub.delivery_of(said, "sent", "delivered")
    hub.patch(f"/messages/{said['id']}", {"text": "Yes"})
    assert seen_by(customer) == ["Yes"]
    hub.patch(f"/messages/{said['id']}", {"text": "Yes"})
    assert deletes(hub, said).status_code == 200
    assert "Yes" not in seen_by(customer)


def test_a_text_message_stays_with_its_customer_and_says_why(
    hub: RunningHub, sandbox: Sandbox
) -> None:
    text = f"hello {word()}"
    sandbox.twilio.customer("+12025550477").texts(text)
    asked = hub.message_with(text)
    said = hub.reply(asked["conversation_id"], "Yess")
    hub.delivery_of(said, "sent", "delivered")
    for answer in (
        deletes(hub, said),
        hub.request("PATCH", f"/messages/{said['id']}", json={"text": "Yes"}),
    ):
        assert answer.status_code == 409
        assert "cannot" in answer.json()["detail"]
    assert deletes(hub, asked).status_code == 404


def test_another_agents_message_is_theirs(world: World) -> None:
    hub = world.hub
    with hub.visitor() as page:
        asked = page.says("Is it back?", word())["message"]
    said = hub.reply(asked["conversation_id"], "Yes", undo_seconds=30)
    headers = {"Authorization": f"Bearer {world.ann_token}"}
    refused = hub.request("DELETE", f"/messages/{said['id']}", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert deletes(hub, said).status_code == 200


def test_how_an_agent_likes_to_send_is_kept(world: World) -> None:
    headers = {"Authorization": f"Bearer {world.ann_token}"}
    path = "/agents/me/writing"
    assert world.hub.request("GET", path, headers=headers).json() == {
        "undo_seconds": 0,
        "ask_if_new": True,
    }
    chosen = {"undo_seconds": 30, "ask_if_new": False}
    assert world.hub.request("PUT", path, headers=headers, json=chosen).json() == chosen
    assert world.hub.request("GET", path, headers=headers).json() == chosen
    too_long = {"undo_seconds": 31, "ask_if_new": True}
    assert world.hub.request("PUT", path, headers=headers, json=too_long).status_code == 422
    assert world.hub.request("GET", path).status_code == 403
