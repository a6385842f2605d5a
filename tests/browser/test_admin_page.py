"""An admin sees teams and loads as they are now, tries rules out, and applies the file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from hub.sandbox import Sandbox
from tests.browser.conftest import EMAIL, Watch
from tests.browser.screens import Desk, serious_problems, stored
from tests.harness import RunningHub

pytestmark = pytest.mark.browser

TEAMS = f"""
hours: {{never: {{holidays: []}}}}
teams:
  night: {{members: [{EMAIL}], hours: never}}
routing:
  - {{name: refunds, when: {{words: [refund]}}, team: night, priority: high}}
"""


@pytest.fixture
def with_teams(hub: RunningHub, watch: Watch) -> Iterator[None]:
    watch.allows(r"status of 409")  # the browser tells of every refusal
    before = hub.config.read_text()
    hub.config.write_text(before + TEAMS)
    yield
    hub.config.write_text(before)
    hub.post("/config/reload", status=200)


def opened(desk: Desk) -> Locator:
    desk.page.goto(desk.hub.url)
    desk.page.get_by_role("button", name="Your settings").click()
    desk.page.get_by_role("menuitem", name="Admin").click()
    expect(desk.page.get_by_role("heading", name="Admin")).to_be_visible()
    return desk.page.get_by_role("main")


def test_teams_appear_when_the_file_is_applied_and_their_queue_is_live(
    hub: RunningHub, sandbox: Sandbox, desk: Desk, with_teams: None
) -> None:
    page = opened(desk)
    page.get_by_role("button", name="Apply the file").click()
    expect(page.get_by_role("status")).to_contain_text("+ teams.night")
    sandbox.telegram.customer("Quinn Queue").says("I want a refund for these")
    conversation = stored(hub, "I want a refund for these")["conversation_id"]
    named = desk.page.get_by_role("heading", name="night")
    night = page.get_by_role("listitem").filter(has=named)
    expect(night).to_contain_text("Closed")
    expect(night).to_contain_text(re.compile(r"1\s*waiting"))
    me = next(agent for agent in hub.get("/agents")["items"] if agent["email"] == EMAIL)
    hub.patch(f"/conversations/{conversation}", {"assignee_id": me["id"]})
    expect(night).to_contain_text(re.compile(r"0\s*waiting"))


def test_a_rule_is_tried_before_it_is_live(desk: Desk, with_teams: None) -> None:
    page = opened(desk)
    page.get_by_label("Channel").select_option("telegram")
    page.get_by_label("What the customer writes").fill("A refund, please")
    page.get_by_role("button", name="Try it").click()
    answer = page.get_by_role("status")
    expect(answer).to_contain_text(re.compile("refunds.*decides"))
    expect(answer).to_contain_text(re.compile("Goes to.*night"))
    page.get_by_label("What the customer writes").fill("Hello")
    page.get_by_role("button", name="Try it").click()
    expect(answer).to_contain_text("no: words")


def test_a_wrong_file_is_refused_with_every_line(
    hub: RunningHub, desk: Desk, with_teams: None
) -> None:
    hub.config.write_text(hub.config.read_text().replace("team: night", "team: nigth"))
    page = opened(desk)
    page.get_by_role("button", name="Apply the file").click()
    problems = page.get_by_role("alert").filter(has_text="did you mean night?")
    expect(problems).to_be_in_viewport()
    expect(page.get_by_role("button", name="Apply the file")).to_be_focused()


@pytest.mark.parametrize("look", ["light", "dark", "phone", "arabic"])
def test_the_page_is_accessible(
    hub: RunningHub, new_desk: Callable[..., Desk], look: str, with_teams: None
) -> None:
    looks: dict[str, dict[str, Any]] = {
        "light": {"color_scheme": "light"},
        "dark": {"color_scheme": "dark"},
        "phone": {"viewport": {"width": 390, "height": 844}},
        "arabic": {"locale": "ar"},
    }
    page = new_desk(**looks[look], bypass_csp=True).page
    page.goto(f"{hub.url}/#/admin")
    expect(page.get_by_role("meter").first).to_be_visible()
    assert serious_problems(page) == []
