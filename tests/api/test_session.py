"""Signing in and out: cookie, CSRF, and what a stranger can learn or try."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import pytest

from hub.accounts import agents
from hub.app import App
from hub.config import load_config
from hub.settings import Settings
from tests.api.conftest import PASSWORD, Browser, add_user
from tests.harness import RunningHub

pytestmark = pytest.mark.servers
WRONG = "not the password"


def test_signing_in_gives_a_cookie_that_scripts_and_other_sites_cannot_use(
    ann: Browser,
) -> None:
    answer = ann.signs_in()
    assert answer.status_code == 200
    assert answer.json()["agent"]["email"] == "ann@example.com"
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("hub_session=")
    for flag in ("HttpOnly", "SameSite=Lax", "Path=/"):
        assert flag in cookie
    assert ann.sends("GET", "/session").json()["name"] == "Ann"


def test_over_https_the_cookie_is_secure_and_bound_to_the_host(tmp_path: Path) -> None:
    config = tmp_path / "connectors.yaml"
    config.write_text("connectors: {}\n")
    settings = Settings.load(
        data_dir=tmp_path,
        database_url=f"sqlite:///{tmp_path}/hub.db",
        public_url="https://hub.test",
    )
    app = App(settings, lambda: load_config(config, {}))

    app.store.write(lambda tx: agents.add_agent(tx, "a@example.com", "A", "agent", PASSWORD))
    answer = app.flask.test_client().post(
        "/api/v1/session", json={"email": "a@example.com", "password": PASSWORD}
    )
    app.stop()
    assert answer.status_code == 200
    assert answer.headers["Set-Cookie"].startswith("__Host-hub_session=")
    assert "Secure" in answer.headers["Set-Cookie"]
    assert answer.headers["Strict-Transport-Security"]


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(ann: Browser) -> None:
    wrong = ann.signs_in(password=WRONG)
    unknown = ann.signs_in("nobody@example.com", WRONG)
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.headers["Content-Type"] == "application/problem+json"
    assert wrong.json() == unknown.json()
    assert "Set-Cookie" not in wrong.headers


def test_an_unknown_address_takes_as_long_as_a_wrong_password(ann: Browser) -> None:
    def fastest(email: str) -> float:
        times = []
        for _ in range(6):
            begin = time.perf_counter()
            ann.signs_in(email, WRONG)
            times.append(time.perf_counter() - begin)
        return min(times)

    known, unknown = fastest("ann@example.com"), fastest("nobody@example.com")
    assert 0.5 < unknown / known < 2.0


def test_a_change_by_cookie_needs_the_csrf_token(ann: Browser) -> None:
    ann.signs_in()
    away = {"presence": "away"}
    assert ann.sends("PATCH", "/agents/me", json=away).status_code == 403
    wrong = {"X-CSRF-Token": "guess"}
    assert ann.sends("PATCH", "/agents/me", json=away, headers=wrong).status_code == 403
    right = ann.sends("PATCH", "/agents/me", json=away, headers=ann.csrf)
    assert right.status_code == 200
    ann.sends("PATCH", "/agents/me", json={"presence": "online"}, headers=ann.csrf)


def test_a_change_by_token_needs_no_csrf_token(hub: RunningHub, ann_token: str) -> None:
    answer = hub.request(
        "PATCH",
        "/agents/me",
        json={"presence": "online"},
        headers={"Authorization": f"Bearer {ann_token}"},
    )
    assert answer.status_code == 200


def test_signing_out_ends_the_session_on_the_server(ann: Browser) -> None:
    ann.signs_in()
    cookies = dict(ann.jar.cookies)
    assert ann.sends("DELETE", "/session").status_code == 403
    assert ann.sends("DELETE", "/session", headers=ann.csrf).status_code == 204
    assert ann.sends("GET", "/session").status_code == 401
    assert ann.sends("GET", "/session", cookies=cookies).status_code == 401


def test_signing_in_again_ends_the_session_before(ann: Browser) -> None:
    ann.signs_in()
    before = dict(ann.jar.cookies)
    ann.signs_in()
    assert dict(ann.jar.cookies) != before
    stranger = Browser(ann.hub)
    assert stranger.sends("GET", "/session", cookies=before).status_code == 401


def test_a_disabled_agent_is_signed_out_everywhere(hub: RunningHub, ann: Browser) -> None:
    add_user(hub, "leaver@example.com", "Leaver")
    token = hub.makes_token("x", "leaver@example.com")
    ann.signs_in("leaver@example.com")
    assert ann.sends("GET", "/session").status_code == 200
    with sqlite3.connect(hub.folder / "data" / "hub.db") as database:
        database.execute(
            "UPDATE agent SET disabled_at = '2026-01-01 00:00:00.000000' WHERE email = ?",
            ("leaver@example.com",),
        )
    assert ann.sends("GET", "/session").status_code == 401
    assert ann.signs_in("leaver@example.com").status_code == 401
    by_token = hub.request("GET", "/session", headers={"Authorization": f"Bearer {token}"})
    assert by_token.status_code == 401
    assert "leaver@example.com" not in [one["email"] for one in hub.get("/agents")["items"]]


def test_nobody_gets_in_without_a_token_or_a_cookie(hub: RunningHub) -> None:
    for header in ("", "Bearer nonsense", "Bearer ", "Basic aHViOmh1Yg==", "Bearer a b"):
        answer = hub.request("GET", "/conversations", headers={"Authorization": header})
        assert answer.status_code == 401, header
        assert answer.json()["code"] == "not_signed_in"
        assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_passwords_and_tokens_are_in_no_log_and_no_database(
    hub: RunningHub, ann: Browser, ann_token: str
) -> None:
    ann.signs_in()
    ann.signs_in(password="a secret typing mistake")
    kept = b"".join(one.read_bytes() for one in (hub.folder / "data").glob("hub.db*"))
    session = ann.jar.cookies["hub_session"]
    for secret in (PASSWORD, "a secret typing mistake", ann_token, hub.token, session):
        assert secret not in hub.log.read_text()
        assert secret.encode() not in kept
