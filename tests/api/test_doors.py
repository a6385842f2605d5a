"""Passwords, sign-ins and tokens: changed, ended, and not guessed; nobody is locked out."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from hub.accounts.sign_in_limits import ACCOUNT_TRIES, LONGEST_DELAY, OWN_TRIES, delay_after
from tests.api.conftest import PASSWORD, Browser
from tests.api.test_accounts import is_closed, screen_of
from tests.api.test_commands import hub as command
from tests.api.test_resources import word
from tests.harness import RunningHub, eventually

pytestmark = pytest.mark.servers
NEW_PASSWORD = "green lamps above the river"


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    config = "connectors:\n  website: {kind: webchat}\n"
    folder = tmp_path_factory.mktemp("doors")
    with RunningHub(folder, config, HUB_TRUSTED_PROXIES="1") as hub:
        yield hub


@pytest.fixture
def lee(fresh: RunningHub) -> str:
    """An account of each test's own."""
    email = f"{word()}@example.com"
    fresh.hires(email, "Lee")
    return email


def signed_in(hub: RunningHub, email: str, password: str = PASSWORD) -> Browser:
    browser = Browser(hub)
    browser.jar.headers.update(another_address())
    assert browser.signs_in(email, password).status_code == 200
    return browser


_ADDRESSES = itertools.count(1)


def another_address() -> dict[str, str]:
    """The headers of a client that nobody has seen yet, as a proxy adds them."""
    number = next(_ADDRESSES)
    return {"X-Forwarded-For": f"203.0.{number // 250}.{number % 250}"}


def tries(hub: RunningHub, email: str, password: str) -> requests.Response:
    return requests.post(
        f"{hub.url}/api/v1/session",
        json={"email": email, "password": password},
        headers=another_address(),
        timeout=20,
    )


def is_in(browser: Browser) -> bool:
    return bool(browser.sends("GET", "/session").status_code == 200)


# -- passwords -------------------------------------------------------------------------------------


def changes(browser: Browser, current: str, new: str) -> requests.Response:
    body = {"current": current, "new": new}
    return browser.sends("PUT", "/agents/me/password", json=body, headers=browser.csrf)


def test_a_changed_password_ends_the_other_sign_ins_and_keeps_this_one(
    fresh: RunningHub, lee: str
) -> None:
    here, elsewhere = signed_in(fresh, lee), signed_in(fresh, lee)
    screen, own_screen = screen_of(elsewhere), screen_of(here)
    assert changes(here, PASSWORD, NEW_PASSWORD).status_code == 204
    began = time.monotonic()
    assert is_closed(screen)
    assert time.monotonic() - began < 3
    assert own_screen.client.connected
    own_screen.close()
    assert (is_in(here), is_in(elsewhere)) == (True, False)
    assert tries(fresh, lee, PASSWORD).status_code == 401
    assert tries(fresh, lee, NEW_PASSWORD).status_code == 200


def test_a_password_is_changed_only_with_the_current_one_and_the_csrf_token(
    fresh: RunningHub, lee: str
) -> None:
    browser = signed_in(fresh, lee)
    wrong = changes(browser, "not my password", NEW_PASSWORD)
    assert (wrong.status_code, wrong.json()["field"]) == (422, "current")
    body = {"current": PASSWORD, "new": NEW_PASSWORD}
    assert browser.sends("PUT", "/agents/me/password", json=body).status_code == 403
    assert requests.put(f"{fresh.url}/api/v1/agents/me/password", json=body, timeout=10).status_code == 401  # fmt: skip  # noqa: E501
    assert tries(fresh, lee, PASSWORD).status_code == 200


def test_guessing_the_current_password_in_a_stolen_session_is_slowed_down(
    fresh: RunningHub, lee: str
) -> None:
    browser = signed_in(fresh, lee)
    statuses = [changes(browser, f"guess {n}", NEW_PASSWORD).status_code for n in range(8)]
    assert statuses[:OWN_TRIES] == [422] * OWN_TRIES
    assert statuses[-1] == 429


@pytest.mark.parametrize(
    "weak",
    ["short", "password123", "1234567890", "qwertyuiop", "aaaaaaaaaaaa", "{email}"],
)
def test_a_weak_password_is_refused_in_a_sentence(fresh: RunningHub, lee: str, weak: str) -> None:
    browser = signed_in(fresh, lee)
    refused = changes(browser, PASSWORD, weak.format(email=lee))
    assert (refused.status_code, refused.json()["field"]) == (422, "new")
    assert is_in(browser)


def test_a_service_account_has_no_password_and_no_sign_ins(fresh: RunningHub) -> None:
    body = {"current": PASSWORD, "new": NEW_PASSWORD}
    assert fresh.request("PUT", "/agents/me/password", json=body).status_code == 409
    assert fresh.request("DELETE", "/sessions").status_code == 409


def test_an_admin_resets_a_password_at_the_command_line(fresh: RunningHub, lee: str) -> None:
    browser = signed_in(fresh, lee)
    screen = screen_of(browser)
    for number in range(ACCOUNT_TRIES + 2):
        tries(fresh, lee, f"forgotten {number}")
    fresh.command("user", "password", lee, "--password-stdin", stdin=NEW_PASSWORD + "\n")
    assert is_closed(screen)
    assert not is_in(browser)
    assert tries(fresh, lee, NEW_PASSWORD).status_code == 200, "and the wrong tries are forgotten"


def test_the_command_refuses_a_weak_password_and_an_unknown_account(tmp_path: Path) -> None:
    add = ("user", "add", "a@example.com", "--name", "A", "--password-stdin")
    assert command(tmp_path, *add, given=PASSWORD + "\n").returncode == 0
    for email, given, expected in (
        ("a@example.com", "short\n", "10"),
        ("a@example.com", "password123\n", "guessed"),
        ("nobody@example.com", NEW_PASSWORD + "\n", "nobody"),
    ):
        done = command(tmp_path, "user", "password", email, "--password-stdin", given=given)
        assert done.returncode == 1
        assert expected in done.stderr
        assert "Traceback" not in done.stderr


# -- sign-ins --------------------------------------------------------------------------------------


def test_signing_out_everywhere_ends_all_sign_ins_but_this_one(fresh: RunningHub, lee: str) -> None:
    here, elsewhere, third = (signed_in(fresh, lee) for _ in range(3))
    token = fresh.makes_token("stays", lee)
    screen = screen_of(elsewhere)
    assert here.sends("DELETE", "/sessions", headers=here.csrf).status_code == 204
    assert is_closed(screen)
    assert [is_in(browser) for browser in (here, elsewhere, third)] == [True, False, False]
    as_lee = {"Authorization": f"Bearer {token}"}
    assert requests.get(f"{fresh.url}/api/v1/session", headers=as_lee, timeout=10).ok


def test_the_delay_grows_to_a_quarter_of_an_hour_and_no_further() -> None:
    delays = [delay_after(failures, ACCOUNT_TRIES) for failures in range(60)]
    assert delays[:ACCOUNT_TRIES] == [timedelta(0)] * ACCOUNT_TRIES
    seconds = [delay.total_seconds() for delay in delays[ACCOUNT_TRIES : ACCOUNT_TRIES + 4]]
    assert seconds == [1, 2, 4, 8]
    assert delays == sorted(delays)
    assert delays[-1] == LONGEST_DELAY == timedelta(minutes=15)


def guesses_until_delayed(hub: RunningHub, email: str) -> int:
    """Returns after how many wrong tries, each from another address, the account was delayed."""
    for number in range(20):
        answer = tries(hub, email, f"guess {number}")
        if answer.status_code == 429:
            assert int(answer.headers["Retry-After"]) >= 1
            return number
        assert answer.status_code == 401
    raise AssertionError("the account was never delayed")


def test_guesses_from_many_addresses_are_delayed_by_account(fresh: RunningHub, lee: str) -> None:
    assert guesses_until_delayed(fresh, lee) == ACCOUNT_TRIES


def test_an_unknown_account_is_delayed_alike(fresh: RunningHub) -> None:
    assert guesses_until_delayed(fresh, "nobody-at-all@example.com") == ACCOUNT_TRIES


def test_a_known_device_signs_in_while_strangers_guess(fresh: RunningHub, lee: str) -> None:
    browser = signed_in(fresh, lee)
    assert browser.sends("DELETE", "/session", headers=browser.csrf).status_code == 204
    guesses_until_delayed(fresh, lee)
    assert tries(fresh, lee, PASSWORD).status_code == 429, "a stranger, with the right password"
    assert browser.signs_in(lee).status_code == 200


def test_a_known_device_of_one_account_is_a_stranger_to_another(
    fresh: RunningHub, lee: str
) -> None:
    browser = signed_in(fresh, lee)
    other = f"other-{lee}"
    fresh.hires(other, "Kim")
    name = next(cookie.name for cookie in browser.jar.cookies if "device" in cookie.name)
    guesses_until_delayed(fresh, other)
    forged: dict[str, Any] = {
        f"{name[:11]}{suffix}": browser.jar.cookies[name] for suffix in ("", name[11:])
    }
    answer = requests.post(
        f"{fresh.url}/api/v1/session",
        json={"email": other, "password": PASSWORD},
        cookies=forged,
        headers=another_address(),
        timeout=20,
    )
    assert answer.status_code == 429


def test_a_known_device_that_guesses_is_delayed_too(fresh: RunningHub, lee: str) -> None:
    browser = signed_in(fresh, lee)
    statuses = [browser.signs_in(lee, f"guess {n}").status_code for n in range(ACCOUNT_TRIES + 1)]
    assert statuses == [401] * ACCOUNT_TRIES + [429]


def test_the_right_password_is_taken_once_the_delay_is_over(fresh: RunningHub, lee: str) -> None:
    guesses_until_delayed(fresh, lee)
    eventually(lambda: tries(fresh, lee, PASSWORD).status_code == 200, 10)
    assert [tries(fresh, lee, "wrong").status_code for _ in range(ACCOUNT_TRIES)] == [
        401
    ] * ACCOUNT_TRIES


# -- tokens ----------------------------------------------------------------------------------------


def token_named(hub: RunningHub, name: str) -> dict[str, Any]:
    return next(token for token in hub.get("/tokens")["items"] if token["name"] == name)


def test_tokens_are_listed_with_their_last_use_and_never_shown(fresh: RunningHub, lee: str) -> None:
    token = fresh.makes_token(f"crm of {lee}", lee)
    listed = token_named(fresh, f"crm of {lee}")
    assert set(listed) == {"id", "name", "owner", "created_at", "last_used_at"}
    assert (listed["owner"], listed["last_used_at"]) == (lee, None)
    as_lee = {"Authorization": f"Bearer {token}"}
    assert fresh.request("GET", "/session", headers=as_lee).status_code == 200
    eventually(lambda: token_named(fresh, f"crm of {lee}")["last_used_at"])
    assert token not in fresh.request("GET", "/tokens").text
    service = token_named(fresh, "Tests")
    assert service["owner"] is None and service["last_used_at"]


def test_the_use_of_a_token_by_a_socket_counts_as_well(fresh: RunningHub, lee: str) -> None:
    with fresh.agent(fresh.makes_token(f"screen of {lee}", lee)):
        eventually(lambda: token_named(fresh, f"screen of {lee}")["last_used_at"])


def test_agents_see_and_revoke_their_own_tokens_and_no_others(fresh: RunningHub, lee: str) -> None:
    own = fresh.makes_token("own", lee)
    as_lee = {"Authorization": f"Bearer {own}"}
    listed = fresh.request("GET", "/tokens", headers=as_lee).json()["items"]
    assert [token["owner"] for token in listed] == [lee]
    foreign = token_named(fresh, "Tests")["id"]
    assert fresh.request("DELETE", f"/tokens/{foreign}", headers=as_lee).status_code == 404
    path = f"/tokens/{listed[0]['id']}"
    assert fresh.request("DELETE", path, headers=as_lee).status_code == 204
    assert fresh.request("GET", "/tokens", headers=as_lee).status_code == 401


def test_a_revoked_token_ends_its_sockets_too(fresh: RunningHub, lee: str) -> None:
    token = fresh.makes_token(f"over {lee}", lee)
    screen = fresh.agent(token)
    token_id = token_named(fresh, f"over {lee}")["id"]
    assert fresh.request("DELETE", f"/tokens/{token_id}").status_code == 204
    assert is_closed(screen)
    assert fresh.request("DELETE", f"/tokens/{token_id}").status_code == 404


def test_tokens_are_listed_and_revoked_at_the_command_line(tmp_path: Path) -> None:
    add = ("user", "add", "a@example.com", "--name", "A", "--password-stdin")
    assert command(tmp_path, *add, given=PASSWORD + "\n").returncode == 0
    command(tmp_path, "token", "create", "--name", "service")
    command(tmp_path, "token", "create", "--name", "of A", "--user", "a@example.com")
    lines = command(tmp_path, "token", "list").stdout.splitlines()
    assert [line.split("\t")[1:3] for line in lines] == [
        ["service", "(service)"],
        ["of A", "a@example.com"],
    ]
    assert all(line.endswith("\tnever") for line in lines)
    done = command(tmp_path, "token", "revoke", lines[0].split("\t")[0])
    assert done.returncode == 0
    assert command(tmp_path, "token", "list").stdout.splitlines() == lines[1:]
    again = command(tmp_path, "token", "revoke", lines[0].split("\t")[0])
    assert (again.returncode, "Traceback" in again.stderr) == (1, False)
