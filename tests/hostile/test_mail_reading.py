"""Mail made to freeze or kill the hub: what is shown of it, and that the next mail is read."""

from __future__ import annotations

import os
import signal

import pytest

from hub.connectors.email.reader import shared_pool
from tests.connectors.mails import mail, parsed

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
