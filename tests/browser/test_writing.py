"""Drafts on two screens, undo, later, taking back, and being asked before an answer leaves."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from hub.sandbox import Sandbox
from tests.browser.conftest import AWAY, Watch
from tests.browser.screens import Desk, Visitor, conversation_of, serious_problems
from tests.harness import RunningHub, eventually

pytestmark = pytest.mark.browser


def word() -> str:
    return uuid.uuid4().hex[:8]


@pytest.fixture
def conversation_id(hub: RunningHub, sandbox: Sandbox) -> str:
    text = f"is it back {word()}"
    sandbox.telegram.customer(f"Paula {word()}").says(text)
    return conversation_of(hub, text)


@pytest.fixture
def undo_of_ten_seconds(desk: Desk) -> Iterator[None]:
    chooses_undo(desk, "10 seconds")
    yield
    chooses_undo(desk, "None")


def chooses_undo(desk: Desk, choice: str) -> None:
    if desk.page.url == "about:blank":
        desk.opens()
    desk.page.get_by_role("button", name="Your settings").click()
    desk.page.get_by_role("menuitem", name="Account").click()
    dialog = desk.page.get_by_role("dialog")
    with desk.page.expect_response(re.compile("/agents/me/writing$")):
        dialog.get_by_label("Time to undo a sent message").select_option(label=choice)
    dialog.get_by_role("button", name="Close").click()


def test_a_draft_is_on_the_agents_other_screen_and_sending_clears_both(
    new_desk: Callable[..., Desk], conversation_id: str
) -> None:
    left, right = new_desk().opens(conversation_id), new_desk().opens(conversation_id)
    left.field.fill("It is back, and")
    expect(right.field).to_have_value("It is back, and")
    right.field.fill("It is back, and blue")
    expect(left.field).to_have_value("It is back, and blue")
    left.says("It is back, and blue too")
    expect(right.field).to_have_value("")
    expect(left.field).to_have_value("")


def test_words_on_both_screens_are_shown_for_a_choice(
    new_desk: Callable[..., Desk], watch: Watch, conversation_id: str
) -> None:
    watch.allows(AWAY)
    watch.allows("ERR_INTERNET_DISCONNECTED")
    watch.allows("status of 409")
    left, right = new_desk().opens(conversation_id), new_desk().opens(conversation_id)
    right.page.context.set_offline(True)
    right.field.fill("from the right")
    left.field.fill("from the left")
    expect(left.field).to_have_value("from the left")
    with left.page.expect_response(re.compile(r"/draft\?type=reply$")):
        left.field.press_sequentially("!")
    right.page.context.set_offline(False)
    conflict = right.composer.get_by_role("alert")
    expect(conflict).to_contain_text("from the left!")
    expect(right.field).to_have_value("from the right")
    conflict.get_by_role("button", name="Keep both").click()
    expect(left.field).to_have_value("from the right\n\nfrom the left!")


def test_a_note_never_leaves_as_a_reply_and_a_draft_is_listed_after_a_reload(
    new_desk: Callable[..., Desk], conversation_id: str
) -> None:
    desk = new_desk(bypass_csp=True)  # axe comes as a script
    desk.opens(conversation_id)
    desk.composer.get_by_role("button", name="Note", exact=True).click()
    with desk.page.expect_response(re.compile(r"/draft\?type=note$")):
        desk.field.fill("She sounds angry")
    desk.composer.get_by_role("button", name="Reply", exact=True).click()
    expect(desk.field).to_have_value("")
    desk.page.reload()
    desk.page.get_by_role("button", name="Your settings").click()
    desk.page.get_by_role("menuitem", name="Drafts").click()
    draft = desk.page.get_by_role("listitem").filter(has_text="She sounds angry")
    expect(draft).to_be_visible()
    assert serious_problems(desk.page) == []
    draft.get_by_role("button").first.click()
    expect(desk.field).to_have_value("She sounds angry")
    expect(desk.composer.get_by_role("button", name="Note", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )


@pytest.mark.usefixtures("undo_of_ten_seconds")
def test_a_message_is_undone_from_its_toast_and_only_the_new_text_leaves(
    desk: Desk, hub: RunningHub, conversation_id: str
) -> None:
    desk.opens(conversation_id)
    desk.says("It is bcak")
    note = desk.page.get_by_role("status").filter(has_text="Leaves in")
    note.get_by_role("button", name="Undo").click()
    expect(desk.field).to_have_value("It is bcak")
    expect(desk.message("It is bcak")).to_have_count(0)
    sent = desk.says("It is back")
    expect(sent).to_contain_text("Leaves in a moment")
    expect(sent).not_to_contain_text("Leaves in a moment", timeout=20_000)
    texts = [message["text"] for message in hub.messages(conversation_id)]
    assert texts[1:] == ["It is back"]


def test_the_first_enter_shows_what_came_in_and_the_second_sends(
    new_desk: Callable[..., Desk], hub: RunningHub, conversation_id: str
) -> None:
    desk = new_desk(bypass_csp=True)  # axe comes as a script
    desk.opens(conversation_id)
    desk.field.fill("It ships today")
    hub.reply(conversation_id, "Sold out, sorry")
    expect(desk.message("Sold out, sorry")).to_be_visible()
    desk.field.press("Enter")
    asked = desk.composer.get_by_role("alert")
    expect(asked).to_contain_text("Sold out, sorry")
    assert serious_problems(desk.page) == []
    assert [message["text"] for message in hub.messages(conversation_id)][1:] == ["Sold out, sorry"]
    desk.field.press("Enter")
    expect(desk.message("It ships today")).to_be_visible()
    expect(asked).to_have_count(0)


def test_a_message_is_planned_shown_as_such_and_taken_back(
    new_desk: Callable[..., Desk], hub: RunningHub, conversation_id: str
) -> None:
    desk = new_desk(bypass_csp=True)  # axe comes as a script
    desk.opens(conversation_id)
    desk.field.fill("Good morning")
    desk.composer.get_by_role("button", name="Send later").click()
    menu = desk.page.get_by_role("dialog", name="Send later")
    expect(menu).to_be_visible()
    menu.get_by_role("button", name="Tomorrow morning").click()
    row = desk.message("Good morning")
    expect(row).to_contain_text("Planned for")
    assert serious_problems(desk.page) == []
    desk.page.reload()
    expect(row).to_contain_text("Planned for")
    row.get_by_role("button", name="Edit or cancel").click()
    expect(desk.field).to_have_value("Good morning")
    expect(row).to_have_count(0)
    assert len(hub.messages(conversation_id)) == 1


def test_one_key_sends_resolves_and_goes_on(
    desk: Desk, hub: RunningHub, conversation_id: str
) -> None:
    desk.opens(conversation_id)
    desk.field.fill("All done, goodbye")
    desk.field.press("Control+Shift+Enter")
    eventually(lambda: hub.get(f"/conversations/{conversation_id}")["status"] == "resolved")
    expect(desk.page.locator(f"[data-conversation='{conversation_id}']")).to_have_count(0)


def test_a_chat_message_is_changed_and_removed_where_the_visitor_reads_it(
    desk: Desk, visitor: Visitor, hub: RunningHub
) -> None:
    visitor.opens_page()
    question = f"is it back {word()}"
    visitor.says(question)
    desk.opens(conversation_of(hub, question))
    said = desk.says("Yess")
    expect(visitor.message("Yess")).to_be_visible()
    said.hover()
    said.get_by_role("button", name="Change this message").click()
    box = desk.timeline.get_by_role("textbox", name="Change this message")
    box.fill("Yes, it is")
    box.press("Enter")
    expect(visitor.message("Yes, it is")).to_contain_text("edited")
    said = desk.message("Yes, it is")
    said.hover()
    said.get_by_role("button", name="Delete for the customer").click()
    said.get_by_role("button", name="Delete for the customer?").click()
    expect(visitor.log).to_contain_text("This message was removed.")
    expect(visitor.message("Yes, it is")).to_have_count(0)
    expect(desk.message("Yes, it is")).to_contain_text("took this back")
