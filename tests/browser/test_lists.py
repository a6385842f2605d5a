"""What an agent does with lists: filters, views, many at once, by typing and by keys."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from hub.sandbox import Sandbox
from tests.browser.conftest import Watch
from tests.browser.screens import Desk, conversation_of, serious_problems, stored
from tests.harness import RunningHub, eventually

pytestmark = pytest.mark.browser


def several(hub: RunningHub, sandbox: Sandbox, label: str, *names: str) -> dict[str, str]:
    """Conversations with this label, each with a customer of that name."""
    ids = {}
    for name in names:
        sandbox.telegram.customer(name).says(f"hello from {name}")
        ids[name] = conversation_of(hub, f"hello from {name}")
        hub.patch(f"/conversations/{ids[name]}", {"labels": [label]})
    return ids


def unique(*names: str) -> tuple[str, ...]:
    word = uuid.uuid4().hex[:5]
    return (f"l{word}", *(f"{name} {word}" for name in names))


def filters_by(page: Page, title: str, value: str) -> None:
    page.get_by_role("button", name="Add a filter").click()
    page.get_by_role("option", name=title, exact=True).click()
    page.get_by_role("dialog", name="Add a filter").get_by_role("combobox").fill(value)
    page.get_by_role("option", name=value).first.click()


def rows(page: Page) -> Any:
    return page.get_by_role("list", name="Conversations").get_by_role("listitem")


def test_filters_combine_live_in_the_address_and_are_saved_as_a_view(
    hub: RunningHub, sandbox: Sandbox, new_desk: Callable[..., Desk]
) -> None:
    desk = new_desk(bypass_csp=True)  # for the script that looks for barriers
    label, ann, ben = unique("Ann", "Ben")
    ids = several(hub, sandbox, label, ann, ben)
    hub.patch(f"/conversations/{ids[ann]}", {"priority": "urgent"})
    desk.opens()
    page = desk.page
    desk.shows("All")
    filters_by(page, "Label", label)
    expect(rows(page)).to_have_count(2)
    filters_by(page, "Priority", "Urgent")
    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text(ann)
    assert f"label={label}" in page.url
    assert "priority=urgent" in page.url
    page.get_by_role("button", name="Order: ").click()
    page.get_by_role("menuitemradio", name="Longest wait").click()
    page.reload()
    expect(rows(page)).to_have_count(1)
    expect(page.get_by_role("button", name="Order: Longest wait")).to_be_visible()
    page.get_by_role("button", name="Save as view").click()
    page.get_by_label("Name", exact=True).fill(f"Pressing {label}")
    page.get_by_role("button", name="Save", exact=True).click()
    view = page.get_by_role("group", name="Views").get_by_role(
        "button", name=re.compile(f"^Pressing {label}")
    )
    expect(view).to_have_attribute("aria-pressed", "true")
    expect(view).to_contain_text("1")
    # What changes enters and leaves by its event, and the count follows.
    hub.patch(f"/conversations/{ids[ben]}", {"priority": "urgent"})
    expect(rows(page)).to_have_count(2)
    expect(view).to_contain_text("2")
    hub.patch(f"/conversations/{ids[ann]}", {"priority": "low"})
    expect(rows(page)).to_have_count(1)
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(view).to_have_attribute("aria-pressed", "false")
    view.click()
    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text(ben)
    assert serious_problems(page) == []


def test_the_open_conversation_stays_listed_until_it_is_left(
    hub: RunningHub, sandbox: Sandbox, desk: Desk
) -> None:
    label, ann, ben = unique("Ann", "Ben")
    ids = several(hub, sandbox, label, ann, ben)
    desk.opens()
    desk.shows("All")
    filters_by(desk.page, "Label", label)
    desk.row(ann).click()
    expect(desk.message(f"hello from {ann}")).to_be_visible()
    hub.patch(f"/conversations/{ids[ann]}", {"labels": []})
    hub.patch(f"/conversations/{ids[ben]}", {"priority": "high"})
    expect(desk.row(ben)).to_contain_text("High")
    expect(desk.row(ann)).to_be_visible()
    desk.row(ben).click()
    expect(desk.row(ann)).to_have_count(0)


def test_many_are_changed_at_once_and_undone(hub: RunningHub, sandbox: Sandbox, desk: Desk) -> None:
    label, *names = unique("Ann", "Ben", "Cat")
    ids = several(hub, sandbox, label, *names)
    desk.opens()
    page = desk.page
    desk.shows("All")
    filters_by(page, "Label", label)
    expect(rows(page)).to_have_count(3)
    boxes = rows(page).get_by_role("checkbox")
    boxes.nth(0).check()
    boxes.nth(2).click(modifiers=["Shift"])
    expect(page.get_by_role("group", name="3 selected")).to_be_visible()
    page.keyboard.press("p")
    page.get_by_role("dialog", name="Priority").get_by_role("combobox").fill("urg")
    page.keyboard.press("Enter")
    toast = page.get_by_text("3 conversations changed")
    expect(toast).to_be_visible()
    assert {hub.get(f"/conversations/{id_}")["priority"] for id_ in ids.values()} == {"urgent"}
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Undone")).to_be_visible()
    assert {hub.get(f"/conversations/{id_}")["priority"] for id_ in ids.values()} == {"normal"}


def test_x_selects_the_open_conversation_and_e_resolves_what_is_selected(
    hub: RunningHub, sandbox: Sandbox, desk: Desk
) -> None:
    label, ann, ben = unique("Ann", "Ben")
    ids = several(hub, sandbox, label, ann, ben)
    desk.opens()
    desk.shows("All")
    filters_by(desk.page, "Label", label)
    expect(rows(desk.page)).to_have_count(2)
    keys = desk.page.keyboard
    for key in ("j", "x", "j", "x", "e"):
        keys.press(key)
    expect(desk.page.get_by_text("2 conversations changed")).to_be_visible()
    assert {hub.get(f"/conversations/{id_}")["status"] for id_ in ids.values()} == {"resolved"}


def test_labels_snooze_and_agents_are_chosen_by_typing(
    hub: RunningHub, sandbox: Sandbox, desk: Desk
) -> None:
    label, ann = unique("Ann")
    id_ = several(hub, sandbox, label, ann)[ann]
    desk.opens(id_)
    expect(desk.message(f"hello from {ann}")).to_be_visible()
    keys = desk.page.keyboard
    for key, typed in (("l", f"new-{label}"), ("a", "sam"), ("p", "high"), ("s", "tomorrow")):
        keys.press(key)
        desk.page.get_by_role("dialog").get_by_role("combobox").fill(typed)
        expect(desk.page.get_by_role("dialog").get_by_role("option").first).to_be_visible()
        keys.press("Enter")
        expect(desk.page.get_by_role("dialog")).to_have_count(0)

    def is_changed() -> bool:
        found = hub.get(f"/conversations/{id_}")
        return (
            found["labels"] == [label, f"new-{label}"]
            and found["assignee"]["name"] == "Sam"
            and found["priority"] == "high"
            and found["status"] == "snoozed"
        )

    eventually(is_changed)


def test_g_goes_to_lists_and_single_keys_can_be_turned_off(desk: Desk) -> None:
    desk.opens()
    keys = desk.page.keyboard
    unassigned = desk.page.get_by_role("button", name="Unassigned")
    keys.press("g")
    keys.press("u")
    expect(unassigned).to_have_attribute("aria-pressed", "true")
    keys.press("?")
    desk.page.get_by_label("Single letters are commands").uncheck()
    keys.press("Escape")
    expect(desk.page.get_by_role("dialog")).to_have_count(0)
    keys.press("g")
    keys.press("a")
    expect(unassigned).to_have_attribute("aria-pressed", "true")
    desk.page.reload()
    expect(unassigned).to_be_visible()
    keys.press("?")
    expect(desk.page.get_by_role("dialog")).to_have_count(0)
    keys.press("Control+k")
    expect(desk.page.get_by_role("dialog", name="Command palette")).to_be_visible()


def test_the_palette_finds_a_conversation_that_the_list_does_not_show(
    hub: RunningHub, sandbox: Sandbox, desk: Desk
) -> None:
    label, ann = unique("Ann")
    id_ = several(hub, sandbox, label, ann)[ann]
    hub.patch(f"/conversations/{id_}", {"status": "resolved"})
    desk.opens()
    desk.page.keyboard.press("Control+k")
    desk.page.get_by_role("dialog", name="Command palette").get_by_role("combobox").fill(ann)
    desk.page.get_by_role("option").filter(has_text=ann).first.click()
    expect(desk.message(f"hello from {ann}")).to_be_visible()


def test_a_search_with_operators_marks_its_words_and_leads_to_the_message(
    hub: RunningHub, sandbox: Sandbox, desk: Desk
) -> None:
    label, ann, ben = unique("Ann", "Ben")
    ids = several(hub, sandbox, label, ann, ben)
    sandbox.telegram.customer(ann).says("where is my zażółć parcel?")
    stored(hub, "where is my zażółć parcel?")
    desk.opens()
    search = desk.page.get_by_label("Search messages and people")
    search.fill(f'from:"{ann}" zazolc')
    results = desk.page.get_by_role("region", name="Search")
    hit = results.get_by_role("button")
    expect(hit).to_have_count(1)
    expect(hit).to_contain_text(ann)
    expect(hit.locator("mark")).to_have_text("zażółć")
    hit.click()
    expect(desk.message("zażółć parcel")).to_be_visible()
    search.fill(f"label:{label} hello")
    expect(hit).to_have_count(2)
    search.fill(f"label:{label} is:resolved hello")
    expect(results).to_contain_text("Nothing")
    assert len(ids) == 2


def test_a_link_to_a_message_that_is_not_there_ends_with_an_answer(
    hub: RunningHub, sandbox: Sandbox, desk: Desk, watch: Watch
) -> None:
    label, ann = unique("Ann")
    several(hub, sandbox, label, ann)
    desk.opens()
    page = desk.page

    def elsewhere(route: Any) -> None:
        answer = route.fetch()
        body = answer.json()
        for item in body["items"]:
            if item["message"]:
                item["message"]["id"] = "987654321"
        route.fulfill(response=answer, json=body)

    page.route("**/api/v1/search?*", elsewhere)
    page.get_by_label("Search messages and people").fill(f"hello label:{label}")
    page.get_by_role("region", name="Search").get_by_role("button").first.click()
    expect(page.get_by_text("This message is not here any more.")).to_be_visible()
