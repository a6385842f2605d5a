"""The SMTP server for the hub's mail: logs in its user, and refuses commands on demand.

Source: RFC 5321, RFC 4954 (AUTH)
"""

from __future__ import annotations

import hmac
import logging
import warnings
from asyncio import BaseTransport, WriteTransport
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from hub.sandbox.mail.tokens import ERROR, Opens, is_good

SIZE = 35 * 1024 * 1024


@dataclass
class SmtpFault:
    """A refusal: the next `times` commands (MAIL, RCPT or DATA) get `answer`."""

    command: str
    answer: str
    times: int


class SmtpRules:
    """The handler of aiosmtpd, with its faults."""

    def __init__(
        self, user: str, password: str, deliver: Callable[[bytes, str, list[str]], None]
    ) -> None:
        # aiosmtpd warns of passwords in plain text, which are intended on loopback.
        warnings.filterwarnings("ignore", message="Requiring AUTH while not requiring TLS")
        logging.getLogger("mail.log").setLevel(logging.ERROR)
        self._user = user
        self._password = password
        self._deliver = deliver
        self.faults: list[SmtpFault] = []
        self.refused: dict[str, str] = {}
        self.drop_after_data = 0
        #: Checks tokens, where they are taken in place of passwords.
        self.opens: Opens | None = None
        self._transports: set[WriteTransport] = set()

    def protocol(self) -> SMTP:
        """Makes the protocol of one connection, for asyncio's create_server."""
        return _Connection(
            self._transports,
            self,
            data_size_limit=SIZE,
            enable_SMTPUTF8=True,
            hostname="mx.sandbox.example",
            ident="sandbox",
            authenticator=self._authenticate,
            auth_required=True,
            # The sandbox speaks plain text on loopback only.
            auth_require_tls=False,
        )

    async def auth_XOAUTH2(self, server: SMTP, args: list[str]) -> AuthResult:
        refused = AuthResult(success=False, handled=False)
        if self.opens is None:
            return refused
        if len(args) == 2:
            try:
                response = b64decode(args[1], validate=True)
            except ValueError:
                return refused
        else:
            answer = await server.challenge_auth(b"")
            if not isinstance(answer, bytes):
                return AuthResult(success=False, handled=True)
            response = answer
        if is_good(response, self.opens):
            return AuthResult(success=True, handled=True)
        answer = await server.challenge_auth(ERROR)
        handled = not isinstance(answer, bytes)
        return AuthResult(success=False, handled=handled)

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        fault = self._fault("MAIL")
        if fault:
            return fault
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        fault = self._fault("RCPT") or self.refused.get(address.lower())
        if fault:
            return fault
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        fault = self._fault("DATA")
        if fault:
            return fault
        content = envelope.original_content or b""
        self._deliver(content, envelope.mail_from or "", envelope.rcpt_tos)
        if self.drop_after_data:
            self.drop_after_data -= 1
            transport = server.transport
            assert isinstance(transport, WriteTransport)
            transport.abort()
        return "250 OK: queued"

    def hang_up(self) -> None:
        """Cuts every connection."""
        for transport in list(self._transports):
            transport.abort()

    def _fault(self, command: str) -> str:
        for fault in self.faults:
            if fault.command == command and fault.times > 0:
                fault.times -= 1
                return fault.answer
        return ""

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        if self.opens is not None or not isinstance(data, LoginPassword):
            return AuthResult(success=False, handled=False)
        good = hmac.compare_digest(data.login, self._user.encode()) and hmac.compare_digest(
            data.password, self._password.encode()
        )
        return AuthResult(success=good, handled=False)


class _Connection(SMTP):
    """Registers itself, so that the server can cut its open connections."""

    #: Tokens are longer than a line of a mail.
    line_length_limit = 12_288

    def __init__(self, transports: set[WriteTransport], *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._open = transports

    def connection_made(self, transport: BaseTransport) -> None:
        assert isinstance(transport, WriteTransport)
        self._open.add(transport)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        for closing in [each for each in self._open if each.is_closing()]:
            self._open.discard(closing)
        super().connection_lost(error)
