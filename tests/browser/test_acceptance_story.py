"""One customer, five channels, one agent; she says everything once. Nobody merges anything."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

import pytest
from playwright.sync_api import Locator, expect

from hub.sandbox import Sandbox
from hub.sandbox.base.sample_files import pdf
from hub.sandbox.base.screen import Media
from tests.browser.conftest import QUIET
from tests.browser.screens import Desk, Visitor, conversation_of
from tests.e2e.test_fallback import last_wrote_days_ago
from tests.harness import RunningHub, eventually

pytestmark = pytest.mark.browser

#: The hub offers SMS to waiting customers, after a second to save time.
RULES = """
assignment: {offline_grace: 1s}
replies:
  queued: {en: "You are number {position}. About {wait}."}
  handover: {offer: [sms], offer_after: 1s}
  fallback: {kinds: [sms, email]}
"""
WRONG_SIZE = "The shoes came in the wrong size. Can I change order 77120?"


@pytest.fixture
def agents_away(hub: RunningHub) -> Iterator[None]:
    before = hub.config.read_text()
    hub.config.write_text(before.replace(QUIET, "") + RULES)
    try:
        hub.post("/config/reload", status=200)
        eventually(
            lambda: all(agent["presence"] == "offline" for agent in hub.get("/agents")["items"]),
            40,
            "all agents to be away",
        )
        yield
    finally:
        hub.config.write_text(before)
        hub.post("/config/reload", status=200)


def invites(desk: Desk, channel: str, text: str) -> str:
    """The agent sends a link to another channel with a text. Returns the link."""
    desk.field.fill(text)
    desk.page.get_by_role("button", name="Continue on…").click()
    dialog = desk.page.get_by_role("dialog")
    dialog.get_by_role("button", name=channel).click()
    link = dialog.get_by_role("textbox", name="Link").input_value()
    dialog.get_by_role("button", name="Put into the reply").click()
    desk.field.press("Enter")
    expect(desk.message(text)).to_be_visible()
    return link


def context_card(desk: Desk) -> Locator:
    return desk.page.get_by_role("complementary", name="What to know after the switch of channel")


def queue_position(hub: RunningHub, conversation: str) -> int:
    return int(hub.get(f"/conversations/{conversation}/routing")["queue"]["position"])


def test_a_customer_goes_through_five_channels_and_never_repeats_herself(
    hub: RunningHub, sandbox: Sandbox, agents_away: None, desk: Desk, visitor: Visitor
) -> None:
    # From the street, by Messenger, with a photo. Nobody is free: she is told her place.
    vera = sandbox.graph.customer("Vera Story")
    vera.says(WRONG_SIZE)
    vera.sends_photo()
    conversation = conversation_of(hub, WRONG_SIZE)
    assert vera.received.wait_for(
        lambda message: re.search(r"number \d+", message.text), timeout=30
    )
    first_position = queue_position(hub, conversation)

    # She is given a code, texts it, keeps her place, and is told that nothing is lost.
    offered = vera.received.wait_for(lambda message: "sms:" in message.text, timeout=30)
    code = re.search(r"body=([A-Z0-9]{8})", offered.text)
    assert code is not None
    phone = sandbox.twilio.customer("+12025550977")
    phone.texts(f"It is me from Messenger, {code[1]}")
    assert phone.received.wait_for(lambda message: "nothing needs repeating" in message.text)
    assert conversation_of(hub, "It is me from Messenger") == conversation
    assert queue_position(hub, conversation) <= first_position

    # The agent comes, gets her without a hand on anything, and sees at once what it is about.
    desk.page.goto(hub.url)
    eventually(lambda: hub.get(f"/conversations/{conversation}")["assignee"], expected="an agent")
    desk.opens(conversation)
    expect(context_card(desk)).to_contain_text("Went on from Messenger to SMS")
    expect(context_card(desk)).to_contain_text("Can I change order 77120?")
    expect(desk.message(WRONG_SIZE)).to_be_visible()
    expect(desk.message("It is me from Messenger")).to_be_visible()
    expect(desk.timeline.locator("article img").first).to_be_visible()

    # He needs a form: she sends it by mail, and it lands here.
    mail = invites(desk, "Email", "Of course. Please send us the form.")
    assert phone.received.wait_for(lambda message: mail in message.text)
    mailbox = sandbox.mail.customer("vera@example.org", "Vera Story")
    form = Media(pdf(), "application/pdf", "form.pdf")
    mailbox.sends("Here is the form.", to=unquote(urlsplit(mail).path), attachments=[form])
    expect(desk.message("Here is the form.")).to_contain_text("form.pdf")

    # Her Messenger window has closed: the screen says so, and the answer goes by SMS.
    last_wrote_days_ago(hub, conversation, vera, 8)
    desk.page.reload()
    desk.opens(conversation)
    desk.answers_on("Messenger")
    expect(desk.composer).to_contain_text(re.compile("window on Messenger has closed.*by SMS"))
    web = invites(desk, "Web chat (website)", "The new pair is on its way.")
    assert phone.received.wait_for(lambda message: "The new pair is on its way." in message.text)
    expect(desk.message("The new pair is on its way.")).to_contain_text("SMS")
    assert not any("new pair" in message.text for message in vera.received)

    # In the evening she opens the web chat: it greets her and shows the thread.
    visitor.page.goto(web)
    visitor.chat = visitor.page
    for message in (WRONG_SIZE, "It is me from Messenger", "Here is the form.", "The new pair"):
        expect(visitor.message(message).first).to_be_visible()
    assert "resume" not in visitor.page.url
    visitor.says("Thank you, that was easy.")
    expect(desk.message("Thank you, that was easy.")).to_be_visible()

    # One person, one piece of work, one agent, and every switch was noticed.
    stored_conversation = hub.get(f"/conversations/{conversation}")
    assert stored_conversation["assignee"]["name"] == "Alex"
    conversations = [
        item
        for item in hub.conversations(limit=100)
        if item["contact"] == stored_conversation["contact"]
    ]
    assert [item["id"] for item in conversations if item["status"] == "open"] == [conversation]
    links = hub.get(f"/contacts/{stored_conversation['contact']['id']}/links")["items"]
    assert {(item["evidence"], item["method"]) for item in links} == {("verified", "handover")}
    items = hub.get(f"/conversations/{conversation}/messages", limit=100)["items"]
    switches = [
        item["event"]["to"]["kind"]
        for item in reversed(items)
        if item["event"] and item["event"]["name"] == "channel.switched"
    ]
    assert switches == ["sms", "email", "webchat"]
