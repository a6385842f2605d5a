"""What an agent sees and does at the inbox."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Route, WebSocketRoute, expect

from hub.sandbox import Sandbox
from tests.browser.conftest import AWAY, COLLEAGUE, EMAIL, PASSWORD, Watch
from tests.browser.screens import Desk, conversation_of, stored
from tests.harness import RunningHub

pytestmark = pytest.mark.browser


def test_a_wrong_password_is_refused_in_words_and_the_right_one_lets_in(
    hub: RunningHub, new_context: Callable[..., BrowserContext], watch: Watch
) -> None:
    # The browser itself notes each refusal.
    watch.allows("status of 401")
    page = watch.over(new_context().new_page())
    page.goto(hub.url)
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_label("Password", exact=True).fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("do not match")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Inbox", exact=True)).to_be_visible()
    page.get_by_role("button", name="Your settings").click()
    page.get_by_role("menuitem", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in to your inbox")).to_be_visible()


def test_a_new_conversation_is_there_at_once_with_its_unread_count(
    hub: RunningHub, sandbox: Sandbox, desk: Desk
) -> None:
    ida = sandbox.telegram.customer("Ida Berg")
    ida.says("are you open today?")
    conversation_of(hub, "are you open today?")
    desk.opens()
    desk.shows("All")
    expect(desk.row("Ida Berg")).to_be_visible()
    ida.says("and tomorrow?")
    row = desk.row("Ida Berg")
    expect(row).to_contain_text("and tomorrow?")
    expect(row.get_by_role("img", name="2 unread messages")).to_be_visible()
    row.click()
    expect(desk.message("and tomorrow?")).to_be_visible()
    expect(row.get_by_role("img", name="unread")).to_have_count(0)


def test_a_message_before_the_screen_is_connected_is_not_missed(
    hub: RunningHub, sandbox: Sandbox, desk: Desk
) -> None:
    eva = sandbox.telegram.customer("Eva Early")
    eva.says("are you there?")
    sam = next(agent["id"] for agent in hub.get("/agents")["items"] if agent["email"] == COLLEAGUE)
    # It has an assignee: else the router would assign it when this screen connects.
    hub.patch(f"/conversations/{conversation_of(hub, 'are you there?')}", {"assignee_id": sam})
    held: list[WebSocketRoute] = []
    desk.page.route_web_socket(re.compile("/socket.io/"), lambda line: held.append(line))
    desk.opens()
    desk.shows("All")
    expect(desk.row("Eva Early")).to_contain_text("are you there?")
    eva.says("hello?")
    conversation_of(hub, "hello?")
    expect(desk.row("Eva Early")).not_to_contain_text("hello?")
    held[0].connect_to_server()
    expect(desk.row("Eva Early")).to_contain_text("hello?")


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_a_row_takes_clicks_from_the_frame_that_shows_it(
    hub: RunningHub, sandbox: Sandbox, new_desk: Callable[..., Desk], motion: str
) -> None:
    """The list measures a row while it is hidden; whoever clicks as it appears must hit it."""
    sandbox.telegram.customer("Early Bird").says("open already?")
    conversation_of(hub, "open already?")
    desk = new_desk(reduced_motion=motion).opens()
    desk.shows("All")
    hit = desk.row("Early Bird").evaluate(
        """(row) => {
          const { x, y, width, height } = row.getBoundingClientRect();
          const hit = () => document.elementFromPoint(x + width / 2, y + height / 2);
          row.style.visibility = 'hidden';
          const hidden = row.contains(hit());
          row.style.visibility = '';
          return { hidden, link: hit()?.closest('a')?.getAttribute('href') ?? null };
        }"""
    )
    assert hit == {
        "hidden": False,
        "link": f"#/conversations/{conversation_of(hub, 'open already?')}",
    }


def test_a_failed_message_says_why_and_is_tried_again(
    hub: RunningHub, sandbox: Sandbox, desk: Desk
) -> None:
    bea = sandbox.twilio.customer("+12025550141")
    bea.texts("my phone is old")
    desk.opens(conversation_of(hub, "my phone is old"))
    bea.carrier_blocks()
    message = desk.says("so it seems")
    expect(message.get_by_role("alert")).to_contain_text("Not delivered: ")
    reason = message.get_by_role("alert").inner_text()
    assert len(reason) > len("Not delivered: Try again") + 10, reason
    bea.phone_is_on()
    message.get_by_role("button", name="Try again").click()
    expect(message.get_by_role("img", name="Delivered", exact=True)).to_be_visible()
    expect(message.get_by_role("alert")).to_have_count(0)


def test_the_meter_counts_segments_and_shows_the_reply_window(
    hub: RunningHub, sandbox: Sandbox, desk: Desk
) -> None:
    sandbox.twilio.customer("+12025550142").texts("how long may it be?")
    desk.opens(conversation_of(hub, "how long may it be?"))
    meter = desk.composer.get_by_role("status")
    desk.field.fill("a" * 160)
    expect(meter).to_contain_text("1 segment · 0 left")
    desk.field.fill("a" * 160 + "ä")
    expect(meter).to_contain_text("2 segments")
    desk.field.fill("a" * 160 + "ą")
    expect(meter).to_contain_text("3 segments")
    desk.field.fill("")

    sandbox.graph.customer("Max").says("how long may I wait?")
    desk.opens(conversation_of(hub, "how long may I wait?"))
    expect(meter).to_contain_text(re.compile(r"Messenger: (24 hrs|23 hrs 5\d mins) left to reply"))


def test_a_connector_that_needs_attention_is_named_and_what_waits_for_it_leaves_later(
    hub: RunningHub, sandbox: Sandbox, desk: Desk, watch: Watch
) -> None:
    watch.allows(AWAY)
    cat = sandbox.twilio.customer("+12025550143")
    cat.texts("do your keys work?")
    desk.opens(conversation_of(hub, "do your keys work?"))
    refusal = {"code": 20003, "message": "Authenticate", "status": 401}
    sandbox.twilio.next_answer(401, refusal)
    message = desk.says("we shall see")
    banner = desk.page.get_by_role("alert").filter(has_text="SMS needs attention")
    expect(banner).to_be_visible()
    assert len(banner.inner_text()) > len("SMS needs attention") + 10
    expect(message.get_by_role("img", name="Waiting to be sent")).to_be_visible()
    expect(message).to_contain_text("Twilio")
    # The admin mends the keys and starts the hub anew.
    hub.stop()
    hub.start()
    assert cat.received.wait_for(text="we shall see", timeout=15)
    expect(banner).to_have_count(0, timeout=15_000)


def test_search_finds_arabic_text_and_goes_to_it(
    hub: RunningHub, sandbox: Sandbox, desk: Desk
) -> None:
    sara = sandbox.telegram.customer("سارة منصور")
    sara.says("مرحبا، أين وصلت الشحنة الزرقاء؟")
    stored(hub, "الشحنة")
    desk.opens()
    desk.page.keyboard.press("/")
    desk.page.get_by_label("Search messages and people").press_sequentially("الشحنه الزرقاء")
    results = desk.page.get_by_role("region", name="Search")
    expect(results.get_by_role("button").filter(has_text="الشحنة الزرقاء")).to_be_visible()
    results.get_by_role("button").first.click()
    expect(desk.message("أين وصلت الشحنة")).to_be_visible()
    expect(desk.page.get_by_role("heading", name="سارة منصور").first).to_be_visible()


def test_an_agent_works_without_a_mouse(hub: RunningHub, sandbox: Sandbox, desk: Desk) -> None:
    for name in ("Key One", "Key Two"):
        sandbox.telegram.customer(name).says(f"from {name}")
        conversation_of(hub, f"from {name}")
    desk.opens()
    desk.shows("All")
    expect(desk.row("from Key Two")).to_be_visible()
    keys = desk.page.keyboard
    keys.press("j")
    expect(desk.message("from Key Two")).to_be_visible()
    keys.press("j")
    expect(desk.message("from Key One")).to_be_visible()
    keys.press("k")
    expect(desk.message("from Key Two")).to_be_visible()
    keys.press("r")
    expect(desk.field).to_be_focused()
    keys.type("typed with keys alone")
    keys.press("Enter")
    assert sandbox.telegram.customer("Key Two").received.wait_for(text="typed with keys alone")
    keys.press("Escape")
    conversation = conversation_of(hub, "from Key Two")
    colleague = next(a["id"] for a in hub.get("/agents")["items"] if a["name"] == "Sam")
    hub.patch(f"/conversations/{conversation}", {"assignee_id": colleague})
    expect(desk.page.get_by_role("button", name="Assign to… Sam")).to_be_visible()
    keys.press("a")
    expect(desk.page.get_by_role("dialog", name="Assign to…")).to_be_visible()
    keys.press("Enter")  # I am the first
    expect(desk.page.get_by_text("It is yours now")).to_be_visible()
    keys.press("e")
    expect(desk.page.get_by_text("Conversation resolved")).to_be_visible()
    assert hub.get(f"/conversations/{conversation}")["status"] == "resolved"
    keys.press("Control+k")
    expect(desk.page.get_by_role("dialog", name="Command palette")).to_be_visible()
    keys.type("dark")
    keys.press("Enter")
    expect(desk.page.locator("html")).to_have_attribute("data-theme", "dark")


@pytest.mark.parametrize(("name", "stays"), [("Zofia", "the open one"), ("Zenia", "the other")])
def test_two_people_are_made_one_by_hand_and_parted_again(
    hub: RunningHub, sandbox: Sandbox, desk: Desk, name: str, stays: str
) -> None:
    """Whoever waits longest: the screen goes along to their conversation, and back again."""
    people = [
        (sandbox.telegram.customer(f"{name} Telegram"), f"{name} by Telegram"),
        (sandbox.graph.customer(f"{name} Messenger"), f"{name} by Messenger"),
    ]
    for person, text in people if stays == "the open one" else reversed(people):
        person.says(text)  # type: ignore[attr-defined]
        stored(hub, text)
    (_, telegram), (_, messenger) = people
    opened = conversation_of(hub, telegram)
    desk.opens(opened)
    desk.details.get_by_role("button", name="Merge with another person…").click()
    dialog = desk.page.get_by_role("dialog")
    dialog.get_by_label("Name, phone number or address").fill(f"{name} Mess")
    dialog.get_by_role("button", name=f"{name} Messenger").click()
    expect(desk.message(messenger)).to_be_visible()
    expect(desk.details.get_by_text("By an agent")).to_be_visible()
    desk.details.get_by_role("button", name="Undo this link").click()
    expect(desk.message(messenger)).to_have_count(0)
    expect(desk.message(telegram)).to_be_visible()
    assert desk.page.url.endswith(f"/{opened}")


def test_a_message_tells_how_it_came(hub: RunningHub, sandbox: Sandbox, desk: Desk) -> None:
    lee = sandbox.telegram.customer("Lee")
    lee.forwards(["look what he wrote"], origin="Bob")
    desk.opens(conversation_of(hub, "look what he wrote"))
    expect(desk.message("look what he wrote")).to_contain_text("Forwarded from")
    dora = sandbox.mail.customer("dora@example.org", "Dora")
    dora.sends(
        "new words above\n\nOn Mon, 2 Jun 2025 at 10:00, Shop wrote:\n> old words below\n",
        subject="Quoted",
    )
    desk.opens(conversation_of(hub, "new words above"))
    mail = desk.message("new words above")
    expect(mail.get_by_text("old words below")).to_have_count(0)
    mail.get_by_role("button", name="Show quoted text").click()
    expect(mail.get_by_text("old words below")).to_be_visible()
    with desk.page.expect_download() as download:
        mail.get_by_role("link", name="Original mail").click()
    assert download.value.suggested_filename.endswith(".eml")
    assert b"Subject: Quoted" in download.value.path().read_bytes()


def test_back_and_forward_go_through_the_conversations(
    hub: RunningHub, sandbox: Sandbox, desk: Desk
) -> None:
    for name in ("Way One", "Way Two"):
        sandbox.telegram.customer(name).says(f"from {name}")
        conversation_of(hub, f"from {name}")
    desk.opens()
    desk.shows("All")
    desk.row("from Way One").click()
    desk.row("from Way Two").click()
    expect(desk.message("from Way Two")).to_be_visible()
    desk.page.go_back()
    expect(desk.message("from Way One")).to_be_visible()
    desk.page.go_forward()
    expect(desk.message("from Way Two")).to_be_visible()


def test_a_phone_shows_one_pane_at_a_time(
    hub: RunningHub, sandbox: Sandbox, new_desk: Callable[..., Desk]
) -> None:
    sandbox.telegram.customer("Small Screen").says("written from a phone")
    conversation_of(hub, "written from a phone")
    phone = new_desk(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    phone.opens()
    phone.shows("All")
    phone.row("Small Screen").click()
    expect(phone.message("written from a phone")).to_be_visible()
    expect(phone.list).to_be_hidden()
    assert phone.page.evaluate("document.documentElement.scrollWidth") == 390
    phone.field.fill("answered from a phone")
    phone.composer.get_by_role("button", name="Send", exact=True).click()
    expect(phone.message("answered from a phone")).to_be_visible()
    phone.page.get_by_role("button", name="Details").click()
    expect(phone.details).to_be_visible()
    phone.details.get_by_role("button", name="Back").click()
    phone.page.get_by_role("button", name="Back").click()
    expect(phone.list).to_be_visible()


def test_an_answer_before_the_conversation_has_loaded_is_sent(
    hub: RunningHub, sandbox: Sandbox, desk: Desk
) -> None:
    for name in ("Quick One", "Quick Two"):
        sandbox.telegram.customer(name).says(f"from {name}")
        conversation_of(hub, f"from {name}")
    desk.opens()
    desk.shows("All")
    held: list[Route] = []
    loading = re.compile(r"/contacts/\d+/(addresses|timeline)")
    desk.page.route(loading, lambda route: held.append(route))
    for name in ("Quick One", "Quick Two"):
        desk.row(f"from {name}").click()
        for text in (f"hello, {name}", f"how are you, {name}?"):
            desk.field.fill(text)
            desk.field.press("Enter")
            expect(desk.field).to_have_value("")
            assert sandbox.telegram.customer(name).received.wait_for(text=text)
    for route in held:
        route.continue_()
    expect(desk.message("from Quick Two")).to_be_visible()
    expect(desk.message("how are you, Quick Two?")).to_have_count(1)
