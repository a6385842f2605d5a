"""What people do at their screens, as verbs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from playwright.sync_api import FrameLocator, Locator, Page, expect

from hub.sandbox import Sandbox
from tests.harness import RunningHub, eventually

AXE = Path(__file__).parents[2] / "hub/inbox/ui/node_modules/axe-core/axe.min.js"


class Desk:
    """An agent's screen."""

    def __init__(self, page: Page, hub: RunningHub) -> None:
        self.page = page
        self.hub = hub
        self.list = page.get_by_role("navigation", name="Conversations")
        self.timeline = page.get_by_role("region", name=re.compile("^Timeline of"))
        self.composer = page.get_by_role("region", name="Write a reply")
        self.field = self.composer.get_by_role("textbox")
        self.details = page.get_by_role("complementary", name="Details")

    def opens(self, conversation_id: str = "") -> Desk:
        self.page.goto(f"{self.hub.url}/#/conversations/{conversation_id}")
        if conversation_id:
            thread = self.page.locator(f"[data-conversation='{conversation_id}']")
            expect(thread.locator("article").first).to_be_visible()
            expect(self.composer.get_by_role("button", name="Where the customer")).to_be_visible()
        else:
            expect(self.list.get_by_role("listitem").first).to_be_visible()
        return self

    def shows(self, tab: str) -> None:
        self.list.get_by_role("button", name=re.compile(f"^{tab}")).click()

    def row(self, text: str) -> Locator:
        """A conversation in the list, by a text in it."""
        return self.list.get_by_role("listitem").filter(has_text=text)

    def message(self, text: str) -> Locator:
        return self.timeline.locator("article").filter(has_text=text)

    def answers_on(self, channel: str) -> None:
        self.composer.get_by_role("button", name="Where the customer").click()
        self.page.get_by_role("menuitem", name=re.compile(f"^{re.escape(channel)}")).click()
        expect(self.field).to_have_attribute("placeholder", f"Reply on {channel}…")

    def says(self, text: str) -> Locator:
        self.field.fill(text)
        self.field.press("Enter")
        expect(self.message(text)).to_be_visible()
        return self.message(text)

    def notes(self, text: str) -> None:
        self.composer.get_by_role("button", name="Note", exact=True).click()
        self.says(text)
        self.composer.get_by_role("button", name="Reply", exact=True).click()


class Visitor:
    """A customer on a web page with the widget, or on the chat's own page."""

    def __init__(self, page: Page, hub: RunningHub, sandbox: Sandbox) -> None:
        self.page = page
        self.hub = hub
        self.sandbox = sandbox
        self.chat: Page | FrameLocator = page

    def visits_shop(self, query: str = "") -> Visitor:
        self.page.goto(f"{self.sandbox.url}/shop{query}")
        return self

    def opens_widget(self) -> Visitor:
        self.page.get_by_role("button", name="Open chat").click()
        self.chat = self.page.frame_locator("hub-chat iframe")
        expect(self.field).to_be_visible()
        return self

    def opens_page(self, connector: str = "website") -> Visitor:
        self.chat = self.page
        self.page.goto(f"{self.hub.url}/chat/{connector}")
        expect(self.field).to_be_visible()
        return self

    @property
    def field(self) -> Locator:
        return self.chat.get_by_label("Your message")

    @property
    def log(self) -> Locator:
        return self.chat.get_by_role("log", name="Messages")

    def message(self, text: str) -> Locator:
        return self.log.locator("article").filter(has_text=text)

    def says(self, text: str) -> None:
        self.field.fill(text)
        self.field.press("Enter")
        expect(self.message(text)).to_be_visible()


def stored(hub: RunningHub, text: str) -> dict[str, Any]:
    """Returns the message with this text, as soon as the search finds it."""

    def look() -> dict[str, Any] | None:
        for hit in hub.get("/search", q=text)["items"]:
            if hit["message"] and text in hit["message"]["text"]:
                return dict(hit["message"])
        return None

    message = eventually(look, expected=text)
    assert message is not None
    return message


def conversation_of(hub: RunningHub, text: str) -> str:
    return str(stored(hub, text)["conversation_id"])


def serious_problems(page: Page) -> list[tuple[str, list[str]]]:
    """Returns the serious and critical findings of axe, in the page and in our frames."""
    problems = []
    for frame in page.frames:
        if frame.url == "about:srcdoc":
            continue
        frame.add_script_tag(path=AXE)
        for rule in frame.evaluate("axe.run().then((result) => result.violations)"):
            if rule["impact"] in ("serious", "critical"):
                problems.append((rule["id"], [node["html"][:160] for node in rule["nodes"]]))
    return problems
