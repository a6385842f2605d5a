"""Being told: the title and icon of a tab, sounds, notifications of the browser, pushes."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import AWAY, PASSWORD, Watch
from tests.browser.screens import serious_problems
from tests.harness import RunningHub, Screen, eventually

pytestmark = pytest.mark.browser

NORA = "nora@example.com"
OTTO = "otto@example.com"
#: Counts the tones that begin, and keeps the browser's own rule that a click comes first.
COUNT_TONES = """
  window.tones = 0;
  const { start } = OscillatorNode.prototype;
  OscillatorNode.prototype.start = function (...times) {
    window.tones += 1;
    start.apply(this, times);
  };
"""


class Colleague:
    """An agent with screens of their own, and conversations that are given to them."""

    def __init__(
        self, hub: RunningHub, email: str, new_context: Callable[..., BrowserContext], watch: Watch
    ) -> None:
        self.hub = hub
        self.email = email
        self.watch = watch
        self.new_context = new_context
        agents = {agent["email"]: agent["id"] for agent in hub.get("/agents", limit=100)["items"]}
        if email not in agents:
            hub.hires(email, email.split("@")[0].title(), password=PASSWORD)
            agents = {
                agent["email"]: agent["id"] for agent in hub.get("/agents", limit=100)["items"]
            }
        self.id = agents[email]

    def context(self, **options: Any) -> BrowserContext:
        return self.new_context(**{"permissions": [], **options})

    def signs_in(self, context: BrowserContext) -> Page:
        page = self.watch.over(context.new_page())
        page.goto(self.hub.url)
        page.get_by_label("Email").fill(self.email)
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="Inbox", exact=True)).to_be_visible()
        return page

    def is_given(self, text: str) -> tuple[Screen, str]:
        """A customer writes, and the conversation is given to this agent."""
        visitor = self.hub.visitor("website")
        said = visitor.says(text, uuid.uuid4().hex)["message"]
        conversation_id = str(said["conversation_id"])
        self.hub.patch(f"/conversations/{conversation_id}", {"assignee_id": self.id})
        return visitor, conversation_id


@pytest.fixture
def nora(hub: RunningHub, new_context: Callable[..., BrowserContext], watch: Watch) -> Colleague:
    watch.allows(AWAY)
    return Colleague(hub, NORA, new_context, watch)


def waiting(page: Page) -> int:
    """The number in the title."""
    match = re.match(r"\((\d+)\)", page.title())
    return int(match[1]) if match else 0


def until(page: Page, condition: str) -> None:
    """Asks again and again: the page's policy forbids Playwright's own way."""
    eventually(lambda: page.evaluate(condition), expected=condition)


def icon(page: Page) -> str:
    return str(page.locator("link[rel=icon]").get_attribute("href"))


def test_what_is_for_me_is_in_the_title_and_the_icon_of_every_tab_until_i_look(
    nora: Colleague,
) -> None:
    context = nora.context()
    page = nora.signs_in(context)
    other = nora.watch.over(context.new_page())
    other.goto(nora.hub.url)
    expect(other.get_by_role("heading", name="Inbox", exact=True)).to_be_visible()
    before = waiting(page)
    plain = icon(page)
    visitor, conversation_id = nora.is_given("Kas mu tellimus on teel?")
    with visitor:
        for each in (page, other):
            expect(each).to_have_title(f"({before + 1}) Inbox")
        assert "crimson" in icon(page)
        assert before or "crimson" not in plain
        page.goto(f"{nora.hub.url}/#/conversations/{conversation_id}")
        expect(page.locator(f"[data-conversation='{conversation_id}']")).to_be_visible()
        title = f"({before}) Inbox" if before else "Inbox"
        for each in (page, other):
            expect(each).to_have_title(title)


def test_the_browser_is_asked_after_a_first_message_and_by_a_click_never_at_first_load(
    nora: Colleague,
) -> None:
    context = nora.context()
    context.add_init_script(
        "window.asked = 0; Notification.requestPermission = async () => {"
        " window.asked += 1; return 'default'; };"
    )
    page = nora.signs_in(context)
    hint = page.get_by_role("button", name="Tell me about new messages")
    visitor, _ = nora.is_given("Bonjour à tous")
    with visitor:
        if page.evaluate("Notification.permission") == "default":
            expect(hint).to_be_visible()
            assert page.evaluate("window.asked") == 0
            hint.click()
            until(page, "window.asked === 1")
            page.get_by_role("button", name="Not now").click()
            expect(hint).to_be_hidden()
        page.reload()
        expect(page.get_by_role("heading", name="Inbox", exact=True)).to_be_visible()
        assert page.evaluate("window.asked") == 0
        expect(hint).to_be_hidden()


def test_the_default_sound_plays_once_over_several_tabs_though_settings_were_never_opened(
    nora: Colleague,
) -> None:
    context = nora.context()
    context.add_init_script(COUNT_TONES)
    pages = [nora.signs_in(context)]
    for _ in range(2):
        page = nora.watch.over(context.new_page())
        page.goto(nora.hub.url)
        expect(page.get_by_role("heading", name="Inbox", exact=True)).to_be_visible()
        pages.append(page)
    for page in pages:
        page.get_by_role("heading", name="Inbox", exact=True).click()
    visitor, _ = nora.is_given("Servus zusammen")
    with visitor:
        for page in pages:
            expect(page).to_have_title(re.compile(r"^\("))

        def tones() -> list[int]:
            return [page.evaluate("window.tones") for page in pages]

        for page in pages:
            page.wait_for_timeout(600)  # long enough for a second tab that rang, too
        # A chime has two tones.
        assert sorted(tones()) == [0, 0, 2], tones()


def test_a_browser_that_refuses_sounds_is_told_of_and_one_click_mends_it(
    nora: Colleague,
) -> None:
    context = nora.context()
    # As a browser before the first click: contexts stay suspended until one.
    context.add_init_script(
        COUNT_TONES
        + """
        let clicked = false;
        const note = (event) => { clicked ||= event.target.closest('.bar') !== null; };
        addEventListener('click', note, true);
        const state = { get() { return clicked ? 'running' : 'suspended'; } };
        Object.defineProperty(AudioContext.prototype, 'state', state);
        """
    )
    page = nora.signs_in(context)
    visitor, _ = nora.is_given("Merhaba")
    with visitor:
        alert = page.get_by_role("alert").filter(has_text="keeps this page silent")
        expect(alert).to_be_visible()
        assert page.evaluate("window.tones") == 0
        alert.get_by_role("button", name="Turn the sound on").click()
        expect(alert).to_be_hidden()
        visitor.says("Orada mısınız?", "merhaba-2")
        until(page, "window.tones === 2")


def test_the_page_of_notifications_keeps_each_choice_and_sends_a_test(nora: Colleague) -> None:
    context = nora.context(bypass_csp=True)  # for axe
    context.add_init_script(COUNT_TONES)
    page = nora.signs_in(context)
    page.get_by_role("button", name="Your settings").click()
    page.get_by_role("menuitem", name="Notifications").click()
    expect(page.get_by_role("heading", name="What you are told, and where")).to_be_visible()
    page.get_by_label("An answer that is due: Sound").uncheck()
    page.get_by_label("Knock").check()
    page.get_by_label("I have quiet hours").check()
    page.get_by_label("From", exact=True).fill("21:15")
    page.get_by_label("Show no words of the message").check()
    page.reload()
    expect(page.get_by_label("An answer that is due: Sound")).not_to_be_checked()
    expect(page.get_by_label("Knock")).to_be_checked()
    expect(page.get_by_label("From", exact=True)).to_have_value("21:15")
    expect(page.get_by_label("Show no words of the message")).to_be_checked()
    page.get_by_label("I have quiet hours").uncheck()
    page.evaluate("window.tones = 0")
    page.get_by_role("button", name="Send a test").click()
    until(page, "window.tones === 2")
    page.get_by_label("Chime").check()
    page.get_by_label("An answer that is due: Sound").check()
    page.get_by_label("Show no words of the message").uncheck()
    page.get_by_role("button", name="Mute for an hour").click()
    expect(page.get_by_text(re.compile("^Muted until"))).to_be_visible()
    page.get_by_role("button", name="End it").click()
    expect(page.get_by_role("button", name="Mute for an hour")).to_be_visible()
    assert serious_problems(page) == []


def test_the_pages_are_accessible_in_the_dark_and_from_right_to_left(nora: Colleague) -> None:
    context = nora.context(
        locale="ar",
        color_scheme="dark",
        viewport={"width": 390, "height": 800},
        bypass_csp=True,  # for axe
    )
    page = nora.watch.over(context.new_page())
    page.goto(f"{nora.hub.url}/#/notifications")
    page.locator("input[type=email]").fill(NORA)
    page.locator("input[type=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="ساعات الهدوء")).to_be_visible()
    assert serious_problems(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.goto(f"{nora.hub.url}/#/mentions")
    expect(page.get_by_role("heading", name="الإشارات")).to_be_visible()
    assert serious_problems(page) == []


# -- the service worker --------------------------------------------------------------------------


def worker_of(context: BrowserContext, page: Page) -> Any:
    """The active service worker of the page."""
    until(page, "navigator.serviceWorker.controller !== null")
    (worker,) = context.service_workers
    return worker


def pushes(worker: Any, content: dict[str, Any]) -> None:
    """As the browser does with what a push service brings."""
    worker.evaluate(
        """async (content) => {
          const push = new PushEvent('push', { data: JSON.stringify(content) });
          let done;
          push.waitUntil = (promise) => { done = promise; };
          self.dispatchEvent(push);
          await done;
        }""",
        content,
    )


def shown_by(worker: Any) -> list[dict[str, Any]]:
    return json.loads(
        worker.evaluate(
            """async () => JSON.stringify((await self.registration.getNotifications()).map(
              ({ title, body, tag, data }) => ({ title, body, tag, url: data.url })))"""
        )
    )


def test_a_push_is_shown_replaced_taken_back_and_leads_to_its_message_in_the_open_tab(
    nora: Colleague,
) -> None:
    context = nora.context(service_workers="allow", permissions=["notifications"])
    page = nora.signs_in(context)
    worker = worker_of(context, page)
    visitor, conversation_id = nora.is_given("Priviet")
    with visitor:
        said = visitor.says("Zdrastvuite", "priviet-2")["message"]
        # No page is in front: the worker asks for the clients of its own.
        worker.evaluate("() => { self.isPageInFront = async () => false; }")
        push = {
            "type": "show",
            "language": "en",
            "conversation_id": conversation_id,
            "message_id": said["id"],
            "kind": "assigned",
            "name": "Visitor $& 12",
            "author": "",
            "clock": "",
            "hide_text": False,
            "text": "Priviet",
            "silent": False,
        }
        pushes(worker, push)
        (shown,) = shown_by(worker)
        assert shown["title"] == "Assigned to you: Visitor $& 12"
        pushes(worker, {**push, "kind": "message", "text": "Zdrastvuite"})
        (shown,) = shown_by(worker)
        assert (shown["title"], shown["body"]) == ("Visitor $& 12", "Zdrastvuite")
        pushes(worker, {**push, "kind": "message", "hide_text": True, "text": ""})
        assert shown_by(worker)[0]["body"] == "A new message"
        worker.evaluate(
            """async () => {
              const [notification] = await self.registration.getNotifications();
              const pages = await self.clients.matchAll({ type: 'window' });
              pages[0].postMessage({ type: 'open', url: notification.data.url });
            }"""
        )
        expect(page).to_have_url(re.compile(f"#/conversations/{conversation_id}"))
        expect(page.get_by_text("Zdrastvuite").last).to_be_visible()
        pushes(worker, {"type": "clear", "conversation_id": conversation_id})
        assert shown_by(worker) == []
        assert len(context.pages) == 1


def test_without_a_network_the_kept_page_asks_for_no_file_that_is_gone(nora: Colleague) -> None:
    context = nora.context(service_workers="allow")
    page = nora.signs_in(context)
    worker_of(context, page)
    context.set_offline(True)
    loads: list[str] = []
    page.on("framenavigated", lambda frame: loads.append(frame.url))
    failed: list[str] = []
    page.on("requestfailed", lambda request: failed.append(request.url))
    page.reload()
    until(page, "document.querySelector('#app') !== null")
    assert not [url for url in failed if "/assets/" in url]
    assert len(loads) == 1  # nothing loads itself again and again
    context.set_offline(False)
    page.reload()
    expect(page.get_by_role("heading", name="Inbox", exact=True)).to_be_visible()
