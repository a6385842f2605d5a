"""A customer leaves the web site and goes on elsewhere: one thread, and nothing said twice."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from hub.sandbox import Sandbox
from tests.browser.conftest import Watch
from tests.browser.screens import Desk, Visitor, conversation_of, serious_problems, stored
from tests.harness import RunningHub, eventually

pytestmark = pytest.mark.browser

CONTINUED = re.compile(r"^You go on (by|there)")


class HandoverSheet:
    """The sheet of the chat with a handover to another channel."""

    def __init__(self, visitor: Visitor, channel: str) -> None:
        self.visitor = visitor
        visitor.chat.locator("header").get_by_role("button", name="Continue on…").click()
        self.sheet = visitor.chat.get_by_role("dialog")
        self.sheet.get_by_role("button", name=channel).click()
        expect(self.picture).to_be_visible()

    @property
    def picture(self) -> Locator:
        return self.sheet.get_by_role("img", name=re.compile("^QR code"))

    @property
    def link(self) -> str:
        href = self.picture.locator("xpath=..").get_attribute("href")
        assert href is not None
        return href

    @property
    def code(self) -> str:
        return self.sheet.locator("code").inner_text()

    def is_followed(self) -> None:
        expect(self.sheet.get_by_text(CONTINUED)).to_be_visible()
        self.sheet.get_by_role("button", name="Back to the chat").click()
        expect(self.sheet).to_be_hidden()


def test_a_customer_goes_on_by_telegram_and_both_sides_keep_one_thread(
    hub: RunningHub, sandbox: Sandbox, desk: Desk, visitor: Visitor
) -> None:
    visitor.visits_shop().opens_widget().says("where is my parcel, please?")
    conversation = conversation_of(hub, "where is my parcel, please?")
    desk.opens(conversation)
    invitation = HandoverSheet(visitor, "Telegram")
    assert invitation.picture.evaluate("(image) => image.complete && image.naturalWidth > 0")
    assert invitation.link.startswith("https://t.me/")
    kim = sandbox.telegram.customer("Kim Walker")
    kim.starts(parse_qs(urlsplit(invitation.link).query)["start"][0])
    invitation.is_followed()

    kim.says("now from my phone")
    expect(visitor.message("now from my phone").get_by_text("by Telegram")).to_be_visible()
    expect(visitor.chat.get_by_text("You go on by Telegram.")).to_be_visible()
    expect(desk.message("now from my phone")).to_be_visible()
    assert stored(hub, "now from my phone")["conversation_id"] == conversation
    desk.says("it arrives tomorrow")
    assert kim.received.wait_for(text="it arrives tomorrow")
    expect(visitor.message("it arrives tomorrow").get_by_text("by Telegram")).to_be_visible()

    visitor.page.reload()
    visitor.opens_widget()
    for text in ("where is my parcel, please?", "now from my phone", "it arrives tomorrow"):
        expect(visitor.message(text)).to_have_count(1)
    expect(visitor.message("where is my parcel, please?").get_by_text("by ")).to_have_count(0)


def test_a_code_that_is_texted_does_the_same(
    hub: RunningHub, sandbox: Sandbox, visitor: Visitor
) -> None:
    visitor.opens_page().says("I have to leave my desk")
    invitation = HandoverSheet(visitor, "SMS")
    expect(invitation.sheet.get_by_text(sandbox.twilio.number)).to_be_visible()
    code = invitation.code
    assert unquote(urlsplit(invitation.link).query) == f"body={code}"
    phone = sandbox.twilio.customer("+12025550190")
    phone.texts(f"hello, {code.lower()}")
    invitation.is_followed()
    texted = stored(hub, f"hello, {code.lower()}")
    assert texted["conversation_id"] == conversation_of(hub, "I have to leave my desk")


def test_a_link_brings_the_thread_to_another_device_and_is_good_once(
    hub: RunningHub, new_visitor: Callable[..., Visitor]
) -> None:
    desktop, phone, thief = new_visitor(), new_visitor(), new_visitor()
    desktop.opens_page().says("written at the desk")
    invitation = HandoverSheet(desktop, "Another device")
    link = invitation.link
    phone.page.goto(link)
    expect(phone.message("written at the desk")).to_be_visible()
    expect(phone.page.get_by_text("Welcome back.")).to_be_visible()
    assert "resume" not in phone.page.url
    invitation.is_followed()
    phone.says("written on the sofa")
    expect(desktop.message("written on the sofa")).to_be_visible()
    expect(phone.page.get_by_text("Welcome back.")).to_be_hidden()

    thief.page.goto(link)
    expect(thief.page.get_by_text("That link was used already or has run out.")).to_be_visible()
    thief.says("I saw nothing")
    expect(thief.log.locator("article")).to_have_count(1)
    expect(thief.page.get_by_text("That link was used already")).to_be_hidden()


def test_the_offer_is_quiet_until_an_agent_answers(hub: RunningHub, visitor: Visitor) -> None:
    visitor.opens_page()
    button = visitor.page.get_by_role("button", name="Continue on…")
    expect(button).to_have_count(0)
    visitor.says("is anybody there?")
    expect(button).to_have_count(2)
    expect(visitor.page.get_by_text("No need to wait on this page.")).to_be_visible()
    hub.reply(conversation_of(hub, "is anybody there?"), "yes, I am")
    expect(visitor.message("yes, I am")).to_be_visible()
    expect(visitor.page.get_by_text("No need to wait on this page.")).to_be_hidden()
    expect(button).to_have_count(1)


def test_the_keyboard_goes_in_back_and_out(hub: RunningHub, visitor: Visitor) -> None:
    visitor.visits_shop().opens_widget().says("with the keyboard alone")
    button = visitor.chat.locator("header").get_by_role("button", name="Continue on…")
    button.focus()
    button.press("Enter")
    sheet = visitor.chat.get_by_role("dialog", name="Continue on…")
    heading = sheet.get_by_role("heading")
    expect(heading).to_be_focused()
    sheet.get_by_role("button", name="Email").press("Enter")
    sheet = visitor.chat.get_by_role("dialog", name="Continue on Email")
    expect(sheet.get_by_role("heading")).to_be_focused()
    expect(sheet.get_by_role("link", name="Open Email")).to_be_visible()
    sheet.get_by_role("heading").press("Escape")
    heading = visitor.chat.get_by_role("dialog", name="Continue on…").get_by_role("heading")
    expect(heading).to_be_focused()
    heading.press("Escape")
    expect(visitor.chat.get_by_role("dialog")).to_be_hidden()
    # Escape closed the sheet, and not the chat behind it.
    expect(visitor.field).to_be_visible()
    expect(button).to_be_focused()


@pytest.mark.parametrize(
    "look",
    [
        {"color_scheme": "light"},
        {"color_scheme": "dark", "viewport": {"width": 390, "height": 844}},
        {"color_scheme": "light", "locale": "ar"},
    ],
    ids=["light", "dark-phone", "arabic"],
)
def test_the_sheet_is_accessible(new_visitor: Callable[..., Visitor], look: dict[str, Any]) -> None:
    visitor = new_visitor(**look, bypass_csp=True)
    page = visitor.page
    page.goto(f"{visitor.hub.url}/chat/website")
    page.locator("textarea").fill("an accessible way out")
    page.locator("textarea").press("Enter")
    expect(page.locator("article[data-message]")).to_be_visible()
    page.locator("header button[aria-haspopup]").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert serious_problems(page) == []
    page.locator("dialog button.channel").nth(1).click()
    expect(page.locator("dialog code")).to_be_visible()
    assert serious_problems(page) == []


def test_a_newcomer_sees_the_whole_switch_in_the_sandbox(
    hub: RunningHub,
    sandbox: Sandbox,
    new_visitor: Callable[..., Visitor],
    new_context: Callable[..., Any],
    watch: Watch,
) -> None:
    visitor = new_visitor()
    visitor.opens_page().says("first on the web, then on the phone")
    page: Page = watch.over(new_context().new_page())
    page.goto(sandbox.url)
    phone = page.get_by_role("region", name="Phone")
    phone.get_by_role("button", name="Camera").click()
    phone.get_by_role("textbox", name="The link").fill(HandoverSheet(visitor, "Telegram").link)
    phone.get_by_role("button", name="Open", exact=True).click()
    expect(phone.get_by_role("tab", name="Telegram")).to_have_attribute("aria-selected", "true")
    phone.get_by_role("button", name="Start", exact=True).click()
    expect(visitor.chat.get_by_role("dialog").get_by_text(CONTINUED)).to_be_visible()
    visitor.chat.get_by_role("dialog").get_by_role("button", name="Back to the chat").click()

    # A link in a message opens the app that it is for, with the code.
    conversation = conversation_of(hub, "first on the web, then on the phone")
    handover = hub.post(f"/conversations/{conversation}/handovers", {"connector": "sms"})
    hub.reply(conversation, f"Go on by text: {handover['url']}", connector="telegram")
    phone.get_by_role("link", name=re.compile("^sms:")).click()
    field = phone.get_by_role("textbox", name="Write a message")
    expect(field).to_have_value(handover["code"])
    field.press("Enter")
    expect(visitor.message(handover["code"]).get_by_text("by SMS")).to_be_visible()

    # A picture or a link that is dragged onto the phone does what its camera would.
    handover = hub.post(f"/conversations/{conversation}/handovers", {"connector": "messenger"})
    phone.evaluate(
        """(phone, link) => {
          const carried = new DataTransfer();
          carried.setData("text/uri-list", link);
          phone.dispatchEvent(new DragEvent("drop", { dataTransfer: carried, cancelable: true }));
        }""",
        handover["url"],
    )
    phone.get_by_role("button", name="Get started").click()
    welcome = phone.get_by_role("log").get_by_text("nothing needs repeating")
    expect(welcome).to_be_visible()

    handover = hub.post(f"/conversations/{conversation}/handovers", {"connector": "mail"})
    hub.reply(conversation, f"Or by mail: {handover['url']}", connector="telegram")
    phone.get_by_role("tab", name="Telegram").click()
    phone.get_by_role("link", name=re.compile("^mailto:")).click()
    mail_window = page.get_by_role("region", name="Your computer")
    expect(mail_window.get_by_label("Subject")).to_have_value("Continue our conversation")
    mail_window.get_by_role("button", name="Send").click()

    def brought_together() -> bool:
        kinds = {
            message["kind"]
            for message in hub.messages(conversation)
            if message["direction"] == "in"
        }
        return {"webchat", "sms", "email"} <= kinds

    assert eventually(brought_together, expected="one conversation of all channels")
