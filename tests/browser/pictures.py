"""Takes the pictures in docs/images anew: a hub with sample data, and people at its screens.

    .venv/bin/python -m tests.browser.pictures             the pictures of the documentation
    .venv/bin/python -m tests.browser.pictures FOLDER      every screen in every look, to look at

The screens have to be built (`make ui`), and Chromium has to be installed.
"""

from __future__ import annotations

import itertools
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from hub.accounts import agents
from hub.config import load_config
from hub.demo_data import add_sample_conversations
from hub.sandbox import Sandbox, demo_connectors
from hub.store.engine import Store, Transaction
from hub.store.migrate import migrate
from tests.browser.chromium import FLAGS
from tests.browser.conftest import COLLEAGUE, EMAIL, PASSWORD
from tests.browser.screens import Desk, conversation_of
from tests.harness import ROOT, RunningHub, eventually, free_port

IMAGES = ROOT / "docs/images"
AWAY = "mari@example.com"
ROUTING = f"""
hours:
  always: {{timezone: UTC, mon-sun: "00:00-24:00"}}
  never: {{timezone: UTC, mon: "09:00-09:01"}}
teams:
  support: {{members: [{EMAIL}, {COLLEAGUE}, {AWAY}], hours: always}}
  sales: {{members: [{AWAY}], hours: always}}
  workshop: {{members: [{COLLEAGUE}], hours: never}}
agents:
  {EMAIL}: {{skills: [returns], languages: [en, ar]}}
  {COLLEAGUE}: {{languages: [en, et]}}
  {AWAY}: {{skills: [returns], languages: [en, et], capacity: 4}}
routing:
  - {{name: prices, when: {{words: [price, discount]}}, team: sales, priority: high}}
  - {{name: returns, when: {{words: [refund, exchange]}}, team: support, skills: [returns],
      labels: [returns]}}
  - {{name: rest, team: support}}
assignment: {{accept_within: 1h}}
sla:
  default: {{first_reply: 15m, next_reply: 1h}}
"""
ANSWER = "Hi Nora, thank you! The pair in 39 leaves today and should be with you on Tuesday."
PHOTO = "Hi! My Morning Runners came today, but look at the colour."
MAIL = "Hello, here is the form, signed. Where can I drop the parcel?"
DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"viewport": DESK, "color_scheme": "light"},
    "dark": {"viewport": DESK, "color_scheme": "dark"},
    "arabic": {"viewport": DESK, "color_scheme": "light", "locale": "ar"},
    "phone": {"viewport": PHONE, "color_scheme": "light"},
    "phone-dark": {"viewport": PHONE, "color_scheme": "dark"},
    "phone-arabic": {"viewport": PHONE, "color_scheme": "light", "locale": "ar"},
}


class Studio:
    """A shop on an ordinary day: who wrote, who waits, who is there to answer."""

    def __init__(self, hub: RunningHub, sandbox: Sandbox, browser: Browser) -> None:
        self.hub = hub
        self.sandbox = sandbox
        self.browser = browser
        self.signed_in: Any = None
        self.desk = self._sign_in()

    def context(self, **options: Any) -> BrowserContext:
        settings = {"locale": "en-GB", "reduced_motion": "reduce", **LOOKS["light"], **options}
        return self.browser.new_context(**settings)

    def _sign_in(self) -> Desk:
        """Opens an agent's screen, which stays open so that an agent is online."""
        page = self.context().new_page()
        page.goto(self.hub.url)
        page.get_by_label("Email").fill(EMAIL)
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("heading", name="Inbox", exact=True).wait_for()
        self.signed_in = {**page.context.storage_state(), "origins": []}
        return Desk(page, self.hub)

    def stage(self) -> dict[str, str]:
        """Lets all customers write. Returns the ids of the pictured conversations, by name."""
        conversations = {
            "thread": next(
                conversation["id"]
                for conversation in self.hub.conversations()
                if conversation["contact"]["name"] == "Nora Lind"
            )
        }
        self.sandbox.graph.customer("Leo Fern").says("Can I exchange these for a size 43?")
        conversations["routed"] = conversation_of(self.hub, "exchange these")
        self.desk.opens(conversations["routed"]).says(
            "Yes, within 30 days. What is the number of the order?"
        )
        text = "Order 10562 came without the laces, it is Pia"
        self.sandbox.telegram.customer("Pia Holm").says(text)
        conversations["suggested"] = conversation_of(self.hub, text)
        contact = self.hub.get(f"/conversations/{conversations['suggested']}")["contact"]["id"]
        self.sandbox.mail.customer("pia@example.org", "Pia Holm").sends(text, subject="Laces")
        eventually(
            lambda: self.hub.get(f"/contacts/{contact}/suggestions")["items"],
            expected="a suggestion",
        )
        self._write_as_customer()
        return conversations

    def _write_as_customer(self) -> None:
        """Lets the sandbox's customer and the agent write, with a photo and by mail."""
        sam = self.sandbox.telegram.customer("Sam Sample")
        sam.starts()
        sam.says(PHOTO)
        sam.sends_photo()
        self.desk.opens(conversation_of(self.hub, PHOTO))
        self.desk.says("Oh, those are the wrong ones, sorry! Shall we send the grey pair?")
        mail = self.sandbox.mail.customer("sam.sample@example.com", "Sam Sample")
        mail.sends(MAIL, subject="Return form")
        self.desk.opens(conversation_of(self.hub, MAIL))
        answer = "Any parcel shop will do: show them the label and keep the receipt."
        self.desk.says(answer)
        assert mail.received.wait_for(lambda message: answer in message.text)


@contextmanager
def studio() -> Iterator[Studio]:
    port = free_port()
    with (
        tempfile.TemporaryDirectory() as folder,
        Sandbox(hub_url=f"http://127.0.0.1:{port}") as sandbox,
        sync_playwright() as playwright,
    ):
        config = demo_connectors(sandbox.endpoints) + ROUTING
        hub = RunningHub(Path(folder), config, port=port)
        _fill(hub)
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(FLAGS))
        with hub:
            yield Studio(hub, sandbox, browser)
        browser.close()


def _fill(hub: RunningHub) -> None:
    data = hub.folder / "data"
    data.mkdir()
    store = Store(f"sqlite:///{data / 'hub.db'}")
    migrate(store)

    def add(tx: Transaction) -> None:
        agents.add_agent(tx, EMAIL, "Alex", "admin", PASSWORD)
        agents.add_agent(tx, COLLEAGUE, "Sam", "agent", PASSWORD)
        agents.add_agent(tx, AWAY, "Mari", "agent", PASSWORD)

    store.write(add)
    add_sample_conversations(store, load_config(hub.config, os.environ))
    store.close()


# -- the screens ------------------------------------------------------------------------------


def opened(page: Page, studio: Studio, conversation: str) -> None:
    page.goto(f"{studio.hub.url}/#/conversations/{conversation}")
    expect(page.locator("article").first).to_be_visible()


def inbox(page: Page, studio: Studio, conversations: dict[str, str]) -> None:
    """Shows one conversation over several channels, with a draft."""
    opened(page, studio, conversations["thread"])
    page.locator("main textarea").first.fill(ANSWER)


def why(page: Page, studio: Studio, conversations: dict[str, str]) -> None:
    """Shows the reasons of an assignment."""
    opened(page, studio, conversations["routed"])
    if not page.locator("aside.details").is_visible():
        page.locator("header .icon-button[aria-pressed]").click()
    page.locator(".why").last.click()
    expect(page.locator(".menu.routing dl")).to_be_visible()


def suggestion(page: Page, studio: Studio, conversations: dict[str, str]) -> None:
    """Shows a suggestion to merge two contacts, with the details closed."""
    opened(page, studio, conversations["suggested"])
    if page.locator("aside.details").is_visible():
        page.locator("header .icon-button[aria-pressed]").click()
    expect(page.locator("aside.details")).to_be_hidden()


def listed(page: Page, studio: Studio, conversations: dict[str, str]) -> None:
    """Shows the list of all conversations."""
    page.goto(studio.hub.url)
    page.locator("nav [role=listitem]").first.wait_for()
    page.locator("nav .tabs button").last.click()


def admin(page: Page, studio: Studio, conversations: dict[str, str]) -> None:
    """Shows teams, loads and queues, and the preview of a rule."""
    page.goto(f"{studio.hub.url}/#/admin")
    page.get_by_role("meter").first.wait_for()
    page.locator("textarea").fill("I want a refund")
    page.locator("form button").click()
    page.locator(".answer").wait_for()


def queue(page: Page, studio: Studio, conversations: dict[str, str]) -> None:
    """Shows a waiting visitor the place in the queue."""
    page.goto(f"{studio.hub.url}/chat/website")
    field = page.locator("textarea")
    field.fill("Is there a discount for two pairs?")
    field.press("Enter")
    page.locator(".notices p").first.wait_for()


def sandbox(page: Page, studio: Studio, conversations: dict[str, str]) -> None:
    """Shows the page of the sandbox."""
    page.goto(studio.sandbox.url)
    page.get_by_role("radio").first.wait_for()
    mails = page.locator(".laptop").get_by_role("button").filter(has_text="Re: Return form")
    if mails.first.is_visible():
        mails.first.click()


Screen = Callable[[Page, Studio, dict[str, str]], None]

SCREENS: tuple[Screen, ...] = (
    inbox,
    why,
    suggestion,
    listed,
    admin,
    queue,
    sandbox,
)
#: The pictures of the documentation: their names, what they show, and how.
DOCUMENTED: dict[str, tuple[Screen, str]] = {
    "inbox": (inbox, "light"),
    "inbox-dark": (inbox, "dark"),
    "inbox-arabic": (inbox, "arabic"),
    "inbox-phone": (inbox, "phone"),
    "routing": (why, "light"),
    "queue": (queue, "phone"),
    "admin": (admin, "light"),
    "sandbox": (sandbox, "light"),
}


def take(
    studio: Studio, conversations: dict[str, str], screen: Screen, look: str, file: Path
) -> None:
    context = studio.context(**LOOKS[look], storage_state=studio.signed_in)
    page = context.new_page()
    screen(page, studio, conversations)
    page.wait_for_load_state("networkidle")
    page.screenshot(path=file)
    context.close()


def main(arguments: list[str]) -> None:
    folder = Path(arguments[0]) if arguments else IMAGES
    folder.mkdir(parents=True, exist_ok=True)
    with studio() as open_studio:
        conversations = open_studio.stage()
        if arguments:
            for look, screen in itertools.product(LOOKS, SCREENS):
                take(
                    open_studio,
                    conversations,
                    screen,
                    look,
                    folder / f"{screen.__name__}-{look}.png",
                )
        else:
            for name, (screen, look) in DOCUMENTED.items():
                take(open_studio, conversations, screen, look, folder / f"{name}.png")


if __name__ == "__main__":
    main(sys.argv[1:])
