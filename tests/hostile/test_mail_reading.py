"""Mail made to freeze or kill the hub: what is shown of it, and that the next mail is read."""

from __future__ import annotations

import os
import signal

import pytest

from hub.connectors.email import reader
from hub.connectors.email.reader import UNREADABLE, shared_pool
from hub.errors import EventIgnored, EventUnreadable, Overloaded
from hub.processes.limits import Limits
from hub.processes.pool import Pool
from hub.types import Address
from tests.connectors.mails import ADDRESS, mail, make, parsed, posted

ANSWER = "Yes\n\nOn 1.2.2026 10:00, A <a@b.c> wrote:\n> x"

TEXTS = {
    "introductions": "On a\n" * 6_000,
    "dutch": "op x schreef y " * 2_000,
    "headers": "From: <" * 4_000,
    "signatures": "Best regards" + " " * 30_000 + "x",
    "spaces": (" " * 900 + "\n") * 30 + "x:",
    "colons": ":\n" * 16_000,
    "deep": ">" * 30_000,
    "long": "a" * 150_000 + "\nOn",
}


@pytest.mark.parametrize("name", TEXTS)
def test_hostile_text_is_shown_whole(name: str) -> None:
    event = parsed(mail(body="Hello\n" + TEXTS[name] + "\nBye"))
    assert event.text.startswith("Hello")
    assert "unreadable" not in event.extra
    assert parsed(mail(body=ANSWER)).text == "Yes"


def test_the_whole_text_is_kept_beside_what_is_shown() -> None:
    event = parsed(mail(body=ANSWER))
    assert (event.text, event.full_text) == ("Yes", ANSWER)
    assert parsed(mail(body="Just\nthis")).full_text == ""


def test_a_page_that_cannot_be_laid_out_shows_its_words() -> None:
    page = "<div>" * 50_000 + "Hello<br>there" + "<b><i>" * 20_000
    event = parsed(mail("Content-Type: text/html", body=page))
    assert "Hello" in event.text


def test_a_reading_process_that_was_killed_is_replaced() -> None:
    assert parsed(mail(body=ANSWER)).text == "Yes"
    for member in shared_pool()._idle:
        os.kill(member._process.pid, signal.SIGKILL)
    assert parsed(mail(body=ANSWER)).text == "Yes"


# -- what is too much ------------------------------------------------------------------------------


def read_within(limits: Limits, monkeypatch: pytest.MonkeyPatch) -> None:
    pool = Pool("hub.connectors.email.reading_task", limits, size=1)
    monkeypatch.setattr(reader, "shared_pool", lambda: pool)


def test_a_mail_whose_content_is_too_much_is_placed_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read_within(Limits(output_bytes=1_500), monkeypatch)
    raw = mail("Subject: Order", "References: <a@x> <b@x>", body="Hello\n" * 2_000)
    event = parsed(raw)
    assert event.text == UNREADABLE
    assert event.address == Address("mailto", "ann@example.com")
    assert (event.subject, event.references) == ("Order", ("b@x", "a@x"))
    assert event.extra["unreadable"] == "its result is too large"
    assert event.raw == raw


def test_a_mail_without_a_readable_header_block_is_an_error_that_says_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read_within(Limits(output_bytes=10), monkeypatch)
    with pytest.raises(EventUnreadable, match="too large"):
        parsed(mail())


def test_our_own_mail_is_ignored_also_where_it_is_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    read_within(Limits(output_bytes=1_500), monkeypatch)
    with pytest.raises(EventIgnored):
        make().parse(posted(mail(f"X-Hub-Loop: {ADDRESS}", sender=ADDRESS, body="Hello\n" * 2_000)))


def test_a_mail_that_no_process_can_read_now_is_read_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/no/such/program")
    read_within(Limits(), monkeypatch)
    with pytest.raises(Overloaded):
        parsed(mail())


def test_what_is_beyond_the_limits_is_said() -> None:
    long = parsed(mail(body="a b\n" * 60_000))
    assert len(long.full_text or long.text) <= 200_000 and long.extra["cut"] == "yes"
    page = parsed(mail("Content-Type: text/html", body="word " * 150_000))
    assert len(page.text) <= 200_000 and page.extra["cut"] == "yes"
    many = parsed(mail(*(f"X-{number}: y" for number in range(1_100))))
    assert many.extra["cut"] == "yes"
    assert "cut" not in parsed(mail(body="Hello")).extra


def test_a_file_is_read_by_its_place_and_the_mail_is_not_read_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    part = (
        b"--b\r\nContent-Type: image/png; name=a.png\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\niVBORw0=\r\n"
    )
    raw = mail("Content-Type: multipart/mixed; boundary=b", body=part * 3 + b"--b--")
    files = parsed(raw).attachments
    monkeypatch.setattr(reader, "read_mail", None)
    contents = [make().read_file(raw, file.source) for file in files]
    assert contents == [b"\x89PNG\r"] * 3
