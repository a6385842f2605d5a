"""Two people who become one by an agent's hand, and are parted again, at the agent's screen."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import product

import pytest
from playwright.sync_api import Locator, expect

from hub.sandbox import Sandbox
from tests.browser.screens import Desk, conversation_of
from tests.harness import RunningHub

pytestmark = pytest.mark.browser


def overlap(first: Locator, second: Locator) -> bool:
    a, b = first.bounding_box(), second.bounding_box()
    assert a is not None and b is not None
    across = a["x"] < b["x"] + b["width"] and b["x"] < a["x"] + a["width"]
    down = a["y"] < b["y"] + b["height"] and b["y"] < a["y"] + a["height"]
    return across and down


def two_of_one_name(hub: RunningHub, sandbox: Sandbox, name: str, number: str) -> str:
    """Lets three contacts of one name write. Returns the conversation of the one on Telegram."""
    sandbox.telegram.customer(name).says(f"{name} by Telegram")
    sandbox.mail.customer(f"{number[1:]}@example.org", name).sends(f"{name} by mail", subject="Hi")
    sandbox.twilio.customer(number).texts(f"{name} by SMS")
    for channel in ("mail", "SMS"):
        conversation_of(hub, f"{name} by {channel}")
    return conversation_of(hub, f"{name} by Telegram")


def merges(desk: Desk, query: str, choice: re.Pattern[str]) -> None:
    desk.details.get_by_role("button", name="Merge with another person…").click()
    dialog = desk.page.get_by_role("dialog")
    dialog.get_by_label("Name, phone number or address").fill(query)
    dialog.get_by_role("button", name=choice).click()


def test_the_contacts_to_merge_are_listed_with_their_addresses(
    hub: RunningHub, sandbox: Sandbox, desk: Desk
) -> None:
    desk.opens(two_of_one_name(hub, sandbox, "Twin Sample", "+12025550171"))
    merges(desk, "Twin Sample", re.compile("Twin Sample.*12025550171@example.org"))
    expect(desk.message("Twin Sample by mail")).to_be_visible()
    # It is one conversation now, and reads as one.
    expect(desk.timeline.get_by_text("New conversation")).to_have_count(0)
    expect(desk.details.get_by_text("Resolved")).to_have_count(0)
    # A contact without a name is found and shown by its number, formatted.
    merges(desk, "+1 202-555-0171", re.compile(r"\+1 202-555-0171"))
    expect(desk.message("Twin Sample by SMS")).to_be_visible()


@pytest.mark.parametrize("width", [1440, 1024, 390])
def test_the_notice_of_a_merge_never_covers_the_composer(
    hub: RunningHub, sandbox: Sandbox, new_desk: Callable[..., Desk], width: int
) -> None:
    name = f"Clear View {width}"
    desk = new_desk(viewport={"width": width, "height": 844})
    desk.opens(two_of_one_name(hub, sandbox, name, f"+1202555{width:04d}"))
    if width < 960:
        desk.page.get_by_role("button", name="Details").click()
    merges(desk, name, re.compile(f"{name}.*@example.org"))
    merge_notice = desk.page.get_by_text(f"Merged with {name}")
    expect(merge_notice).to_be_visible()
    desk.details.get_by_role("button", name="Undo this link").click()
    undo_notice = desk.page.get_by_text("They are separate people again. No message was lost.")
    expect(merge_notice).to_have_count(0)
    expect(undo_notice).to_be_visible()
    if width < 960:
        desk.details.get_by_role("button", name="Back").click()
    toasts = desk.page.locator(".toast")
    parts = [desk.field, desk.composer.get_by_role("button", name="Send", exact=True)]
    assert not any(overlap(toast, part) for toast, part in product(toasts.all(), parts))
