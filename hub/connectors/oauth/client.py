"""Talks with a provider's token endpoint, and makes the address of its consent page.

Authlib, which makes the requests, is imported by the first of them: most hubs have no use for it.

Source: RFC 6749; RFC 7636; https://docs.authlib.org/en/latest/client/oauth2.html
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from pydantic import ValidationError

from hub.connectors.http import MASK, Http, HttpCall, HttpResponse, retry_after
from hub.connectors.oauth.config import OAuthConfig
from hub.connectors.oauth.payloads import ErrorAnswer, TokenAnswer
from hub.errors import ConnectionFailed, CredentialsRefused, SendError

#: The answer of a token endpoint has a few kilobytes.
MAX_ANSWER_BYTES = 256 * 1024

#: Errors after which the consent is worth nothing any more.
#: Source: RFC 6749, 5.2; OpenID Connect Core, 3.1.2.6;
#: https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes
WITHDRAWN = {"invalid_grant", "interaction_required", "consent_required", "login_required"}
#: Errors that pass by themselves. Source: RFC 6749, 4.1.2.1; RFC 8628, 3.5.
PASSING = {"temporarily_unavailable", "server_error", "slow_down"}
#: What an admin changes, by the word of the error.
ADVICE = {
    "invalid_client": "check client_id and client_secret (a secret has an end date there)",
    "unauthorized_client": "check that the app may use this flow",
    "invalid_scope": "check scopes, and the permissions of the app",
    "access_denied": "check the permissions of the app",
}


class ConsentWithdrawn(CredentialsRefused):
    """The provider takes the refresh token or the code no more: a person must consent anew."""


@dataclass(frozen=True, slots=True)
class Grant:
    """The tokens that a provider gave.

    Args:
        refresh_token: "" where it gave none: the one before stays.
        seconds: how long the access token is valid.
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    seconds: int


class OAuthClient:
    """The hub as an app at one provider, for one account.

    Args:
        account: the mail address whose mailbox is opened.
    """

    def __init__(self, config: OAuthConfig, account: str, http: Http) -> None:
        self.config = config
        self.account = account
        self._http = http

    @property
    def needs_consent(self) -> bool:
        """Whether a person must give a consent before there are tokens."""
        return self.config.flow == "authorization_code"

    @property
    def fingerprint(self) -> str:
        """Tells tokens apart that belong to another app, account or scope."""
        config = self.config
        parts = (
            config.token_endpoint,
            config.client_id,
            config.flow,
            config.scope,
            self.account.lower(),
        )
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def authorization_url(self, state: str, verifier: str, redirect_uri: str) -> str:
        """The address where a person gives the consent, with the challenge of PKCE."""
        url, _state = self._library(_Session(self._http)).create_authorization_url(
            self.config.authorize_endpoint,
            state=state,
            code_verifier=verifier,
            redirect_uri=redirect_uri,
            login_hint=self.account,
            **self.config.authorize_options,
        )
        return str(url)

    def exchange(self, code: str, verifier: str, redirect_uri: str) -> Grant:
        """Turns the code that came back from the consent page into tokens. Raises SendError."""
        return self._fetch(
            "authorization_code",
            {"code": code, "code_verifier": verifier},
            redirect_uri=redirect_uri,
        )

    def refresh(self, refresh_token: str) -> Grant:
        """New tokens for a refresh token.

        Raises:
            ConsentWithdrawn: the refresh token is worth nothing any more.
            CredentialsRefused: the provider does not take the app.
            ConnectionFailed: the provider gives none now.
        """
        return self._fetch("refresh_token", {"refresh_token": refresh_token})

    def sign_in(self) -> Grant:
        """Tokens for the app itself, without a person. Raises as `refresh` does."""
        return self._fetch("client_credentials", {})

    def _fetch(
        self, grant_type: str, secrets: Mapping[str, str], redirect_uri: str | None = None
    ) -> Grant:
        session = _Session(self._http, (self.config.secret, *secrets.values()), self.config.title)
        options = {} if redirect_uri is None else {"redirect_uri": redirect_uri}
        answer = self._library(session).fetch_token(
            self.config.token_endpoint, grant_type=grant_type, **secrets, **options
        )
        return Grant(answer["access_token"], answer["refresh_token"], answer["expires_in"])

    def _library(self, session: _Session) -> Any:
        from authlib.oauth2.client import OAuth2Client

        has_secret = bool(self.config.secret)
        return OAuth2Client(
            session,
            client_id=self.config.client_id,
            client_secret=self.config.secret or None,
            token_endpoint_auth_method="client_secret_post" if has_secret else "none",
            scope=self.config.scope or None,
            code_challenge_method="S256",
        )


class _Session:
    """Carries out the library's requests by our own `Http`, and reads the answers.

    The library refuses an error whose text has a line break, which Microsoft's have.
    """

    def __init__(self, http: Http, secrets: Sequence[str] = (), title: str = "") -> None:
        self._http = http
        self._secrets = secrets
        self._title = title

    def post(self, url: str, data: Mapping[str, str], headers: Any, auth: Any) -> _Answer:
        """One request to the token endpoint. Raises SendError."""
        url, headers, body = auth.prepare("POST", url, dict(headers), urlencode(data))
        call = HttpCall(
            method="POST",
            url=url,
            headers=headers,
            body=body.encode(),
            max_bytes=MAX_ANSWER_BYTES,
        )
        try:
            response = self._http.request(call)
        except SendError as error:
            raise ConnectionFailed(
                f"{self._title} could not be asked for a token: {error.message}"
            ) from None
        return _Answer(self._values(response))

    def _values(self, response: HttpResponse) -> dict[str, Any]:
        if response.status == 429 or response.status >= 500:
            raise ConnectionFailed(
                f"{self._title} gives no token now ({response.status}).",
                retry_after=retry_after(response),
            )
        try:
            if response.ok:
                return TokenAnswer.model_validate_json(response.body).model_dump()
            refusal = ErrorAnswer.model_validate_json(response.body)
        except ValidationError:
            # A page of a proxy, or something else that no token endpoint says.
            raise ConnectionFailed(
                f"{self._title} answered the request for a token with something unknown "
                f"({response.status})."
            ) from None
        raise self._refused(refusal, response.status)

    def _refused(self, refusal: ErrorAnswer, status: int) -> SendError:
        error_code = self._shown(refusal.error)
        text = f"{error_code} {self._shown(str(refusal.error_description))}".strip()
        if refusal.error in PASSING:
            return ConnectionFailed(
                f"{self._title} gives no token now: {text}", external_code=error_code
            )
        if refusal.error in WITHDRAWN:
            return ConsentWithdrawn(
                f"{self._title} no longer accepts the consent ({text}).", external_code=error_code
            )
        advice = ADVICE.get(refusal.error, f"see its words ({status})")
        return CredentialsRefused(
            f"{self._title} refuses the app: an admin must {advice}. It said: {text}",
            external_code=error_code,
        )

    def _shown(self, text: str) -> str:
        for secret in filter(None, self._secrets):
            text = text.replace(secret, MASK)
        return " ".join("".join(c if c.isprintable() else " " for c in text[:2000]).split())[:300]


class _Answer:
    """An answer as the library reads it."""

    status_code = 200

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = values

    def json(self) -> dict[str, Any]:
        return self._values
