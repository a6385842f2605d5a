"""Sign-in with tokens at mail servers: the strict stand-ins, and servers that misbehave."""

from __future__ import annotations

import base64
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from hub.config import parse_config
from hub.connectors.base import Site
from hub.connectors.email import Email
from hub.connectors.oauth import OAuthConfig
from hub.errors import ConfigError, ConnectionFailed, CredentialsRefused, SendError
from hub.sandbox import Sandbox
from hub.testing import PUBLIC_URL

TOKEN = "ya29.a-token"
OAUTH = {
    "provider": "custom", "client_id": "app", "client_secret": "s", "flow": "client_credentials",
    "token_url": "https://login.example/token",
}  # fmt: skip


class Tokens:
    """A source of tokens that notes which were refused."""

    def __init__(self, *tokens: str) -> None:
        self.left = list(tokens)
        self.refused: list[str] = []

    def token(self) -> str:
        return self.left[0]

    def replace(self, token: str) -> bool:
        self.refused.append(token)
        if len(self.left) > 1:
            self.left.pop(0)
            return True
        return False


def make(smtp_port: int, imap_port: int, tokens: Tokens) -> Email:
    server = {"host": "127.0.0.1", "tls": "none"}
    options: dict[str, Any] = {
        "address": "support@shop.example",
        "smtp": {**server, "port": smtp_port},
        "imap": {**server, "port": imap_port},
        "oauth": OAUTH,
    }
    connector = Email("mail", Email.Config(kind="email", **options), Site(PUBLIC_URL))
    connector.use_tokens(tokens)
    return connector


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox()
    sandbox.mail.takes_tokens_only(sandbox.oauth.opens)
    with sandbox:
        yield sandbox


@pytest.mark.servers
@pytest.mark.parametrize("padding", [0, 2500], ids=["short", "long"])
def test_a_token_opens_both_servers_however_long_it_is(sandbox: Sandbox, padding: int) -> None:
    sandbox.oauth.padding = padding
    tokens = Tokens(str(sandbox.oauth._issue(None)["access_token"]))
    connector = make(sandbox.smtp_port, sandbox.imap_port, tokens)
    assert "lets us in" in connector.check() and tokens.refused == []


@pytest.mark.servers
def test_a_refused_token_is_replaced_once_at_each_server(sandbox: Sandbox) -> None:
    good = str(sandbox.oauth._issue(None)["access_token"])
    tokens = Tokens("ended", good)
    connector = make(sandbox.smtp_port, sandbox.imap_port, tokens)
    assert connector.poll("", 0).requests == ()
    assert tokens.refused == ["ended"]
    connector.close()


@pytest.mark.servers
def test_a_server_that_takes_no_token_of_ours_needs_an_admin(sandbox: Sandbox) -> None:
    connector = make(sandbox.smtp_port, sandbox.imap_port, Tokens("ended", "ended as well"))
    with pytest.raises(CredentialsRefused, match="refused the token: an admin must"):
        connector.check()


@contextmanager
def talking(*replies: bytes) -> Iterator[int]:
    """A server that says one reply after the other, the last for ever."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def talk() -> None:
            try:
                client, _ = listening.accept()
                with client, client.makefile("rb") as lines:
                    rest = list(replies)
                    client.sendall(rest.pop(0))
                    for line in lines:
                        reply = rest[0] if len(rest) == 1 else rest.pop(0)
                        tag, echo = line.split()[:1], line.strip()
                        client.sendall(
                            reply.replace(b"TAG", tag[0] if tag else b"").replace(b"ECHO", echo)
                        )
            except OSError:
                return

        threading.Thread(target=talk, daemon=True).start()
        yield listening.getsockname()[1]


@pytest.mark.servers
@pytest.mark.parametrize("reply", [b"+ \r\n", b"+ !!!\r\n"], ids=["asks without end", "no base64"])
def test_a_mailbox_that_misbehaves_ends_the_try(reply: bytes) -> None:
    greeting = b"* OK [CAPABILITY IMAP4rev1 AUTH=XOAUTH2] hello\r\n"
    with talking(greeting, reply) as port, pytest.raises(ConnectionFailed):
        make(1, port, Tokens(TOKEN)).poll("", 0)


@pytest.mark.servers
def test_a_server_that_repeats_the_token_shows_it_to_nobody() -> None:
    replies = (b"220 hi\r\n", b"250 AUTH XOAUTH2\r\n", b"535 5.7.8 no: ECHO\r\n")
    with talking(*replies) as port:
        connector = make(port, 1, Tokens(TOKEN))
        with pytest.raises(SendError) as caught:
            connector.config.__dict__.update(imap=None)
            connector.check()
    encoded = base64.b64encode(
        f"user=support@shop.example\x01auth=Bearer {TOKEN}\x01\x01".encode()
    ).decode()
    assert TOKEN not in str(caught.value) and encoded not in str(caught.value)
    assert "[secret]" in str(caught.value)


# -- the configuration -----------------------------------------------------------------------------

FILE = """connectors:
  mail:
    kind: email
    address: support@shop.example
    imap: {{host: imap.example, port: 993}}
    smtp: {{host: smtp.example, port: 465{password}}}
    oauth: {oauth}
"""

WRONG = {
    "cannot stand beside smtp.password": (
        ', password: "x"', "{provider: google, client_id: a}"
    ),
    "needs tenant": (
        "", "{provider: microsoft, client_id: a, client_secret: b, flow: client_credentials}"
    ),
    "needs client_secret": ("", "{provider: microsoft, client_id: a, flow: client_credentials}"),
    "needs token_url": ("", "{provider: custom, client_id: a}"),
    "needs authorize_url": ("", "{provider: custom, client_id: a, token_url: 'https://a.example'}"),
    "opens no mailbox to an app alone": (
        "", "{provider: google, client_id: a, client_secret: b, flow: client_credentials}"
    ),
    "must be an https address": (
        "", "{provider: google, client_id: a, token_url: 'http://a.example/token'}"
    ),
}  # fmt: skip


@pytest.mark.parametrize("message", WRONG)
def test_a_wrong_oauth_is_a_problem_with_its_line(message: str) -> None:
    password, oauth = WRONG[message]
    with pytest.raises(ConfigError) as caught:
        parse_config(FILE.format(password=password, oauth=oauth), {})
    (problem,) = caught.value.problems
    assert message in problem.message and problem.line == 7


def test_the_known_providers_bring_addresses_and_scopes() -> None:
    microsoft = OAuthConfig(provider="microsoft", tenant="shop.example", client_id="a")
    assert microsoft.token_endpoint == (
        "https://login.microsoftonline.com/shop.example/oauth2/v2.0/token"
    )
    assert microsoft.scope.split()[-1] == "offline_access"
    app = OAuthConfig.model_validate(
        {"provider": "microsoft", "tenant": "t", "client_id": "a", "client_secret": "b",
         "flow": "client_credentials"}
    )  # fmt: skip
    assert app.scope == "https://outlook.office365.com/.default"
    google = OAuthConfig(provider="google", client_id="a")
    assert google.scope == "https://mail.google.com/"
    assert google.authorize_options["access_type"] == "offline"
