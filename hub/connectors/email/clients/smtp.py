"""Hands mail to an SMTP server: one connection for one mail.

Source: RFC 5321; RFC 6409 and 3207 for submission with STARTTLS; RFC 6531 for addresses beyond
ASCII.
"""

from __future__ import annotations

import contextlib
import re
import smtplib
import ssl
from collections.abc import Callable, Iterator
from dataclasses import replace

from hub.connectors.email.clients.xoauth2 import SMTPTokenRefused, TokenSignIn, sign_in_smtp
from hub.connectors.email.config import Server
from hub.connectors.email.errors import smtp_unreachable, smtp_unsupported
from hub.connectors.email.payloads import SmtpCall, SmtpReply, Stage
from hub.connectors.oauth import with_token

CONNECT_SECONDS = 10.0
REPLY_SECONDS = 30.0
#: RFC 5321, 4.5.3.2.6 wants ten minutes here: a client that gives up early sends mail twice.
FINAL_SECONDS = 180.0

_LEADING_DOT = re.compile(rb"^\.", re.M)


def deliver(
    server: Server, call: SmtpCall, hostname: str, token_sign_in: TokenSignIn | None = None
) -> SmtpReply:
    """Hands over one mail and returns the reply that settled it, good or bad.

    Args:
        hostname: the name under which we greet the server.
        token_sign_in: takes the place of the password.

    Raises:
        ConnectionFailed: there is no reply; `maybe_sent` once the whole mail was on its way.
        CredentialsRefused: the server does not know the way to sign in that is configured, or
            there is no token to sign in with.
    """
    on_its_way = False

    def hand_over(smtp: smtplib.SMTP) -> SmtpReply:
        nonlocal on_its_way
        refusal = _until_data(smtp, call)
        if refusal is not None:
            return refusal
        smtp.send(_LEADING_DOT.sub(b"..", call.mime.rstrip(b"\r\n")) + b"\r\n.\r\n")
        on_its_way = True
        _wait(smtp, FINAL_SECONDS)
        return _reply("done", smtp.getreply())

    return _converse(
        lambda: _connect(server, hostname, token_sign_in), server, hand_over, lambda: on_its_way
    )


def sign_in(server: Server, hostname: str, token_sign_in: TokenSignIn | None = None) -> SmtpReply:
    """Signs in and out again. Raises as `deliver` does."""
    return _converse(
        lambda: _connect(server, hostname, token_sign_in),
        server,
        lambda smtp: _reply("done", smtp.noop()),
        lambda: False,
    )


def _converse(
    connect: Callable[[], smtplib.SMTP],
    server: Server,
    action: Callable[[smtplib.SMTP], SmtpReply],
    maybe_sent: Callable[[], bool],
) -> SmtpReply:
    try:
        with _session(connect()) as smtp:
            return action(smtp)
    except smtplib.SMTPAuthenticationError as error:
        return _reply("login", (error.smtp_code, error.smtp_error))
    except smtplib.SMTPResponseException as error:
        return _reply("connect", (error.smtp_code, error.smtp_error))
    except smtplib.SMTPNotSupportedError as error:
        raise smtp_unsupported(server, error) from None
    except (OSError, smtplib.SMTPException) as error:
        raise smtp_unreachable(server, error, maybe_sent=maybe_sent()) from None


@contextlib.contextmanager
def _session(smtp: smtplib.SMTP) -> Iterator[smtplib.SMTP]:
    """An open session; says QUIT at its end."""
    try:
        yield smtp
        with contextlib.suppress(OSError, smtplib.SMTPException):
            _wait(smtp, CONNECT_SECONDS)
            smtp.quit()
    finally:
        smtp.close()


def _connect(server: Server, hostname: str, token_sign_in: TokenSignIn | None) -> smtplib.SMTP:
    if token_sign_in is None:
        return _signed_in(
            server,
            hostname,
            lambda smtp: server.username and smtp.login(server.username, server.secret),
        )
    user = token_sign_in.user
    return with_token(
        token_sign_in.tokens,
        lambda token: _signed_in(server, hostname, lambda smtp: sign_in_smtp(smtp, user, token)),
        SMTPTokenRefused,
    )


def _signed_in(
    server: Server, hostname: str, sign_in: Callable[[smtplib.SMTP], object]
) -> smtplib.SMTP:
    """A new session that has signed in."""
    context = ssl.create_default_context() if server.tls != "none" else None
    if server.tls == "ssl":
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(
            server.host, server.port, hostname, timeout=CONNECT_SECONDS, context=context
        )
    else:
        smtp = smtplib.SMTP(server.host, server.port, hostname, timeout=CONNECT_SECONDS)
    try:
        _wait(smtp, REPLY_SECONDS)
        smtp.ehlo_or_helo_if_needed()
        if server.tls == "starttls":
            code, text = smtp.starttls(context=context)
            if code != 220:
                raise smtplib.SMTPConnectError(code, text)
            smtp.ehlo_or_helo_if_needed()
        sign_in(smtp)
    except BaseException:
        smtp.close()
        raise
    return smtp


def _until_data(smtp: smtplib.SMTP, call: SmtpCall) -> SmtpReply | None:
    """The commands before the mail itself; the reply of the one that was refused, if any."""
    options = [f"SIZE={len(call.mime)}"] if smtp.has_extn("size") else []
    if call.beyond_ascii:
        if not smtp.has_extn("smtputf8"):
            return SmtpReply("rcpt", 553, "5.6.7 this server takes only addresses in ASCII")
        options += ["SMTPUTF8", "BODY=8BITMIME"]
        smtp.command_encoding = "utf-8"
    code, text = smtp.mail(call.sender, options)
    if code != 250:
        return _reply("mail", (code, text))
    for recipient in call.recipients:
        code, text = smtp.rcpt(recipient)
        if code not in (250, 251):
            reply = _reply("rcpt" if recipient == call.customer else "copy", (code, text))
            return replace(reply, recipient=recipient)
    code, text = smtp.docmd("DATA")
    return None if code == 354 else _reply("data", (code, text))


def _reply(stage: Stage, answer: tuple[int, bytes | str]) -> SmtpReply:
    code, text = answer
    shown = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return SmtpReply(stage, code, " ".join(shown.split())[:500])


def _wait(smtp: smtplib.SMTP, seconds: float) -> None:
    if smtp.sock is not None:
        smtp.sock.settimeout(seconds)
