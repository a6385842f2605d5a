"""What an agent sees of customers who change channels, and of who may be whom."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from hub.sandbox import Sandbox
from tests.browser.screens import Desk, Visitor, conversation_of, serious_problems, stored
from tests.e2e.test_fallback import last_wrote_days_ago, unique_word
from tests.harness import RunningHub, eventually

pytestmark = pytest.mark.browser

LOOKS: list[dict[str, Any]] = [
    {"color_scheme": "light"},
    {"color_scheme": "dark", "viewport": {"width": 390, "height": 844}},
    {"color_scheme": "light", "locale": "ar"},
]


class HandoverDialog:
    """The dialog from which an agent sends a customer elsewhere."""

    def __init__(self, desk: Desk, channel: str) -> None:
        desk.page.keyboard.press("c")
        self.dialog = desk.page.get_by_role("dialog", name="Continue on another channel")
        self.channel = channel
        self.dialog.get_by_role("button", name=channel).click()
        expect(self.picture).to_be_visible()

    @property
    def picture(self) -> Locator:
        return self.dialog.get_by_role("img", name=f"QR code of the link to {self.channel}")

    @property
    def code(self) -> str:
        return re.sub(r"\s", "", self.dialog.get_by_role("status", name="Code").inner_text())

    @property
    def link(self) -> str:
        return self.dialog.get_by_role("textbox", name="Link").input_value()


def card(page: Page) -> Locator:
    return page.get_by_role("complementary", name="What to know after the switch of channel")


def continues_by_sms(hub: RunningHub, sandbox: Sandbox, conversation: str, number: str) -> Any:
    """Redeems a handover to SMS by its code. Returns the phone."""
    code = hub.post(f"/conversations/{conversation}/handovers", {"connector": "sms"})["code"]
    phone = sandbox.twilio.customer(number)
    phone.texts(code)
    eventually(
        lambda: hub.get(f"/conversations/{conversation}")["context_card"], expected="the card"
    )
    return phone


def suggested(hub: RunningHub, sandbox: Sandbox, name: str, text: str) -> str:
    """Lets two contacts of one name write the same. Returns the conversation of the first."""
    sandbox.telegram.customer(name).says(text)
    first = stored(hub, text)
    sandbox.mail.customer(f"{unique_word()}@example.org", name).sends(text)
    path = f"/contacts/{first['contact_id']}/suggestions"
    eventually(lambda: hub.get(path)["items"], expected="the suggestion")
    return str(first["conversation_id"])


@pytest.mark.parametrize("look", LOOKS)
def test_a_suggestion_shows_in_the_header_while_the_details_are_closed(
    hub: RunningHub, sandbox: Sandbox, new_desk: Callable[..., Desk], look: dict[str, Any]
) -> None:
    conversation = suggested(
        hub, sandbox, f"Hint {unique_word().title()}", f"order {unique_word()} is late"
    )
    page = new_desk(**look, bypass_csp=True).page
    page.goto(f"{hub.url}/#/conversations/{conversation}")
    expect(page.locator("article").first).to_be_visible()
    details = page.locator("aside.details")
    if details.is_visible():
        page.locator("header .icon-button[aria-pressed]").click()
    expect(details).to_be_hidden()
    hint = page.get_by_role("button", name=re.compile("Same person|الشخص نفسه"))
    expect(hint).to_be_visible()
    assert serious_problems(page) == []
    hint.click()
    expect(details.locator("[aria-labelledby=suggestions]")).to_be_in_viewport()


def test_an_agent_makes_an_invitation_and_sees_it_followed(
    hub: RunningHub, sandbox: Sandbox, desk: Desk
) -> None:
    sandbox.telegram.customer("Ines Wall").says("may I text you instead?")
    conversation = conversation_of(hub, "may I text you instead?")
    desk.opens(conversation)
    invitation = HandoverDialog(desk, "SMS")
    assert invitation.picture.evaluate("(image) => image.complete && image.naturalWidth > 0")
    assert re.fullmatch(r"[A-Z2-9]{8}", invitation.code)
    assert invitation.link.startswith("sms:")
    phone = sandbox.twilio.customer("+12025550151")
    phone.texts(f"{invitation.code}")
    expect(invitation.dialog).to_contain_text("They followed it and are on SMS now.")
    desk.page.keyboard.press("Escape")
    expect(
        desk.timeline.get_by_text(re.compile(r"Alex\W made a link to go on by SMS"))
    ).to_be_visible()
    expect(
        desk.timeline.get_by_text(re.compile(r"Ines Wall\W followed the link to SMS"))
    ).to_be_visible()
    expect(desk.timeline.get_by_text("went on from Telegram to SMS")).to_be_visible()
    why = desk.details.get_by_role("list", name="Why this is one person").get_by_role("listitem")
    expect(why).to_contain_text("Verified")
    expect(why).to_contain_text("One-time link or code")
    desk.page.keyboard.press("c")
    earlier = invitation.dialog.get_by_role("list", name="Earlier invitations")
    expect(earlier.get_by_role("listitem")).to_contain_text("Used")


def test_a_link_is_put_into_the_reply_and_leads_there(
    hub: RunningHub, sandbox: Sandbox, desk: Desk
) -> None:
    phone = sandbox.twilio.customer("+12025550152")
    phone.texts("texting is dear")
    desk.opens(conversation_of(hub, "texting is dear"))
    desk.field.fill("Gladly.")
    desk.page.keyboard.press("Escape")
    desk.page.get_by_role("button", name="Continue on…").click()
    dialog = desk.page.get_by_role("dialog")
    dialog.get_by_role("button", name="Telegram").click()
    link = dialog.get_by_role("textbox", name="Link").input_value()
    dialog.get_by_role("button", name="Put into the reply").click()
    expect(desk.field).to_be_focused()
    expect(desk.field).to_have_value(re.compile(rf"^Gladly\.\n.*{re.escape(link)}"))
    desk.field.press("Enter")
    assert phone.received.wait_for(lambda message: link in message.text)


def test_the_card_says_what_is_open_leads_to_what_was_given_and_is_hidden_for_good(
    hub: RunningHub, sandbox: Sandbox, desk: Desk
) -> None:
    nora = sandbox.telegram.customer("Nora Card")
    nora.says("when does order 40417 arrive?")
    conversation = conversation_of(hub, "when does order 40417 arrive?")
    desk.opens(conversation)
    expect(card(desk.page)).to_have_count(0)
    continues_by_sms(hub, sandbox, conversation, "+12025550153")
    expect(card(desk.page)).to_contain_text("Went on from Telegram to SMS")
    expect(card(desk.page)).to_contain_text("when does order 40417 arrive?")
    order = card(desk.page).get_by_role("button", name=re.compile("^Order: .*40417$"))
    order.focus()
    order.press("Enter")
    expect(desk.message("when does order 40417 arrive?")).to_be_in_viewport()
    card(desk.page).get_by_role("button", name=re.compile("^Hide")).click()
    expect(card(desk.page)).to_have_count(0)
    desk.page.reload()
    expect(desk.message("when does order 40417 arrive?")).to_be_visible()
    expect(card(desk.page)).to_have_count(0)


def test_a_suggestion_is_accepted_with_the_keyboard_and_taken_back(
    hub: RunningHub, sandbox: Sandbox, desk: Desk
) -> None:
    desk.opens(suggested(hub, sandbox, "Olga Twice", "two pairs of the blue ones, please"))
    cards = desk.details.get_by_role("list", name="May be the same person").get_by_role("listitem")
    expect(cards).to_contain_text("Likely")
    expect(cards).to_contain_text("Both are called Olga Twice")
    expect(desk.timeline.get_by_text("Continued on Email")).to_have_count(0)
    accept = cards.get_by_role("button", name="Same person as Olga Twice")
    accept.focus()
    accept.press("Enter")
    expect(cards).to_have_count(0)
    why = desk.details.get_by_role("list", name="Why this is one person").get_by_role("listitem")
    expect(why).to_contain_text("Alex")
    addresses = desk.details.get_by_role("listitem").filter(has_text="Last seen")
    expect(addresses).to_have_count(2)
    desk.page.get_by_role("status").get_by_role("button", name="Undo", exact=True).click()
    expect(desk.page.get_by_text("They are separate people again.")).to_be_visible()
    expect(addresses).to_have_count(1)
    desk.details.get_by_role("button", name="1 undone link").click()
    expect(desk.details.get_by_role("list", name="1 undone link")).to_contain_text("Undone")


def test_a_dismissed_suggestion_is_gone_for_good(
    hub: RunningHub, sandbox: Sandbox, desk: Desk
) -> None:
    conversation = suggested(hub, sandbox, "Anna Namesake", "is the green one back in stock?")
    desk.opens(conversation)
    desk.details.get_by_role("button", name="Not the same as Anna Namesake").click()
    expect(desk.page.get_by_text("It will not be suggested again.")).to_be_visible()
    expect(desk.timeline.get_by_text("said that they are not the same person")).to_be_visible()
    desk.page.reload()
    expect(desk.details.get_by_role("button", name="Merge with another person…")).to_be_visible()
    expect(desk.details.get_by_text("Where they can be reached")).to_be_visible()
    expect(desk.details.get_by_text("May be the same person")).to_have_count(0)


def test_a_text_repeated_on_another_channel_is_one_message(
    hub: RunningHub, sandbox: Sandbox, desk: Desk
) -> None:
    text = "please cancel the second pair"
    sandbox.telegram.customer("Uku Twice").says(text)
    conversation = conversation_of(hub, text)
    phone = continues_by_sms(hub, sandbox, conversation, "+12025550154")
    desk.opens(conversation)
    phone.texts(text)
    again = desk.message(text).get_by_role("button", name=re.compile("^also by SMS"))
    expect(desk.message(text)).to_have_count(1)
    expect(desk.message(text).get_by_text(text)).to_have_count(1)
    again.click()
    expect(desk.message(text).get_by_text(text)).to_have_count(2)


def test_the_composer_forecasts_the_channel_when_the_visitor_has_left(
    hub: RunningHub, sandbox: Sandbox, desk: Desk, visitor: Visitor
) -> None:
    visitor.opens_page().says("I only have a minute")
    conversation = conversation_of(hub, "I only have a minute")
    desk.opens(conversation)
    foresight = desk.composer.get_by_role("status")
    expect(foresight).to_contain_text("The visitor is on the page")
    contact = stored(hub, "I only have a minute")["contact_id"]
    continues_by_sms(hub, sandbox, conversation, "+12025550155")
    visitor.page.close()
    eventually(
        lambda: any(
            each["present"] is False for each in hub.get(f"/contacts/{contact}/addresses")["items"]
        ),
        expected="the page is closed",
    )
    desk.answers_on("Web chat (website)")
    expect(foresight).to_contain_text("The visitor has left the page: your answer follows by SMS")
    expect(foresight).to_contain_text("+12•••155")


def test_an_answer_after_the_window_goes_by_another_channel_with_a_notice(
    hub: RunningHub, sandbox: Sandbox, desk: Desk
) -> None:
    cleo = sandbox.graph.customer("Cleo Late")
    cleo.says("I am away for a week")
    conversation = conversation_of(hub, "I am away for a week")
    phone = continues_by_sms(hub, sandbox, conversation, "+12025550156")
    last_wrote_days_ago(hub, conversation, cleo, 8)
    desk.opens(conversation)
    desk.answers_on("Messenger")
    forecast = desk.composer.get_by_role("status")
    expect(forecast).to_contain_text("The window on Messenger has closed: this goes by SMS")
    message = desk.says("welcome back")
    expect(message).to_contain_text("Sent by SMS, not Messenger: its reply window had closed")
    assert phone.received.wait_for(text="welcome back")
    notice = desk.timeline.get_by_text("Sent by SMS instead of Messenger")
    expect(notice).to_be_visible()


def test_merged_contacts_have_one_row_and_the_draft_moves_along(
    hub: RunningHub, sandbox: Sandbox, desk: Desk
) -> None:
    sandbox.telegram.customer("Pia Early").says("pia by Telegram")
    early = stored(hub, "pia by Telegram")
    sandbox.graph.customer("Pia Later").says("pia by Messenger")
    later = stored(hub, "pia by Messenger")
    desk.opens(later["conversation_id"])
    desk.shows("All")
    expect(desk.row("pia by Messenger")).to_be_visible()
    expect(desk.row("pia by Telegram")).to_be_visible()
    desk.field.fill("half an answer")
    hub.post(f"/contacts/{early['contact_id']}/links", {"contact_id": later["contact_id"]})
    expect(desk.list.get_by_role("listitem").filter(has_text=re.compile("^.*Pia"))).to_have_count(1)
    expect(desk.message("pia by Telegram")).to_be_visible()
    expect(desk.field).to_have_value("half an answer")


def test_an_agent_asks_why_a_conversation_is_theirs(
    hub: RunningHub, sandbox: Sandbox, desk: Desk
) -> None:
    sandbox.telegram.customer("Why Not").says("who answers me?")
    desk.opens(conversation_of(hub, "who answers me?"))
    desk.details.get_by_role("button", name="Why?").click()
    why = desk.page.get_by_role("dialog", name="Why it is where it is")
    expect(why.get_by_role("list", name="Who was considered")).to_contain_text("Alex")


@pytest.mark.parametrize("look", LOOKS, ids=["light", "dark-phone", "arabic"])
def test_the_screen_after_a_switch_is_accessible(
    hub: RunningHub, sandbox: Sandbox, new_desk: Callable[..., Desk], look: dict[str, Any]
) -> None:
    # axe's own script comes from outside: the page's policy would keep it out.
    page = new_desk(**look, bypass_csp=True).page
    text = f"accessible {unique_word()}"
    conversation = suggested(hub, sandbox, f"Rita {unique_word()}", text)
    number = f"+1202555{1000 + LOOKS.index(look)}"
    continues_by_sms(hub, sandbox, conversation, number).texts(text)
    page.goto(f"{hub.url}/#/conversations/{conversation}")
    expect(page.locator("aside.context")).to_be_visible()
    expect(page.locator(".again button")).to_be_visible()
    assert serious_problems(page) == []
    if "viewport" in look:
        page.locator("header .actions button[aria-pressed]").click()
    expect(page.locator(".details .evidence").first).to_be_visible()
    assert serious_problems(page) == []
    page.locator("body").press("c")
    page.get_by_role("dialog").locator("ul button").first.click()
    expect(page.get_by_role("dialog").locator("img")).to_be_visible()
    assert serious_problems(page) == []
