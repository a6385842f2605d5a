"""Naming a colleague in a note: offered while typing, told, and in the list of mentions."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.conftest import AWAY, Watch
from tests.browser.screens import Desk
from tests.browser.test_notifications import Colleague
from tests.harness import RunningHub

pytestmark = pytest.mark.browser


def test_a_colleague_is_named_by_typing_and_finds_the_note_in_the_list(
    hub: RunningHub,
    desk: Desk,
    new_context: Callable[..., BrowserContext],
    watch: Watch,
) -> None:
    watch.allows(AWAY)
    nora = Colleague(hub, "nora@example.com", new_context, watch)
    theirs = nora.signs_in(nora.context())
    visitor = hub.visitor("website")
    with visitor:
        said = visitor.says("Halló, er einhver þarna?", "halló".encode().hex())["message"]
        desk.opens(str(said["conversation_id"]))
        desk.composer.get_by_role("button", name="Note", exact=True).click()
        desk.field.press_sequentially("Look, @nor")
        offered = desk.page.get_by_role("listbox", name="Colleagues and teams")
        expect(offered.get_by_role("option", name="Nora")).to_be_visible()
        desk.field.press("Escape")
        expect(offered).to_be_hidden()
        expect(desk.field).to_have_value("Look, @nor")
        desk.field.fill("Look, ")
        desk.field.press_sequentially("@nor")
        expect(offered).to_be_visible()
        desk.field.press("Enter")
        expect(desk.field).to_have_value("Look, @Nora ")
        desk.field.press_sequentially("please: Þarna")
        desk.field.press("Enter")
        expect(desk.message("Look, @Nora please: Þarna")).to_be_visible()
        theirs.get_by_role("link", name=re.compile("^Mentions, ")).click()
        note = theirs.get_by_role("link", name=re.compile("named you"))
        note.filter(has_text="please: Þarna").click()
        expect(theirs.get_by_text("Look, @Nora please: Þarna").last).to_be_visible()
        expect(theirs).to_have_url(re.compile("message="))
