"""Who a token acts as, and what it may do."""

from __future__ import annotations

import pytest

from tests.harness import RunningHub

pytestmark = pytest.mark.servers


def started(hub: RunningHub) -> str:
    """A conversation to answer in."""
    with hub.visitor() as visitor:
        answer = visitor.says("hello", "c-1")
        return str(answer["message"]["conversation_id"])


def test_a_service_account_is_an_admin_whose_messages_have_its_own_name(hub: RunningHub) -> None:
    me = hub.get("/session")
    assert (me["agent"], me["name"], me["role"]) == (None, "Tests", "admin")
    said = hub.reply(started(hub), "an answer")
    assert said["author"] == {"type": "agent", "id": None, "name": "Tests"}
    assert hub.request("GET", "/journal").status_code == 200


def test_a_service_account_has_no_presence(hub: RunningHub) -> None:
    assert hub.patch("/agents/me", {"presence": "away"}, 409)["code"] == "conflict"


def test_a_users_token_acts_as_that_user(hub: RunningHub, ann_token: str) -> None:
    as_ann = {"Authorization": f"Bearer {ann_token}"}
    me = hub.request("GET", "/session", headers=as_ann).json()
    assert (me["name"], me["role"]) == ("Ann", "agent")
    said = hub.request(
        "POST",
        f"/conversations/{started(hub)}/messages",
        json={"text": "an answer of Ann's"},
        headers=as_ann,
    ).json()
    assert said["author"] == {"type": "agent", "id": me["agent"]["id"], "name": "Ann"}


def test_what_is_for_admins_is_refused_to_agents(hub: RunningHub, ann_token: str) -> None:
    as_ann = {"Authorization": f"Bearer {ann_token}"}
    for method, path in (
        ("GET", "/journal"),
        ("POST", "/journal/1/replay"),
        ("POST", "/connectors/website/check"),
    ):
        assert hub.request(method, path, headers=as_ann).status_code == 403, path
