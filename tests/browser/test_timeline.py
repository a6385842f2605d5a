"""Where a timeline opens, and when what stands in it counts as read."""

from __future__ import annotations

from playwright.sync_api import Locator, expect

from hub.sandbox import Sandbox
from tests.browser.screens import Desk, conversation_of
from tests.harness import RunningHub


def unread(desk: Desk, name: str) -> Locator:
    return desk.row(name).get_by_role("img", name="unread")


def test_a_conversation_opens_at_its_first_unread_message_and_is_read_at_its_end(
    hub: RunningHub, sandbox: Sandbox, desk: Desk
) -> None:
    rena = sandbox.telegram.customer("Rena Reader")
    rena.says("an old question of Rena")
    conversation = conversation_of(hub, "an old question of Rena")
    desk.opens(conversation)
    desk.says("an old answer to Rena")
    desk.shows("All")
    sandbox.telegram.customer("Otto Other").says("another question")
    desk.opens(conversation_of(hub, "another question"))
    rena.says("the first new line")
    for number in range(3):
        rena.sends_photo(caption=f"picture {number}")
    for number in range(20):
        rena.says(f"new line {number}")
    conversation_of(hub, "new line 19")
    expect(unread(desk, "Rena Reader")).to_have_count(1)

    desk.row("Rena Reader").click()
    expect(desk.message("the first new line")).to_be_in_viewport()
    expect(desk.timeline.get_by_text("New", exact=True)).to_be_in_viewport()
    expect(desk.message("new line 19")).not_to_be_in_viewport()
    # Pictures that load do not push it away.
    desk.page.wait_for_function(
        "[...document.querySelectorAll('article img')].every((img) => img.complete)"
    )
    expect(desk.message("the first new line")).to_be_in_viewport()
    expect(unread(desk, "Rena Reader")).to_have_count(1)

    desk.page.get_by_role("button", name="Jump to the newest").click()
    expect(desk.message("new line 19")).to_be_in_viewport()
    expect(unread(desk, "Rena Reader")).to_have_count(0)


def test_what_comes_while_the_agent_reads_further_up_stays_unread(
    hub: RunningHub, sandbox: Sandbox, desk: Desk
) -> None:
    ulla = sandbox.telegram.customer("Ulla Above")
    for number in range(30):
        ulla.says(f"Ulla writes line {number}")
    conversation = conversation_of(hub, "Ulla writes line 29")
    desk.opens(conversation)
    desk.shows("All")
    expect(desk.timeline).to_be_visible()
    desk.page.get_by_role("button", name="Jump to the newest").click()
    expect(unread(desk, "Ulla Above")).to_have_count(0)

    desk.timeline.evaluate("(viewport) => (viewport.scrollTop = 0)")
    expect(desk.message("Ulla writes line 29")).not_to_be_in_viewport()
    ulla.says("one more from Ulla")
    expect(desk.message("one more from Ulla")).to_have_count(1)
    expect(desk.message("one more from Ulla")).not_to_be_in_viewport()
    expect(unread(desk, "Ulla Above")).to_have_count(1)

    desk.page.get_by_role("button", name="Jump to the newest").click()
    expect(unread(desk, "Ulla Above")).to_have_count(0)
