"""Signs in with an access token: the SASL mechanism XOAUTH2.

A server that refuses the token first sends a challenge, base64 of JSON, and gives its verdict only
after an empty answer.

Source: https://developers.google.com/workspace/gmail/imap/xoauth2-protocol,
https://learn.microsoft.com/en-us/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth
"""

from __future__ import annotations

import base64
import imaplib
import smtplib
from dataclasses import dataclass

from imapclient import IMAPClient
from imapclient.exceptions import LoginError

from hub.connectors.email.errors import PASSING, TokenRefused
from hub.connectors.http import MASK
from hub.connectors.oauth import TokenSource

#: A longer command may not have its first answer in the same line. Source: RFC 4954, 4.
MAX_COMMAND = 512 - len("\r\n")
#: The empty one, the error, and one more than any server sends.
MAX_CHALLENGES = 3


@dataclass(frozen=True, slots=True)
class TokenSignIn:
    """The account that signs in, and the source of its tokens."""

    user: str
    tokens: TokenSource


def first_answer(user: str, token: str) -> bytes:
    """What the client says first, before base64."""
    return f"user={user}\x01auth=Bearer {token}\x01\x01".encode()


def sign_in_imap(client: IMAPClient, user: str, token: str) -> None:
    """Signs in to a mailbox.

    Raises:
        TokenRefused: the server takes this token, or this account, not.
        LoginError: it takes nobody now.
    """
    challenges = 0

    def answer(_challenge: bytes) -> bytes:
        nonlocal challenges
        challenges += 1
        if challenges > MAX_CHALLENGES:
            raise imaplib.IMAP4.abort("the server asks without end")
        return first_answer(user, token) if challenges == 1 else b""

    try:
        client.sasl_login("XOAUTH2", answer)
    except LoginError as error:
        text = str(error)
        if any(code in text.upper() for code in PASSING):
            raise
        raise TokenRefused(text) from None
    except ValueError:
        raise imaplib.IMAP4.abort("a challenge was not base64") from None


def sign_in_smtp(smtp: smtplib.SMTP, user: str, token: str) -> None:
    """Signs in to a server that takes mail.

    Raises:
        SMTPTokenRefused: the server takes this token, or this account, not.
        SMTPAuthenticationError: it takes nobody now.
    """
    answer = base64.b64encode(first_answer(user, token)).decode()
    command = f"AUTH XOAUTH2 {answer}"
    if len(command) <= MAX_COMMAND:
        code, text = smtp.docmd(command)
    else:
        code, text = smtp.docmd("AUTH XOAUTH2")
        if code == 334:
            code, text = smtp.docmd(answer)
    if code == 334:
        code, text = smtp.docmd("")
    if code == 235:
        return
    # Some servers repeat what they did not understand.
    for secret in (token, answer):
        text = text.replace(secret.encode(), MASK.encode())
    if 500 <= code < 600:
        raise SMTPTokenRefused(code, text)
    raise smtplib.SMTPAuthenticationError(code, text)


class SMTPTokenRefused(smtplib.SMTPAuthenticationError):
    """The server takes this token, or this account, not."""
