"""A mailbox that takes tokens alone, at a hub as it runs: connected, renewed, revoked, connected.

The hub runs on green threads here.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from hub.oauth.consents import ConsentAnswer
from hub.sandbox import Sandbox
from tests.harness import PASSWORD, RunningHub, eventually, free_port

pytestmark = pytest.mark.servers

CONFIG = """
connectors:
  mail:
    kind: email
    address: {address}
    smtp: {{host: 127.0.0.1, port: {smtp}, tls: none}}
    imap: {{host: 127.0.0.1, port: {imap}, tls: none}}
    poll_seconds: 1
    oauth:
      provider: custom
      flow: {flow}
      client_id: sandbox-app
      client_secret: ${{APP_SECRET}}
      token_url: {url}/oauth/token
      authorize_url: {url}/oauth/authorize
      scopes: [mail.read, mail.send, offline_access]
"""


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox()
    sandbox.mail.takes_tokens_only(sandbox.oauth.opens)
    with sandbox:
        yield sandbox


def hub_for(sandbox: Sandbox, folder: Path, flow: str = "authorization_code") -> RunningHub:
    port = free_port()
    sandbox.hub_url = f"http://127.0.0.1:{port}"
    sandbox.oauth.redirect_uris.append(f"{sandbox.hub_url}/oauth/callback")
    config = CONFIG.format(
        address=sandbox.mail.address,
        smtp=sandbox.smtp_port,
        imap=sandbox.imap_port,
        flow=flow,
        url=sandbox.url,
    )
    return RunningHub(folder, config, port=port, APP_SECRET=sandbox.oauth.client_secret)


@pytest.fixture
def hub(sandbox: Sandbox, tmp_path: Path) -> Iterator[RunningHub]:
    with hub_for(sandbox, tmp_path) as hub:
        yield hub


def shown(hub: RunningHub) -> dict[str, Any]:
    (connector,) = hub.get("/connectors")["items"]
    return dict(connector)


class Admin:
    """An admin in a browser, signed in to a hub."""

    def __init__(self, hub: RunningHub, email: str) -> None:
        self.hub = hub
        self.browser = requests.Session()
        hub.hires(email, "Kadri", role="admin")
        signed_in = self.browser.post(
            f"{hub.url}/api/v1/session", json={"email": email, "password": PASSWORD}, timeout=20
        )
        self.browser.headers["X-CSRF-Token"] = signed_in.json()["csrf_token"]

    def begins(self) -> str:
        """Begins to connect the mailbox. Returns the address of the consent page."""
        answer = self.browser.post(f"{self.hub.url}/api/v1/connectors/mail/connect", timeout=20)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["url"])

    def is_led_back(self, url: str) -> str:
        """Consents at the provider. Returns the address that its page leads to."""
        return str(requests.get(url, allow_redirects=False, timeout=20).headers["Location"])

    def opens(self, url: str) -> requests.Response:
        return self.browser.get(url, timeout=20)

    def connects(self) -> requests.Response:
        return self.opens(self.is_led_back(self.begins()))


def test_an_admin_connects_a_mailbox_and_mail_goes_both_ways(
    hub: RunningHub, sandbox: Sandbox
) -> None:
    eventually(lambda: "hub mail connect mail" in shown(hub)["last_error"])
    assert shown(hub)["state"] == "attention"
    page = Admin(hub, "kadri@example.com").connects()
    assert page.status_code == 200 and page.url.endswith("/#/admin")
    assert page.history[0].headers["Referrer-Policy"] == "no-referrer"
    eventually(lambda: shown(hub)["state"] == "ok", timeout=60)
    dora = sandbox.mail.customer("dora@example.org", "Dora")
    dora.sends(subject="Boots", text="hi by token")
    message = hub.message_with("hi by token")
    sent = hub.reply(message["conversation_id"], "hello by token")
    assert dora.received.wait_for(text="hello by token")
    hub.delivery_of(sent, "sent")
    # No token, code or secret is in what the hub wrote down.
    log = hub.log.read_text()
    secrets = [*sandbox.oauth.issued, sandbox.oauth.client_secret]
    assert len(secrets) >= 3
    assert [text for text in secrets if text in log] == []


def test_a_consent_that_is_withdrawn_needs_attention_until_it_is_given_anew(
    hub: RunningHub, sandbox: Sandbox
) -> None:
    admin = Admin(hub, "kadri@example.com")
    sandbox.oauth.lifetime = 5
    admin.connects()
    eventually(lambda: shown(hub)["state"] == "ok", timeout=60)
    sandbox.oauth.withdraws_consent()
    sandbox.mail.cuts_imap()
    eventually(lambda: shown(hub)["state"] == "attention", timeout=60)
    eventually(lambda: "no longer accepts the consent" in shown(hub)["last_error"])
    assert "hub mail connect mail" in shown(hub)["last_error"]
    # What is known to be withdrawn is not asked for again.
    asked = len(sandbox.oauth.grants)
    check = hub.post("/connectors/mail/check", status=200)
    assert check["ok"] is False and len(sandbox.oauth.grants) == asked
    sandbox.oauth.lifetime = 3600
    admin.connects()
    eventually(lambda: shown(hub)["state"] == "ok", timeout=60)
    sandbox.mail.customer("eve@example.org").sends(subject="Again", text="after the new consent")
    hub.message_with("after the new consent")


def test_an_answer_of_the_provider_is_taken_once_and_only_from_the_admin_who_began(
    hub: RunningHub, sandbox: Sandbox
) -> None:
    admin, other = Admin(hub, "kadri@example.com"), Admin(hub, "mart@example.com")
    back = admin.is_led_back(admin.begins())
    assert requests.get(back, timeout=20).status_code == 401
    assert other.opens(back).status_code == 422
    forged = back.replace(ConsentAnswer.read(back).state, "x" * 43)
    assert admin.opens(forged).status_code == 422
    assert sandbox.oauth.grants == []
    assert admin.opens(back).status_code == 200
    assert admin.opens(back).status_code == 422
    assert sandbox.oauth.grants.count("authorization_code") == 1


def test_a_person_who_says_no_is_no_error_of_the_hub(hub: RunningHub, sandbox: Sandbox) -> None:
    sandbox.oauth.refuses_consent()
    page = Admin(hub, "kadri@example.com").connects()
    assert page.status_code == 422 and "access_denied" in page.text


def test_only_admins_begin_a_consent_and_only_where_there_is_one(hub: RunningHub) -> None:
    hub.hires("olga@example.com", "Olga")
    token = hub.makes_token("Olga's", "olga@example.com")
    refused = hub.request(
        "POST", "/connectors/mail/connect", headers={"Authorization": f"Bearer {token}"}
    )
    assert refused.status_code == 403
    hub.post("/connectors/unknown/connect", status=404)


def test_a_mailbox_is_connected_at_a_terminal(hub: RunningHub, sandbox: Sandbox) -> None:
    command = [sys.executable, "-m", "hub", "mail", "connect", "mail", "--config", str(hub.config)]
    with subprocess.Popen(
        command, env=hub.environment, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
    ) as terminal:
        assert terminal.stdout is not None
        lines = iter(terminal.stdout.readline, "")
        url = next(line.strip() for line in lines if line.startswith("http"))
        assert "code_challenge_method=S256" in url
        page = requests.get(url, timeout=20)
        assert page.status_code == 200 and page.url.startswith("http://localhost:")
        rest = terminal.stdout.read()
        assert terminal.wait(30) == 0
    assert "mail is connected" in rest
    eventually(lambda: shown(hub)["state"] == "ok", timeout=60)


def test_the_address_may_be_pasted_at_a_terminal(hub: RunningHub, sandbox: Sandbox) -> None:
    command = [sys.executable, "-m", "hub", "mail", "connect", "mail", "--config", str(hub.config)]
    command += ["--redirect-uri", f"{hub.url}/oauth/callback"]
    with subprocess.Popen(
        command, env=hub.environment, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
    ) as terminal:
        assert terminal.stdout is not None and terminal.stdin is not None
        lines = iter(terminal.stdout.readline, "")
        url = next(line.strip() for line in lines if line.startswith("http"))
        back = requests.get(url, allow_redirects=False, timeout=20).headers["Location"]
        terminal.stdin.write(f"nonsense\n{re.sub('state=[^&]+', 'state=zzz', back)}\n{back}\n")
        terminal.stdin.flush()
        rest = terminal.stdout.read()
        assert terminal.wait(30) == 0
    assert "not an address" in rest and "another consent" in rest and "is connected" in rest


def test_an_app_signs_in_by_itself_with_client_credentials(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    with hub_for(sandbox, tmp_path, "client_credentials") as hub:
        eventually(lambda: "client_credentials" in sandbox.oauth.grants)
        eventually(lambda: shown(hub)["state"] == "ok")
        assert hub.post("/connectors/mail/check", status=200)["ok"]
        hub.post("/connectors/mail/connect", status=409)
        said = hub.command("mail", "connect", "mail", "--config", str(hub.config))
        assert "needs no person's consent" in said
