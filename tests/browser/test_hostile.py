"""Whatever a stranger writes, is named or sends is shown and never run."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from hub.sandbox import Sandbox
from hub.sandbox.base.screen import Media
from tests.browser.conftest import Watch
from tests.browser.screens import Desk, Visitor, conversation_of
from tests.harness import RunningHub

pytestmark = pytest.mark.browser

# Each calls alert(), which a watched page complains about, and so does a policy that stops it.
CORPUS = (
    "<script>alert('script')</script>",
    "<img src=x onerror=alert('img')>",
    "<svg/onload=alert('svg')>",
    "\"><svg><animate onbegin=alert('animate') attributeName=x dur=1s>",
    "'\"><iframe srcdoc=\"<script>parent.alert('srcdoc')</script>\">",
    "javascript:alert('url') https://example.org/\"onmouseover=\"alert('link')",
    "{{constructor.constructor('alert(1)')()}} ${alert('template')}",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=alert('mxss')>",
    "</textarea></title></script><details open ontoggle=alert('toggle')>",
)
NAME = "<img src=x onerror=alert('name')>"
MAIL = """\
<p onclick="alert('p')">Dear shop</p><script>alert('mail')</script>
<img src="x" onerror="alert('mail img')"><svg onload="alert('mail svg')"></svg>
<a href="javascript:alert('mail url')">press here</a>
<a href="data:text/html,<script>alert('data')</script>">or here</a>
<iframe src="javascript:alert('frame')"></iframe><object data="javascript:alert('object')"></object>
<form action="https://evil.example"><input autofocus onfocus="alert('focus')"></form>
<style>@import 'https://evil.example/x.css';</style><base href="https://evil.example/">
<meta http-equiv="refresh" content="0;url=https://evil.example/"><p>the end of the mail</p>
"""


def _is_harmless(page: Page) -> None:
    # Two frames drawn: what a picture's or an animation's event would run has run.
    page.evaluate("new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(r)))")
    for frame in page.frames:
        assert "evil.example" not in frame.url
    assert page.evaluate("document.querySelectorAll('[onerror], [onload], [ontoggle]').length") == 0
    assert page.evaluate("document.querySelectorAll('a[href^=\"javascript:\" i]').length") == 0


def test_texts_and_names_are_shown_as_they_are(
    hub: RunningHub, sandbox: Sandbox, desk: Desk
) -> None:
    mallory = sandbox.telegram.customer(NAME)
    for text in CORPUS:
        mallory.says(text)
    mallory.sends_document(name="\"><img src=x onerror=alert('file')>.pdf", caption="the last one")
    desk.opens(conversation_of(hub, "the last one"))
    for text in CORPUS:
        expect(desk.timeline.get_by_text(text, exact=True)).to_be_visible()
    expect(desk.page.get_by_role("heading", name=NAME).first).to_be_visible()
    expect(desk.details.get_by_text(NAME).first).to_be_visible()
    conversation = desk.page.url.rpartition("/")[2]
    hub.patch(f"/conversations/{conversation}", {"labels": ["<b>label</b>"]})
    expect(desk.details.get_by_text("<b>label</b>", exact=True)).to_be_visible()
    _is_harmless(desk.page)
    desk.shows("All")
    expect(desk.row(NAME)).to_be_visible()
    desk.page.get_by_label("Search messages and people").fill("onerror alert")
    results = desk.page.get_by_role("region", name="Search")
    expect(results.get_by_role("button").first).to_be_visible()
    _is_harmless(desk.page)
    desk.page.keyboard.press("Escape")
    desk.page.keyboard.press("Control+k")
    expect(desk.page.get_by_role("dialog")).to_be_visible()
    _is_harmless(desk.page)


def test_a_mail_shown_as_designed_runs_no_script_and_loads_nothing(
    hub: RunningHub, sandbox: Sandbox, desk: Desk
) -> None:
    requested_urls: list[str] = []
    desk.page.on("request", lambda request: requested_urls.append(request.url))
    mallory = sandbox.mail.customer("mallory@example.org", NAME)
    form = Media(b"%PDF-1.4", "application/pdf", "\"><svg onload=alert('file')>.pdf")
    tracked = MAIL + '<img src="https://evil.example/pixel.png">'
    subject = "<svg onload=alert('subject')>"
    mallory.sends("the plain part", subject=subject, html=tracked, attachments=[form])
    # So little of the page is in the plain part that the page's words are the message.
    desk.opens(conversation_of(hub, "the end of the mail"))
    mail = desk.timeline.locator("article").first
    expect(mail.get_by_text(subject)).to_be_visible()
    mail.get_by_role("button", name="Show as designed").click()
    frame = mail.frame_locator("iframe")
    expect(frame.get_by_text("the end of the mail")).to_be_visible()
    expect(
        frame.locator("script, iframe, object, form, meta[http-equiv], style + base")
    ).to_have_count(0)
    for text in ("press here", "or here"):
        assert not (frame.get_by_text(text).get_attribute("href") or "").strip()
    expect(mail.get_by_text("Pictures from elsewhere are blocked")).to_be_visible()
    _is_harmless(desk.page)
    assert [url for url in requested_urls if "evil.example" in url] == []


def test_the_chat_shows_hostile_words_of_both_sides_as_they_are(
    hub: RunningHub, desk: Desk, visitor: Visitor, watch: Watch
) -> None:
    visitor.opens_page()
    for text in CORPUS[:4]:
        visitor.says(text)
    visitor.says("that was all of it")
    desk.opens(conversation_of(hub, "that was all of it"))
    for text in CORPUS[4:]:
        desk.says(text)
        expect(visitor.log.get_by_text(text, exact=True)).to_be_visible()
    photo = {
        "name": "<img src=x onerror=alert('up')>.txt",
        "mimeType": "text/plain",
        "buffer": b"x",
    }
    visitor.page.locator("input[type=file]").set_input_files(photo)  # type: ignore[arg-type]
    expect(visitor.page.get_by_role("button", name="Send", exact=True)).to_be_enabled()
    visitor.says("with a file")
    expect(desk.message("with a file").get_by_role("link")).to_be_visible()
    _is_harmless(desk.page)
    _is_harmless(visitor.page)


def test_an_agent_with_a_hostile_name_harms_no_visitor(hub: RunningHub, visitor: Visitor) -> None:
    visitor.opens_page().says("who are you?")
    token = hub.makes_token(NAME)
    conversation = conversation_of(hub, "who are you?")
    answer = hub.request(
        "POST",
        f"/conversations/{conversation}/messages",
        json={"text": "guess"},
        headers={"Authorization": f"Bearer {token}"},
    )
    assert answer.status_code == 201
    expect(visitor.message("guess")).to_contain_text(NAME)
    _is_harmless(visitor.page)


def test_a_file_from_a_stranger_opens_in_no_page_of_ours(
    hub: RunningHub, sandbox: Sandbox, new_desk: Callable[..., Desk]
) -> None:
    page = b"<!doctype html><script>document.title = 'ran'; alert('upload')</script>"
    mallory = sandbox.telegram.customer("Mallory")
    mallory.sends_document(page, name="page.html", caption="open me", media_type="text/html")
    desk = new_desk()
    desk.opens(conversation_of(hub, "open me"))
    link = desk.message("open me").get_by_role("link")
    expect(link).to_be_visible()
    url = str(link.get_attribute("href"))
    response = desk.page.request.get(hub.url + url)
    assert response.ok
    assert response.headers["content-disposition"].startswith("attachment")
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in response.headers["content-security-policy"]
