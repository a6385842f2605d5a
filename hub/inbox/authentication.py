"""The principal of a request or a socket: by bearer token, or by session cookie with CSRF token."""

from __future__ import annotations

import hmac
import secrets
from functools import partial
from typing import Any

from flask import Flask, Request, Response, g, request
from itsdangerous import BadSignature, URLSafeTimedSerializer

from hub.accounts import api_tokens, sign_ins
from hub.accounts.api_tokens import TokenUse
from hub.accounts.principal import Principal
from hub.accounts.sign_in_limits import Try
from hub.errors import Forbidden, HubError
from hub.inbox.origins import is_allowed
from hub.schema.tokens import digest
from hub.store.engine import Store

COOKIE = "hub_session"
CSRF_HEADER = "X-CSRF-Token"
#: How long a browser stays known to an account: a year from its last sign-in.
DEVICE_SECONDS = 365 * 24 * 3600
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class NotSignedIn(HubError):
    """401: the request has no valid token and no valid session."""

    code = "not_signed_in"


class Authenticator:
    """Finds the principal of a request by its token or cookie and by nothing else."""

    def __init__(self, store: Store, public_url: str, secret: str) -> None:
        self._store = store
        self._token_use = TokenUse(store)
        self._devices = URLSafeTimedSerializer(secret, salt="device")
        self._public_url = public_url
        self._secure = public_url.startswith("https://")

    def principal(self) -> Principal:
        """The principal of the current request, looked up once.

        Raises:
            NotSignedIn: neither a valid token nor a valid session.
            Forbidden: a cookie without its CSRF token, on a request that changes something.
        """
        principal = getattr(g, "principal", None)
        if principal is None:
            principal = g.principal = self._identify(request)
        assert isinstance(principal, Principal)
        return principal

    def admin(self) -> Principal:
        """The same for admins only. Raises NotSignedIn, Forbidden."""
        principal = self.principal()
        if principal.role != "admin":
            raise Forbidden("Only admins may do this.")
        return principal

    def of_socket(self, auth: Any) -> Principal | None:
        """The principal of a new socket: by `auth: {token}`, or by cookie from our own origin."""
        if isinstance(auth, dict) and isinstance(auth.get("token"), str):
            with self._store.read() as connection:
                principal = api_tokens.principal_of_token(connection, auth["token"])
            if principal is not None:
                self._token_use.note(principal.proof)
            return principal
        cookie = request.cookies.get(self.cookie_name)
        # A browser sends the cookie along for other sites' pages too, and the sites of the web
        # chats may open sockets here.
        if cookie is None or not is_allowed(request, self._public_url, ()):
            return None
        with self._store.read() as connection:
            return sign_ins.principal_of_session(connection, cookie)

    @property
    def cookie_name(self) -> str:
        # The prefix makes browsers refuse a cookie that another host or plain http tries to set.
        return f"__Host-{COOKIE}" if self._secure else COOKIE

    def set_cookie(self, response: Response, token: str) -> None:
        response.set_cookie(
            self.cookie_name,
            token,
            max_age=int(sign_ins.SESSION_LIFE.total_seconds()),
            secure=self._secure,
            httponly=True,
            samesite="Lax",
            path="/",
        )

    def clear_cookie(self, response: Response) -> None:
        response.delete_cookie(
            self.cookie_name, path="/", secure=self._secure, httponly=True, samesite="Lax"
        )

    def known_device(self, email: str) -> str:
        """The id of this browser, where it has signed in to an account before; else empty."""
        cookie = request.cookies.get(self._device_cookie(email), "")
        try:
            content = self._devices.loads(cookie, max_age=DEVICE_SECONDS)
        except BadSignature:
            return ""
        # The name of the cookie is not signed.
        return str(content["id"]) if content["account"] == digest(email) else ""

    def remember_device(self, response: Response, attempt: Try) -> None:
        """Makes a browser known to the account that it has signed in to."""
        device = attempt.device or secrets.token_hex(8)
        response.set_cookie(
            self._device_cookie(attempt.email),
            self._devices.dumps({"account": digest(attempt.email), "id": device}),
            max_age=DEVICE_SECONDS,
            secure=self._secure,
            httponly=True,
            samesite="Strict",
            path="/api/v1/session",
        )

    @staticmethod
    def _device_cookie(email: str) -> str:
        return f"hub_device_{digest(email)[:16]}"

    def note_use(self, response: Response) -> Response:
        """Notes when a token was used, after the response has left."""
        principal = getattr(g, "principal", None)
        if principal is not None and request.headers.get("Authorization"):
            response.call_on_close(partial(self._token_use.note, principal.proof))
        return response

    def session_token(self) -> str | None:
        return request.cookies.get(self.cookie_name)

    def _identify(self, current: Request) -> Principal:
        header = current.headers.get("Authorization", "")
        with self._store.read() as connection:
            if header:
                scheme, _, token = header.partition(" ")
                principal = (
                    api_tokens.principal_of_token(connection, token.strip())
                    if scheme.lower() == "bearer"
                    else None
                )
                if principal is None:
                    raise NotSignedIn("This token is not known.")
                return principal
            cookie = current.cookies.get(self.cookie_name)
            principal = sign_ins.principal_of_session(connection, cookie) if cookie else None
        if principal is None:
            raise NotSignedIn("Sign in first.")
        if current.method not in SAFE_METHODS:
            sent = current.headers.get(CSRF_HEADER, "")
            if not hmac.compare_digest(sent.encode(), principal.csrf_token.encode()):
                raise Forbidden("The CSRF token is missing or wrong: send it as X-CSRF-Token.")
        return principal


def always_secure_headers(*, secure: bool) -> list[tuple[str, str]]:
    """The security headers of a response that sets none itself."""
    always = [
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "strict-origin-when-cross-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ]
    if secure:
        always.append(("Strict-Transport-Security", "max-age=31536000"))
    return always


def security_headers(app: Flask, *, secure: bool) -> None:
    """Adds the security headers that a response does not set itself."""
    always = always_secure_headers(secure=secure)

    @app.after_request
    def add(response: Response) -> Response:
        # Asking Headers for each of them costs four times as much.
        present = {name.lower() for name, _ in response.headers}
        response.headers.extend([header for header in always if header[0].lower() not in present])
        return response
