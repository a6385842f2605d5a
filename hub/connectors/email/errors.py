"""The errors of mail servers: what each means for a message and for the agent who sent it.

Source: RFC 5321, 4.2 (replies of SMTP); RFC 3463 (enhanced codes); RFC 5530 (codes of IMAP).
Bounces, which come later and as a mail, are read in `delivery_reports`.
"""

from __future__ import annotations

import ssl

from imapclient.exceptions import LoginError

from hub.connectors.email.config import ImapServer, Server
from hub.connectors.email.payloads import SmtpReply
from hub.errors import (
    AddressInvalid,
    ConnectionFailed,
    CredentialsRefused,
    Rejected,
    ResponseUnexpected,
    SendError,
)

#: Enhanced codes that say the address itself is wrong (RFC 3463, 3.2; RFC 7505 for 5.1.10).
BAD_ADDRESS = {"5.1.0", "5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"}
#: Replies to RCPT that mean the same where a server gives no enhanced code.
BAD_RECIPIENT = {550, 551, 553}
TOO_LARGE = {"5.3.4", "5.2.3"}
#: Refusals to sign in that pass by themselves. Source: RFC 5530.
PASSING = ("UNAVAILABLE", "INUSE", "LIMIT", "SERVERBUG", "CONTACTADMIN")
WRONG_LOGIN = "the user name or the password"
ACCESS_ADVICE = (
    "check that the consent was given by the account of this mailbox, that the app has the "
    "permissions for IMAP and SMTP, and that both are turned on for the mailbox"
)


class TokenRefused(LoginError):  # type: ignore[misc]  # the library ships no types
    """A mailbox took an access token not."""


# -- SMTP ------------------------------------------------------------------------------------------


def refusal_error(reply: SmtpReply, text: str, *, by_token: bool = False) -> SendError:
    """The error that a reply other than a good one means.

    Args:
        reply: the reply that settled the mail.
        text: its text without secrets.
        by_token: whether we sign in with a token, and not with a password.

    Source: RFC 5321, 4.2; RFC 3463 (enhanced codes).
    """
    quoted = f" The server said: {reply.code} {text[:300]}".rstrip()
    code = reply.enhanced or str(reply.code)
    if (reply.stage == "login" and 500 <= reply.code < 600) or reply.code == 530:
        refused = f"the token: an admin must {ACCESS_ADVICE}" if by_token else WRONG_LOGIN
        return CredentialsRefused(f"The mail server refused {refused}.{quoted}", external_code=code)
    if 400 <= reply.code < 500:
        return ConnectionFailed(
            f"The mail server cannot take the mail now.{quoted}",
            external_code=code,
        )
    if not 500 <= reply.code < 600:
        return ResponseUnexpected(
            f"The mail server said something unknown.{quoted}", external_code=code
        )
    if reply.stage == "copy":
        # The customer's own address is good: the mail can leave without this copy.
        return Rejected(
            f"No copy can be sent to {reply.recipient}. Send it again without.{quoted}",
            external_code=code,
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


def smtp_unreachable(server: Server, error: Exception, *, maybe_sent: bool) -> ConnectionFailed:
    """The error for a server that gave no reply.

    Args:
        maybe_sent: whether the whole mail was on its way.
    """
    return ConnectionFailed(
        f"The mail server {server.host}:{server.port} could not be reached ({_cause(error)}).",
        maybe_sent=maybe_sent,
    )


def smtp_unsupported(server: Server, error: Exception) -> SendError:
    """The error for a server that lacks what the configuration asks for."""
    if server.tls == "starttls" and "STARTTLS" in str(error):
        # An attacker on the way may have removed the offer: no password may follow in the clear.
        return ConnectionFailed(f"{server.host} does not offer STARTTLS, so nothing was sent.")
    return CredentialsRefused(f"{server.host} offers no way to sign in that we know.")


# -- IMAP ------------------------------------------------------------------------------------------


def mailbox_error(server: ImapServer, error: Exception) -> SendError:
    """The error that a failed command or a lost connection to a mailbox means."""
    name = f"{server.host}:{server.port}"
    if isinstance(error, TokenRefused):
        return CredentialsRefused(
            f"The mailbox at {name} refused the token: an admin must {ACCESS_ADVICE}."
        )
    if isinstance(error, LoginError) and not any(code in str(error).upper() for code in PASSING):
        return CredentialsRefused(f"The mailbox at {name} refused {WRONG_LOGIN}.")
    return ConnectionFailed(f"The mailbox at {name} could not be read ({_cause(error)}).")


def _cause(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not good: {getattr(error, 'verify_message', error)}"
    return type(error).__name__
