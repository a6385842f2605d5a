"""Canned replies and macros, by the keyboard alone."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from hub.sandbox import Sandbox
from tests.browser.screens import Desk, conversation_of
from tests.harness import RunningHub

pytestmark = pytest.mark.browser


@pytest.fixture
def opened(hub: RunningHub, sandbox: Sandbox, desk: Desk, request: pytest.FixtureRequest) -> str:
    """A conversation of a new customer, open on the agent's screen."""
    name = f"Liis {abs(hash(request.node.name)) % 100_000}"
    sandbox.telegram.customer(name).says(f"help {name}")
    conversation = conversation_of(hub, f"help {name}")
    desk.opens(conversation)
    expect(desk.message(f"help {name}")).to_be_visible()
    return conversation


def keep(hub: RunningHub, shortcut: str, text: str) -> None:
    hub.post("/canned-replies", {"shortcut": shortcut, "text": text, "scope": "all"})


def field_of(page: Page) -> Locator:
    return page.locator(".composer textarea")


def test_a_reply_goes_in_at_the_cursor_and_keeps_the_rest(
    hub: RunningHub, desk: Desk, opened: str
) -> None:
    keep(hub, "kviitung", "Tere {contact.first_name|there} <3 {ok:1}")
    desk.page.keyboard.press("r")
    field = field_of(desk.page)
    field.fill("before  after")
    for _ in range(6):
        field.press("ArrowLeft")
    field.press_sequentially("/kvii")
    expect(desk.page.get_by_role("option", name="kviitung")).to_be_visible()
    field.press("Enter")
    expect(field).to_have_value("before Tere Liis <3 {ok:1} after")
    field.fill("/kvii")
    desk.page.get_by_role("option", name="kviitung").click()
    expect(field).to_have_value("Tere Liis <3 {ok:1}")


def test_escape_closes_the_list_alone_and_other_words_are_sent_as_they_are(
    hub: RunningHub, desk: Desk, opened: str
) -> None:
    keep(hub, "sulge", "never sent")
    desk.page.keyboard.press("r")
    field = field_of(desk.page)
    field.press_sequentially("/sulg")
    options = desk.page.get_by_role("listbox", name="Canned replies and macros").get_by_role(
        "option"
    )
    expect(options.first).to_be_visible()
    field.press("Escape")
    expect(options).to_have_count(0)
    expect(field).to_be_focused()
    expect(field).to_have_value("/sulg")
    for words in ("10:30 and/or /startx", "/nothing-is-called-so"):
        field.fill("")
        field.press_sequentially(words)
        expect(options).to_have_count(0)
        field.press("Enter")
        expect(desk.message(words)).to_be_visible()


def test_tab_goes_from_blank_to_blank_and_nothing_is_sent_with_one(
    hub: RunningHub, desk: Desk, opened: str
) -> None:
    keep(hub, "suurus", "Size {size} costs {price}.")
    desk.page.keyboard.press("r")
    field = field_of(desk.page)
    field.press_sequentially("/suurus")
    expect(desk.page.get_by_role("option", name="suurus")).to_be_visible()
    field.press("Enter")
    expect(field).to_have_value("Size ⟦size⟧ costs ⟦price⟧.")
    expect(desk.page.get_by_role("button", name="Send", exact=True)).to_be_disabled()
    field.press("Enter")
    expect(field).to_have_value("Size ⟦size⟧ costs ⟦price⟧.")
    desk.page.keyboard.type("40")
    field.press("Tab")
    desk.page.keyboard.type("12 €")
    field.press("Enter")
    expect(desk.message("Size 40 costs 12 €.")).to_be_visible()


def test_a_macro_is_shown_run_and_undone(hub: RunningHub, desk: Desk, opened: str) -> None:
    steps = [
        {"do": "note", "text": "Refund for {contact.first_name|there}"},
        {"do": "label", "labels": ["refund"]},
        {"do": "priority", "priority": "high"},
    ]
    hub.post("/macros", {"name": "Tagasimakse", "scope": "all", "steps": steps})
    desk.page.keyboard.press("r")
    field = field_of(desk.page)
    field.press_sequentially("keep this /tagasim")
    expect(desk.page.get_by_role("option", name="Tagasimakse")).to_be_visible()
    field.press("Enter")
    dialog = desk.page.get_by_role("dialog", name="Tagasimakse")
    expect(dialog.get_by_role("textbox")).to_have_value("Refund for Liis")
    expect(dialog).to_contain_text("Add labels: refund")
    assert hub.get(f"/conversations/{opened}")["labels"] == []
    dialog.get_by_role("button", name="Run").click()
    expect(desk.message("Refund for Liis")).to_be_visible()
    expect(field).to_have_value("keep this ")
    assert hub.get(f"/conversations/{opened}")["labels"] == ["refund"]
    desk.page.get_by_role("button", name="Undo").last.click()
    expect(desk.page.get_by_text("was undone")).to_be_visible()
    shown = hub.get(f"/conversations/{opened}")
    assert (shown["labels"], shown["priority"]) == ([], "normal")
