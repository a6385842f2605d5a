"""Drafts over HTTP and sockets: their versions, limits and owners."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.conftest import World
from tests.harness import RunningHub

pytestmark = pytest.mark.servers


@pytest.fixture
def conversation_id(hub: RunningHub) -> Iterator[str]:
    with hub.visitor() as page:
        message = page.says("Is the lamp back?", "lamp")["message"]
        yield message["conversation_id"]


def asks(world: World, method: str, path: str, body: Any = None, token: str = "") -> Any:
    headers = {"Authorization": f"Bearer {token or world.ann_token}"}
    return world.hub.request(method, path, json=body, headers=headers)


def test_an_old_version_is_409_with_the_present_draft(world: World, conversation_id: str) -> None:
    path = f"/conversations/{conversation_id}/draft?type=reply"
    assert asks(world, "GET", path).json()["version"] == 0
    first = asks(world, "PUT", path, {"text": "It is", "version": 0})
    assert (first.status_code, first.json()["version"]) == (200, 1)
    late = asks(world, "PUT", path, {"text": "It was", "version": 0})
    assert (late.status_code, late.json()["code"]) == (409, "conflict")
    assert (late.json()["draft"]["text"], late.json()["draft"]["version"]) == ("It is", 1)
    gone = asks(world, "DELETE", path)
    assert (gone.status_code, gone.json()["text"], gone.json()["version"]) == (200, "", 2)


def test_a_draft_reaches_the_agents_own_screens_alone(world: World, conversation_id: str) -> None:
    hub = world.hub
    hub.hires(f"bo-{conversation_id}@example.com", "Bo")
    bo_token = hub.makes_token("bo", f"bo-{conversation_id}@example.com")
    with hub.agent(world.ann_token) as mine, hub.agent(bo_token) as other, hub.agent() as service:
        path = f"/conversations/{conversation_id}/draft?type=note"
        asks(world, "PUT", path, {"text": "She is angry", "version": 0})
        told = mine.wait_for(
            "draft.updated", lambda event: event["conversation_id"] == conversation_id
        )
        assert (told["draft"]["type"], told["draft"]["text"]) == ("note", "She is angry")
        # A later event for everybody came to the others: the earlier one did not.
        hub.reply(conversation_id, "Yes.")
        for screen in (other, service):
            screen.wait_for(
                "message.created",
                lambda event: (
                    event["message"]["conversation_id"] == conversation_id
                    and event["message"]["text"] == "Yes."
                ),
            )
            assert [name for name, _ in screen.heard if name == "draft.updated"] == []


def test_sending_clears_the_draft_on_the_other_screen(world: World, conversation_id: str) -> None:
    path = f"/conversations/{conversation_id}/draft?type=reply"
    with world.hub.agent(world.ann_token) as other:
        asks(world, "PUT", path, {"text": "It is back.", "version": 0})
        sent = asks(
            world,
            "POST",
            f"/conversations/{conversation_id}/messages",
            {"text": "It is back.", "draft_version": 1},
        )
        assert sent.status_code == 201
        other.wait_for(
            "draft.updated",
            lambda event: (
                event["conversation_id"] == conversation_id
                and event["draft"]["version"] == 2
                and event["draft"]["text"] == ""
            ),
        )


def test_a_file_comes_back_with_its_draft(world: World, conversation_id: str) -> None:
    headers = {"Authorization": f"Bearer {world.ann_token}"}
    file = world.hub.request(
        "POST", "/uploads", files={"file": ("receipt.txt", b"42", "text/plain")}, headers=headers
    ).json()
    path = f"/conversations/{conversation_id}/draft"
    asks(world, "PUT", path, {"attachments": [file["id"]], "version": 0})
    asks(world, "PUT", path, {"text": "See", "attachments": [file["id"]], "version": 1})
    assert asks(world, "GET", path).json()["attachments"] == [file]
    kept = [item["attachments"] for item in asks(world, "GET", "/drafts").json()["items"]]
    assert [file] in kept


def test_a_service_account_has_no_drafts(world: World, conversation_id: str) -> None:
    for method, path in (
        ("GET", "/drafts"),
        ("POST", "/drafts"),
        ("PUT", f"/conversations/{conversation_id}/draft"),
    ):
        body = None if method == "GET" else {"text": "x"}
        answer = asks(world, method, path, body, token=world.hub.token)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


@pytest.mark.parametrize(
    "body",
    [
        {"text": "x" * 100_001},
        {"attachments": [str(number) for number in range(1, 22)]},
        {"cc": ["a@shop.example"] * 51},
        {"subject": "s" * 1_001},
        {"version": -1},
        {"format": "html"},
        {"colour": "red"},
    ],
    ids=lambda body: next(iter(body)),
)
def test_a_draft_over_its_limits_is_422(
    world: World, conversation_id: str, body: dict[str, Any]
) -> None:
    for method, path in (("PUT", f"/conversations/{conversation_id}/draft"), ("POST", "/drafts")):
        assert asks(world, method, path, body).status_code == 422


def test_two_new_messages_are_both_listed(world: World) -> None:
    ids = [
        asks(world, "POST", "/drafts", {"address": to, "subject": "Offer", "text": to})
        for to in ("kim@shop.example", "lee@shop")
    ]
    assert [answer.status_code for answer in ids] == [201, 201]
    listed = asks(world, "GET", "/drafts").json()["items"]
    assert {draft["address"] for draft in listed} >= {"kim@shop.example", "lee@shop"}
    changed = asks(world, "PUT", f"/drafts/{ids[0].json()['id']}", {"text": "!", "version": 1})
    assert (changed.status_code, changed.json()["version"]) == (200, 2)
    for answer in ids:
        assert asks(world, "DELETE", f"/drafts/{answer.json()['id']}").status_code == 200
