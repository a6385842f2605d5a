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
def calm(sandbox: Sandbox) -> Iterator[None]:
    """After each test the providers are well again."""
    yield
    for provider in (sandbox.telegram, sandbox.twilio, sandbox.graph, sandbox.mail):
        provider.is_up()


def word() -> str:
    return uuid.uuid4().hex[:10]


def somebody(sandbox: Sandbox, channel: str) -> Any:
    """A customer nobody has met, with the verbs of that channel."""
    if channel == "telegram":
        return sandbox.telegram.customer(f"T {word()}")
    if channel == "sms":
        return sandbox.twilio.customer(f"+1{next(_numbers)}")
    if channel == "messenger":
        return sandbox.graph.customer(f"M {word()}")
    return sandbox.mail.customer(f"{word()}@example.org", "Somebody")


def meets(hub: RunningHub, customer: Any) -> str:
    """Somebody writes for the first time. Returns the conversation's id."""
    text = f"hello {word()}"
    customer.says(text)
    return str(hub.message_with(text)["conversation_id"])


def times_shown(customer: Any, text: str) -> int:
    return len({each.id for each in customer.received if text in each.text})


# -- providers in trouble ----------------------------------------------------------------------


def test_every_provider_that_was_down_gets_its_messages_within_ten_seconds_of_being_back(
    hub: RunningHub, sandbox: Sandbox
) -> None:
    people = {channel: somebody(sandbox, channel) for channel in CHANNELS}
    threads = {channel: meets(hub, person) for channel, person in people.items()}
    providers = (sandbox.telegram, sandbox.twilio, sandbox.graph, sandbox.mail)
    for provider in providers:
        provider.is_down()
    text = f"after the trouble {word()}"
    sent = {channel: hub.reply(thread, text) for channel, thread in threads.items()}
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
    for person in people.values():
        person.received.wait_for(lambda each: text in each.text)
        assert times_shown(person, text) == 1


def test_a_throttled_provider_is_left_alone_for_as_long_as_it_asked(
    hub: RunningHub, sandbox: Sandbox
) -> None:
    ann = somebody(sandbox, "telegram")
    thread = meets(hub, ann)
    sandbox.telegram.is_throttled(2.5)
    begin = time.monotonic()
    sent = hub.reply(thread, f"patience {word()}")
    found = hub.delivery_of(sent, "sent")
    assert time.monotonic() - begin >= 2.5
    assert found["attempts"] == 2
    assert times_shown(ann, sent["text"]) == 1


@pytest.mark.parametrize("channel", ["sms", "messenger", "mail"])
def test_an_answer_that_was_lost_is_reconciled_and_nothing_is_sent_twice(
    hub: RunningHub, sandbox: Sandbox, channel: str
) -> None:
    ann = somebody(sandbox, channel)
    thread = meets(hub, ann)
    if channel == "mail":
        sandbox.mail.drops_after_data()
    else:
        provider = sandbox.twilio if channel == "sms" else sandbox.graph
        provider.times_out_after_accepting()
    sent = hub.reply(thread, f"once {word()}")
    found = hub.delivery_of(sent, "sent", "delivered")
    assert found["maybe_twice"] is False
    assert times_shown(ann, sent["text"]) == 1


def test_what_nobody_can_find_out_is_sent_again_and_marked(
    hub: RunningHub, sandbox: Sandbox
) -> None:
    ann = somebody(sandbox, "telegram")
    thread = meets(hub, ann)
    sandbox.telegram.times_out_after_accepting()
    sent = hub.reply(thread, f"perhaps twice {word()}")
    found = hub.delivery_of(sent, "sent")
    assert found["maybe_twice"] is True
    assert times_shown(ann, sent["text"]) == 2


def test_twenty_quick_replies_arrive_in_the_order_they_were_written(
    hub: RunningHub, sandbox: Sandbox
) -> None:
    people = [somebody(sandbox, "messenger"), somebody(sandbox, "mail")]
    threads = [meets(hub, person) for person in people]
    for number in range(20):
        for thread in threads:
            hub.reply(thread, f"line {number:02d}")
    for person in people:
        person.received.wait_for(lambda each: "line 19" in each.text, timeout=30)
        lines = [each.text[each.text.index("line ") :][:7] for each in person.received]
        assert lines == [f"line {number:02d}" for number in range(20)]


# -- people who cannot be reached ----------------------------------------------------------------


def reach(hub: RunningHub, thread: str, connector: str) -> dict[str, Any]:
    contact_id = hub.get(f"/conversations/{thread}")["contact"]["id"]
    found = hub.get(f"/contacts/{contact_id}/addresses")["items"]
    return next(one for one in found if one["connector"] == connector)


def test_a_customer_who_blocked_the_page_makes_the_message_fail_with_a_sentence(
    hub: RunningHub, sandbox: Sandbox
) -> None:
    cleo = somebody(sandbox, "messenger")
    thread = meets(hub, cleo)
    cleo.blocks_page()
    failed = hub.delivery_of(hub.reply(thread, "are you there?"), "failed")
    assert failed["code"] in ("contact_stopped", "address_invalid")
    assert failed["reason"].endswith(".") and " " in failed["reason"]
    assert reach(hub, thread, "messenger")["reachable"] is False
    refused = hub.post(f"/conversations/{thread}/messages", {"text": "and now?"}, 409)
    assert failed["reason"] in refused["detail"]
    cleo.unblocks_page()
    cleo.says(f"back {word()}")
    eventually(lambda: reach(hub, thread, "messenger")["reachable"])
    hub.delivery_of(hub.reply(thread, "welcome back"), "sent", "delivered")


def test_a_customer_who_blocked_the_bot_is_known_at_once(hub: RunningHub, sandbox: Sandbox) -> None:
    ann = somebody(sandbox, "telegram")
    thread = meets(hub, ann)
    ann.blocks_bot()
    eventually(lambda: not reach(hub, thread, "telegram")["reachable"])
    hub.post(f"/conversations/{thread}/messages", {"text": "hello?"}, 409)
    ann.unblocks_bot()
    eventually(lambda: reach(hub, thread, "telegram")["reachable"])


def test_stop_is_honoured_until_start(hub: RunningHub, sandbox: Sandbox) -> None:
    bea = somebody(sandbox, "sms")
    thread = meets(hub, bea)
    bea.texts("Stop")
    eventually(lambda: not reach(hub, thread, "sms")["reachable"])
    refused = hub.post(f"/conversations/{thread}/messages", {"text": "one more offer"}, 409)
    assert refused["detail"]
    bea.texts("START")
    eventually(lambda: reach(hub, thread, "sms")["reachable"])
    hub.delivery_of(hub.reply(thread, "welcome back"), "delivered")
    ours = [each for each in bea.received if not each.by_provider]
    assert [each.text for each in ours] == ["welcome back"]


def heard_hours_ago(hub: RunningHub, thread: str, connector: str, hours: float) -> None:
    """As if the customer's last message had come that long ago."""
    address = reach(hub, thread, connector)["address"].partition(":")[2]
    moment = datetime.now(UTC) - timedelta(hours=hours)
    with sqlite3.connect(hub.folder / "data" / "hub.db", timeout=20) as database:
        changed = database.execute(
            "UPDATE reach SET last_inbound_at = ? WHERE connector = ? AND address_id ="
            " (SELECT id FROM address WHERE path = ?)",
            (moment.strftime("%Y-%m-%d %H:%M:%S.%f"), connector, address),
        )
        assert changed.rowcount == 1


def test_after_a_day_a_person_may_still_answer_and_after_a_week_nobody(
    hub: RunningHub, sandbox: Sandbox
) -> None:
    cleo = somebody(sandbox, "messenger")
    thread = meets(hub, cleo)
    heard_hours_ago(hub, thread, "messenger", 25)
    cleo.last_wrote_hours_ago(25)
    text = f"a day later {word()}"
    hub.delivery_of(hub.reply(thread, text), "sent", "delivered")
    order = sandbox.graph.calls.wait_for(
        lambda call: text in str(call.values.get("message", "")), timeout=1
    )
    assert order.values["messaging_type"] == "MESSAGE_TAG"
    assert order.values["tag"] == "HUMAN_AGENT"
    heard_hours_ago(hub, thread, "messenger", 7 * 24 + 1)
    cleo.last_wrote_hours_ago(7 * 24 + 1)
    answer = hub.request("POST", f"/conversations/{thread}/messages", json={"text": "too late"})
    if answer.status_code == 201:
        failed = hub.delivery_of(answer.json(), "failed")
        assert (failed["code"], bool(failed["reason"])) == ("window_closed", True)
    else:
        assert answer.status_code == 409
    assert times_shown(cleo, "too late") == 0


# -- files -------------------------------------------------------------------------------------


def with_files(hub: RunningHub, thread: str, count: int = 1) -> list[dict[str, Any]]:
    """The files of a conversation's messages from the customer, once they are here."""

    def look() -> list[dict[str, Any]]:
        incoming = [one for one in hub.messages(thread) if one["direction"] == "in"]
        files = [file for one in incoming for file in one["attachments"]]
        return files if all(file["state"] != "pending" for file in files) else []

    files = eventually(lambda: len(found := look()) >= count and found, 20, "files")
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


def test_pictures_voices_and_papers_come_in_on_every_channel(
    hub: RunningHub, sandbox: Sandbox
) -> None:
    picture, voice, paper = sample_files.photo(), sample_files.voice(), sample_files.pdf()
    ann, bea, cleo, dora = (somebody(sandbox, channel) for channel in CHANNELS)
    threads = [meets(hub, each) for each in (ann, bea, cleo, dora)]
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
    for thread, contents in zip(threads, expected, strict=True):
        files = (
            with_files(hub, thread, len(contents))
            if thread != threads[3]
            else with_files(hub, hub.message_with("attached")["conversation_id"], 1)
        )
        assert all(file["state"] == "stored" for file in files), files
        assert [content(hub, file) for file in files] == contents


def test_a_picture_inside_a_mail_is_shown_where_it_stands(
    hub: RunningHub, sandbox: Sandbox
) -> None:
    picture, text = sample_files.photo(), word()
    dora = somebody(sandbox, "mail")
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
                one["message"]
                for one in hub.get("/search", q=text)["items"]
                if one["type"] == "message"
            ),
            None,
        )
    )
    files = with_files(hub, message["conversation_id"])
    assert content(hub, files[0]) == picture
    html = hub.get(f"/messages/{message['id']}")["html"]
    assert files[0]["url"] in html
    assert "script" not in html and "onerror" not in html


def test_a_file_too_large_to_fetch_says_so_and_keeps_its_text(
    hub: RunningHub, sandbox: Sandbox
) -> None:
    ann = somebody(sandbox, "telegram")
    caption = f"my film {word()}"
    ann.sends_document(b"\0" * (21 * 1024 * 1024), name="film.bin", caption=caption)
    message = hub.message_with(caption)
    files = with_files(hub, message["conversation_id"])
    assert files[0]["state"] == "too_large"
    assert files[0]["reason"]
    assert hub.request("GET", f"/attachments/{files[0]['id']}").status_code == 409


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_picture_goes_out(hub: RunningHub, sandbox: Sandbox, channel: str) -> None:
    picture, text = sample_files.photo(), f"look {word()}"
    person = somebody(sandbox, channel)
    thread = meets(hub, person)
    upload = hub.request("POST", "/uploads", files={"file": ("shoe.png", picture, "image/png")})
    assert upload.status_code == 201
    sent = hub.reply(thread, text, attachments=[upload.json()["id"]])
    hub.delivery_of(sent, "sent", "delivered")

    def contents() -> list[bytes]:
        if channel == "mail":
            return [file.data for mail in person.received for file in mail.attachments]
        return [bubble.media.data for bubble in person.received if bubble.media]

    eventually(lambda: contents() == [picture], what=f"the picture on {channel}")
    eventually(lambda: any(text in each.text for each in person.received))


def test_a_picture_goes_out_to_a_chat_by_a_link_that_needs_no_account(hub: RunningHub) -> None:
    import requests

    picture = sample_files.photo()
    with hub.visitor() as visitor:
        thread = visitor.says(f"hi {word()}", "c-1")["message"]["conversation_id"]
        upload = hub.request("POST", "/uploads", files={"file": ("shoe.png", picture, "image/png")})
        hub.reply(thread, "look", attachments=[upload.json()["id"]])
        shown = visitor.wait_for("message.created", lambda e: e["message"]["text"] == "look")
        file = shown["message"]["attachments"][0]
        assert requests.get(hub.url + file["url"], timeout=20).content == picture


# -- changes of mind ---------------------------------------------------------------------------


@pytest.mark.parametrize("channel", ["telegram", "messenger"])
def test_an_edited_message_shows_the_new_text_and_keeps_the_old(
    hub: RunningHub, sandbox: Sandbox, channel: str
) -> None:
    person, old, new = somebody(sandbox, channel), f"size 41 {word()}", f"size 39 {word()}"
    bubble = person.says(old)
    message = hub.message_with(old)
    person.edits(bubble, new)
    edited = hub.message_with(new)
    assert edited["id"] == message["id"]
    assert [one["text"] for one in edited["edits"]] == [old]
    assert edited["edited_at"]


def test_a_reaction_stands_at_the_message_it_is_for(hub: RunningHub, sandbox: Sandbox) -> None:
    cleo = somebody(sandbox, "messenger")
    sent = hub.reply(meets(hub, cleo), f"all done {word()}")
    bubble = cleo.received.wait_for(text=sent["text"])
    cleo.reacts(bubble, "❤")
    eventually(
        lambda: hub.get(f"/messages/{sent['id']}")["reactions"] == [{"emoji": "❤", "by": "contact"}]
    )
    cleo.reacts(bubble, "")
    eventually(lambda: hub.get(f"/messages/{sent['id']}")["reactions"] == [])


# -- mail that nobody wrote --------------------------------------------------------------------


def test_a_bounce_marks_its_message_failed_and_opens_nothing(
    hub: RunningHub, sandbox: Sandbox
) -> None:
    dora = somebody(sandbox, "mail")
    thread = meets(hub, dora)
    before = len(hub.conversations(limit=100))
    dora.is_unknown()
    failed = hub.delivery_of(hub.reply(thread, "hello?"), "failed")
    assert failed["reason"]
    items = hub.get(f"/conversations/{thread}/messages")["items"]
    assert any(one["type"] == "event" and "delivery" in one["event"]["name"] for one in items)
    assert len(hub.conversations(limit=100)) == before


def test_an_automatic_answer_joins_its_thread_without_waking_it(
    hub: RunningHub, sandbox: Sandbox
) -> None:
    dora = somebody(sandbox, "mail")
    thread = meets(hub, dora)
    before = len(hub.conversations(limit=100))
    dora.is_away("Back on Monday")
    hub.delivery_of(hub.reply(thread, "your parcel is on its way"), "sent")
    hub.patch(f"/conversations/{thread}", {"status": "resolved"})

    def automatic() -> bool:
        items = hub.get(f"/conversations/{thread}/messages")["items"]
        return any(one["type"] == "event" and "Back on Monday" in str(one) for one in items)

    eventually(automatic)
    after = hub.get(f"/conversations/{thread}")
    assert (after["status"], after["unread_count"]) == ("resolved", 0)
    assert len(hub.conversations(limit=100)) == before


# -- ending and beginning again ------------------------------------------------------------------


def test_an_end_in_the_middle_loses_nothing_and_the_next_start_goes_on(tmp_path: Path) -> None:
    port = free_port()
    with Sandbox(hub_url=f"http://127.0.0.1:{port}", speed=50) as own:
        running = RunningHub(tmp_path, demo_connectors(own.endpoints), port=port).start()
        cleo = own.graph.customer("Cleo")
        thread = meets(running, cleo)
        for number in range(40):
            running.reply(thread, f"line {number:02d}")
        assert running.stop() == 0
        left = len(cleo.received)
        cleo.says("while you were away")
        running.start()
        cleo.received.wait_for(text="line 39", timeout=30)
        assert [one.text for one in cleo.received] == [f"line {n:02d}" for n in range(40)]
        assert running.message_with("while you were away")["conversation_id"] == thread
        assert running.stop() == 0
        assert left <= 40
