"""An agent's own password, sign-ins and tokens, on the screen."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import AWAY, PASSWORD, Watch
from tests.harness import RunningHub

pytestmark = pytest.mark.browser

IDA = "ida@example.com"
NEW_PASSWORD = "green lamps above the river"


def signs_in(page: Page, hub: RunningHub, password: str = PASSWORD) -> None:
    page.goto(hub.url)
    page.get_by_label("Email").fill(IDA)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()


def opens_account(page: Page) -> None:
    page.get_by_role("button", name="Your settings").click()
    page.get_by_role("menuitem", name="Your account").click()


def test_an_agent_changes_the_password_ends_sign_ins_and_revokes_a_token(
    hub: RunningHub, new_context: Callable[..., BrowserContext], watch: Watch
) -> None:
    watch.allows(AWAY)
    hub.hires(IDA, "Ida", password=PASSWORD)
    hub.makes_token("My script", IDA)
    here = watch.over(new_context().new_page())
    elsewhere = watch.over(new_context().new_page())
    for page in (here, elsewhere):
        signs_in(page, hub)
        expect(page.get_by_role("heading", name="Inbox", exact=True)).to_be_visible()

    opens_account(here)
    dialog = here.get_by_role("dialog", name="Your account")
    dialog.get_by_label("Current password").fill("not my password")
    dialog.get_by_label("New password").fill(NEW_PASSWORD)
    dialog.get_by_role("button", name="Change password").click()
    expect(dialog.get_by_role("alert")).to_contain_text("not your password")
    dialog.get_by_label("Current password").fill(PASSWORD)
    dialog.get_by_role("button", name="Change password").click()
    expect(here.get_by_text("Your password is changed.")).to_be_visible()
    expect(elsewhere.get_by_role("heading", name="Sign in to your inbox")).to_be_visible()

    signs_in(elsewhere, hub)
    expect(elsewhere.get_by_text("hub user password")).to_be_visible()
    signs_in(elsewhere, hub, NEW_PASSWORD)
    expect(elsewhere.get_by_role("heading", name="Inbox", exact=True)).to_be_visible()
    dialog.get_by_role("button", name="Sign out everywhere else").click()
    expect(elsewhere.get_by_role("heading", name="Sign in to your inbox")).to_be_visible()

    dialog.get_by_role("button", name="Revoke My script").click()
    expect(dialog.get_by_text("There are none.")).to_be_visible()
