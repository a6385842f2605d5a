"""One customer, five channels, one thread, one screen."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, expect

from hub.sandbox import Sandbox
from tests.browser.screens import Desk, Visitor, stored
from tests.harness import RunningHub

pytestmark = pytest.mark.browser

SMS = "+12025550177"


def test_an_agent_answers_one_customer_on_all_five_channels_from_one_screen(
    hub: RunningHub, sandbox: Sandbox, desk: Desk, visitor: Visitor
) -> None:
    telegram = sandbox.telegram.customer("Nora Lind")
    telegram.says("first by Telegram")
    home = stored(hub, "first by Telegram")
    desk.opens(home["conversation_id"])
    expect(desk.timeline.get_by_text("Started on Telegram")).to_be_visible()

    texter = sandbox.twilio.customer(SMS)
    texter.texts("then by text")
    chatter = sandbox.graph.customer("Nora Lind")
    chatter.says("then by Messenger")
    mailer = sandbox.mail.customer("nora@example.org", "Nora Lind")
    mailer.sends("then by mail", subject="My shoes")
    visitor.visits_shop().opens_widget().says("at last on the web")
    for text in ("then by text", "then by Messenger", "then by mail", "at last on the web"):
        contact_id = stored(hub, text)["contact_id"]
        hub.post(f"/contacts/{home['contact_id']}/links", {"contact_id": contact_id})
        # The open screen follows without a reload.
        expect(desk.message(text)).to_be_visible()

    for name in ("SMS", "Messenger", "Email", "Web chat (website)"):
        divider = desk.timeline.get_by_text(f"Continued on {name}")
        expect(divider).to_have_count(1)
    expect(desk.timeline.get_by_text("My shoes")).to_be_visible()

    answers = {
        "Telegram": "answer by Telegram",
        "SMS": "answer by text",
        "Messenger": "answer by Messenger",
        "Email": "answer by mail",
        "Web chat": "answer on the web",
    }
    for channel, text in answers.items():
        desk.answers_on("Web chat (website)" if channel == "Web chat" else channel)
        desk.says(text)

    assert telegram.received.wait_for(text="answer by Telegram")
    assert texter.received.wait_for(text="answer by text")
    assert chatter.received.wait_for(text="answer by Messenger")
    assert mailer.received.wait_for(lambda mail: "answer by mail" in mail.text)
    expect(visitor.message("answer on the web")).to_be_visible()
    chatter.reads()

    # Each channel's ticks go as far as its provider tells.
    _has_tick(desk.message("answer by Telegram"), "Sent")
    _has_tick(desk.message("answer by mail"), "Sent")
    _has_tick(desk.message("answer by text"), "Delivered")
    _has_tick(desk.message("answer by Messenger"), "Read")
    _has_tick(desk.message("answer on the web"), "Read")
    addresses = desk.details.get_by_role("listitem")
    for readable in (SMS, "nora@example.org", "Telegram", "Messenger", "Web chat (website)"):
        expect(addresses.filter(has_text=readable).first).to_be_visible()


def test_typing_shows_on_the_other_side(hub: RunningHub, desk: Desk, visitor: Visitor) -> None:
    visitor.opens_page().says("is somebody writing?")
    desk.opens(stored(hub, "is somebody writing?")["conversation_id"])
    visitor.field.press_sequentially("I am")
    expect(desk.timeline.get_by_text(re.compile("is typing…"))).to_be_visible()
    desk.field.press_sequentially("We are")
    expect(visitor.chat.get_by_text("Alex is typing")).to_be_visible()


def test_an_answer_to_a_telegram_photo_refers_to_it(
    hub: RunningHub, sandbox: Sandbox, desk: Desk
) -> None:
    kim = sandbox.telegram.customer("Kim")
    photo = kim.sends_photo(caption="look at this seam")
    desk.opens(stored(hub, "look at this seam")["conversation_id"])
    picture = desk.message("look at this seam").locator("img")
    expect(picture).to_be_visible()
    desk.page.wait_for_function("[...document.images].every((i) => i.complete && i.naturalWidth)")
    desk.message("look at this seam").hover()
    desk.message("look at this seam").get_by_role("button", name="Reply to this").click()
    desk.says("that seam is fine")
    assert kim.received.wait_for(text="that seam is fine").reply_to == photo.id


def _has_tick(message: Locator, name: str) -> None:
    # By the attribute, so that an error says which tick was there instead.
    expect(message.locator(".ticks")).to_have_attribute("aria-label", name)
