"""Tokens are renewed ahead of time for the connectors that sign in with them."""

from __future__ import annotations

from dataclasses import dataclass

from hub.connectors.base import Site
from hub.connectors.email import Email
from hub.connectors.sms import Sms
from hub.errors import CredentialsRefused
from hub.transport.running import RunningConnectors
from hub.transport.token_renewal import TokenRenewal
from tests.connectors.mails import OPTIONS
from tests.core.desk import SECRET

TEXTS = {
    "kind": "sms",
    "provider": "twilio",
    "account_sid": "AC" + "0" * 32,
    "auth_token": "a" * 32,
    "number": "+12025550100",
}


@dataclass
class FixedTokens:
    """Gives a token, or says that an admin must act."""

    revoked: str = ""
    asked: int = 0

    def token(self) -> str:
        self.asked += 1
        if self.revoked:
            raise CredentialsRefused(self.revoked)
        return "token"

    def replace(self, token: str) -> bool:
        return False


def test_a_token_is_asked_for_where_a_mailbox_has_one_and_a_revoked_consent_is_shown() -> None:
    configs = {
        "mail": Email.Config(**{**OPTIONS, "kind": "email"}),
        "other": Email.Config(**{**OPTIONS, "kind": "email", "address": "other@shop.example"}),
        "texts": Sms.Config(**TEXTS),
    }
    connectors = RunningConnectors(configs, Site("https://hub.example"), SECRET)
    tokens = FixedTokens()
    mailbox = connectors.get("mail")
    assert isinstance(mailbox, Email)
    mailbox.use_tokens(tokens)
    TokenRenewal(connectors).run()
    assert tokens.asked == 1
    assert {item.state for item in connectors.connector_resources()} == {"ok"}
    tokens.revoked = "Connect the mailbox anew."
    TokenRenewal(connectors).run()
    shown = connectors.connector_resource("mail")
    assert (shown.state, shown.last_error) == ("attention", "Connect the mailbox anew.")
    tokens.revoked = ""
    TokenRenewal(connectors).run()
    assert connectors.connector_resource("mail").state == "ok"
