"""axe finds nothing serious on any page, in either light, at any width, in either direction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.conftest import Watch
from tests.browser.screens import Desk, Visitor, conversation_of, serious_problems
from tests.harness import RunningHub

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": PHONE, "color_scheme": "light"},
    "arabic": {"locale": "ar", "color_scheme": "light"},
}


@pytest.fixture(params=LOOKS.values(), ids=LOOKS)
def look(request: pytest.FixtureRequest) -> dict[str, Any]:
    # axe's own script comes from outside: the page's policy would keep it out.
    return {**request.param, "bypass_csp": True}


@pytest.fixture(scope="package")
def thread(world: Any) -> str:
    """A conversation with something of everything in it."""
    hub, sandbox = world.hub, world.sandbox
    nora = sandbox.telegram.customer("Nora Rich")
    nora.says("a first word")
    conversation = conversation_of(hub, "a first word")
    nora.sends_photo(caption="a photo")
    nora.sends_voice()
    nora.sends_document(caption="a form")
    nora.sends_location(59.437, 24.754)
    nora.says("كلمة بالعربية")
    hub.reply(conversation, "an answer")
    hub.reply(conversation, "a note", type="note")
    labels = {"labels": ["returns"], "priority": "high", "status": "open"}
    hub.patch(f"/conversations/{conversation}", labels)
    nora.received.wait_for(text="an answer")
    return conversation


def test_the_inbox_is_accessible(
    hub: RunningHub, new_desk: Callable[..., Desk], look: dict[str, Any], thread: str
) -> None:
    page = new_desk(**look).page
    page.goto(f"{hub.url}/#/conversations/{thread}")
    expect(page.get_by_text("an answer").last).to_be_visible()
    expect(page.locator("article img").first).to_be_visible()
    assert serious_problems(page) == []
    if "viewport" in look:
        page.locator("header .back").first.click()
        expect(page.get_by_role("navigation")).to_be_visible()
        assert serious_problems(page) == []
        return
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert serious_problems(page) == []
    page.keyboard.press("Escape")
    page.locator(".merge").click()
    expect(page.get_by_role("dialog").get_by_role("searchbox")).to_be_visible()
    assert serious_problems(page) == []


def test_the_account_is_accessible(new_desk: Callable[..., Desk], look: dict[str, Any]) -> None:
    desk = new_desk(**look)
    page = desk.page
    page.goto(desk.hub.url)
    page.locator("nav header button").last.click()
    page.get_by_role("menuitem").filter(has=page.locator(".lucide-key-round")).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("input[type=password]").first).to_be_visible()
    expect(dialog.locator("li").first).to_be_visible()
    assert serious_problems(page) == []


def test_the_sign_in_is_accessible(
    hub: RunningHub,
    new_context: Callable[..., BrowserContext],
    watch: Watch,
    look: dict[str, Any],
) -> None:
    watch.allows("status of 401")
    page = watch.over(new_context(**look).new_page())
    page.goto(hub.url)
    expect(page.locator("input[type=password]")).to_be_visible()
    assert serious_problems(page) == []


def test_the_chat_and_the_open_widget_are_accessible(
    hub: RunningHub, new_visitor: Callable[..., Visitor], look: dict[str, Any]
) -> None:
    visitor = new_visitor(**look)
    visitor.page.goto(f"{hub.url}/chat/website")
    field = visitor.page.locator("textarea")
    field.fill("a question, in a look of its own")
    field.press("Enter")
    message = visitor.page.locator("article[data-message]")
    expect(message).to_be_visible()
    hub.reply(conversation_of(hub, "look of its own"), "an answer to the look")
    expect(visitor.page.get_by_text("an answer to the look")).to_be_visible()
    assert serious_problems(visitor.page) == []
    visitor.visits_shop()
    visitor.page.locator("hub-chat button").click()
    expect(visitor.page.frame_locator("hub-chat iframe").locator("textarea")).to_be_visible()
    assert serious_problems(visitor.page) == []
