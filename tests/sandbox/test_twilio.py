"""The Twilio stand-in, spoken to by Twilio's own client and validated by its own validator."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from flask import Response
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from hub.sandbox import Sandbox
from hub.sandbox.base import sample_files
from hub.sandbox.twilio.messages import segments
from tests.sandbox.conftest import Listener, ReceivedCall

ANN = "+12025550123"


class ToSandbox(TwilioHttpClient):
    """Twilio's client has no base URL: the host is changed on the way."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__()
        self._base = sandbox.twilio.api_base

    def request(self, method: str, url: str, *args: Any, **options: Any) -> Any:
        url = url.replace("https://api.twilio.com", self._base)
        return super().request(method, url, *args, **options)


@pytest.fixture
def client(sandbox: Sandbox) -> Client:
    twilio = sandbox.twilio
    return Client(twilio.account_sid, twilio.auth_token, http_client=ToSandbox(sandbox))


def send(client: Client, sandbox: Sandbox, **order: Any) -> Any:
    return client.messages.create(**{"to": ANN, "from_": sandbox.twilio.number, **order})


def is_signed(sandbox: Sandbox, url: str, heard: ReceivedCall) -> bool:
    validator = RequestValidator(sandbox.twilio.auth_token)
    return bool(validator.validate(url, heard.form, heard.headers["X-Twilio-Signature"]))


def test_a_text_reaches_the_webhook_signed_with_all_its_blank_fields(
    sandbox: Sandbox, listener: Listener
) -> None:
    bubble = sandbox.twilio.customer(ANN).texts("café 👍")
    heard = listener.heard.wait_for(path="webhooks/sms")
    assert is_signed(sandbox, f"{listener.url}/webhooks/sms", heard)
    assert not is_signed(sandbox, f"{listener.url}/webhooks/other", heard)
    assert heard.form["Body"] == "café 👍" and heard.form["From"] == ANN
    assert heard.form["MessageSid"] == heard.form["SmsSid"] == bubble.id
    assert heard.form["ToZip"] == "" and heard.form["NumMedia"] == "0"
    screen = sandbox.twilio.customer(ANN).screen
    assert screen.bubbles.wait_for(id=bubble.id, status="delivered")


def test_an_mms_is_fetched_with_the_keys_and_by_a_redirect(
    sandbox: Sandbox, listener: Listener
) -> None:
    picture = sample_files.photo()
    sandbox.twilio.customer(ANN).sends_mms(picture, "look")
    form = listener.heard.wait_for(path="webhooks/sms").form
    assert form["NumMedia"] == "1" and form["MediaContentType0"] == "image/png"
    twilio = sandbox.twilio
    assert requests.get(form["MediaUrl0"], timeout=5).status_code == 401
    keys = (twilio.account_sid, twilio.auth_token)
    step = requests.get(form["MediaUrl0"], auth=keys, timeout=5, allow_redirects=False)
    assert step.status_code == 307 and step.headers["Location"].startswith(f"{sandbox.url}/cdn/")
    assert requests.get(step.headers["Location"], timeout=5).content == picture


def test_a_webhook_that_fails_loses_the_message(sandbox: Sandbox, listener: Listener) -> None:
    listener.answers(500, times=100)
    ann = sandbox.twilio.customer(ANN)
    bubble = ann.texts("hello?")
    assert ann.screen.bubbles.wait_for(id=bubble.id, status="failed")
    assert len(listener.heard) == 1
    sandbox.twilio.sends_again(bubble)
    again = listener.heard.wait_for_count(2)[1]
    assert again.form == listener.heard[0].form


def test_a_sent_message_is_on_the_phone_and_reported(
    sandbox: Sandbox, listener: Listener, client: Client
) -> None:
    callback = f"{listener.url}/webhooks/sms/status?message=m1"
    message = send(client, sandbox, body="Hello Ann", status_callback=callback)
    assert (message.status, message.num_segments, message.num_media) == ("queued", "1", "0")
    assert message.direction == "outbound-api" and message.date_created.tzinfo
    assert sandbox.twilio.customer(ANN).received.wait_for(text="Hello Ann", id=message.sid)
    reports = listener.heard.wait_for_count(2)
    assert [heard.form["MessageStatus"] for heard in reports] == ["sent", "delivered"]
    assert reports[0].args == {"message": "m1"} and is_signed(sandbox, callback, reports[0])
    assert "RawDlrDoneDate" in reports[1].form and "RawDlrDoneDate" not in reports[0].form
    assert client.messages(message.sid).fetch().status == "delivered"


def test_a_phone_that_is_off_is_reported_with_its_code(
    sandbox: Sandbox, listener: Listener, client: Client
) -> None:
    sandbox.twilio.customer(ANN).phone_is_off()
    send(client, sandbox, body="Hello", status_callback=f"{listener.url}/status")
    last = listener.heard.wait_for_count(2)[1]
    assert (last.form["MessageStatus"], last.form["ErrorCode"]) == ("undelivered", "30003")
    assert len(sandbox.twilio.customer(ANN).received) == 0


def test_reports_by_hand_come_in_any_order(
    sandbox: Sandbox, listener: Listener, client: Client
) -> None:
    sandbox.twilio.reports_by_hand()
    message = send(client, sandbox, body="Hello", status_callback=f"{listener.url}/status")
    sandbox.twilio.reports(message.sid, "delivered")
    sandbox.twilio.reports(message.sid, "sent")
    heard = listener.heard.wait_for_count(2)
    assert [each.form["MessageStatus"] for each in heard] == ["delivered", "sent"]


def test_media_are_fetched_from_the_sender(
    sandbox: Sandbox, listener: Listener, client: Client
) -> None:
    listener.files["photo.png"] = (sample_files.photo(), "image/png")
    send(client, sandbox, media_url=[f"{listener.url}/photo.png"])
    photo = sandbox.twilio.customer(ANN).received.wait_for(kind="photo")
    assert photo.media and photo.media.data == sample_files.photo()


def test_media_that_cannot_be_fetched_fail_the_message(
    sandbox: Sandbox, listener: Listener, client: Client
) -> None:
    listener.answer = lambda heard: Response("", 404 if heard.path == "gone.png" else 200)
    message = send(
        client,
        sandbox,
        body="look",
        media_url=[f"{listener.url}/gone.png"],
        status_callback=f"{listener.url}/status",
    )
    listener.heard.wait_for(path="gone.png")
    status = listener.heard.wait_for(path="status")
    assert (status.form["MessageStatus"], status.form["ErrorCode"]) == ("failed", "11200")
    assert client.messages(message.sid).fetch().error_code == 11200


@pytest.mark.parametrize(
    ("order", "code"),
    [
        ({"to": "12025550123", "body": "x"}, 21211),
        ({"to": "+1", "body": "x"}, 21211),
        ({"to": "Ann", "body": "x"}, 21211),
        ({"body": "x" * 1601}, 21617),
        ({}, 21619),
        ({"body": "   "}, 21602),
        ({"from_": "+15005550001", "body": "x"}, 21606),
        ({"body": "x", "status_callback": "http://my_host.example.com/status"}, 21609),
        ({"body": "x", "media_url": ["not a url"]}, 21620),
        ({"body": "x", "media_url": ["https://example.com/a.png"] * 11}, 21623),
        ({"body": "x", "validity_period": 36001}, 21624),
    ],
)
def test_it_refuses_what_twilio_refuses(
    sandbox: Sandbox, client: Client, order: dict[str, Any], code: int
) -> None:
    with pytest.raises(TwilioRestException) as problem:
        send(client, sandbox, **order)
    assert (problem.value.status, problem.value.code) == (400, code)
    assert len(sandbox.twilio.messages) == 0


def test_it_takes_a_body_at_the_limit(sandbox: Sandbox, client: Client) -> None:
    assert send(client, sandbox, body="x" * 1600).num_segments == "11"


def test_stop_is_answered_by_twilio_and_blocks_until_start(
    sandbox: Sandbox, listener: Listener, client: Client
) -> None:
    ann = sandbox.twilio.customer(ANN)
    ann.texts(" stop ")
    assert ann.received.wait_for(by_provider=True)
    heard = listener.heard.wait_for_count(1)[0]
    assert heard.form["Body"] == " stop " and "OptOutType" not in heard.form
    with pytest.raises(TwilioRestException) as problem:
        send(client, sandbox, body="please come back")
    assert problem.value.code == 21610
    ann.texts("please STOP calling")
    ann.texts("Start")
    send(client, sandbox, body="welcome back")
    assert ann.received.wait_for(text="welcome back")


def test_advanced_opt_out_names_the_keyword(sandbox: Sandbox, listener: Listener) -> None:
    sandbox.twilio.advanced_opt_out = True
    sandbox.twilio.customer(ANN).texts("Unsubscribe")
    assert listener.heard.wait_for_count(1)[0].form["OptOutType"] == "STOP"


def test_wrong_keys_are_refused(sandbox: Sandbox) -> None:
    sid = sandbox.twilio.account_sid
    client = Client(sid, "wrong", http_client=ToSandbox(sandbox))
    with pytest.raises(TwilioRestException) as problem:
        send(client, sandbox, body="x")
    assert (problem.value.status, problem.value.code) == (401, 20003)


def test_messages_are_listed_by_filter_and_page(sandbox: Sandbox, client: Client) -> None:
    ann = sandbox.twilio.customer(ANN)
    for number in range(5):
        ann.texts(f"text {number}")
    sandbox.twilio.customer("+12025550145").texts("somebody else")
    ours = sandbox.twilio.number
    today = datetime.now(UTC).date()
    assert len(client.messages.list(to=ours)) == 6
    assert len(client.messages.list(from_=ANN, page_size=2)) == 5
    assert len(client.messages.list(to=ours, date_sent=today)) == 6
    assert len(client.messages.list(to=ours, date_sent_after=datetime(2026, 1, 1, tzinfo=UTC))) == 6
    assert client.messages.list(to=ours, date_sent_before=datetime(2020, 1, 1, tzinfo=UTC)) == []
    assert client.messages.list(from_=ANN)[0].body == "text 4"


def test_faults_look_like_twilios(sandbox: Sandbox, client: Client) -> None:
    sandbox.twilio.is_throttled(30)
    with pytest.raises(TwilioRestException) as throttled:
        send(client, sandbox, body="one")
    assert (throttled.value.status, throttled.value.code) == (429, 20429)
    assert client.messages.list() == []
    sandbox.twilio.is_up()
    sandbox.twilio.is_down()
    with pytest.raises(TwilioRestException) as down:
        send(client, sandbox, body="two")
    assert down.value.status == 503
    sandbox.twilio.is_up()
    sandbox.twilio.times_out_after_accepting()
    with pytest.raises(requests.ConnectionError):
        send(client, sandbox, body="three")
    assert sandbox.twilio.customer(ANN).received.wait_for(text="three")
    assert [message.body for message in client.messages.list()] == ["three"]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("a" * 152 + "€" + "a" * 152, 3),
        ("я" * 70, 1),
        ("я" * 71, 2),
        ("я" * 134, 2),
        ("я" * 135, 3),
        ("👍" * 35, 1),
        ("👍" * 36, 2),
        ("я" * 66 + "👍" + "я" * 67, 3),
        ("ç" * 71, 2),
    ],
)
def test_segments_are_counted_as_on_the_air(text: str, count: int) -> None:
    assert segments(text) == count
