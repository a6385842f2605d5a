"""The door for providers: who may post, and what strangers are answered."""

from __future__ import annotations

import json
import socket

import pytest
import requests

from hub.sandbox import Sandbox
from tests.harness import RunningHub

pytestmark = pytest.mark.servers

MAIL = b"From: eve@example.org\r\nTo: letters@shop.example\r\nSubject: Hi\r\n\r\n%s\r\n"
UPDATE = {
    "update_id": 1,
    "message": {
        "message_id": 1,
        "date": 1790000000,
        "chat": {"id": 77, "type": "private"},
        "from": {"id": 77, "is_bot": False, "first_name": "Eve"},
        "text": "forged update",
    },
}


def post(hub: RunningHub, path: str, **options: object) -> requests.Response:
    return requests.post(f"{hub.url}/webhooks/{path}", timeout=20, **options)  # type: ignore[arg-type]


def test_a_connector_that_is_not_there_is_not_found(hub: RunningHub) -> None:
    answer = post(hub, "nowhere", data=b"x")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_connector_that_is_turned_off_asks_the_provider_to_come_again(hub: RunningHub) -> None:
    answer = post(hub, "resting", data=b"x")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]


@pytest.mark.parametrize(
    ("name", "options", "status"),
    [
        ("sms", {"data": {"From": "+12025550100", "Body": "forged sms"}}, 403),
        (
            "sms",
            {
                "data": {"From": "+12025550100", "Body": "forged sms"},
                "headers": {"X-Twilio-Signature": "AAAAAAAAAAAAAAAAAAAAAAAAAAA="},
            },
            403,
        ),
        ("messenger", {"json": {"object": "page", "entry": []}}, 401),
        (
            "messenger",
            {
                "json": {"object": "page", "entry": []},
                "headers": {"X-Hub-Signature-256": "sha256=" + "0" * 64},
            },
            401,
        ),
        ("hooked", {"json": UPDATE}, 401),
        ("hooked", {"json": UPDATE, "headers": {"X-Telegram-Bot-Api-Secret-Token": "no"}}, 401),
        ("hooked", {"json": UPDATE, "headers": {"X-Telegram-Bot-Api-Secret-Token": "é"}}, 401),
        ("letters", {"data": MAIL, "headers": {"Content-Type": "message/rfc822"}}, 401),
        (
            "letters",
            {
                "data": MAIL,
                "headers": {"Content-Type": "message/rfc822", "Authorization": "Bearer guess"},
            },
            401,
        ),
        ("website", {"json": {"type": "message", "text": "forged chat"}}, 401),
    ],
)
def test_what_is_not_signed_is_refused_and_leaves_nothing(
    hub: RunningHub, name: str, options: dict[str, object], status: int
) -> None:
    assert post(hub, name, **options).status_code == status
    assert not [one for one in hub.get("/search", q="forged")["items"]]


def test_signed_mail_comes_in_and_its_original_is_kept_as_it_came(hub: RunningHub) -> None:
    raw = MAIL % b"written by hand"
    headers = {"Content-Type": "message/rfc822", "Authorization": "Bearer letters-secret"}
    assert post(hub, "letters", data=raw, headers=headers).status_code in (200, 202, 204)
    message = hub.message_with("written by hand")
    original = hub.request("GET", f"/messages/{message['id']}/original")
    assert original.content == raw
    assert original.headers["Content-Type"] == "message/rfc822"
    assert original.headers["Content-Disposition"].startswith("attachment")


def test_a_signed_update_comes_in_once_however_often_it_is_sent(hub: RunningHub) -> None:
    update = json.loads(json.dumps(UPDATE))
    update["message"]["text"] = "a real update"
    headers = {"X-Telegram-Bot-Api-Secret-Token": "hooked-secret"}
    for _ in range(5):
        assert post(hub, "hooked", json=update, headers=headers).status_code == 200
    message = hub.message_with("a real update")
    texts = [one["text"] for one in hub.messages(message["conversation_id"])]
    assert texts == ["a real update"]


def test_an_accepted_webhook_has_the_security_headers_of_a_refused_one(hub: RunningHub) -> None:
    headers = {"X-Telegram-Bot-Api-Secret-Token": "hooked-secret"}
    accepted = post(hub, "hooked", json={**UPDATE, "update_id": 2}, headers=headers)
    refused = post(hub, "hooked", json=UPDATE)
    assert (accepted.status_code, refused.status_code) == (200, 401)
    of_a_problem = {"Content-Type", "Content-Length", "Date"}
    assert {
        name: value for name, value in accepted.headers.items() if name not in of_a_problem
    } == {name: value for name, value in refused.headers.items() if name not in of_a_problem}


@pytest.mark.parametrize("path", ["hooked/", "hooked/other", ""])
def test_a_path_beside_the_webhooks_receives_nothing(hub: RunningHub, path: str) -> None:
    update = {**UPDATE, "message": {**UPDATE["message"], "text": "beside the way"}}  # type: ignore[dict-item]
    headers = {"X-Telegram-Bot-Api-Secret-Token": "hooked-secret"}
    assert post(hub, path, json=update, headers=headers).status_code == 404
    assert not hub.get("/search", q="beside")["items"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b"[[[["])
def test_a_signed_body_of_another_form_is_the_senders_fault(hub: RunningHub, body: bytes) -> None:
    headers = {
        "X-Telegram-Bot-Api-Secret-Token": "hooked-secret",
        "Content-Type": "application/json",
    }
    assert post(hub, "hooked", data=body, headers=headers).status_code in (200, 400)


def test_meta_gets_its_challenge_back_for_the_right_token_only(
    hub: RunningHub, sandbox: Sandbox
) -> None:
    assert sandbox.graph.verifies()
    url = f"{hub.url}/webhooks/messenger"

    def asks(token: str, challenge: str) -> requests.Response:
        query = {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": token}
        return requests.get(url, params=query, timeout=20)

    assert asks("guess", "1158201444").status_code == 403
    right = asks("sandbox-verify-token", "1158201444")
    assert (right.status_code, right.text) == (200, "1158201444")
    assert right.headers["Content-Type"].startswith("text/plain")
    assert "<" not in asks("sandbox-verify-token", "<script>1</script>").text


def test_a_channel_without_a_handshake_takes_no_get(hub: RunningHub) -> None:
    for name in ("sms", "hooked", "letters"):
        assert requests.get(f"{hub.url}/webhooks/{name}", timeout=20).status_code == 405


def test_a_body_that_is_too_large_is_refused_before_it_is_read(hub: RunningHub) -> None:
    with socket.create_connection(("127.0.0.1", hub.port), timeout=20) as line:
        line.sendall(
            b"POST /webhooks/letters HTTP/1.1\r\nHost: hub\r\nContent-Type: message/rfc822\r\n"
            b"Authorization: Bearer letters-secret\r\nContent-Length: 60000000\r\n\r\n"
        )
        assert line.recv(65536).split(b"\r\n")[0].split(b" ")[1] == b"413"
