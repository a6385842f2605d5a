"""What an agent's screen does when the server lets it in no more."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from hub.sandbox import Sandbox
from tests.browser.conftest import AWAY, PASSWORD, Watch
from tests.browser.screens import Desk, conversation_of
from tests.harness import RunningHub

pytestmark = pytest.mark.browser

KIM = "kim@example.com"


def signs_in(page: Page) -> None:
    page.get_by_label("Email").fill(KIM)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def test_a_disabled_account_sees_the_sign_in_and_later_is_where_it_was(
    hub: RunningHub, sandbox: Sandbox, new_context: Callable[..., BrowserContext], watch: Watch
) -> None:
    watch.allows(AWAY)
    hub.hires(KIM, "Kim", password=PASSWORD)
    sandbox.telegram.customer("Ulla Kask").says("this is between us")
    conversation_id = conversation_of(hub, "this is between us")
    desk = Desk(watch.over(new_context().new_page()), hub)
    desk.page.goto(f"{hub.url}/#/conversations/{conversation_id}")
    signs_in(desk.page)
    expect(desk.message("this is between us")).to_be_visible()
    desk.field.fill("half an ans")

    hub.command("user", "disable", KIM)
    expect(desk.page.get_by_role("heading", name="Sign in to your inbox")).to_be_visible()
    expect(desk.page.get_by_text("this is between us")).to_have_count(0)
    expect(desk.page.get_by_text("Ulla Kask")).to_have_count(0)

    hub.command("user", "enable", KIM)
    signs_in(desk.page)
    expect(desk.message("this is between us")).to_be_visible()
    expect(desk.field).to_have_value("half an ans")
    desk.field.press_sequentially("wer")
    desk.field.press("Enter")
    assert sandbox.telegram.customer("Ulla Kask").received.wait_for(text="half an answer")
    hub.command("user", "disable", KIM)
