"""What the router does, on every screen that shows it: the place in line, the change of agent."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Locator, expect

from hub.sandbox import Sandbox, demo_connectors
from tests.browser.chromium import Chromium
from tests.browser.conftest import COLLEAGUE, EMAIL, PASSWORD, QUIET, Watch, World
from tests.browser.screens import Desk, Visitor, conversation_of, serious_problems
from tests.harness import RunningHub, eventually, free_port

pytestmark = pytest.mark.browser

TEAMS = f"""
teams:
  support: {{members: [{EMAIL}, {COLLEAGUE}]}}
agents:
  {EMAIL}: {{capacity: 50}}
  {COLLEAGUE}: {{capacity: 50}}
routing:
  - {{name: rest, team: support}}
{QUIET}"""
PATIENT = TEAMS + "assignment: {offline_grace: 1s}\n"
#: Long enough to open a conversation on a busy machine, short enough to wait for.
SHORT = TEAMS + "assignment: {offline_grace: 1s, accept_within: 6s}\n"
WAITS = "You are next."
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "light"},
    "arabic": {"locale": "ar", "color_scheme": "light"},
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A hub of its own: here nobody is to be online unless the test says so."""
    port = free_port()
    with Sandbox(hub_url=f"http://127.0.0.1:{port}") as sandbox:
        config = demo_connectors(sandbox.endpoints)
        with RunningHub(tmp_path_factory.mktemp("routed"), config + PATIENT, port=port) as hub:
            for email, name, role in ((EMAIL, "Alex", "admin"), (COLLEAGUE, "Sam", "agent")):
                hub.hires(email, name, role, PASSWORD)
            yield World(hub, sandbox)


@pytest.fixture
def hub(shop: World) -> RunningHub:
    """The hub of these tests, without agents online or conversations waiting."""
    hub = shop.hub
    applies(hub, shop.sandbox, PATIENT)
    for conversation in hub.conversations(status="open", limit=100):
        hub.patch(f"/conversations/{conversation['id']}", {"status": "resolved"})
    eventually(lambda: set(presences(hub).values()) == {"offline"}, 40, "all agents to be away")
    return hub


@pytest.fixture
def sandbox(shop: World) -> Sandbox:
    return shop.sandbox


@pytest.fixture(scope="module")
def cookies(browser: Chromium, shop: World) -> dict[str, Any]:
    """Each agent's cookies, from one sign-in, because tries are limited."""
    cookies = {}
    for email in (EMAIL, COLLEAGUE):
        context = browser.new_context()
        page = context.new_page()
        page.goto(shop.hub.url)
        page.get_by_label("Email").fill(email)
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("heading", name="Inbox", exact=True).wait_for()
        cookies[email] = {**context.storage_state(), "origins": []}
        browser.close_context(context)
    return cookies


@pytest.fixture
def comes(
    new_context: Callable[..., BrowserContext],
    watch: Watch,
    hub: RunningHub,
    cookies: dict[str, Any],
) -> Callable[..., Desk]:
    """An agent opens the inbox, and is there from then on."""

    def come(email: str, **options: Any) -> Desk:
        context = new_context(storage_state=cookies[email], **options)
        desk = Desk(watch.over(context.new_page()), hub)
        desk.page.goto(hub.url)
        expect(desk.page.get_by_role("navigation")).to_be_visible()
        eventually(lambda: presences(hub)[email] == "online", expected=f"{email} to be there")
        return desk

    return come


def applies(hub: RunningHub, sandbox: Sandbox, rules: str) -> None:
    wanted = demo_connectors(sandbox.endpoints) + rules
    if hub.config.read_text() != wanted:
        hub.config.write_text(wanted)
        hub.post("/config/reload", status=200)


def presences(hub: RunningHub) -> dict[str, str]:
    return {agent["email"]: agent["presence"] for agent in hub.get("/agents")["items"]}


def agent_id(hub: RunningHub, email: str) -> str:
    return str(
        next(agent["id"] for agent in hub.get("/agents")["items"] if agent["email"] == email)
    )


def assigns(hub: RunningHub, conversation: str, email: str) -> None:
    hub.patch(f"/conversations/{conversation}", {"assignee_id": agent_id(hub, email)})


def notice(visitor: Visitor, text: str | re.Pattern[str]) -> Locator:
    return visitor.chat.get_by_role("status").get_by_text(text)


def place(hub: RunningHub, conversation: str) -> int:
    return int(hub.get(f"/conversations/{conversation}/routing")["queue"]["position"])


def articles(log: Locator) -> list[str]:
    """What stands in a thread, said by anybody, without times."""
    return [text.split("\n")[0] for text in log.locator("article").all_inner_texts()]


# -- the place in line --------------------------------------------------------------------------


def test_a_waiting_visitor_moves_up_and_then_sees_the_agent(
    hub: RunningHub, new_visitor: Callable[..., Visitor], comes: Callable[..., Desk]
) -> None:
    first, second = new_visitor().opens_page(), new_visitor().opens_page()
    first.says("first of the line")
    expect(notice(first, WAITS)).to_be_visible()
    second.says("second of the line")
    expect(notice(second, "You are number 2.")).to_be_visible()

    assigns(hub, conversation_of(hub, "first of the line"), COLLEAGUE)
    expect(first.chat.get_by_role("heading", name="Sam")).to_be_visible()
    expect(notice(first, WAITS)).to_be_hidden()
    expect(notice(second, WAITS)).to_be_visible()

    desk = comes(EMAIL)
    expect(second.chat.get_by_role("heading", name="Alex")).to_be_visible()
    expect(notice(second, WAITS)).to_be_hidden()
    expect(desk.row("second of the line")).to_be_visible()
    desk.row("second of the line").click()
    desk.says("here I am")
    expect(second.message("here I am")).to_have_count(1)


def test_a_resolved_conversation_frees_its_place_and_the_wait_is_estimated(
    hub: RunningHub, new_visitor: Callable[..., Visitor], comes: Callable[..., Desk]
) -> None:
    served = new_visitor().opens_page()
    served.says("served before the others")
    desk = comes(EMAIL)
    expect(served.chat.get_by_role("heading", name="Alex")).to_be_visible()
    desk.page.close()
    eventually(lambda: presences(hub)[EMAIL] == "offline", 40, "Alex to be away")
    hub.patch(
        f"/conversations/{conversation_of(hub, 'served before the others')}", {"status": "resolved"}
    )

    first, second = new_visitor().opens_page(), new_visitor().opens_page()
    first.says("ahead of you")
    expect(notice(first, WAITS)).to_contain_text("About 1 minute.")
    second.says("behind somebody")
    expect(notice(second, "You are number 2.")).to_contain_text("About 1 minute.")
    hub.patch(f"/conversations/{conversation_of(hub, 'ahead of you')}", {"status": "resolved"})
    expect(notice(second, WAITS)).to_be_visible()
    expect(notice(first, WAITS)).to_be_hidden()


def test_a_visitor_that_continues_by_sms_keeps_the_place_in_the_queue(
    hub: RunningHub,
    sandbox: Sandbox,
    new_visitor: Callable[..., Visitor],
    comes: Callable[..., Desk],
) -> None:
    first, second = new_visitor().opens_page(), new_visitor().opens_page()
    first.says("I must run for my bus")
    expect(notice(first, WAITS)).to_be_visible()
    second.says("I have all day")
    expect(notice(second, "You are number 2.")).to_be_visible()
    conversation = conversation_of(hub, "I must run for my bus")

    first.chat.locator("header").get_by_role("button", name="Continue on…").click()
    sheet = first.chat.get_by_role("dialog")
    sheet.get_by_role("button", name="SMS").click()
    phone = sandbox.twilio.customer("+12025550171")
    phone.texts(f"{sheet.locator('code').inner_text()} on the bus now")
    assert conversation_of(hub, "on the bus now") == conversation
    expect(sheet.get_by_text(re.compile("^You go on"))).to_be_visible()
    assert place(hub, conversation) == 1
    expect(notice(second, "You are number 2.")).to_be_visible()

    desk = comes(EMAIL)
    eventually(lambda: hub.get(f"/conversations/{conversation}")["assignee"], expected="an agent")
    desk.opens(conversation)
    expect(desk.message("on the bus now")).to_have_count(1)
    desk.says("no hurry")
    assert phone.received.wait_for(text="no hurry")


@pytest.mark.parametrize("look", LOOKS)
def test_a_chat_in_the_queue_is_accessible(
    hub: RunningHub, new_visitor: Callable[..., Visitor], look: str
) -> None:
    visitor = new_visitor(**LOOKS[look], bypass_csp=True)
    visitor.page.goto(f"{hub.url}/chat/website")
    field = visitor.page.locator("textarea")
    field.fill(f"waiting in a {look} look")
    field.press("Enter")
    expect(visitor.page.locator(".notices p").first).to_be_visible()
    assert place(hub, conversation_of(hub, f"waiting in a {look} look")) == 1
    assert serious_problems(visitor.page) == []
    assert visitor.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


# -- the change of agent ------------------------------------------------------------------------


def test_an_agent_that_does_not_accept_in_time_loses_the_conversation(
    hub: RunningHub,
    sandbox: Sandbox,
    new_visitor: Callable[..., Visitor],
    comes: Callable[..., Desk],
) -> None:
    applies(hub, sandbox, SHORT)
    alex = comes(EMAIL)
    visitor = new_visitor().opens_page()
    visitor.says("does anybody see this?")
    conversation = conversation_of(hub, "does anybody see this?")
    expect(visitor.chat.get_by_role("heading", name="Alex")).to_be_visible()
    expect(alex.row("does anybody see this?")).to_be_visible()

    # Alex does not look; Sam comes, and is asked next.
    sam = comes(COLLEAGUE)
    expect(visitor.chat.get_by_role("heading", name="Sam")).to_be_visible()
    lost = alex.page.get_by_text(re.compile("went on: you did not look in time"))
    expect(lost).to_be_visible()
    expect(alex.page.get_by_role("button", name="Take back")).to_be_visible()
    sam.row("does anybody see this?").click()
    visitor.says("I write while you change")
    expect(sam.message("I write while you change")).to_have_count(1)
    sam.says("I see it")
    expect(visitor.message("I see it")).to_have_count(1)

    # Alex's list has let it go; opened, it says who has it, and why.
    expect(alex.row("does anybody see this?")).to_have_count(0)
    alex.opens(conversation)
    expect(alex.page.get_by_role("button", name="Assign to… Sam")).to_be_visible()
    routing = alex.timeline.locator(".routing", has_text=re.compile(r"now with \W*Sam"))
    routing.get_by_role("button", name="More").first.click()
    expect(
        alex.timeline.get_by_text(re.compile(r"Alex\W* did not look in time: it waits again"))
    ).to_be_visible()
    expect(alex.timeline.get_by_text(re.compile(r"assigned this to \W*Sam"))).to_be_visible()

    texts = ["does anybody see this?", "I write while you change", "I see it"]
    for text in texts:
        for screen in (alex, sam):
            expect(screen.message(text)).to_have_count(1)
        expect(visitor.message(text)).to_have_count(1)
    visitor.page.reload()
    expect(visitor.chat.get_by_role("heading", name="Sam")).to_be_visible()
    for text in texts:
        expect(visitor.message(text)).to_have_count(1)


def test_a_released_conversation_moves_to_the_next_agent_live(
    hub: RunningHub, new_visitor: Callable[..., Visitor], comes: Callable[..., Desk]
) -> None:
    alex = comes(EMAIL)
    visitor = new_visitor().visits_shop().opens_widget()
    visitor.says("a question for an expert")
    expect(visitor.chat.get_by_role("heading", name="Alex")).to_be_visible()
    alex.row("a question for an expert").click()
    alex.says("let me find the expert")
    sam = comes(COLLEAGUE)

    alex.page.get_by_role("button", name="Assign to… You").click()
    alex.page.get_by_role("option", name="Release").click()
    expect(visitor.chat.get_by_role("heading", name="Sam")).to_be_visible()
    expect(alex.page.get_by_role("button", name="Assign to… Sam")).to_be_visible()
    # An open conversation stays in the list until its agent leaves it.
    expect(alex.row("let me find the expert")).to_have_count(1)

    sam.row("let me find the expert").click()
    expect(sam.message("a question for an expert")).to_have_count(1)
    expect(sam.message("let me find the expert")).to_have_count(1)
    released = sam.timeline.get_by_text(re.compile(r"Alex\W* released this conversation"))
    expect(released).to_be_visible()
    visitor.says("so you are the expert")
    for desk in (alex, sam):
        expect(desk.message("so you are the expert")).to_have_count(1)
    sam.says("I am")
    for thread in (alex.message("I am"), visitor.message("I am")):
        expect(thread).to_have_count(1)


@pytest.mark.parametrize("look", LOOKS)
def test_the_reasons_of_an_assignment_are_accessible_in_every_look(
    hub: RunningHub, sandbox: Sandbox, comes: Callable[..., Desk], look: str
) -> None:
    desk = comes(EMAIL, **LOOKS[look], bypass_csp=True)
    text = f"why you, in a {look} look?"
    sandbox.telegram.customer(f"Wynn {look.title()}").says(text)
    conversation = conversation_of(hub, text)
    page = desk.page
    page.goto(f"{hub.url}/#/conversations/{conversation}")
    if look == "phone":
        page.get_by_role("button", name="Details").click()
    page.locator(".why").click()
    panel = page.get_by_role("dialog")
    chosen = panel.get_by_role("listitem").filter(has=page.get_by_text("Alex", exact=True))
    expect(chosen).to_contain_text("support")
    refused = panel.get_by_role("listitem").filter(has=page.get_by_text("Sam", exact=True))
    expect(refused).to_contain_text("Is offline.")
    assert serious_problems(page) == []
    expect(panel).to_have_css("direction", "rtl" if look == "arabic" else "ltr")
    box = panel.bounding_box()
    size = page.viewport_size
    assert box is not None
    assert size is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= size["width"]
    assert box["y"] + box["height"] <= size["height"]


# -- the admin's page ---------------------------------------------------------------------------


def test_the_admin_page_shows_presence_load_and_queue_live(
    hub: RunningHub, sandbox: Sandbox, comes: Callable[..., Desk]
) -> None:
    alone = PATIENT.replace(f"[{EMAIL}, {COLLEAGUE}]", f"[{COLLEAGUE}]")
    applies(hub, sandbox, alone)
    admin = comes(EMAIL)
    admin.page.goto(f"{hub.url}/#/admin")
    page = admin.page.get_by_role("main")
    named = admin.page.get_by_role("heading", name="support")
    support = page.get_by_role("listitem").filter(has=named)
    sam = page.get_by_role("listitem").filter(
        has=admin.page.get_by_role("meter", name="Load of Sam")
    )
    expect(support).to_contain_text(re.compile(r"0\s*waiting"))
    expect(sam).to_contain_text("Offline")
    sandbox.telegram.customer("Lina Line").says("is the line live?")
    expect(support).to_contain_text(re.compile(r"1\s*waiting"))

    desk = comes(COLLEAGUE)
    expect(sam).to_contain_text("Online")
    expect(support).to_contain_text(re.compile(r"0\s*waiting"))
    expect(sam).to_contain_text("1 of 50")
    desk.row("is the line live?").click()
    desk.page.get_by_role("button", name="Resolve").click()
    expect(sam).to_contain_text("0 of 50")


def test_a_message_is_explained_by_the_file_on_disk_before_it_is_in_force(
    hub: RunningHub, sandbox: Sandbox, comes: Callable[..., Desk]
) -> None:
    desk = comes(EMAIL)
    written = PATIENT.replace(
        "routing:\n",
        "routing:\n  - {name: laces, when: {words: [laces]}, labels: [laces], priority: high}\n",
    )
    hub.config.write_text(demo_connectors(sandbox.endpoints) + written)
    desk.page.goto(f"{hub.url}/#/admin")
    page = desk.page.get_by_role("main")
    page.get_by_label("Channel").select_option("sms")
    page.get_by_label("What the customer writes").fill("where are my laces?")
    page.get_by_role("button", name="Try it").click()
    expect(page.get_by_role("status")).to_contain_text(re.compile("laces.*decides"))
    sandbox.twilio.customer("+12025550172").texts("where are my laces?")
    conversation = conversation_of(hub, "where are my laces?")
    eventually(lambda: hub.get(f"/conversations/{conversation}")["assignee"], expected="an agent")
    assert hub.get(f"/conversations/{conversation}/routing")["rule"] == "rest"
