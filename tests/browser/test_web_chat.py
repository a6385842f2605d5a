"""The chat on a web site: what it loads, what it keeps, whom it shows what."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Route, expect

from hub.sandbox import Sandbox
from hub.sandbox.base import sample_files
from tests.browser.conftest import AWAY, EMAIL, PASSWORD, Watch
from tests.browser.screens import Desk, Visitor, conversation_of, stored
from tests.harness import RunningHub, eventually

pytestmark = pytest.mark.browser

LOADER_BYTES = 3 * 1024


def test_nothing_but_the_small_loader_is_loaded_before_the_chat_is_opened(
    hub: RunningHub, visitor: Visitor
) -> None:
    requested_urls: list[str] = []
    bodies: list[bytes] = []
    visitor.page.on("request", lambda request: requested_urls.append(request.url))

    def through(route: Route) -> None:
        response = route.fetch()
        bodies.append(response.body())
        route.fulfill(response=response)

    visitor.page.route("**/widget.js", through)
    visitor.visits_shop()
    expect(visitor.page.get_by_role("button", name="Open chat")).to_be_visible()
    visitor.page.wait_for_load_state("networkidle")
    assert [urlsplit(url).path for url in requested_urls if url.startswith(hub.url)] == [
        "/widget.js"
    ]
    assert len(gzip.compress(bodies[0])) <= LOADER_BYTES
    assert visitor.page.context.cookies() == []
    visitor.opens_widget()
    assert f"{hub.url}/chat/website?embed=1" in requested_urls


def test_the_widget_works_on_a_page_with_a_strict_policy(
    hub: RunningHub, desk: Desk, visitor: Visitor
) -> None:
    visitor.visits_shop("?csp=strict").opens_widget()
    visitor.says("hello through a strict policy")
    desk.opens(conversation_of(hub, "hello through a strict policy"))
    desk.says("hello behind it")
    expect(visitor.message("hello behind it")).to_be_visible()
    visitor.chat.get_by_role("button", name="Close chat").click()
    expect(visitor.field).to_be_hidden()
    desk.says("and one while it was closed")
    expect(visitor.page.get_by_role("button", name="Open chat (1 unread)")).to_be_visible()


def test_a_reload_in_mid_chat_loses_nothing_on_either_side(
    hub: RunningHub, desk: Desk, visitor: Visitor
) -> None:
    visitor.visits_shop().opens_widget().says("before the reload")
    desk.opens(conversation_of(hub, "before the reload"))
    desk.says("seen before the reload")
    expect(visitor.message("seen before the reload")).to_be_visible()
    desk.field.fill("half an ans")
    visitor.page.reload()
    desk.page.reload()
    expect(desk.message("before the reload")).to_have_count(2)
    expect(desk.field).to_have_value("half an ans")
    visitor.opens_widget()
    expect(visitor.message("before the reload")).to_have_count(2)
    visitor.says("after the reload")
    expect(desk.message("after the reload")).to_have_count(1)
    desk.says("heard after the reload")
    expect(visitor.message("heard after the reload")).to_have_count(1)


def test_what_is_written_while_the_server_is_down_leaves_once_when_it_is_back(
    hub: RunningHub, desk: Desk, visitor: Visitor, watch: Watch
) -> None:
    watch.allows(AWAY)
    visitor.opens_page().says("before the crash")
    conversation = conversation_of(hub, "before the crash")
    desk.opens(conversation)
    hub.kill()
    visitor.says("said into the dark")
    expect(visitor.page.get_by_text("Kept. Sent when you are back online")).to_be_visible()
    desk.says("answered into the dark")
    expect(desk.timeline.get_by_text("Not sent yet: no connection.")).to_be_visible()
    hub.start()
    expect(desk.message("said into the dark")).to_be_visible(timeout=20_000)
    expect(visitor.message("answered into the dark")).to_be_visible(timeout=20_000)
    expect(desk.timeline.get_by_text("Not sent yet")).to_be_hidden()
    texts = [message["text"] for message in hub.messages(conversation)]
    assert sorted(texts) == ["answered into the dark", "before the crash", "said into the dark"]
    for side in (desk, visitor):
        expect(side.message("into the dark")).to_have_count(2)
        side.page.reload()
        expect(side.message("into the dark")).to_have_count(2)


def test_a_text_kept_by_a_closed_page_leaves_when_the_page_comes_again(
    hub: RunningHub, visitor: Visitor, watch: Watch
) -> None:
    watch.allows(AWAY + "|Kept")
    visitor.opens_page().says("first words")
    conversation = conversation_of(hub, "first words")
    visitor.page.context.set_offline(True)
    visitor.says("last words")
    expect(visitor.page.get_by_text("Kept. Sent when you are back online")).to_be_visible()
    visitor.page.goto("about:blank")
    visitor.page.context.set_offline(False)
    visitor.opens_page()
    stored(hub, "last words")
    expect(visitor.message("last words")).to_have_count(1)
    assert [message["text"] for message in hub.messages(conversation)] == [
        "first words",
        "last words",
    ]


def test_a_second_visitor_never_sees_the_thread_of_the_first(
    hub: RunningHub, new_visitor: Callable[..., Visitor], desk: Desk
) -> None:
    ann, bob = new_visitor(), new_visitor()
    ann.visits_shop().opens_widget().says("a secret of Ann")
    bob.visits_shop().opens_widget().says("a question of Bob")
    assert conversation_of(hub, "a secret of Ann") != conversation_of(hub, "a question of Bob")
    desk.opens(conversation_of(hub, "a secret of Ann"))
    desk.says("an answer for Ann alone")
    expect(ann.message("an answer for Ann alone")).to_be_visible()
    # What comes to Bob after it proves that it would have come by now.
    desk.opens(conversation_of(hub, "a question of Bob"))
    desk.says("an answer for Bob alone")
    expect(bob.message("an answer for Bob alone")).to_be_visible()
    expect(bob.message("Ann")).to_have_count(0)
    bob.page.reload()
    bob.opens_widget()
    expect(bob.message("a question of Bob")).to_be_visible()
    expect(bob.message("Ann")).to_have_count(0)


def test_two_chats_of_one_hub_keep_their_threads_apart(hub: RunningHub, visitor: Visitor) -> None:
    visitor.opens_page("website").says("said to the shop")
    visitor.opens_page("outlet")
    expect(visitor.page.get_by_role("heading", name="Sandbox OutboundChannel")).to_be_visible()
    visitor.says("said to the outlet")
    expect(visitor.message("said to the shop")).to_have_count(0)
    assert stored(hub, "said to the outlet")["connector"] == "outlet"
    visitor.opens_page("website")
    expect(visitor.message("said to the shop")).to_be_visible()
    expect(visitor.message("said to the outlet")).to_have_count(0)


def test_files_go_both_ways(hub: RunningHub, desk: Desk, visitor: Visitor) -> None:
    visitor.opens_page().says("here comes my shoe")
    photo = {"name": "shoe.png", "mimeType": "image/png", "buffer": sample_files.photo()}
    visitor.page.locator("input[type=file]").set_input_files(photo)  # type: ignore[arg-type]
    expect(visitor.page.get_by_role("list", name="Files to send")).to_be_visible()
    visitor.page.get_by_role("button", name="Send", exact=True).click()
    desk.opens(conversation_of(hub, "here comes my shoe"))
    expect(desk.timeline.get_by_role("img", name="shoe.png")).to_be_visible()
    desk.page.wait_for_function("[...document.images].every((i) => i.complete && i.naturalWidth)")
    desk.timeline.get_by_role("button", name="Enlarge shoe.png").click()
    expect(desk.page.get_by_role("dialog")).to_be_visible()
    desk.page.keyboard.press("Escape")

    form = {"name": "return form.pdf", "mimeType": "application/pdf", "buffer": sample_files.pdf()}
    desk.composer.locator("input[type=file]").set_input_files(form)  # type: ignore[arg-type]
    expect(desk.composer.get_by_text("return form.pdf")).to_be_visible()
    expect(desk.composer.get_by_role("button", name="Send", exact=True)).to_be_enabled()
    desk.says("please fill it in")
    link = visitor.log.get_by_role("link", name="return form.pdf")
    expect(link).to_be_visible()
    with visitor.page.expect_download() as download:
        link.click()
    assert download.value.suggested_filename == "return form.pdf"
    assert download.value.path().read_bytes() == sample_files.pdf()


def test_a_note_never_reaches_the_customer(
    hub: RunningHub, sandbox: Sandbox, desk: Desk, visitor: Visitor
) -> None:
    visitor.opens_page().says("are you talking about me?")
    desk.opens(conversation_of(hub, "are you talking about me?"))
    desk.notes("a difficult customer")
    expect(desk.timeline.get_by_text("Internal note")).to_be_visible()
    desk.says("we would never")
    expect(visitor.message("we would never")).to_be_visible()
    expect(visitor.page.get_by_text("difficult")).to_have_count(0)
    visitor.page.reload()
    expect(visitor.message("we would never")).to_be_visible()
    expect(visitor.page.get_by_text("difficult")).to_have_count(0)

    tom = sandbox.telegram.customer("Tom Field")
    tom.says("and about me?")
    desk.opens(conversation_of(hub, "and about me?"))
    desk.notes("a nice one")
    desk.says("only good things")
    assert tom.received.wait_for(text="only good things")
    assert [bubble.text for bubble in tom.received] == ["only good things"]


@pytest.fixture
def quiet_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    """A hub at which nobody sits who could take anything."""
    config = """\
connectors:
  website: {kind: webchat, departments: [Orders, Returns]}
routing:
  - {name: returns, when: {department: Returns}, labels: [sent back]}
"""
    with RunningHub(tmp_path_factory.mktemp("quiet"), config) as hub:
        hub.hires(EMAIL, "Alex", password=PASSWORD)
        yield hub


def test_the_place_in_the_queue_is_live_and_outlives_a_reload(
    quiet_hub: RunningHub, sandbox: Sandbox, new_context: Callable[..., BrowserContext]
) -> None:
    first, second = (
        Visitor(new_context().new_page(), quiet_hub, sandbox).opens_page() for _ in range(2)
    )
    first.says("I was here first")
    expect(first.chat.get_by_text("You are next.")).to_be_visible()
    second.says("I came after")
    expect(second.chat.get_by_text("You are number 2.")).to_be_visible()
    second.page.reload()
    expect(second.chat.get_by_text("You are number 2.")).to_be_visible()

    agent = next(agent for agent in quiet_hub.get("/agents")["items"] if agent["email"] == EMAIL)
    conversation = conversation_of(quiet_hub, "I was here first")
    quiet_hub.patch(f"/conversations/{conversation}", {"assignee_id": agent["id"]})
    expect(first.chat.get_by_text("You are next.")).to_be_hidden()
    expect(first.chat.get_by_role("heading", name="Alex")).to_be_visible()
    expect(second.chat.get_by_text("You are next.")).to_be_visible()


def test_the_topic_that_a_visitor_chooses_matches_its_rule(
    quiet_hub: RunningHub, sandbox: Sandbox, new_context: Callable[..., BrowserContext]
) -> None:
    visitor = Visitor(new_context().new_page(), quiet_hub, sandbox).opens_page()
    choice = visitor.chat.get_by_role("group", name="What is it about?")
    choice.get_by_role("button", name="Orders").click()
    chosen = choice.get_by_role("button", name="Returns")
    chosen.click()
    expect(chosen).to_have_attribute("aria-pressed", "true")
    visitor.says("the left one is too small")
    expect(choice).to_be_hidden()
    path = f"/conversations/{conversation_of(quiet_hub, 'the left one is too small')}"

    def is_labelled() -> bool:
        return bool(quiet_hub.get(path)["labels"] == ["sent back"])

    assert eventually(is_labelled, expected="the label of the rule")


def test_the_chat_speaks_arabic_from_right_to_left(
    hub: RunningHub, new_visitor: Callable[..., Visitor]
) -> None:
    visitor = new_visitor(locale="ar")
    visitor.page.goto(f"{hub.url}/chat/website")
    expect(visitor.page.locator("html")).to_have_attribute("dir", "rtl")
    expect(visitor.page.get_by_role("heading", name="تحدّث معنا")).to_be_visible()
