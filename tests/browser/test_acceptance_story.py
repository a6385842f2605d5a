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

#: The hub offers SMS to who waits, and little patience saves time.
RULES = """
assignment: {offline_grace: 1s}
replies:
  queued: {en: "You are number {position}. About {wait}."}
  handover: {offer: [sms], offer_after: 1s}
  fallback: {kinds: [sms, email]}
"""
WRONG_SIZE = "The shoes came in the wrong size. Can I change order 77120?"


@pytest.fixture
def nobody_here(hub: RunningHub) -> Iterator[None]:
    before = hub.config.read_text()
    hub.config.write_text(before.replace(QUIET, "") + RULES)
    try:
        hub.post("/config/reload", status=200)
        eventually(
            lambda: all(one["presence"] == "offline" for one in hub.get("/agents")["items"]),
            40,
            "everybody to be away",
        )
        yield
    finally:
        hub.config.write_text(before)
        hub.post("/config/reload", status=200)


def invites(desk: Desk, channel: str, words: str) -> str:
    """The agent sends a link to another channel, in words of their own. Returns the link."""
    desk.field.fill(words)
    desk.page.get_by_role("button", name="Continue on…").click()
    dialog = desk.page.get_by_role("dialog")
    dialog.get_by_role("button", name=channel).click()
    link = dialog.get_by_role("textbox", name="Link").input_value()
    dialog.get_by_role("button", name="Put into the reply").click()
    desk.field.press("Enter")
    expect(desk.message(words)).to_be_visible()
    return link


def card(desk: Desk) -> Locator:
    return desk.page.get_by_role("complementary", name="What to know after the switch of channel")


def place(hub: RunningHub, conversation: str) -> int:
    return int(hub.get(f"/conversations/{conversation}/routing")["queue"]["position"])


def test_a_customer_goes_through_five_channels_and_never_repeats_herself(
    hub: RunningHub, sandbox: Sandbox, nobody_here: None, desk: Desk, visitor: Visitor
) -> None:
    # From the street, by Messenger, with a photo. Nobody is free: she is told her place.
    vera = sandbox.graph.customer("Vera Story")
    vera.says(WRONG_SIZE)
    vera.sends_photo()
    conversation = conversation_of(hub, WRONG_SIZE)
    assert vera.received.wait_for(lambda said: re.search(r"number \d+", said.text), timeout=30)
    in_line = place(hub, conversation)

    # She is given a code, texts it, keeps her place, and is told that nothing is lost.
    offered = vera.received.wait_for(lambda said: "sms:" in said.text, timeout=30)
    code = re.search(r"body=([A-Z0-9]{8})", offered.text)
    assert code is not None
    phone = sandbox.twilio.customer("+12025550977")
    phone.texts(f"It is me from Messenger, {code[1]}")
    assert phone.received.wait_for(lambda said: "nothing needs repeating" in said.text)
    assert conversation_of(hub, "It is me from Messenger") == conversation
    assert place(hub, conversation) <= in_line

    # The agent comes, gets her without a hand on anything, and sees at once what it is about.
    desk.page.goto(hub.url)
    eventually(lambda: hub.get(f"/conversations/{conversation}")["assignee"], what="an agent")
    desk.opens(conversation)
    expect(card(desk)).to_contain_text("Went on from Messenger to SMS")
    expect(card(desk)).to_contain_text("Can I change order 77120?")
    expect(desk.message(WRONG_SIZE)).to_be_visible()
    expect(desk.message("It is me from Messenger")).to_be_visible()
    expect(desk.timeline.locator("article img").first).to_be_visible()

    # He needs a form: she sends it by mail, and it lands here.
    mail = invites(desk, "Email", "Of course. Please send us the form.")
    assert phone.received.wait_for(lambda said: mail in said.text)
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
    assert phone.received.wait_for(lambda said: "The new pair is on its way." in said.text)
    expect(desk.message("The new pair is on its way.")).to_contain_text("SMS")
    assert not any("new pair" in said.text for said in vera.received)

    # In the evening she opens the web chat: it greets her and shows the thread.
    visitor.page.goto(web)
    visitor.chat = visitor.page
    for said in (WRONG_SIZE, "It is me from Messenger", "Here is the form.", "The new pair"):
        expect(visitor.message(said).first).to_be_visible()
    assert "resume" not in visitor.page.url
    visitor.says("Thank you, that was easy.")
    expect(desk.message("Thank you, that was easy.")).to_be_visible()

    # One person, one piece of work, one agent, and every switch was noticed.
    found = hub.get(f"/conversations/{conversation}")
    assert found["assignee"]["name"] == "Alex"
    open_ = [one for one in hub.conversations(limit=100) if one["contact"] == found["contact"]]
    assert [one["id"] for one in open_ if one["status"] == "open"] == [conversation]
    links = hub.get(f"/contacts/{found['contact']['id']}/links")["items"]
    assert {(one["evidence"], one["method"]) for one in links} == {("verified", "handover")}
    items = hub.get(f"/conversations/{conversation}/messages", limit=100)["items"]
    switches = [
        one["event"]["to"]["kind"]
        for one in reversed(items)
        if one["event"] and one["event"]["name"] == "channel.switched"
    ]
    assert switches == ["sms", "email", "webchat"]
