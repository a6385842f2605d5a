"""One hub, one sandbox and one browser for all tests here; pages that are watched for errors."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect, sync_playwright

from hub.sandbox import Sandbox, demo_connectors
from tests.browser.chromium import Chromium
from tests.browser.screens import Desk, Visitor
from tests.harness import RunningHub, free_port

# What is not there by then is not coming, also on a busy machine.
expect.set_options(timeout=15_000)
EMAIL = "alex@example.com"
COLLEAGUE = "sam@example.com"
PASSWORD = "correct horse battery"
# What a browser says of a server that is not there.
AWAY = r"ERR_CONNECTION|ERR_SOCKET|ERR_EMPTY|WebSocket|Failed to load resource"
# A second chat with the same people behind it.
OTHER_CHAT = """\
  outlet:
    kind: webchat
    title: Sandbox OutboundChannel
"""
# All customers of all these tests at once are no more than one agent can hold.
ROOM = f"agents: {{{EMAIL}: {{capacity: 1000}}}}\n"
#: Else what the hub says to who waits would soon stand in the list, for the customer's words.
QUIET = "replies: {queued: {}}\n"


@dataclass
class World:
    hub: RunningHub
    sandbox: Sandbox


@dataclass
class Watch:
    """What pages complained about: scripts that broke, policies that were offended, dialogs."""

    complaints: list[str] = field(default_factory=list)
    allowed: list[str] = field(default_factory=list)

    def over(self, page: Page) -> Page:
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("console", self._console)
        page.on("dialog", self._dialog)
        return page

    def allows(self, pattern: str) -> None:
        self.allowed.append(pattern)

    def unexpected(self) -> list[str]:
        return [
            complaint
            for complaint in self.complaints
            if not any(re.search(pattern, complaint) for pattern in self.allowed)
        ]

    def _console(self, message: Any) -> None:
        if message.type == "error":
            self.complaints.append(f"console: {message.text} {message.location.get('url', '')}")

    def _dialog(self, dialog: Any) -> None:
        self.complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()


@pytest.fixture(scope="package")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    port = free_port()
    with Sandbox(hub_url=f"http://127.0.0.1:{port}") as sandbox:
        config = demo_connectors(sandbox.endpoints) + OTHER_CHAT + ROOM + QUIET
        with RunningHub(tmp_path_factory.mktemp("hub"), config, port=port) as hub:
            for email, name, role in ((EMAIL, "Alex", "admin"), (COLLEAGUE, "Sam", "agent")):
                hub.hires(email, name, role, PASSWORD)
            yield World(hub, sandbox)


@pytest.fixture
def hub(world: World) -> RunningHub:
    return world.hub


@pytest.fixture
def sandbox(world: World) -> Sandbox:
    world.sandbox.twilio.is_up()
    return world.sandbox


# Ends with this folder: a second Playwright cannot start beside one that is still running.
@pytest.fixture(scope="package")
def browser() -> Iterator[Chromium]:
    with sync_playwright() as playwright:
        chromium = Chromium(playwright)
        yield chromium
        chromium.close()


@pytest.fixture(scope="package")
def signed_in(browser: Chromium, world: World) -> Any:
    """The cookies of an agent who has signed in once: tries are counted."""
    context = browser.new_context(locale="en-GB")
    page = context.new_page()
    page.goto(world.hub.url)
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Inbox", exact=True).wait_for()
    state = context.storage_state()
    browser.close_context(context)
    # Each screen takes the language of its own browser, not the one this browser has kept.
    return {**state, "origins": []}


@pytest.fixture
def watch() -> Iterator[Watch]:
    watch = Watch()
    yield watch
    assert watch.unexpected() == []


@pytest.fixture
def new_context(browser: Chromium) -> Iterator[Callable[..., BrowserContext]]:
    opened: list[BrowserContext] = []

    def make(**options: Any) -> BrowserContext:
        settings: dict[str, Any] = {
            "viewport": {"width": 1440, "height": 900},
            "locale": "en-GB",
            # Colours are judged at rest, not half-way through a transition.
            "reduced_motion": "reduce",
            # Requests that a service worker answers are hidden from `page.route`.
            "service_workers": "block",
            **options,
        }
        context = browser.new_context(**settings)
        # A page that does not answer within this time is broken, also on a busy machine.
        context.set_default_timeout(15_000)
        opened.append(context)
        return context

    yield make
    for context in opened:
        browser.close_context(context)


@pytest.fixture
def new_desk(
    new_context: Callable[..., BrowserContext], watch: Watch, hub: RunningHub, signed_in: Any
) -> Callable[..., Desk]:
    """Makes an agent's screen, signed in."""

    def make(**options: Any) -> Desk:
        context = new_context(storage_state=signed_in, **options)
        return Desk(watch.over(context.new_page()), hub)

    return make


@pytest.fixture
def desk(new_desk: Callable[..., Desk]) -> Desk:
    return new_desk()


@pytest.fixture
def new_visitor(
    new_context: Callable[..., BrowserContext], watch: Watch, hub: RunningHub, sandbox: Sandbox
) -> Callable[..., Visitor]:
    """Makes a browser of its own for one more customer of the web site."""

    def make(**options: Any) -> Visitor:
        return Visitor(watch.over(new_context(**options).new_page()), hub, sandbox)

    return make


@pytest.fixture
def visitor(new_visitor: Callable[..., Visitor]) -> Visitor:
    return new_visitor()
