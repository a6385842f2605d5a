"""`/views`, `/conversations/bulk` and `/jobs` over the wire."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from hub.sandbox import Sandbox
from tests.harness import RunningHub, eventually

pytestmark = pytest.mark.servers


def arrives(hub: RunningHub, sandbox: Sandbox, text: str) -> str:
    number = f"+3725{uuid.uuid4().int % 10**7:07}"
    sandbox.twilio.customer(number).texts(text)
    conversation_id: str = hub.message_with(text)["conversation_id"]
    return conversation_id


def test_a_view_has_its_filter_its_order_and_its_count(hub: RunningHub, sandbox: Sandbox) -> None:
    label = f"l{uuid.uuid4().hex[:8]}"
    first, other = (arrives(hub, sandbox, f"{label} {n}") for n in "ab")
    for conversation_id, priority in ((first, "urgent"), (other, "low")):
        hub.patch(f"/conversations/{conversation_id}", {"labels": [label], "priority": priority})
    filter_ = {"label": label, "status": "open"}
    body = {"name": label, "scope": "all", "filter": filter_, "sort": "priority"}
    made = hub.post("/views", body)
    assert {name: made[name] for name in ("name", "scope", "filter", "sort", "count", "more")} == {
        **body,
        "count": 2,
        "more": False,
    }
    assert made["id"] in [one["id"] for one in hub.get("/views")["items"]]
    assert [one["id"] for one in hub.conversations(view=made["id"])] == [first, other]
    assert [one["id"] for one in hub.conversations(view=made["id"], priority="low")] == [other]
    changed = hub.patch(f"/views/{made['id']}", {"filter": {"label": "none"}, "name": "Nothing"})
    assert (changed["name"], changed["count"], changed["sort"]) == ("Nothing", 0, "priority")
    assert hub.request("DELETE", f"/views/{made['id']}").status_code == 204
    assert hub.request("GET", "/conversations", params={"view": made["id"]}).status_code == 422
    assert hub.request("DELETE", f"/views/{made['id']}").status_code == 404


WRONG_VIEWS: list[tuple[dict[str, Any], str]] = [
    ({"name": ""}, "name"),
    ({"name": "x", "scope": "world"}, "scope"),
    ({"name": "x", "scope": "all", "filter": {"status": "opened"}}, "status"),
    ({"name": "x", "scope": "all", "filter": {"colour": "red"}}, "colour"),
    ({"name": "x", "scope": "all", "filter": {"before": "soon"}}, "before"),
    ({"name": "x", "scope": "all", "sort": "newest"}, "sort"),
    ({"name": "x", "scope": "team"}, "team"),
]


@pytest.mark.parametrize(("body", "field"), WRONG_VIEWS)
def test_what_is_wrong_with_a_view_is_named(
    hub: RunningHub, body: dict[str, Any], field: str
) -> None:
    answer = hub.request("POST", "/views", json=body)
    assert answer.status_code == 422, answer.text
    assert field in answer.text


def test_the_conversations_of_a_filter_are_fixed_when_a_change_begins(
    hub: RunningHub, sandbox: Sandbox
) -> None:
    word = f"w{uuid.uuid4().hex[:8]}"
    ids = [arrives(hub, sandbox, f"{word} {n}") for n in "abc"]
    change = {"status": "resolved", "labels_add": [word], "priority": "high"}
    job = hub.post("/conversations/bulk", {"filter": {"q": word}, "change": change}, 202)
    assert job["total"] == 3

    def finished() -> dict[str, Any] | None:
        found: dict[str, Any] = hub.get(f"/jobs/{job['id']}")
        return found if found["finished_at"] else None

    over = eventually(finished)
    assert (over["done"], over["failed"], over["undo"]) == (3, [], job["undo"])
    assert sorted(one["id"] for one in hub.conversations(label=word)) == sorted(ids)
    undone = hub.post(f"/undo/{over['undo']}", status=200)
    assert {one["conversation_id"] for one in undone["undone"]} == set(ids)
    assert hub.conversations(label=word) == []


def test_a_change_of_ids_names_those_that_failed(hub: RunningHub, sandbox: Sandbox) -> None:
    existing = arrives(hub, sandbox, f"hello {uuid.uuid4().hex}")
    body = {"ids": [existing, "987654321"], "change": {"priority": "low"}}
    job = hub.post("/conversations/bulk", body, 202)
    over = eventually(lambda: (one := hub.get(f"/jobs/{job['id']}"))["finished_at"] and one)
    assert (over["done"], [one["id"] for one in over["failed"]]) == (1, ["987654321"])


WRONG_CHANGES: list[tuple[dict[str, Any], str]] = [
    ({"change": {"priority": "low"}}, "ids"),
    ({"ids": ["1"], "filter": {}, "change": {"priority": "low"}}, "ids"),
    ({"ids": ["1"], "change": {}}, "change"),
    ({"ids": ["1"], "change": {"labels_add": []}}, "change"),
    ({"ids": ["1"], "change": {"labels_add": [" "]}}, "labels_add"),
    ({"ids": ["1"], "change": {"status": None}}, "status"),
    ({"ids": ["1"], "change": {"status": "snoozed"}}, "snoozed_until"),
    ({"ids": ["1"], "change": {"assignee_id": "987654321"}}, "assignee_id"),
    ({"ids": ["x"], "change": {"priority": "low"}}, "ids"),
    ({"filter": {"status": "x"}, "change": {"priority": "low"}}, "status"),
    ({"filter": {}, "zone": "Moon", "change": {"priority": "low"}}, ""),
]


@pytest.mark.parametrize(("body", "field"), WRONG_CHANGES)
def test_what_is_wrong_with_a_change_is_named(
    hub: RunningHub, body: dict[str, Any], field: str
) -> None:
    if "zone" in body:
        body = {**body, "filter": {"before": "2020-01-01"}}
        field = "zone"
    answer = hub.request("POST", "/conversations/bulk", json=body)
    assert answer.status_code == 422, answer.text
    assert field in answer.text


def test_a_change_goes_on_after_the_hub_was_killed(hub: RunningHub, sandbox: Sandbox) -> None:
    word = f"w{uuid.uuid4().hex[:8]}"
    arrives(hub, sandbox, word)
    ids = [arrives(hub, sandbox, f"{word} {n}") for n in range(3)]
    # Enough to do for the hub to be killed in the middle of it.
    missing = [str(number) for number in range(900_000_000, 900_000_800)]
    body = {"ids": [*missing, *ids], "change": {"labels_add": [word]}}
    job = hub.post("/conversations/bulk", body, 202)
    eventually(lambda: hub.get(f"/jobs/{job['id']}")["failed"])
    hub.kill()
    hub.start()
    over = eventually(lambda: (one := hub.get(f"/jobs/{job['id']}"))["finished_at"] and one)
    assert (over["done"], [one["id"] for one in over["failed"]]) == (3, missing)
    assert {one["id"] for one in hub.conversations(label=word)} == set(ids)
