"""A made-up mailbox of a shop, and mails to and from it."""

from __future__ import annotations

import email
import email.policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from hub.connectors.base import Site
from hub.connectors.email import Email
from hub.connectors.email.payloads import SmtpCall
from hub.testing import PUBLIC_URL, StubHttp, post
from hub.types import (
    InboundMessage,
    WebhookRequest,
)

ADDRESS = "support@shop.example"
SECRET = "hook-secret-5f1d"
OPTIONS: dict[str, Any] = {
    "address": ADDRESS,
    "name": "Shop",
    "smtp": {
        "host": "smtp.shop.example",
        "port": 587,
        "username": "shop",
        "password": "smtp-password-77",
        "tls": "starttls",
    },
    "imap": {
        "host": "imap.shop.example",
        "port": 993,
        "username": "shop",
        "password": "imap-password-88",
        "tls": "ssl",
    },
    "webhook_secret": SECRET,
}
PAYLOADS = Path(__file__).parent / "payloads/email"


def make(**changes: Any) -> Email:
    config = Email.Config(**{"kind": "email", **OPTIONS, **changes})
    return Email("mail", config, Site(PUBLIC_URL), StubHttp())


def posted(body: bytes) -> WebhookRequest:
    headers = {"authorization": f"Bearer {SECRET}"}
    return post("email", body, headers, media_type="message/rfc822")


def mail(*headers: str, body: str | bytes = "Hello", sender: str = "ann@example.com") -> bytes:
    lines = [f"From: {sender}", f"To: {ADDRESS}", "Message-ID: <m-1@example.com>", *headers]
    data = body.encode() if isinstance(body, str) else body
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + data


def parsed(raw: bytes, **changes: Any) -> InboundMessage:
    (event,) = make(**changes).parse(posted(raw))
    assert isinstance(event, InboundMessage)
    return event


def sent(call: SmtpCall) -> EmailMessage:
    message = email.message_from_bytes(call.mime, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def plain_part(call: SmtpCall) -> str:
    body = sent(call).get_body(("plain",))
    return "" if body is None else str(body.get_content()).replace("\r\n", "\n").strip("\n")
