"""One event that cannot be read fails alone: its neighbours come in, and the provider gets its 2xx.

Everything is tried on a real hub, with green threads.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
import requests
from twilio.request_validator import RequestValidator

from tests.harness import RunningHub, eventually
from tests.hostile.bot_api import BotApi, message, texts_of

pytestmark = pytest.mark.servers

BUTTON = (
    b'{"update_id":%d,"callback_query":{"id":"1","chat_instance":"1",'
    b'"from":{"id":78,"is_bot":false,"first_name":"B"},"message":{"message_id":1,"date":1767225600,'
    b'"chat":{"id":78,"type":"private","first_name":"B"}},"data":"DATA"}}'
)
#: What is to be shown of each; None for what only the journal keeps.
ODD = {
    "bytes that are no UTF-8": (BUTTON.replace(b"DATA", b"odd \xff text"), "odd \ufffd text"),
    "half a surrogate pair": (BUTTON.replace(b"DATA", rb"half \ud83d"), "half \ufffd"),
    "the other half": (message("x").replace(b'"x"', rb'"\ude00 half"'), "\ufffd half"),
    "a chat that is a text": (message("x").replace(b'"id":77', b'"id":"77"'), None),
    "a message that is a number": (b'{"update_id":%d,"message":7}', None),
    "a message that is a list": (b'{"update_id":%d,"message":[]}', None),
    "a date beyond all calendars": (
        message("late").replace(b"1767225600", b"9" * 30),
        "late",
    ),
    "a number of 5,000 digits": (
        message("later").replace(b"1767225600", b"9" * 5000),
        "later",
    ),
    "nested 100,000 deep": (
        message("deep", more=',"odd":' + "[" * 100_000 + "]" * 100_000),
        "deep",
    ),
    "nested 300 deep": (message("deeper", more=',"odd":' + "[" * 300 + "]" * 300), "deeper"),
    "unknown fields": (message("newer", more=',"brand_new":{"a":[1,2,{"b":null}]}'), "newer"),
    "a number that is none": (message("NaN", more=',"reply_to_message":NaN'), "NaN"),
    "a photo, a poll and an author of the future": (
        message("newest", more=',"photo":{},"poll":{"question":7},"forward_origin":[]'),
        "newest",
    ),
    "an answer to what cannot be read": (
        message("an answer", more=',"reply_to_message":{"message_id":"1","poll":[]},"quote":4'),
        "an answer",
    ),
    "not even JSON": (message("x")[:-3], None),
}  # fmt: skip


def failed_entries(hub: RunningHub) -> list[dict[str, object]]:
    return list(hub.get("/journal", status="failed", limit=100)["items"])


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningHub, BotApi]]:
    with BotApi() as telegram:
        config = f"""connectors:
{telegram.config()}
  hooked: {{kind: telegram, token: '1:x', mode: webhook, secret_token: s3cret,
            api_base: '{telegram.url}'}}
  messenger: {{kind: messenger, page_id: "1", page_access_token: t, app_secret: app,
               verify_token: v, api_base: '{telegram.url}'}}
  sms: {{kind: sms, provider: twilio, account_sid: AC1, auth_token: tok, number: "+15005550006",
         api_base: '{telegram.url}'}}
"""
        with RunningHub(tmp_path_factory.mktemp("hub"), config) as hub:
            yield hub, telegram


@pytest.mark.parametrize("name", ODD)
def test_an_odd_update_between_two_good_ones_holds_up_neither(
    world: tuple[RunningHub, BotApi], name: str
) -> None:
    hub, telegram = world
    update, shown = ODD[name]
    before, after = f"before {name}", f"after {name}"
    already = len(failed_entries(hub))
    telegram.brings(message(before), update, message(after))
    eventually(lambda: {before, after} <= set(texts_of(hub)), expected=after)
    if shown is None:
        assert len(failed_entries(hub)) == already + 1
    else:
        assert shown in set(texts_of(hub))
        assert len(failed_entries(hub)) == already


@pytest.mark.parametrize("name", [name for name in ODD if name != "not even JSON"])
def test_a_webhook_of_telegram_takes_an_odd_update(
    world: tuple[RunningHub, BotApi], name: str
) -> None:
    hub, _ = world
    update, shown = ODD[name]
    number = str(abs(hash(name)) % 10**9 + 1000).encode()
    already = len(failed_entries(hub))
    response = requests.post(
        f"{hub.url}/webhooks/hooked",
        data=update.replace(b"%d", number),
        headers={
            "X-Telegram-Bot-Api-Secret-Token": "s3cret",
            "Content-Type": "application/json",
        },
        timeout=10,
    )
    assert response.status_code == 200, response.text
    assert len(failed_entries(hub)) == already + (shown is None)


MESSENGER_ODD = {
    "a message without an id": b'{"sender":{"id":"5"},"message":{"text":"x"}}',
    "a number in place of an event": b"42",
    "bytes that are no UTF-8": b'{"sender":{"id":"5"},"message":{"mid":["\xff"],"text":"x"}}',
    "half a surrogate pair": rb'{"sender":{"id":"5"},"message":{"mid":"","text":"\ud83d"}}',
    "nested 100,000 deep": b'{"message":{},"sender":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "nested 300 deep": b'{"sender":' + b"[" * 300 + b"]" * 300 + b',"message":{"mid":"m"}}',
    "a number of 5,000 digits": b'{"sender":{"id":"5"},"message":' + b"9" * 5000 + b"}",
    "an address that is an object": b'{"sender":{"id":{}},"message":{"mid":"m_odd"}}',
}


@pytest.mark.parametrize("name", MESSENGER_ODD)
def test_an_odd_event_of_messenger_fails_alone(world: tuple[RunningHub, BotApi], name: str) -> None:
    hub, _ = world

    def event(mid: str) -> bytes:
        return json.dumps(
            {"sender": {"id": "5"}, "recipient": {"id": "1"}, "timestamp": 1767225600000,
             "message": {"mid": f"{mid} {name}", "text": f"{mid} {name}"}}
        ).encode()  # fmt: skip

    items = b",".join([event("before"), MESSENGER_ODD[name], event("after")])
    body = b'{"object":"page","entry":[{"id":"1","time":1,"messaging":[' + items + b"]}]}"
    already = len(failed_entries(hub))
    signature = hmac.new(b"app", body, hashlib.sha256).hexdigest()
    response = requests.post(
        f"{hub.url}/webhooks/messenger",
        data=body,
        headers={"X-Hub-Signature-256": f"sha256={signature}", "Content-Type": "application/json"},
        timeout=10,
    )
    assert response.status_code == 200, response.text
    assert {f"before {name}", f"after {name}"} <= set(texts_of(hub))
    (entry, *_) = failed_entries(hub)
    assert len(failed_entries(hub)) == already + 1
    assert hub.request("POST", f"/journal/{entry['id']}/replay").status_code < 500
    assert len(failed_entries(hub)) == already + 1, "a replay reads it no better"


def test_a_form_of_twilio_that_cannot_be_read_is_kept_and_confirmed(
    world: tuple[RunningHub, BotApi],
) -> None:
    hub, _ = world
    fields = {"AccountSid": "AC1", "MessageSid": "not a sid!", "From": "+1", "Body": "\ufffd"}
    url = f"{hub.url}/webhooks/sms"
    response = requests.post(
        url,
        data=urlencode(fields),
        headers={
            "X-Twilio-Signature": RequestValidator("tok").compute_signature(url, fields),
            "Content-Type": "application/x-www-form-urlencoded",
        },
        timeout=10,
    )
    assert response.status_code == 200, response.text
    assert failed_entries(hub)[0]["connector"] == "sms"


def test_updates_that_together_are_too_large_come_in_fewer_at_a_time(tmp_path: Path) -> None:
    with BotApi() as telegram:
        filler = ',"odd":"' + "x" * 200_000 + '"'
        telegram.brings(*(message(f"large {number}", more=filler) for number in range(100)))
        config = f"connectors:\n{telegram.config()}"
        with RunningHub(tmp_path, config) as hub:
            eventually(lambda: "large 99" in set(texts_of(hub)), timeout=60)
