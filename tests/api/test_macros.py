"""Macros over the wire; what a run does is in tests/core/macros."""

from __future__ import annotations

from typing import Any

import pytest

from hub.sandbox import Sandbox
from tests.api.test_canned_replies import by
from tests.api.test_resources import texted, word
from tests.harness import RunningHub

pytestmark = pytest.mark.servers


def test_a_macro_is_kept_previewed_run_and_undone(hub: RunningHub, sandbox: Sandbox) -> None:
    conversation = texted(hub, sandbox, "+12025550441")["conversation_id"]
    steps: list[dict[str, Any]] = [
        {"do": "reply", "text": "Hello {contact.first_name|there}"},
        {"do": "label", "labels": ["return"]},
        {"do": "snooze", "hours": 3},
    ]
    macro = hub.post("/macros", {"name": word(), "scope": "all", "steps": steps})
    assert set(macro) >= {"id", "name", "scope", "steps"}
    assert macro["steps"] == steps
    path = f"/conversations/{conversation}/macros/{macro['id']}"
    preview = hub.get(path)["steps"]
    assert [step["text"] for step in preview] == ["Hello there", "", ""]
    assert hub.get(f"/conversations/{conversation}")["labels"] == []
    run = hub.request("POST", path).json()
    assert ([step["do"] for step in run["done"]], run["failed"]) == (
        ["reply", "label", "snooze"],
        [],
    )
    shown = hub.get(f"/conversations/{conversation}")
    assert (shown["status"], shown["labels"]) == ("snoozed", ["return"])
    report = hub.post(f"/undo/{run['undo']}", status=200)
    assert {item["field"] for item in report["undone"]} >= {"labels", "status"}
    after = hub.get(f"/conversations/{conversation}")
    assert (after["status"], after["labels"]) == ("open", [])
    (listed,) = [item for item in hub.get("/macros")["items"] if item["id"] == macro["id"]]
    assert listed["used"] == 1


def test_a_macro_is_changed_deleted_and_restored(hub: RunningHub) -> None:
    body = {"name": word(), "scope": "all", "steps": [{"do": "resolve"}]}
    macro = hub.post("/macros", body)
    path = f"/macros/{macro['id']}"
    changed = hub.patch(path, {"steps": [{"do": "priority", "priority": "low"}]})
    assert (changed["name"], changed["steps"][0]["do"]) == (macro["name"], "priority")
    assert hub.request("DELETE", path).status_code == 204
    assert hub.request("GET", path).status_code == 404
    assert hub.post(f"{path}/restore", status=200)["id"] == macro["id"]


@pytest.mark.parametrize(
    "body",
    [
        {"name": "x", "steps": []},
        {"name": "x", "steps": [{"do": "dance"}]},
        {"name": "x", "steps": [{"do": "assign", "assignee_id": "4711"}]},
        {"name": " ", "steps": [{"do": "resolve"}]},
        {"name": "x", "steps": [{"do": "resolve"}] * 31},
    ],
    ids=lambda body: str(body)[:60],
)
def test_a_wrong_macro_is_refused(hub: RunningHub, body: dict[str, Any]) -> None:
    assert hub.request("POST", "/macros", json=body).status_code == 422


def test_a_macro_of_one_agent_is_undone_by_them_or_an_admin(
    hub: RunningHub, sandbox: Sandbox, ann_token: str
) -> None:
    conversation = texted(hub, sandbox, "+12025550442")["conversation_id"]
    hub.hires(f"{word()}@example.com", "Bea")
    macro = by(
        hub, ann_token, "POST", "/macros", {"name": word(), "steps": [{"do": "resolve"}]}
    ).json()
    path = f"/conversations/{conversation}/macros/{macro['id']}"
    assert hub.request("POST", path).status_code == 404
    run = by(hub, ann_token, "POST", path).json()
    email = f"{word()}@example.com"
    hub.hires(email, "Cleo")
    cleo = hub.makes_token("y", email)
    assert by(hub, cleo, "POST", f"/undo/{run['undo']}").status_code == 403
    assert hub.post(f"/undo/{run['undo']}", status=200)["undone"] == [
        {"conversation_id": conversation, "field": "status"}
    ]
