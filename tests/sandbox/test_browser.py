"""The sandbox's page in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Page, ViewportSize, expect, sync_playwright

from hub.sandbox import Sandbox
from tests.browser.chromium import Chromium

AXE = Path(__file__).parents[2] / "hub/inbox/ui/node_modules/axe-core/axe.min.js"
DESKTOP: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    with sync_playwright() as playwright:
        chromium = Chromium(playwright)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Chromium, sandbox: Sandbox) -> Iterator[Page]:
    context = browser.new_context(viewport=DESKTOP, locale="en-GB")
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(sandbox.url)
    yield page
    assert problems == []
    browser.close_context(context)


def bot(sandbox: Sandbox, method: str, **values: Any) -> Any:
    telegram = sandbox.telegram
    url = f"{telegram.api_base}/bot{telegram.token}/{method}"
    answer = requests.post(url, json=values, timeout=10)
    answer.raise_for_status()
    return answer.json()["result"]


def test_a_customer_writes_and_the_answer_comes_live(page: Page, sandbox: Sandbox) -> None:
    page.get_by_role("button", name="Start", exact=True).click()
    page.get_by_label("Write a message").fill("Are you there?")
    page.get_by_label("Write a message").press("Enter")
    log = page.get_by_role("log")
    expect(log.get_by_text("Are you there?")).to_be_visible()
    sam = sandbox.telegram.customer("Sam Sample")
    sam.screen.bubbles.wait_for(text="Are you there?")
    updates = bot(sandbox, "getUpdates")
    assert [update["message"]["text"] for update in updates] == ["/start", "Are you there?"]
    expect(log.locator("[data-status=sent]")).to_have_count(2)
    bot(sandbox, "getUpdates", offset=updates[-1]["update_id"] + 1)
    expect(log.locator("[data-status=delivered]")).to_have_count(2)
    bot(sandbox, "sendChatAction", chat_id=sam.id, action="typing")
    expect(page.get_by_text("is writing")).to_be_visible()
    keyboard = {"inline_keyboard": [[{"text": "Yes", "callback_data": "y"}]]}
    bot(sandbox, "sendMessage", chat_id=sam.id, text="Was it good?", reply_markup=keyboard)
    expect(log.get_by_text("Was it good?")).to_be_visible()
    page.get_by_role("button", name="Yes", exact=True).click()
    sandbox.telegram.calls.wait_for(method="sendMessage")
    (press,) = bot(sandbox, "getUpdates", timeout=5)
    assert press["callback_query"]["data"] == "y"
    page.reload()
    expect(log.get_by_text("Was it good?")).to_be_visible()


def test_an_answer_in_another_app_shows_as_unread(page: Page, sandbox: Sandbox) -> None:
    expect(page.get_by_role("tab", name="SMS")).to_be_visible()
    twilio = sandbox.twilio
    url = f"{twilio.api_base}/2010-04-01/Accounts/{twilio.account_sid}/Messages.json"
    order = {"To": "+12025550123", "From": twilio.number, "Body": "Your parcel is near"}
    keys = (twilio.account_sid, twilio.auth_token)
    assert requests.post(url, data=order, auth=keys, timeout=10).status_code == 201
    tab = page.get_by_role("tab", name="SMS")
    expect(tab.locator(".badge")).to_have_text("1")
    tab.click()
    expect(page.get_by_role("log").get_by_text("Your parcel is near")).to_be_visible()
    expect(tab.locator(".badge")).to_have_count(0)


def test_a_voice_note_and_a_photo_are_sent(page: Page, sandbox: Sandbox) -> None:
    page.get_by_role("tab", name="Messenger").click()
    page.get_by_role("button", name="Record a voice note").click()
    sam = sandbox.graph.customer("Sam Sample")
    note = sam.screen.bubbles.wait_for(kind="audio")
    assert note.media and note.media.media_type == "audio/wav" and note.media.data[:4] == b"RIFF"
    page.get_by_role("button", name="Attach").first.click()
    page.get_by_role("button", name="Photo", exact=True).click()
    assert sam.screen.bubbles.wait_for(kind="photo")
    expect(page.get_by_role("log").get_by_alt_text("Photo")).to_be_visible()


def test_a_mail_is_written_with_a_file_and_answered(page: Page, sandbox: Sandbox) -> None:
    page.get_by_role("button", name="New mail").click()
    page.get_by_label("Subject").fill("The form")
    page.locator("form textarea").fill("Here it is.")
    form = {"name": "form.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4"}
    page.locator("form input[type=file]").set_input_files(form)  # type: ignore[arg-type]
    page.locator("form").get_by_role("button", name="Send").click()
    expect(page.get_by_text("to support@shop.example").first).to_be_visible()
    assert b"form.pdf" in sandbox.mail.inbox[0]


def test_the_window_of_messenger_closes_on_demand(page: Page, sandbox: Sandbox) -> None:
    page.get_by_role("tab", name="Messenger").click()
    page.get_by_label("Write a message").fill("hi")
    page.get_by_role("button", name="Send").click()
    sandbox.graph.customer("Sam Sample").screen.bubbles.wait_for(text="hi")
    page.get_by_role("button", name="Things that happen").first.click()
    page.get_by_role("button", name="25 hours pass").click()
    expect(page.get_by_text("only a person may still answer here")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_axe_finds_nothing_serious(
    browser: Chromium, sandbox: Sandbox, scheme: str, size: ViewportSize
) -> None:
    sam = sandbox.telegram.customer("Sam Sample")
    sam.says("hello")
    sam.sends_photo()
    bot(sandbox, "sendMessage", chat_id=sam.id, text="Hello Sam")
    # Colours are judged at rest, not half-way through a transition.
    context = browser.new_context(
        viewport=size, color_scheme=scheme, locale="en-GB", reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto(sandbox.url)
    expect(page.get_by_role("log").get_by_text("Hello Sam")).to_be_visible()
    page.wait_for_function("[...document.images].every((image) => image.complete)")
    page.add_script_tag(path=AXE)
    violations = page.evaluate("axe.run().then((result) => result.violations)")
    serious = [
        (rule["id"], [node["html"][:120] for node in rule["nodes"]])
        for rule in violations
        if rule["impact"] in ("serious", "critical")
    ]
    browser.close_context(context)
    assert serious == []
