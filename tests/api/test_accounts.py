"""Accounts end: who is disabled, or has signed out, is out everywhere at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import requests

from hub.sandbox import Sandbox
from tests.api.conftest import PASSWORD, Browser, add_user
from tests.api.test_commands import hub as command
from tests.api.test_resources import word
from tests.harness import RunningHub, Screen, eventually

pytestmark = pytest.mark.servers


@pytest.fixture
def email(hub: RunningHub) -> str:
    """Somebody who works here, and is about to leave."""
    email = f"{word()}@example.com"
    add_user(hub, email, "Lee")
    return email


@pytest.fixture
def token(hub: RunningHub, email: str) -> str:
    return hub.makes_token("x", email)


def screen_of(browser: Browser) -> Screen:
    """The inbox of somebody who signed in, as their browser opens it."""
    cookies = "; ".join(f"{one.name}={one.value}" for one in browser.jar.cookies)
    return Screen(browser.hub.url, "/agent", {}, headers={"Cookie": cookies})


def is_closed(screen: Screen) -> bool:
    return eventually(lambda: not screen.client.connected, expected="the screen to be closed")


def account(hub: RunningHub, email: str) -> dict[str, Any] | None:
    found = [one for one in hub.get("/agents")["items"] if one["email"] == email]
    return found[0] if found else None


def answers(hub: RunningHub, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return requests.get(f"{hub.url}/api/v1/session", headers=headers, timeout=10).status_code


def test_who_is_disabled_is_out_at_once(hub: RunningHub, email: str, token: str) -> None:
    browser = Browser(hub)
    browser.signs_in(email)
    screens = [screen_of(browser), hub.agent(token)]
    with hub.agent() as other:
        hub.command("user", "disable", email.upper())
        assert browser.sends("GET", "/session").status_code == 401
        assert answers(hub, token) == 401
        assert browser.signs_in(email).status_code == 401
        assert all(is_closed(screen) for screen in screens)
        assert other.client.connected
    assert account(hub, email) is None


def test_what_they_held_goes_back_to_the_queue(
    hub: RunningHub, sandbox: Sandbox, email: str
) -> None:
    lee = account(hub, email)
    assert lee is not None
    held = []
    for status in ("open", "pending", "resolved"):
        text = word()
        sandbox.telegram.customer("Kim " + word()).says(text)
        conversation = hub.message_with(text)["conversation_id"]
        hub.patch(f"/conversations/{conversation}", {"assignee_id": lee["id"]})
        hub.patch(f"/conversations/{conversation}", {"status": status})
        held.append(conversation)
    with hub.agent() as other:
        hub.command("user", "disable", email)
        for conversation in held[:2]:
            other.wait_for(
                "conversation.updated",
                lambda told, id_=conversation: (
                    told["conversation"]["id"] == id_
                    and (told["conversation"]["assignee"] or {}).get("id") != lee["id"]
                ),
            )
    # Who closed what is closed stays known.
    assert hub.get(f"/conversations/{held[2]}")["assignee"]["id"] == lee["id"]
    told = hub.request("PATCH", f"/conversations/{held[0]}", json={"assignee_id": lee["id"]})
    assert told.status_code == 422


def test_who_is_enabled_again_signs_in_and_has_no_tokens(
    hub: RunningHub, email: str, token: str
) -> None:
    hub.command("user", "disable", email)
    hub.command("user", "disable", email)
    hub.command("user", "enable", email)
    assert Browser(hub).signs_in(email).status_code == 200
    assert answers(hub, token) == 401


def test_the_last_admin_cannot_be_disabled(tmp_path: Path) -> None:
    def add(email: str) -> None:
        options = ("--name", "A", "--role", "admin", "--password-stdin")
        assert command(tmp_path, "user", "add", email, *options, given=PASSWORD).returncode == 0

    add("first@example.com")
    done = command(tmp_path, "user", "disable", "first@example.com")
    assert done.returncode == 1
    assert "last admin" in done.stderr
    add("second@example.com")
    assert command(tmp_path, "user", "disable", "first@example.com").returncode == 0
    done = command(tmp_path, "user", "disable", "second@example.com")
    assert done.returncode == 1
    refused = command(tmp_path, "token", "create", "--name", "x", "--user", "first@example.com")
    assert refused.returncode == 1
    assert "disabled" in refused.stderr


@pytest.mark.parametrize("verb", ["disable", "enable"])
def test_nobody_is_found_by_an_address_that_nobody_has(tmp_path: Path, verb: str) -> None:
    done = command(tmp_path, "user", verb, "nobody@example.com")
    assert (done.returncode, done.stdout) == (1, "")
    assert "Nobody has the address" in done.stderr


def test_signing_out_closes_the_screens_of_that_browser_alone(
    hub: RunningHub, email: str, token: str
) -> None:
    one, other = Browser(hub), Browser(hub)
    for browser in (one, other):
        browser.signs_in(email)
    leaving, staying, program = screen_of(one), screen_of(other), hub.agent(token)
    assert one.sends("DELETE", "/session", headers=one.csrf).status_code == 204
    assert is_closed(leaving)
    assert staying.ask("sync", after="0")["ok"]
    assert program.ask("sync", after="0")["ok"]
    staying.close()
    program.close()
