"""What becomes of messages when providers, phones and people are as they are in life."""

from __future__ import annotations

import itertools
import sqlite3
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.sandbox import Sandbox, demo_connectors
from hub.sandbox.base import sample_files
from hub.sandbox.base.screen import Media
from tests.harness import RunningHub, eventually, free_port

pytestmark = pytest.mark.servers

_numbers = itertools.count(2025550200)
CHANNELS = ("telegram", "sms", "messenger", "mail")


@pytest.fixture(autouse=True)
def providers_are_up(sandbox: Sandbox) -> Iterator[None]:
    """Ends the faults of all providers after each test."""
    yield
    for provider in (sandbox.telegram, sandbox.twilio, sandbox.graph, sandbox.mail):
        provider.is_up()


def unique_word() -> str:
    return uuid.uuid4().hex[:10]


def new_customer(sandbox: Sandbox, channel: str) -> Any:
    """Returns a new customer of a channel, with its verbs."""
    if channel == "telegram":
        return sandbox.telegram.customer(f"T {unique_word()}")
    if channel == "sms":
        return sandbox.twilio.customer(f"+1{next(_numbers)}")
    if channel == "messenger":
        return sandbox.graph.customer(f"M {unique_word()}")
    return sandbox.mail.customer(f"{unique_word()}@example.org", "Somebody")


def meets(hub: RunningHub, customer: Any) -> str:
    """Lets a customer write for the first time. Returns the id of the conversation."""
    text = f"hello {unique_word()}"
    customer.says(text)
    return str(hub.message_with(text)["conversation_id"])


def times_shown(customer: Any, text: str) -> int:
    return len({each.id for each in customer.received if text in each.text})


# -- faults of providers -----------------------------------------------------------------------


def test_every_provider_that_was_down_gets_its_messages_within_ten_seconds_of_being_back(
    hub: RunningHub, sandbox: Sandbox
) -> None:
    customers = {channel: new_customer(sandbox, channel) for channel in CHANNELS}
    conversation_ids = {channel: meets(hub, customer) for channel, customer in customers.items()}
    providers = (sandbox.telegram, sandbox.twilio, sandbox.graph, sandbox.mail)
    for provider in providers:
        provider.is_down()
    text = f"after the trouble {unique_word()}"
    sent = {
        channel: hub.reply(conversation_id, text)
        for channel, conversation_id in conversation_ids.items()
    }
    for message in sent.values():
        waiting = eventually(
            lambda m=message: (
                (d := hub.get(f"/messages/{m['id']}")["delivery"])["attempts"] >= 2 and d
            ),
            20,
            f"a second try of {message}",
        )
        assert waiting["status"] in ("queued", "sending")
        assert waiting["reason"]
    for provider in providers:
        provider.is_up()
    back = time.monotonic()
    for message in sent.values():
        hub.delivery_of(message, "sent", "delivered", timeout=12)
    assert time.monotonic() - back < 10
    for customer in customers.values():
        customer.received.wait_for(lambda each: text in each.text)
        assert times_shown(customer, text) == 1


def test_a_throttled_provider_is_left_alone_for_as_long_as_it_asked(
    hub: RunningHub, sandbox: Sandbox
) -> None:
    ann = new_customer(sandbox, "telegram")
    conversation_id = meets(hub, ann)
    sandbox.telegram.is_throttled(2.5)
    begin = time.monotonic()
    sent = hub.reply(conversation_id, f"patience {unique_word()}")
    delivery = hub.delivery_of(sent, "sent")
    assert time.monotonic() - begin >= 2.5
    assert delivery["attempts"] == 2
    assert times_shown(ann, sent["text"]) == 1


@pytest.mark.parametrize("channel", ["sms", "messenger", "mail"])
def test_an_answer_that_was_lost_is_reconciled_and_nothing_is_sent_twice(
    hub: RunningHub, sandbox: Sandbox, channel: str
) -> None:
    ann = new_customer(sandbox, channel)
    conversation_id = meets(hub, ann)
    if channel == "mail":
        sandbox.mail.drops_after_data()
    else:
        provider = sandbox.twilio if channel == "sms" else sandbox.graph
        provider.times_out_after_accepting()
    sent = hub.reply(conversation_id, f"once {unique_word()}")
    delivery = hub.delivery_of(sent, "sent", "delivered")
    assert delivery["maybe_twice"] is False
    assert times_shown(ann, sent["text"]) == 1


def test_a_send_with_an_unknown_outcome_is_repeated_and_marked(
    hub: RunningHub, sandbox: Sandbox
) -> None:
    ann = new_customer(sandbox, "telegram")
    conversation_id = meets(hub, ann)
    sandbox.telegram.times_out_after_accepting()
    sent = hub.reply(conversation_id, f"perhaps twice {unique_word()}")
    delivery = hub.delivery_of(sent, "sent")
    assert delivery["maybe_twice"] is True
    assert times_shown(ann, sent["text"]) == 2


def test_twenty_quick_replies_arrive_in_the_order_they_were_written(
    hub: RunningHub, sandbox: Sandbox
) -> None:
    customers = [new_customer(sandbox, "messenger"), new_customer(sandbox, "mail")]
    conversation_ids = [meets(hub, customer) for customer in customers]
    for number in range(20):
        for conversation_id in conversation_ids:
            hub.reply(conversation_id, f"line {number:02d}")
    for customer in customers:
        customer.received.wait_for(lambda each: "line 19" in each.text, timeout=30)
        lines = [each.text[each.text.index("line ") :][:7] for each in customer.received]
        assert lines == [f"line {number:02d}" for number in range(20)]


# -- customers out of reach ----------------------------------------------------------------------


def address_state(hub: RunningHub, conversation_id: str, connector: str) -> dict[str, Any]:
    contact_id = hub.get(f"/conversations/{conversation_id}")["contact"]["id"]
    addresses = hub.get(f"/contacts/{contact_id}/addresses")["items"]
    return next(address for address in addresses if address["connector"] == connector)


def test_a_message_to_a_customer_that_blocked_the_page_fails_with_a_reason(
    hub: RunningHub, sandbox: Sandbox
) -> None:
    cleo = new_customer(sandbox, "messenger")
    conversation_id = meets(hub, cleo)
    cleo.blocks_page()
    failed = hub.delivery_of(hub.reply(conversation_id, "are you there?"), "failed")
    assert failed["code"] in ("contact_stopped", "address_invalid")
    assert failed["reason"].endswith(".") and " " in failed["reason"]
    assert address_state(hub, conversation_id, "messenger")["reachable"] is False
    refused = hub.post(f"/conversations/{conversation_id}/messages", {"text": "and now?"}, 409)
    assert failed["reason"] in refused["detail"]
    cleo.unblocks_page()
    cleo.says(f"back {unique_word()}")
    eventually(lambda: address_state(hub, conversation_id, "messenger")["reachable"])
    hub.delivery_of(hub.reply(conversation_id, "welcome back"), "sent", "delivered")


def test_a_customer_that_blocks_the_bot_is_unreachable_at_once(
    hub: RunningHub, sandbox: Sandbox
) -> None:
    ann = new_customer(sandbox, "telegram")
    conversation_id = meets(hub, ann)
    ann.blocks_bot()
    eventually(lambda: not address_state(hub, conversation_id, "telegram")["reachable"])
    hub.post(f"/conversations/{conversation_id}/messages", {"text": "hello?"}, 409)
    ann.unblocks_bot()
    eventually(lambda: address_state(hub, conversation_id, "telegram")["reachable"])


def test_stop_is_honoured_until_start(hub: RunningHub, sandbox: Sandbox) -> None:
    bea = new_customer(sandbox, "sms")
    conversation_id = meets(hub, bea)
    bea.texts("Stop")
    eventually(lambda: not address_state(hub, conversation_id, "sms")["reachable"])
    refused = hub.post(
        f"/conversations/{conversation_id}/messages", {"text": "one more offer"}, 409
    )
    assert refused["detail"]
    bea.texts("START")
    eventually(lambda: address_state(hub, conversation_id, "sms")["reachable"])
    hub.delivery_of(hub.reply(conversation_id, "welcome back"), "delivered")
    ours = [each for each in bea.received if not each.by_provider]
    assert [each.text for each in ours] == ["welcome back"]


def move_last_inbound(hub: RunningHub, conversation_id: str, connector: str, hours: float) -> None:
    """Moves the customer's last message that many hours back."""
    address = address_state(hub, conversation_id, connector)["address"].partition(":")[2]
    moment = datetime.now(UTC) - timedelta(hours=hours)
    with sqlite3.connect(hub.folder / "data" / "hub.db", timeout=20) as database:
        changed = database.execute(
            "UPDATE reach SET last_inbound_at = ? WHERE connector = ? AND address_id ="
            " (SELECT id FROM address WHERE path = ?)",
            (moment.strftime("%Y-%m-%d %H:%M:%S.%f"), connector, address),
        )
        assert changed.rowcount == 1


def test_messenger_takes_an_agents_answer_for_a_week_and_no_longer(
    hub: RunningHub, sandbox: Sandbox
) -> None:
    cleo = new_customer(sandbox, "messenger")
    conversation_id = meets(hub, cleo)
    move_last_inbound(hub, conversation_id, "messenger", 25)
    cleo.last_wrote_hours_ago(25)
    text = f"a day later {unique_word()}"
    hub.delivery_of(hub.reply(conversation_id, text), "sent", "delivered")
    order = sandbox.graph.calls.wait_for(
        lambda call: text in str(call.values.get("message", "")), timeout=1
    )
    assert order.values["messaging_type"] == "MESSAGE_TAG"
    assert order.values["tag"] == "HUMAN_AGENT"
    move_last_inbound(hub, conversation_id, "messenger", 7 * 24 + 1)
    cleo.last_wrote_hours_ago(7 * 24 + 1)
    answer = hub.request(
        "POST", f"/conversations/{conversation_id}/messages", json={"text": "too late"}
    )
    if answer.status_code == 201:
        failed = hub.delivery_of(answer.json(), "failed")
        assert (failed["code"], bool(failed["reason"])) == ("window_closed", True)
    else:
        assert answer.status_code == 409
    assert times_shown(cleo, "too late") == 0


# -- files -------------------------------------------------------------------------------------


def incoming_files(hub: RunningHub, conversation_id: str, count: int = 1) -> list[dict[str, Any]]:
    """Returns the files of the customer's messages, once they are fetched."""

    def look() -> list[dict[str, Any]]:
        incoming = [
            message for message in hub.messages(conversation_id) if message["direction"] == "in"
        ]
        files = [file for message in incoming for file in message["attachments"]]
        return files if all(file["state"] != "pending" for file in files) else []

    files = eventually(lambda: len(stored := look()) >= count and stored, 20, "files")
    assert isinstance(files, list)
    return files


def content(hub: RunningHub, file: dict[str, Any]) -> bytes:
    answer = hub.request("GET", f"/attachments/{file['id']}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    inline = answer.headers["Content-Disposition"].startswith("inline")
    assert inline == file["media_type"].startswith(("image/png", "audio/", "image/jpeg"))
    return answer.content


def test_pictures_voice_notes_and_documents_come_in_on_every_channel(
    hub: RunningHub, sandbox: Sandbox
) -> None:
    picture, voice, paper = sample_files.photo(), sample_files.voice(), sample_files.pdf()
    ann, bea, cleo, dora = (new_customer(sandbox, channel) for channel in CHANNELS)
    conversation_ids = [meets(hub, each) for each in (ann, bea, cleo, dora)]
    ann.sends_photo(picture, caption="the label")
    ann.sends_voice(voice)
    bea.sends_mms(picture)
    cleo.sends_photo(picture)
    cleo.sends_voice(voice)
    cleo.sends_file(paper)
    dora.sends(
        subject="Form", text="attached", attachments=[Media(paper, "application/pdf", "form.pdf")]
    )
    expected = [[picture, voice], [picture], [picture, voice, paper], [paper]]
    for conversation_id, contents in zip(conversation_ids, expected, strict=True):
        files = (
            incoming_files(hub, conversation_id, len(contents))
            if conversation_id != conversation_ids[3]
            else incoming_files(hub, hub.message_with("attached")["conversation_id"], 1)
        )
        assert all(file["state"] == "stored" for file in files), files
        assert [content(hub, file) for file in files] == contents


def test_a_picture_inside_a_mail_is_shown_where_it_stands(
    hub: RunningHub, sandbox: Sandbox
) -> None:
    picture, text = sample_files.photo(), unique_word()
    dora = new_customer(sandbox, "mail")
    boundary = "frontier"
    import base64

    raw = (
        f"From: {dora.address}\r\nTo: support@shop.example\r\nSubject: Look\r\n"
        f"Message-ID: <{text}@example.org>\r\nMIME-Version: 1.0\r\n"
        f'Content-Type: multipart/related; boundary="{boundary}"\r\n\r\n'
        f"--{boundary}\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
        f'<p>{text} <img src="cid:shoe@here" onerror="alert(1)"><script>alert(2)</script></p>\r\n'
        f"--{boundary}\r\nContent-Type: image/png\r\nContent-ID: <shoe@here>\r\n"
        f"Content-Transfer-Encoding: base64\r\n\r\n{base64.encodebytes(picture).decode()}\r\n"
        f"--{boundary}--\r\n"
    )
    dora.sends(raw=raw.encode())
    message = eventually(
        lambda: next(
            (
                item["message"]
                for item in hub.get("/search", q=text)["items"]
                if item["type"] == "message"
            ),
            None,
        )
    )
    files = incoming_files(hub, message["conversation_id"])
    assert content(hub, files[0]) == picture
    html = hub.get(f"/messages/{message['id']}")["html"]
    assert files[0]["url"] in html
    assert "script" not in html and "onerror" not in html


def test_a_file_too_large_to_fetch_says_so_and_keeps_its_text(
    hub: RunningHub, sandbox: Sandbox
) -> None:
    ann = new_customer(sandbox, "telegram")
    caption = f"my film {unique_word()}"
    ann.sends_document(b"\0" * (21 * 1024 * 1024), name="film.bin", caption=caption)
    message = hub.message_with(caption)
    files = incoming_files(hub, message["conversation_id"])
    assert files[0]["state"] == "too_large"
    assert files[0]["reason"]
    assert hub.request("GET", f"/attachments/{files[0]['id']}").status_code == 409


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_picture_goes_out(hub: RunningHub, sandbox: Sandbox, channel: str) -> None:
    picture, text = sample_files.photo(), f"look {unique_word()}"
    customer = new_customer(sandbox, channel)
    conversation_id = meets(hub, customer)
    upload = hub.request("POST", "/uploads", files={"file": ("shoe.png", picture, "image/png")})
    assert upload.status_code == 201
    sent = hub.reply(conversation_id, text, attachments=[upload.json()["id"]])
    hub.delivery_of(sent, "sent", "delivered")

    def contents() -> list[bytes]:
        if channel == "mail":
            return [file.data for mail in customer.received for file in mail.attachments]
        return [bubble.media.data for bubble in customer.received if bubble.media]

    eventually(lambda: contents() == [picture], expected=f"the picture on {channel}")
    eventually(lambda: any(text in each.text for each in customer.received))


def test_a_picture_goes_out_to_a_chat_by_a_link_that_needs_no_account(hub: RunningHub) -> None:
    import requests

    picture = sample_files.photo()
    with hub.visitor() as visitor:
        conversation_id = visitor.says(f"hi {unique_word()}", "c-1")["message"]["conversation_id"]
        upload = hub.request("POST", "/uploads", files={"file": ("shoe.png", picture, "image/png")})
        hub.reply(conversation_id, "look", attachments=[upload.json()["id"]])
        shown = visitor.wait_for("message.created", lambda e: e["message"]["text"] == "look")
        file = shown["message"]["attachments"][0]
        assert requests.get(hub.url + file["url"], timeout=20).content == picture


# -- edits, reactions -------------------------------------------------------------------------


@pytest.mark.parametrize("channel", ["telegram", "messenger"])
def test_an_edited_message_shows_the_new_text_and_keeps_the_old(
    hub: RunningHub, sandbox: Sandbox, channel: str
) -> None:
    customer, old, new = (
        new_customer(sandbox, channel),
        f"size 41 {unique_word()}",
        f"size 39 {unique_word()}",
    )
    bubble = customer.says(old)
    message = hub.message_with(old)
    customer.edits(bubble, new)
    edited = hub.message_with(new)
    assert edited["id"] == message["id"]
    assert [edit["text"] for edit in edited["edits"]] == [old]
    assert edited["edited_at"]


def test_a_reaction_stands_at_the_message_it_is_for(hub: RunningHub, sandbox: Sandbox) -> None:
    cleo = new_customer(sandbox, "messenger")
    sent = hub.reply(meets(hub, cleo), f"all done {unique_word()}")
    bubble = cleo.received.wait_for(text=sent["text"])
    cleo.reacts(bubble, "❤")
    eventually(
        lambda: hub.get(f"/messages/{sent['id']}")["reactions"] == [{"emoji": "❤", "by": "contact"}]
    )
    cleo.reacts(bubble, "")
    eventually(lambda: hub.get(f"/messages/{sent['id']}")["reactions"] == [])


# -- bounces, auto-replies ---------------------------------------------------------------------


def test_a_bounce_marks_its_message_failed_and_opens_nothing(
    hub: RunningHub, sandbox: Sandbox
) -> None:
    dora = new_customer(sandbox, "mail")
    conversation_id = meets(hub, dora)
    before = len(hub.conversations(limit=100))
    dora.is_unknown()
    failed = hub.delivery_of(hub.reply(conversation_id, "hello?"), "failed")
    assert failed["reason"]
    items = hub.get(f"/conversations/{conversation_id}/messages")["items"]
    assert any(item["type"] == "event" and "delivery" in item["event"]["name"] for item in items)
    assert len(hub.conversations(limit=100)) == before


def test_an_automatic_answer_joins_its_conversation_without_reopening_it(
    hub: RunningHub, sandbox: Sandbox
) -> None:
    dora = new_customer(sandbox, "mail")
    conversation_id = meets(hub, dora)
    before = len(hub.conversations(limit=100))
    dora.is_away("Back on Monday")
    hub.delivery_of(hub.reply(conversation_id, "your parcel is on its way"), "sent")
    hub.patch(f"/conversations/{conversation_id}", {"status": "resolved"})

    def automatic() -> bool:
        items = hub.get(f"/conversations/{conversation_id}/messages")["items"]
        return any(item["type"] == "event" and "Back on Monday" in str(item) for item in items)

    eventually(automatic)
    after = hub.get(f"/conversations/{conversation_id}")
    assert (after["status"], after["unread_count"]) == ("resolved", 0)
    assert len(hub.conversations(limit=100)) == before


# -- stop and start ------------------------------------------------------------------------------


def test_a_stop_while_sending_loses_nothing_and_the_next_start_continues(tmp_path: Path) -> None:
    port = free_port()
    with Sandbox(hub_url=f"http://127.0.0.1:{port}", speed=50) as sandbox:
        running = RunningHub(tmp_path, demo_connectors(sandbox.endpoints), port=port).start()
        cleo = sandbox.graph.customer("Cleo")
        conversation_id = meets(running, cleo)
        for number in range(40):
            running.reply(conversation_id, f"line {number:02d}")
        assert running.stop() == 0
        received_before_the_end = len(cleo.received)
        cleo.says("while you were away")
        running.start()
        cleo.received.wait_for(text="line 39", timeout=30)
        assert [bubble.text for bubble in cleo.received] == [f"line {n:02d}" for n in range(40)]
        assert running.message_with("while you were away")["conversation_id"] == conversation_id
        assert running.stop() == 0
        assert received_before_the_end <= 40
