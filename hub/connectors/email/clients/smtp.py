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
from dataclasses import dataclass, field
from typing import Literal

from hub.connectors.email.config import Server
from hub.errors import (
    AddressInvalid,
    ConnectionFailed,
    CredentialsRefused,
    Rejected,
    ResponseUnexpected,
    SendError,
)

CONNECT_SECONDS = 10.0
REPLY_SECONDS = 30.0
#: RFC 5321, 4.5.3.2.6 wants ten minutes here; giving up early is what makes double mail.
FINAL_SECONDS = 180.0

Stage = Literal["connect", "login", "mail", "rcpt", "data", "done"]

#: Enhanced codes that say the address itself is wrong (RFC 3463, 3.2; RFC 7505 for 5.1.10).
BAD_ADDRESS = {"5.1.0", "5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"}
#: Replies to RCPT that mean the same where a server gives no enhanced code.
BAD_RECIPIENT = {550, 551, 553}
TOO_LARGE = {"5.3.4", "5.2.3"}

_ENHANCED = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_LEADING_DOT = re.compile(rb"^\.", re.M)


@dataclass(frozen=True, slots=True)
class SmtpCall:
    """One mail, ready to leave. `sender` is empty where no bounce may come back.

    Its repr shows no content.
    """

    sender: str
    recipients: tuple[str, ...]
    message_id: str
    mime: bytes = field(repr=False)

    @property
    def beyond_ascii(self) -> bool:
        return not "".join((self.sender, *self.recipients)).isascii()


@dataclass(frozen=True, slots=True)
class SmtpReply:
    """What the server said last, and to which step."""

    stage: Stage
    code: int
    text: str = ""

    @property
    def enhanced(self) -> str:
        found = _ENHANCED.search(self.text)
        return found.group(1) if found else ""


def deliver(server: Server, call: SmtpCall, hostname: str) -> SmtpReply:
    """Hands over one mail and gives the reply that settled it, good or bad.

    Raises:
        ConnectionFailed: no reply; `maybe_sent` once the whole mail was on its way.
        CredentialsRefused: the server does not know how to sign in as asked for.
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

    return _converse(server, hostname, hand_over, lambda: on_its_way)


def sign_in(server: Server, hostname: str) -> SmtpReply:
    """Signs in and out again. Raises as `deliver` does."""
    return _converse(server, hostname, lambda smtp: _reply("done", smtp.noop()), lambda: False)


def _converse(
    server: Server,
    hostname: str,
    action: Callable[[smtplib.SMTP], SmtpReply],
    maybe_sent: Callable[[], bool],
) -> SmtpReply:
    try:
        with _connected(server, hostname) as smtp:
            return action(smtp)
    except smtplib.SMTPAuthenticationError as error:
        return _reply("login", (error.smtp_code, error.smtp_error))
    except smtplib.SMTPResponseException as error:
        return _reply("connect", (error.smtp_code, error.smtp_error))
    except smtplib.SMTPNotSupportedError as error:
        raise _unsupported(server, error) from None
    except (OSError, smtplib.SMTPException) as error:
        raise _unreachable(server, error, maybe_sent=maybe_sent()) from None


@contextlib.contextmanager
def _connected(server: Server, hostname: str) -> Iterator[smtplib.SMTP]:
    """An open, signed-in session; says goodbye at the end."""
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
        if server.username:
            smtp.login(server.username, server.secret)
        yield smtp
        with contextlib.suppress(OSError, smtplib.SMTPException):
            _wait(smtp, CONNECT_SECONDS)
            smtp.quit()
    finally:
        smtp.close()


def _until_data(smtp: smtplib.SMTP, call: SmtpCall) -> SmtpReply | None:
    """Everything before the mail itself; the reply that refused it, if one did."""
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
            return _reply("rcpt", (code, text))
    code, text = smtp.docmd("DATA")
    return None if code == 354 else _reply("data", (code, text))


def error_of(reply: SmtpReply, said: str) -> SendError:
    """What a refusal means. `said` is the server's text without secrets."""
    quoted = f" The server said: {reply.code} {said[:300]}".rstrip()
    code = reply.enhanced or str(reply.code)
    if (reply.stage == "login" and 500 <= reply.code < 600) or reply.code == 530:
        return CredentialsRefused(
            f"The mail server refused the user name or the password.{quoted}", external_code=code
        )
    if 400 <= reply.code < 500:
        return ConnectionFailed(
            f"The mail server cannot take the mail now; it is tried again.{quoted}",
            external_code=code,
        )
    if not 500 <= reply.code < 600:
        return ResponseUnexpected(
            f"The mail server said something unknown.{quoted}", external_code=code
        )
    if reply.enhanced in BAD_ADDRESS or (
        reply.stage == "rcpt" and not reply.enhanced and reply.code in BAD_RECIPIENT
    ):
        return AddressInvalid(f"No mail arrives at this address.{quoted}", external_code=code)
    if reply.enhanced == "5.6.7":
        return AddressInvalid(f"Our mail server cannot reach it.{quoted}", external_code=code)
    if reply.code == 552 or reply.enhanced in TOO_LARGE:
        return Rejected(
            f"The mail is too large, or the mailbox is full.{quoted}", external_code=code
        )
    return Rejected(f"The mail server refused the mail.{quoted}", external_code=code)


def _unreachable(server: Server, error: Exception, *, maybe_sent: bool) -> ConnectionFailed:
    if isinstance(error, ssl.SSLCertVerificationError):
        why = f"its certificate is not good: {getattr(error, 'verify_message', error)}"
    else:
        why = type(error).__name__
    return ConnectionFailed(
        f"The mail server {server.host}:{server.port} could not be reached ({why}). "
        "The message stays in line and is tried again.",
        maybe_sent=maybe_sent,
    )


def _unsupported(server: Server, error: Exception) -> SendError:
    if server.tls == "starttls" and "STARTTLS" in str(error):
        # Somebody on the way may have removed the offer; a password must not follow in the clear.
        return ConnectionFailed(f"{server.host} does not offer STARTTLS, so nothing was sent.")
    return CredentialsRefused(f"{server.host} offers no way to sign in that we know.")


def _reply(stage: Stage, answer: tuple[int, bytes | str]) -> SmtpReply:
    code, text = answer
    shown = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return SmtpReply(stage, code, " ".join(shown.split())[:500])


def _wait(smtp: smtplib.SMTP, seconds: float) -> None:
    if smtp.sock is not None:
        smtp.sock.settimeout(seconds)
