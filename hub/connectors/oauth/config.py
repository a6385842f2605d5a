"""The key `oauth` of a connector, and the endpoints and scopes of the known providers.

- Microsoft: https://learn.microsoft.com/en-us/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth
- Google: https://developers.google.com/workspace/gmail/imap/xoauth2-protocol
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from hub.types import EMPTY

Flow = Literal["client_credentials", "authorization_code"]


@dataclass(frozen=True, slots=True)
class Provider:
    """What is known of a provider; `{tenant}` stands for the organisation.

    Args:
        scopes: by flow; a flow that is missing does not open mailboxes there.
        authorize_options: what its consent page needs so that it gives a refresh token.
    """

    title: str
    token_url: str
    authorize_url: str
    scopes: Mapping[Flow, tuple[str, ...]]
    authorize_options: Mapping[str, str] = field(default_factory=lambda: EMPTY)


PROVIDERS: Mapping[str, Provider] = {
    "microsoft": Provider(
        "Microsoft",
        "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token",
        "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/authorize",
        {
            "authorization_code": (
                "https://outlook.office.com/IMAP.AccessAsUser.All",
                "https://outlook.office.com/SMTP.Send",
                "offline_access",
            ),
            "client_credentials": ("https://outlook.office365.com/.default",),
        },
    ),
    "google": Provider(
        "Google",
        "https://oauth2.googleapis.com/token",
        "https://accounts.google.com/o/oauth2/v2/auth",
        {"authorization_code": ("https://mail.google.com/",)},
        # Google gives a refresh token only for offline access, and again only after a new consent.
        {"access_type": "offline", "prompt": "consent"},
    ),
    "custom": Provider("The provider", "", "", {}),
}


class OAuthConfig(BaseModel):
    """How the hub gets tokens for a mailbox that takes no password."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    provider: Literal["microsoft", "google", "custom"] = Field(
        description="`microsoft` and `google` bring their addresses and scopes; `custom` has none."
    )
    tenant: str = Field(
        "",
        pattern=r"^[A-Za-z0-9.-]*$",
        description="Microsoft's id or domain of the organisation; any organisation without it.",
    )
    client_id: str = Field(min_length=1, description="The id of the app at the provider.")
    client_secret: SecretStr = Field(
        SecretStr(""), description="The app's secret; a public app with a consent has none."
    )
    flow: Flow = Field(
        "authorization_code",
        description="`authorization_code`: a person gives a consent once, by `hub mail connect`. "
        "`client_credentials`: the app signs in by itself.",
    )
    token_url: str = Field("", description="Where tokens come from; the provider's by default.")
    authorize_url: str = Field(
        "", description="Where a person gives the consent; the provider's by default."
    )
    scopes: tuple[str, ...] = Field(
        (), description="What the tokens open; the provider's scopes for mail by default."
    )

    @field_validator("token_url", "authorize_url")
    @classmethod
    def _carries_secrets_safely(cls, value: str) -> str:
        if value and not _is_safe(value):
            raise ValueError("must be an https address, or an http address on this machine")
        return value

    @model_validator(mode="after")
    def _is_complete(self) -> OAuthConfig:
        consent = self.flow == "authorization_code"
        if not consent and not self.client_secret.get_secret_value():
            raise ValueError("needs client_secret: with client_credentials the app signs in itself")
        if not self.token_url:
            if self.provider == "custom":
                raise ValueError("needs token_url: a custom provider has no known addresses")
            if self.flow not in PROVIDERS[self.provider].scopes:
                raise ValueError(
                    "needs flow: authorization_code, as Google opens no mailbox to an app alone"
                )
            if self.provider == "microsoft" and not consent and not self.tenant:
                raise ValueError("needs tenant: an app signs in to one organisation")
        if consent and self.provider == "custom" and not self.authorize_url:
            raise ValueError("needs authorize_url: the page where a person gives the consent")
        return self

    @property
    def title(self) -> str:
        """The provider's name for people."""
        return PROVIDERS[self.provider].title

    @property
    def token_endpoint(self) -> str:
        return self._address(self.token_url, PROVIDERS[self.provider].token_url)

    @property
    def authorize_endpoint(self) -> str:
        return self._address(self.authorize_url, PROVIDERS[self.provider].authorize_url)

    @property
    def authorize_options(self) -> Mapping[str, str]:
        return PROVIDERS[self.provider].authorize_options

    @property
    def scope(self) -> str:
        """The scopes, as a request names them."""
        return " ".join(self.scopes or PROVIDERS[self.provider].scopes.get(self.flow, ()))

    @property
    def secret(self) -> str:
        return self.client_secret.get_secret_value()

    def _address(self, configured: str, known: str) -> str:
        return configured or known.replace("{tenant}", self.tenant or "common")


def _is_safe(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        return False
    if not host or parts.username is not None or parts.fragment:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_this_machine(host))


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
