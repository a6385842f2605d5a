"""The consent page and the token endpoint of a provider whose mailboxes take tokens alone.

Refresh tokens are good for one use; a second use ends all tokens of that consent.

Source: RFC 6749; RFC 7636; RFC 9700, 4.14.2
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlencode, urlsplit

from hub.sandbox.base.context import SandboxContext

CLIENT_ID = "sandbox-app"
CLIENT_SECRET = "sandbox-app-secret"
SCOPE = "mail.read mail.send offline_access"


class Refusal(Exception):
    """A request that the provider refuses, with the word and the status of RFC 6749, 5.2."""

    def __init__(self, error_code: str, text: str, status: int = 400) -> None:
        super().__init__(error_code)
        self.error_code, self.text, self.status = error_code, text, status


@dataclass(frozen=True, slots=True)
class Code:
    """A consent that was given and not yet turned into tokens."""

    redirect_uri: str
    challenge: str


@dataclass(slots=True)
class Family:
    """All tokens of one consent."""

    ended: bool = False
    used: set[str] = field(default_factory=set)


class OAuthProvider:
    """Gives tokens for one mailbox.

    Args:
        account: the mail address whose owner consents.
    """

    def __init__(self, context: SandboxContext, account: str) -> None:
        self.context = context
        self.account = account
        self.client_id = CLIENT_ID
        self.client_secret = CLIENT_SECRET
        self.scope = SCOPE
        #: The addresses that the consent page may lead to, beside any port of `localhost`.
        self.redirect_uris: list[str] = []
        #: How long an access token is valid, in seconds.
        self.lifetime = 3600
        #: How much longer than the plain ones of this stand-in its access tokens are.
        self.padding = 0
        #: The grants that were asked for, the latest last: `refresh_token`.
        self.grants: list[str] = []
        #: Every token and code that was given.
        self.issued: list[str] = []
        self._faults: list[tuple[int, bytes]] = []
        self._refuses_consent = False
        self._codes: dict[str, Code] = {}
        self._access: dict[str, tuple[datetime, Family | None]] = {}
        self._refresh: dict[str, Family] = {}
        self._lock = threading.Lock()

    # -- verbs --------------------------------------------------------------------------------

    def withdraws_consent(self) -> None:
        """Ends every token, as after the owner took the consent back."""
        with self._lock:
            for family in self._refresh.values():
                family.ended = True

    def ends_access_tokens(self) -> None:
        """Ends the access tokens before their time; refresh tokens stay."""
        with self._lock:
            self._access.clear()

    def refuses_consent(self) -> None:
        """The owner says no, from now on."""
        self._refuses_consent = True

    def answers(self, status: int, body: bytes = b"", times: int = 1) -> None:
        """Answers the next requests for a token with this."""
        self._faults += [(status, body)] * times

    def is_up(self) -> None:
        """Ends every fault."""
        self._faults.clear()

    # -- what the mail servers ask --------------------------------------------------------------

    def opens(self, user: str, token: str) -> bool:
        """Whether an access token opens the mailbox of this user now."""
        with self._lock:
            until, family = self._access.get(token, (None, None))
            return (
                user.lower() == self.account.lower()
                and until is not None
                and self.context.clock.now() < until
                and not (family is not None and family.ended)
            )

    # -- what the hub asks ------------------------------------------------------------------------

    def consent(self, query: Mapping[str, str]) -> str:
        """The address that the consent page leads to, once its owner has signed in.

        Raises:
            Refusal: the request is wrong in a way for which a provider leads nowhere.
        """
        redirect_uri, state = query.get("redirect_uri", ""), query.get("state", "")
        if query.get("client_id") != self.client_id:
            raise Refusal("unauthorized_client", "Unknown client_id.")
        if not self._may_lead_to(redirect_uri):
            raise Refusal("invalid_request", "This redirect_uri is not registered.")
        if query.get("response_type") != "code" or not state:
            raise Refusal("invalid_request", "response_type=code and a state are needed.")
        challenge = query.get("code_challenge", "")
        if query.get("code_challenge_method") != "S256" or len(challenge) != 43:
            raise Refusal("invalid_request", "PKCE with S256 is needed.")
        if set(query.get("scope", "").split()) != set(self.scope.split()):
            raise Refusal("invalid_scope", "Other scopes than the app has.")
        if self._refuses_consent:
            answer = {"error": "access_denied", "state": state}
        else:
            code = secrets.token_urlsafe(24)
            self.issued.append(code)
            self._codes[code] = Code(redirect_uri, challenge)
            answer = {"code": code, "state": state}
        return f"{redirect_uri}{'&' if '?' in redirect_uri else '?'}{urlencode(answer)}"

    def fault(self) -> tuple[int, bytes] | None:
        """The status and body that this request gets, where a verb has set one."""
        return self._faults.pop(0) if self._faults else None

    def token(self, form: Mapping[str, str]) -> dict[str, object]:
        """Answers a request for tokens. Raises Refusal."""
        grant = form.get("grant_type", "")
        with self._lock:
            self.grants.append(grant)
            if form.get("client_id") != self.client_id or not secrets.compare_digest(
                form.get("client_secret", "").encode(), self.client_secret.encode()
            ):
                raise Refusal("invalid_client", "AADSTS7000215: Invalid client secret.", 401)
            if grant == "client_credentials":
                return self._issue(None)
            if grant == "authorization_code":
                return self._redeem(form)
            if grant == "refresh_token":
                return self._renew(form)
        raise Refusal("unsupported_grant_type", grant)

    def _redeem(self, form: Mapping[str, str]) -> dict[str, object]:
        code = self._codes.pop(form.get("code", ""), None)
        verifier = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(verifier).rstrip(b"=").decode()
        if code is None or form.get("redirect_uri") != code.redirect_uri:
            raise Refusal("invalid_grant", "Unknown or used code, or another redirect_uri.")
        if challenge != code.challenge:
            raise Refusal("invalid_grant", "The verifier does not fit.")
        return self._issue(Family())

    def _renew(self, form: Mapping[str, str]) -> dict[str, object]:
        token = form.get("refresh_token", "")
        family = self._refresh.get(token)
        if family is None or family.ended:
            raise Refusal("invalid_grant", "AADSTS700082: The refresh token\r\nis not valid.")
        if token in family.used:
            family.ended = True
            raise Refusal("invalid_grant", "The refresh token was used before.")
        family.used.add(token)
        return self._issue(family)

    def _issue(self, family: Family | None) -> dict[str, object]:
        access = secrets.token_urlsafe(24) + "a" * self.padding
        self.issued.append(access)
        until = self.context.clock.now() + timedelta(seconds=self.lifetime)
        self._access[access] = (until, family)
        answer: dict[str, object] = {
            "token_type": "Bearer",
            "access_token": access,
            "expires_in": self.lifetime,
        }
        if family is not None:
            answer["refresh_token"] = secrets.token_urlsafe(24)
            self._refresh[str(answer["refresh_token"])] = family
            self.issued.append(str(answer["refresh_token"]))
        return answer

    def _may_lead_to(self, redirect_uri: str) -> bool:
        parts = urlsplit(redirect_uri)
        is_local = parts.scheme == "http" and parts.hostname == "localhost" and not parts.path
        return is_local or redirect_uri in self.redirect_uris
