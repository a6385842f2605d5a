"""Mails, written as mail programs and mail servers write them, and parsed.

Sources: RFC 5322 (messages), RFC 3462 and 3464 (delivery reports), RFC 3834 (automatic replies)
"""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes, policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid, parseaddr
from typing import Any, NamedTuple

from hub.sandbox.base.screen import Media

MX = "mx.sandbox.example"


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail in a customer's mailbox, or one that the customer sent (`mine`)."""

    raw: bytes = field(repr=False)
    envelope_from: str
    envelope_to: str
    message: EmailMessage = field(repr=False)
    id: str
    subject: str
    text: str
    html: str = field(repr=False)
    attachments: tuple[Media, ...]
    sender: str
    to: str
    in_reply_to: str
    references: tuple[str, ...]
    automatic: bool
    mine: bool
    at: datetime

    def header(self, name: str) -> str:
        return str(self.message.get(name, ""))

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "subject": self.subject,
            "text": self.text,
            "html": self.html,
            "attachments": [
                {"name": file.name, "media_type": file.media_type, "url": file.url}
                for file in self.attachments
            ],
            "sender": self.sender,
            "to": self.to,
            "in_reply_to": self.in_reply_to,
            "automatic": self.automatic,
            "mine": self.mine,
            "at": self.at.isoformat(),
        }


class DeliveryFailure(NamedTuple):
    """The reason why mail does not arrive, as a delivery report gives it.

    Args:
        action: `failed` or `delayed`.
        status: a code of RFC 3463, such as 5.1.1.
        diagnostic: the answer of the SMTP server.
    """

    action: str
    status: str
    diagnostic: str


@dataclass(frozen=True, slots=True)
class Draft:
    """The fields of a mail that a customer writes."""

    sender: str
    to: str
    name: str = ""
    subject: str = ""
    text: str = ""
    html: str = ""
    attachments: Sequence[Media] = ()
    in_reply_to: str = ""
    references: Sequence[str] = ()
    headers: dict[str, str] = field(default_factory=dict)
    message_id: str | None = None


def write_mail(draft: Draft, at: datetime) -> bytes:
    """Writes a mail as a mail program does."""
    mail = EmailMessage(policy=policy.SMTP)
    mail["From"] = Address(draft.name, addr_spec=draft.sender)
    mail["To"] = draft.to
    mail["Subject"] = draft.subject
    mail["Date"] = format_datetime(at)
    domain = draft.sender.rpartition("@")[2]
    mail["Message-ID"] = draft.message_id or make_msgid(domain=domain)
    if draft.in_reply_to:
        mail["In-Reply-To"] = draft.in_reply_to
    if draft.references:
        mail["References"] = " ".join(draft.references)
    for name, value in draft.headers.items():
        mail[name] = value
    mail.set_content(draft.text)
    if draft.html:
        mail.add_alternative(draft.html, subtype="html")
    for file in draft.attachments:
        media_type = file.media_type or mimetypes.guess_type(file.name)[0] or ""
        major, _, minor = (media_type or "application/octet-stream").partition("/")
        mail.add_attachment(file.data, maintype=major, subtype=minor, filename=file.name)
    return mail.as_bytes()


def with_trace_headers(raw: bytes, envelope_from: str, envelope_to: str, at: datetime) -> bytes:
    """Adds the headers that a receiving server puts on top."""
    trace = (
        f"Authentication-Results: {MX}; {_authentication_result(raw, envelope_from)}\r\n"
        f"Return-Path: <{envelope_from}>\r\n"
        f"Delivered-To: {envelope_to}\r\n"
        f"Received: from {envelope_from.rpartition('@')[2] or 'localhost'} by {MX} with ESMTP\r\n"
        f"\tfor <{envelope_to}>; {format_datetime(at)}\r\n"
    )
    return trace.encode() + raw


def _authentication_result(raw: bytes, envelope_from: str) -> str:
    """Returns the DMARC result: pass when the author's domain is that of the envelope.

    Source: RFC 7489, 3.1.2, with SPF passing for every envelope.
    """
    author = parseaddr(str(message_from_bytes(raw).get("From", "")))[1]
    domain = author.rpartition("@")[2].lower()
    is_aligned = bool(domain) and domain == envelope_from.rpartition("@")[2].lower()
    return f"dmarc={'pass' if is_aligned else 'fail'} header.from={domain or 'unknown.invalid'}"


def parse_mail(
    raw: bytes, envelope_from: str, envelope_to: str, at: datetime, *, mine: bool
) -> Mail:
    """Parses a mail into the fields that a mail program shows."""
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    text, html = (_body(message, kind) for kind in ("plain", "html"))
    return Mail(
        raw=raw,
        envelope_from=envelope_from,
        envelope_to=envelope_to,
        message=message,
        id=str(message.get("Message-ID", "")).strip(),
        subject=str(message.get("Subject", "")),
        text=text,
        html=html,
        attachments=tuple(_attachments(message)),
        sender=str(message.get("From", "")),
        to=str(message.get("To", "")),
        in_reply_to=str(message.get("In-Reply-To", "")).strip(),
        references=tuple(str(message.get("References", "")).split()),
        automatic=str(message.get("Auto-Submitted", "no")).strip().lower() != "no",
        mine=mine,
        at=at,
    )


def reply_draft(mail: Mail, text: str, customer: str, name: str, **more: Any) -> Draft:
    """Drafts an answer to the Reply-To or the sender, with the original quoted below."""
    quoted = "\n".join("> " + line for line in mail.text.splitlines())
    when = mail.at.strftime("%a, %d %b %Y at %H:%M")
    subject = mail.subject if re.match(r"re:", mail.subject, re.I) else f"Re: {mail.subject}"
    return Draft(
        sender=customer,
        name=name,
        to=parseaddr(mail.header("Reply-To") or mail.sender)[1],
        subject=subject,
        text=f"{text}\n\nOn {when}, {mail.sender} wrote:\n{quoted}\n",
        in_reply_to=mail.id,
        references=(*mail.references, mail.id),
        **more,
    )


def vacation_draft(mail: Mail, text: str, customer: str, name: str) -> Draft:
    """Drafts a vacation notice."""
    return Draft(
        sender=customer,
        name=name,
        to=parseaddr(mail.header("Reply-To") or mail.sender)[1],
        subject=f"Automatic reply: {mail.subject}",
        text=text,
        in_reply_to=mail.id,
        references=(*mail.references, mail.id),
        headers={"Auto-Submitted": "auto-replied", "X-Auto-Response-Suppress": "All"},
    )


def delivery_report(mail: Mail, failure: DeliveryFailure, at: datetime) -> bytes:
    """Writes a delivery report for a mail that the hub sent."""
    boundary = make_msgid().strip("<>").replace("@", ".").replace(".", "")
    failed = failure.action == "failed"
    subject = (
        "Undelivered Mail Returned to Sender" if failed else "Delayed Mail (still being tried)"
    )
    headers = mail.raw.replace(b"\r\n", b"\n").partition(b"\n\n")[0].replace(b"\n", b"\r\n")
    lines = [
        f"From: Mail Delivery System <MAILER-DAEMON@{MX}>",
        f"To: {mail.envelope_from}",
        f"Subject: {subject}",
        f"Date: {format_datetime(at)}",
        f"Message-ID: {make_msgid(domain=MX)}",
        "Auto-Submitted: auto-replied",
        "MIME-Version: 1.0",
        f'Content-Type: multipart/report; report-type=delivery-status; boundary="{boundary}"',
        "",
        f"--{boundary}",
        "Content-Type: text/plain; charset=us-ascii",
        "",
        f"This is the mail system at host {MX}.",
        "",
        f"Your message could not be delivered: <{mail.envelope_to}>: {failure.diagnostic}"
        if failed
        else f"Your message to <{mail.envelope_to}> is late: {failure.diagnostic}. "
        "It will be tried again.",
        "",
        f"--{boundary}",
        "Content-Type: message/delivery-status",
        "",
        f"Reporting-MTA: dns; {MX}",
        f"Arrival-Date: {format_datetime(mail.at)}",
        "",
        f"Final-Recipient: rfc822; {mail.envelope_to}",
        f"Action: {failure.action}",
        f"Status: {failure.status}",
        f"Diagnostic-Code: smtp; {failure.diagnostic}",
        "",
        f"--{boundary}",
        "Content-Type: text/rfc822-headers",
        "",
        "",
    ]
    return "\r\n".join(lines).encode() + headers + f"\r\n\r\n--{boundary}--\r\n".encode()


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    if part is None:
        return ""
    content = part.get_content()
    return content.replace("\r\n", "\n").rstrip("\n") if isinstance(content, str) else ""


def _attachments(message: EmailMessage) -> list[Media]:
    attachments = []
    for part in message.iter_attachments():
        payload = part.get_payload(decode=True)
        data = payload if isinstance(payload, bytes) else part.as_bytes()
        attachments.append(Media(data, part.get_content_type(), part.get_filename() or ""))
    return attachments
