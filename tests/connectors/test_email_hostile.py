"""Mail made to harm: texts on which a library hangs, pages that would run or load something."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.connectors.email.quotes.reader import Reader
from hub.connectors.html import clean_html, plain_text
from hub.testing import fuzzed


@pytest.fixture
def reader() -> Reader:
    return Reader()


HOSTILE = {
    "introductions": "On a\n" * 6_000,
    "dutch": "op x schreef y " * 2_000,
    "headers": "From: <" * 4_000,
    "signatures": "Best regards" + " " * 30_000 + "x",
    "spaces": (" " * 900 + "\n") * 30 + "x:",
    "colons": ":\n" * 16_000,
    "deep": ">" * 30_000,
    "long": "a" * 2_000_000 + "\nOn",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_shown_whole_and_soon(name: str, reader: Reader) -> None:
    text = "Hello\n" + HOSTILE[name] + "\nBye"
    started = time.monotonic()
    readable = reader.read(text, "", "")
    assert time.monotonic() - started < 8
    assert readable.text.startswith("Hello")
    assert reader.read("Yes\n\nOn 1.2.2026 10:00, A <a@b.c> wrote:\n> x", "", "").text == "Yes"
    reader.close()


def test_a_page_that_cannot_be_read_shows_its_words(reader: Reader) -> None:
    page = "<div>" * 50_000 + "Hello<br>there" + "<b><i>" * 20_000
    assert "Hello" in reader.read("", page, "").text
    assert plain_text("<p>a<br>b</p><script>x</script>&lt;c") == "a\nb\n<c"
    reader.close()


def test_a_worker_that_was_killed_is_replaced(reader: Reader) -> None:
    text = "Yes\n\nOn 1.2.2026 10:00, A <a@b.c> wrote:\n> x"
    assert reader.read(text, "", "").text == "Yes"
    (worker,) = reader._idle
    worker._process.kill()
    worker._process.wait()
    assert reader.read(text, "", "").text in {"Yes", text}
    assert reader.read(text, "", "").text == "Yes"
    reader.close()


def test_the_whole_text_is_kept_beside_what_is_shown(reader: Reader) -> None:
    text = "Yes\n\nOn 1.2.2026 10:00, A <a@b.c> wrote:\n> x"
    readable = reader.read(text, "", "")
    assert (readable.text, readable.full_text) == ("Yes", text)
    assert reader.read("Just\nthis", "", "").full_text == ""
    reader.close()


# -- HTML made safe --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<svg onload=alert(1)><script>1</script></svg>",
        "<a href='javascript:alert(1)'>x</a>",
        "<a href=' java\nscript:alert(1)'>x</a>",
        "<iframe src='https://evil.example'></iframe>",
        "<form action='https://evil.example'><input name=p></form>",
        "<style>@import 'https://evil.example'</style>",
        "<p style='background:url(https://evil.example)'>x</p>",
        "<p style='position:fixed;top:0'>x</p>",
        "<link rel=stylesheet href=https://evil.example>",
        "<meta http-equiv=refresh content='0;url=https://evil.example'>",
        "<base href=https://evil.example>",
        "<img srcset='https://evil.example 1x'>",
        "<video src='https://evil.example'></video>",
        "<table background='https://evil.example'></table>",
        "<math><mtext><img src=x onerror=alert(1)></mtext></math>",
        "<img src='data:image/svg+xml,<svg onload=alert(1)>'>",
        "<object data='https://evil.example'></object>",
        "<!--[if IE]><script>alert(1)</script><![endif]-->",
        "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
    ],
)
def test_nothing_in_a_mail_runs_loads_or_posts(html: str) -> None:
    cleaned = clean_html(html, {})
    for danger in ("alert", "evil.example", "javascript", "onerror", "<svg", "fixed", "<form"):
        assert danger not in cleaned.replace("&lt;", "").replace('title="', ""), cleaned


def test_pictures_of_the_mail_are_ours_and_others_wait() -> None:
    cleaned = clean_html(
        '<img src="cid:a@b" alt="x > y"><img src="CID:a%40b"><img src="cid:none">'
        '<img src="https://t.example/p.gif?u=1&amp;v=2" width="1">',
        {"a@b": '/api/v1/attachments/1?a="&b'},
    )
    assert cleaned.count('src="/api/v1/attachments/1?a=&quot;&amp;b"') == 2
    assert 'data-remote-src="https://t.example/p.gif?u=1&amp;v=2"' in cleaned
    assert ' src="https' not in cleaned and "cid:" not in cleaned


def test_links_leave_without_telling_where_from() -> None:
    cleaned = clean_html('<a href="https://x.example">x</a><a href="/inbox">y</a>', {})
    assert 'rel="noopener noreferrer nofollow"' in cleaned and 'target="_blank"' in cleaned
    assert "/inbox" not in cleaned


@fuzzed
@given(st.text(alphabet="<>\"=/ aimgscrtd:x&;'", max_size=80))
def test_cleaning_twice_changes_nothing_more(html: str) -> None:
    once = clean_html(html, {})
    assert "<script" not in once and " src=" not in once
    assert clean_html(once, {}) == once or "<img" in once
