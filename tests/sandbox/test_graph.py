"""The Messenger stand-in."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest
import requests
from flask import Response

from hub.sandbox import Sandbox
from hub.sandbox.base import sample_files
from hub.sandbox.graph.webhooks import encoded, signature
from tests.sandbox.conftest import Listener, ReceivedCall


class Page:
    """The hub's side of the Graph API."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._graph = sandbox.graph
        self.base = f"{sandbox.graph.api_base}/v24.0"

    def call(self, path: str, **options: Any) -> requests.Response:
        token = self._graph.page_access_token
        method = options.pop("method", "POST")
        params = {"appsecret_proof": self._graph.proof(token), **options.pop("params", {})}
        headers = {"Authorization": f"Bearer {token}"}
        return requests.request(
            method,
            f"{self.base}/{path}",
            params=params,
            timeout=10,
            **{"headers": headers, **options},
        )

    def send(self, psid: str, message: Any = None, **more: Any) -> requests.Response:
        order = {"recipient": {"id": psid}, "messaging_type": "RESPONSE", "message": message}
        order = {k: v for k, v in {**order, **more}.items() if v is not None}
        return self.call(f"{self._graph.page_id}/messages", json=order)


@pytest.fixture
def page(sandbox: Sandbox) -> Page:
    return Page(sandbox)


def events(heard: ReceivedCall) -> list[Any]:
    return [event for entry in heard.json["entry"] for event in entry["messaging"]]


def wait_for_event(listener: Listener, name: str) -> Any:
    matches: list[Any] = []

    def has(heard: ReceivedCall) -> bool:
        matches[:] = [event for event in events(heard) if name in event]
        return bool(matches)

    listener.heard.wait_for(has)
    return matches[0]


def code_of(answer: requests.Response) -> tuple[int, int | None]:
    error = answer.json()["error"]
    assert error["fbtrace_id"] and error["type"] and error["message"]
    return error["code"], error.get("error_subcode")


def test_the_signature_is_over_the_escaped_bytes() -> None:
    text = "caf\u00e9 / \U0001f44d"
    body = {
        "object": "page",
        "entry": [
            {
                "id": "1234567890",
                "time": 1459991487970,
                "messaging": [
                    {
                        "sender": {"id": "5678"},
                        "recipient": {"id": "1234567890"},
                        "timestamp": 1459991487970,
                        "message": {"mid": "m_1", "text": text},
                    }
                ],
            }
        ],
    }
    assert signature("app-secret", encoded(body)) == (
        "sha256=3e453844c9b91e46ad6cda67bfe914c25952d741e901535830f546163329a23a"
    )


def test_the_proof_is_metas() -> None:
    with Sandbox() as sandbox:
        sandbox.graph.app_secret = "app-secret"
        assert sandbox.graph.proof("PAGE_TOKEN") == (
            "4a59b332efe897fe2ef17216309d4c6bb19d81bd7eaf8fd062effed966ae7aa5"
        )


def test_a_message_comes_signed_with_its_mid(sandbox: Sandbox, listener: Listener) -> None:
    ann = sandbox.graph.customer("Ann Sample")
    bubble = ann.says("café / 👍")
    heard = listener.heard.wait_for(path="webhooks/messenger")
    secret = sandbox.graph.app_secret.encode()
    good = "sha256=" + hmac.new(secret, heard.body, hashlib.sha256).hexdigest()
    assert heard.headers["X-Hub-Signature-256"] == good
    assert b"\\u00e9 \\/ \\ud83d" in heard.body
    event = events(heard)[0]
    assert event["message"] == {"mid": bubble.id, "text": "café / 👍"}
    assert event["sender"]["id"] == ann.psid and event["recipient"]["id"] == sandbox.graph.page_id
    assert ann.screen.bubbles.wait_for(id=bubble.id, status="delivered")


def test_all_activities_of_a_customer_come_in_order(sandbox: Sandbox, listener: Listener) -> None:
    ann = sandbox.graph.customer("Ann")
    ann.follows_link("token-1")
    bubble = ann.says("hi")
    ann.says("this", reply_to=bubble)
    ann.sends_photo()
    ann.sends_location(59.4, 24.7)
    ann.likes()
    ann.edits(bubble, "hi!")
    ann.reacts(bubble, "❤")
    ann.follows_link("token-2")
    received = [events(heard)[0] for heard in listener.heard.wait_for_count(9)]
    assert received[0]["postback"]["referral"]["ref"] == "token-1"
    assert received[2]["message"]["reply_to"] == {"mid": bubble.id}
    url = received[3]["message"]["attachments"][0]["payload"]["url"]
    assert requests.get(url, timeout=5).content == sample_files.photo()
    assert received[4]["message"]["attachments"][0]["payload"]["coordinates"]["lat"] == 59.4
    assert received[5]["message"]["attachments"][0]["payload"]["sticker_id"] == 369239263222822
    assert received[6]["message_edit"]["text"] == "hi!"
    assert received[7]["reaction"]["action"] == "react"
    assert received[8]["referral"]["ref"] == "token-2"


def test_it_comes_again_until_200(sandbox: Sandbox, listener: Listener) -> None:
    listener.answers(503, times=2)
    bubble = sandbox.graph.customer("Ann").says("hi")
    heard = listener.heard.wait_for_count(3)
    assert [events(each)[0]["message"]["mid"] for each in heard] == [bubble.id] * 3


def test_a_batch_is_one_request(sandbox: Sandbox, listener: Listener) -> None:
    with sandbox.graph.batch():
        sandbox.graph.customer("Ann").says("one")
        sandbox.graph.customer("Bob").says("two")
    texts = [event["message"]["text"] for event in events(listener.heard.wait_for_count(1)[0])]
    assert texts == ["one", "two"]


def test_a_reply_is_on_the_phone_and_echoed_and_delivered_and_read(
    sandbox: Sandbox, listener: Listener, page: Page
) -> None:
    ann = sandbox.graph.customer("Ann")
    ann.says("hi")
    answer = page.send(ann.psid, {"text": "hello", "metadata": "our-1"}).json()
    assert answer["recipient_id"] == ann.psid
    assert ann.received.wait_for(text="hello", id=answer["message_id"])
    echo = wait_for_event(listener, "message")
    listener.heard.wait_for(lambda h: any(e.get("message", {}).get("is_echo") for e in events(h)))
    echoes = [e for h in listener.heard for e in events(h) if e.get("message", {}).get("is_echo")]
    echo = echoes[0]
    assert echo["sender"]["id"] == sandbox.graph.page_id and echo["recipient"]["id"] == ann.psid
    assert echo["message"]["metadata"] == "our-1"
    assert echo["message"]["app_id"] == sandbox.graph.app_id
    delivery = wait_for_event(listener, "delivery")["delivery"]
    assert delivery["mids"] == [answer["message_id"]]
    assert delivery["watermark"] >= echo["timestamp"]
    ann.reads()
    assert wait_for_event(listener, "read")["read"]["watermark"] >= echo["timestamp"]


def test_the_echo_can_come_before_the_answer(
    sandbox: Sandbox, listener: Listener, page: Page
) -> None:
    ann = sandbox.graph.customer("Ann")
    ann.says("hi")
    sandbox.graph.echoes_first()
    mid = page.send(ann.psid, {"text": "hello"}).json()["message_id"]
    assert any(e.get("message", {}).get("mid") == mid for h in listener.heard for e in events(h))


def test_an_answer_in_the_pages_inbox_is_only_an_echo(sandbox: Sandbox, listener: Listener) -> None:
    sandbox.graph.page_answers(sandbox.graph.customer("Ann"), "from the app")
    message = wait_for_event(listener, "message")["message"]
    assert message["is_echo"] and message["app_id"] != sandbox.graph.app_id


def test_quick_replies_and_buttons_come_back(
    sandbox: Sandbox, listener: Listener, page: Page
) -> None:
    ann = sandbox.graph.customer("Ann")
    ann.says("hi")
    replies = [{"content_type": "text", "title": "Yes", "payload": "Y"}]
    assert page.send(ann.psid, {"text": "Good?", "quick_replies": replies}).ok
    ann.presses("Yes")
    listener.heard.wait_for(lambda h: "quick_reply" in events(h)[0].get("message", {}))
    payload = {
        "template_type": "button",
        "text": "And now?",
        "buttons": [{"type": "postback", "title": "Rate", "payload": "R"}],
    }
    template = {"attachment": {"type": "template", "payload": payload}}
    assert page.send(ann.psid, template).ok
    ann.presses("Rate")
    assert wait_for_event(listener, "postback")["postback"]["payload"] == "R"


def test_attachments_by_upload_by_url_and_by_id(
    sandbox: Sandbox, listener: Listener, page: Page
) -> None:
    ann = sandbox.graph.customer("Ann")
    ann.says("hi")
    message = {"attachment": {"type": "image", "payload": {"is_reusable": True}}}
    form = {
        "recipient": json.dumps({"id": ann.psid}),
        "messaging_type": "RESPONSE",
        "message": json.dumps(message),
    }
    files = {"filedata": ("photo.png", sample_files.photo(), "image/png")}
    answer = page.call("me/messages", data=form, files=files).json()
    photo = ann.received.wait_for(id=answer["message_id"])
    assert photo.media and photo.media.data == sample_files.photo()
    again = {"type": "image", "payload": {"attachment_id": answer["attachment_id"]}}
    assert page.send(ann.psid, {"attachment": again}).ok
    listener.files["form.pdf"] = (sample_files.pdf(), "application/pdf")
    by_url = {"type": "file", "payload": {"url": f"{listener.url}/form.pdf"}}
    assert page.send(ann.psid, {"attachment": by_url}).ok
    assert ann.received.wait_for(kind="file")
    listener.answer = lambda _: Response("", 404)
    missing_file = {"type": "image", "payload": {"url": f"{listener.url}/gone.png"}}
    assert code_of(page.send(ann.psid, {"attachment": missing_file})) == (100, 2018047)


@pytest.mark.parametrize(
    "message",
    [
        {"text": "a" * 2001},
        {"text": "👍" * 1001},
        {"text": ""},
        {},
        {"text": "a", "attachment": {"type": "image", "payload": {"attachment_id": "1"}}},
        {"text": "a", "metadata": "m" * 1000},
        {
            "text": "a",
            "quick_replies": [{"content_type": "text", "title": "x", "payload": "y"}] * 14,
        },
        {
            "text": "a",
            "quick_replies": [{"content_type": "text", "title": "x" * 21, "payload": ""}],
        },
        {"attachment": {"type": "picture", "payload": {"url": "https://example.com/a.png"}}},
        {"attachment": {"type": "image", "payload": {}}},
    ],
)
def test_it_refuses_what_messenger_refuses(sandbox: Sandbox, page: Page, message: Any) -> None:
    ann = sandbox.graph.customer("Ann")
    ann.says("hi")
    assert code_of(page.send(ann.psid, message)) == (100, None)
    assert len(ann.received) == 0


@pytest.mark.parametrize(
    ("hours", "order", "refused"),
    [
        (23.9, {"messaging_type": "RESPONSE"}, None),
        (24.1, {"messaging_type": "RESPONSE"}, (10, 2018278)),
        (24.1, {"messaging_type": "UPDATE"}, (10, 2018278)),
        (24.1, {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}, None),
        (23.9, {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}, (100, None)),
        (7 * 24 + 0.1, {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}, (10, 2018278)),
        (24.1, {"messaging_type": "MESSAGE_TAG", "tag": "ACCOUNT_UPDATE"}, (100, None)),
        (24.1, {"messaging_type": "MESSAGE_TAG"}, (100, None)),
        (1, {"messaging_type": None}, (100, None)),
    ],
)
def test_the_window_is_24_hours_and_7_days_for_people(
    sandbox: Sandbox,
    page: Page,
    hours: float,
    order: dict[str, Any],
    refused: tuple[int, int | None] | None,
) -> None:
    ann = sandbox.graph.customer("Ann")
    ann.says("hi")
    ann.last_wrote_hours_ago(hours)
    answer = page.send(ann.psid, {"text": "hello"}, **order)
    if refused is None:
        assert answer.status_code == 200
    else:
        assert code_of(answer) == refused


def test_a_message_opens_the_window_again(sandbox: Sandbox, page: Page) -> None:
    ann = sandbox.graph.customer("Ann")
    ann.says("hi")
    sandbox.clock.passes(hours=25)
    assert code_of(page.send(ann.psid, {"text": "late"})) == (10, 2018278)
    ann.says("still here")
    assert page.send(ann.psid, {"text": "good"}).ok


def test_an_unknown_customer_and_one_that_blocked_the_page_are_refused(
    sandbox: Sandbox, page: Page
) -> None:
    assert code_of(page.send("1", {"text": "hello"})) == (100, 2018001)
    ann = sandbox.graph.customer("Ann")
    ann.says("hi")
    ann.blocks_page()
    assert code_of(page.send(ann.psid, {"text": "hello"}))[0] == 551


def test_sender_actions_stand_alone(sandbox: Sandbox, page: Page) -> None:
    ann = sandbox.graph.customer("Ann")
    bubble = ann.says("hi")
    assert page.send(ann.psid, sender_action="typing_on", messaging_type=None).ok
    assert list(ann.screen.typing) == ["typing"]
    ann.screen.bubbles.wait_for(id=bubble.id, status="delivered")
    assert page.send(ann.psid, sender_action="mark_seen", messaging_type=None).ok
    assert ann.screen.bubbles.wait_for(id=bubble.id, status="read")
    assert code_of(page.send(ann.psid, {"text": "x"}, sender_action="typing_on")) == (100, None)


def test_keys_are_checked(sandbox: Sandbox, page: Page) -> None:
    wrong = {"Authorization": "Bearer EAAwrong"}
    assert code_of(page.call("me", method="GET", headers=wrong)) == (190, None)
    assert code_of(page.call("me", method="GET", headers={}))[0] == 104
    assert code_of(page.call("me", method="GET", params={"appsecret_proof": "0"}))[0] == 100
    token = sandbox.graph.page_access_token
    in_body = {
        "access_token": token,
        "recipient": {"id": sandbox.graph.customer("Ann").psid},
        "sender_action": "typing_on",
    }
    assert page.call("me/messages", json=in_body, headers={}).ok


def test_a_profile_has_the_fields_that_were_asked_for(sandbox: Sandbox, page: Page) -> None:
    ann = sandbox.graph.customer("Ann Sample")
    fields = {"fields": "first_name,last_name,profile_pic"}
    about = page.call(ann.psid, method="GET", params=fields).json()
    assert (about["first_name"], about["last_name"], about["id"]) == ("Ann", "Sample", ann.psid)
    assert sample_files.image_size(requests.get(about["profile_pic"], timeout=5).content) == (
        96,
        96,
    )
    assert code_of(page.call("1", method="GET", params=fields)) == (100, 33)
    assert page.call("me", method="GET").json()["id"] == sandbox.graph.page_id


def test_only_subscribed_fields_come(sandbox: Sandbox, listener: Listener, page: Page) -> None:
    answer = page.call("me/subscribed_apps", params={"subscribed_fields": "messages"})
    assert answer.json() == {"success": True}
    ann = sandbox.graph.customer("Ann")
    ann.posts_back("GET_STARTED")
    ann.says("hi")
    assert "message" in events(listener.heard.wait_for_count(1)[0])[0]
    subscribed = page.call("me/subscribed_apps", method="GET").json()["data"][0]
    assert subscribed["subscribed_fields"] == ["messages"]
    assert code_of(page.call("me/subscribed_apps", params={"subscribed_fields": "all"}))[0] == 100


def test_the_webhook_is_verified_by_its_challenge(sandbox: Sandbox, listener: Listener) -> None:
    def answer(heard: ReceivedCall) -> Response:
        good = heard.args.get("hub.verify_token") == sandbox.graph.verify_token
        return Response(heard.args["hub.challenge"] if good else "", 200 if good else 403)

    listener.answer = answer
    assert sandbox.graph.verifies()
    assert not sandbox.graph.verifies("wrong")


def test_faults_look_like_metas(sandbox: Sandbox, page: Page) -> None:
    ann = sandbox.graph.customer("Ann")
    ann.says("hi")
    sandbox.graph.is_throttled(30)
    assert code_of(page.send(ann.psid, {"text": "one"}))[0] == 613
    sandbox.graph.is_up()
    sandbox.graph.is_down()
    down = page.send(ann.psid, {"text": "two"})
    assert down.status_code == 500 and down.json()["error"]["is_transient"]
    sandbox.graph.is_up()
    sandbox.graph.times_out_after_accepting()
    with pytest.raises(requests.ConnectionError):
        page.send(ann.psid, {"text": "three"})
    assert [bubble.text for bubble in ann.received] == ["three"]
