"""An admin connects a mailbox on the admin's page, and sees its state change there."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from hub.sandbox import Sandbox
from tests.browser.conftest import EMAIL, PASSWORD, Watch
from tests.e2e.test_mailbox_by_oauth import hub_for
from tests.harness import RunningHub

pytestmark = pytest.mark.browser


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox()
    sandbox.mail.takes_tokens_only(sandbox.oauth.opens)
    with sandbox:
        yield sandbox


@pytest.fixture
def hub(sandbox: Sandbox, tmp_path: Path) -> Iterator[RunningHub]:
    with hub_for(sandbox, tmp_path) as hub:
        hub.hires(EMAIL, "Alex", "admin", PASSWORD)
        yield hub


def test_a_mailbox_is_connected_by_a_button_and_anew_after_its_consent_ended(
    hub: RunningHub, sandbox: Sandbox, new_context: Callable[..., BrowserContext], watch: Watch
) -> None:
    watch.allows("status of 401")  # before the sign-in
    page = watch.over(new_context().new_page())
    page.goto(f"{hub.url}/#/admin")
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    connectors = page.get_by_role("region", name="Connectors")
    mailbox = connectors.get_by_role("listitem")
    expect(mailbox).to_contain_text("Needs attention")
    expect(mailbox).to_contain_text("an admin must connect it")

    sandbox.oauth.lifetime = 5
    mailbox.get_by_role("button", name=re.compile("^Connect")).click()
    expect(mailbox.get_by_text("Works")).to_be_visible()
    assert page.url == f"{hub.url}/#/admin"
    sandbox.mail.customer("dora@home.example").sends(subject="Boots", text="by the button")
    hub.message_with("by the button")

    sandbox.oauth.withdraws_consent()
    sandbox.mail.cuts_imap()
    expect(mailbox).to_contain_text("no longer accepts the consent", timeout=60_000)
    expect(mailbox).to_contain_text("An admin must connect the mailbox again")
    sandbox.oauth.lifetime = 3600
    sandbox.mail.customer("eve@home.example").sends(subject="Boots", text="while it was away")
    mailbox.get_by_role("button", name=re.compile("^Connect")).click()
    expect(mailbox.get_by_text("Works")).to_be_visible()
    began = time.monotonic()
    hub.message_with("while it was away")
    assert time.monotonic() - began < 15, "the mailbox was not read at once"
    expect(mailbox.get_by_role("button", name=re.compile("^Connect anew"))).to_be_visible()
