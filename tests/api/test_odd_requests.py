"""Requests that no honest program sends: each is told what is wrong with it."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from hub.sandbox import Sandbox
from tests.api.test_resources import word
from tests.harness import RunningHub

pytestmark = pytest.mark.servers

DEEP = 100_000


@pytest.fixture
def customer(hub: RunningHub, sandbox: Sandbox) -> dict[str, Any]:
    """What somebody said by Telegram."""
    text = word()
    sandbox.telegram.customer("Kim").says(text)
    return hub.message_with(text)


def refused(answer: requests.Response, *statuses: int) -> dict[str, Any]:
    assert answer.status_code in statuses, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == answer.status_code
    return problem


@pytest.mark.parametrize(
    "body",
    [b"[" * DEEP + b"]" * DEEP, b'{"a":' * DEEP + b"1" + b"}" * DEEP],
    ids=["lists", "objects"],
)
@pytest.mark.parametrize("path", ["/conversations", "/session", "/routing/preview"])
def test_json_that_nests_too_deep_is_no_mistake_of_ours(
    hub: RunningHub, path: str, body: bytes
) -> None:
    headers = {"Content-Type": "application/json"}
    refused(hub.request("POST", path, data=body, headers=headers), 422)


@pytest.mark.parametrize("end", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"])
def test_a_time_that_utc_does_not_have_is_refused(
    hub: RunningHub, customer: dict[str, Any], end: str
) -> None:
    path = f"/conversations/{customer['conversation_id']}"
    problem = refused(hub.request("PATCH", path, json={"snoozed_until": end}), 422)
    assert problem["errors"][0]["field"] == "snoozed_until"
    refused(hub.request("GET", "/reports/switches", params={"since": end}), 422)
    question = {"connector": "website", "text": "Hello", "at": end}
    refused(hub.request("POST", "/routing/preview", json=question), 422)


@pytest.mark.parametrize("number", ["1" + "0" * 400, "1e999", "NaN", "-Infinity"])
def test_an_attribute_is_a_number_that_can_be_kept(
    hub: RunningHub, customer: dict[str, Any], number: str
) -> None:
    path = f"/contacts/{customer['contact_id']}"
    body = f'{{"attributes": {{"order": {number}}}}}'
    headers = {"Content-Type": "application/json"}
    refused(hub.request("PATCH", path, data=body, headers=headers), 422)
    assert "order" not in hub.get(path)["attributes"]


def test_a_number_too_large_to_be_whole_is_kept_as_near_as_can_be(
    hub: RunningHub, customer: dict[str, Any]
) -> None:
    path = f"/contacts/{customer['contact_id']}"
    assert hub.patch(path, {"attributes": {"stars": 10**30}})["attributes"]["stars"] == 1e30


def test_whole_numbers_and_fractions_come_back_as_they_were(
    hub: RunningHub, customer: dict[str, Any]
) -> None:
    told = {"orders": 3, "spent": 79.5, "member": True, "size": "40"}
    kept = hub.patch(f"/contacts/{customer['contact_id']}", {"attributes": told})["attributes"]
    assert {name: kept[name] for name in told} == told
    assert [type(kept[name]) for name in told] == [type(value) for value in told.values()]


@pytest.mark.parametrize("name", ["", "\0", "tele\0gram", " "])
def test_a_name_that_no_connector_has_is_not_taken_for_no_choice(
    hub: RunningHub, customer: dict[str, Any], name: str
) -> None:
    path = f"/conversations/{customer['conversation_id']}/messages"
    refused(hub.request("POST", path, json={"text": word(), "connector": name}), 422)
    with hub.agent() as agent:
        heard = agent.says(
            word(), word(), conversation_id=customer["conversation_id"], connector=name
        )
    assert heard["ok"] is False and heard["code"] == "invalid"


def test_a_mail_address_in_two_spellings_is_one_person(hub: RunningHub, sandbox: Sandbox) -> None:
    path, text = f"{word()}@example.org", word()
    typed = {"address": f"mailto:{path.upper()}", "connector": "mail", "text": "We have news."}
    started = hub.post("/conversations", typed)
    sandbox.mail.customer(path).sends(text)
    assert hub.message_with(text)["contact_id"] == started["contact"]["id"]


def test_a_mail_address_with_a_line_end_is_none(hub: RunningHub) -> None:
    body = {"address": "mailto:a@b.example\r\nBcc: c@d.example", "connector": "mail", "text": "x"}
    assert refused(hub.request("POST", "/conversations", json=body), 422)["field"] == "address"
