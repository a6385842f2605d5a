"""One mail as one message.

Source: RFC 5322, RFC 2045 to 2047 (MIME).
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

from hub.connectors.email.addresses import (
    Mailbox,
    is_ours,
    normalise,
    read_list,
    token_of,
)
from hub.connectors.email.authentication import is_authenticated
from hub.connectors.email.auto_replies import sign_of_automation
from hub.connectors.email.config import EmailConfig
from hub.connectors.email.mime.charsets import decode
from hub.connectors.email.mime.headers import Headers, date_of, decoded
from hub.connectors.email.mime.message_ids import message_id, references
from hub.connectors.email.mime.parts import Part, attachments_of, body_of, protection_of
from hub.connectors.email.quotes.reader import Reader
from hub.types import Address, InboundMessage, Profile

MAX_SUBJECT = 500
MAX_NAME = 200
MAX_ADDRESS = 320
#: The sender of a mail that names none. `.invalid` never exists (RFC 2606).
NO_SENDER = "unknown@sender.invalid"

#: The field by which a mail that stayed in its mailbox says why.
LEFT_OUT = "x-hub-left-out"

#: The fields that name the sender, most trusted first.
SENDERS = ("from", "sender", "reply-to", "return-path")
#: The fields that name the recipient: those of the envelope before those of the sender.
RECIPIENTS = (
    "delivered-to",
    "x-original-to",
    "envelope-to",
    "x-envelope-to",
    "x-forwarded-to",
    "to",
    "cc",
)


def read_message(root: Part, raw: bytes, config: EmailConfig, reader: Reader) -> InboundMessage:
    """The message in a mail, however damaged the mail is.

    Args:
        root: the mail, taken apart.
        raw: the mail as it came.
        reader: folds quotes and reads HTML.
    """
    headers = root.headers
    sender = sender_of(headers)
    subject = headers.text("subject", MAX_SUBJECT)
    body = body_of(root)
    readable = reader.read(body.text or _unread(root), body.html, subject)
    files, files_left = attachments_of(root)
    recipients = [box.address for name in RECIPIENTS for box in _boxes(headers, name)]
    identity = message_id(headers)
    thread = references(headers)
    token = token_of(config.address, recipients)
    return InboundMessage(
        key=_key(identity, sender, raw),
        address=Address("mailto", sender),
        raw=raw,
        external_id=identity,
        sent_at=date_of(headers),
        text=readable.text,
        full_text=readable.full_text,
        html=body.html,
        subject=subject,
        to=_recipient(config.address, recipients),
        attachments=files,
        profile=Profile(name=_name(headers)),
        reply_to=thread[0] if thread else "",
        references=thread,
        reply_token=token,
        # A link starts a mail of its own; an answer to ours carries our ids beside the token.
        handover_token="" if thread else token,
        automatic=bool(sign_of_automation(headers, sender, config.address)),
        authenticated=is_authenticated(headers, sender, config.authserv_id),
        extra=_extra(root, sender, config.address, files_left),
    )


def sender_of(headers: Headers) -> str:
    """The sender's address, in the form in which addresses are compared."""
    for name in SENDERS:
        for box in _boxes(headers, name):
            return normalise(_readable(box.address))[:MAX_ADDRESS]
    return NO_SENDER


def _key(identity: str, sender: str, raw: bytes) -> str:
    """The key of a mail: two senders can use one id, so the id alone is no key."""
    if not identity:
        return f"raw:{sha256(raw).hexdigest()}"
    pair = f"{identity}\n{sender}".encode("utf-8", "replace")
    return f"id:{sha256(pair).hexdigest()}"


def _name(headers: Headers) -> str:
    box = next(_boxes(headers, "from"), None)
    return decoded(box.name, MAX_NAME).strip("'\" ") if box else ""


def _recipient(ours: str, recipients: list[str]) -> str:
    """Our address, if it is among them; else the first recipient (an alias of ours)."""
    if any(is_ours(ours, recipient) for recipient in recipients):
        return normalise(ours)
    return normalise(_readable(recipients[0])) if recipients else ""


def _unread(root: Part) -> str:
    reason = root.headers.text(LEFT_OUT, 200)
    return f"This mail is still in the mailbox: {reason}." if reason else ""


def _extra(root: Part, sender: str, ours: str, files_left: int) -> dict[str, str]:
    """The facts that an agent should see beside the text."""
    extra: dict[str, str] = {}
    copies = [normalise(_readable(box.address)) for box in _boxes(root.headers, "cc")]
    copies = [copy for copy in copies if not is_ours(ours, copy)]
    if copies:
        extra["cc"] = ", ".join(copies[:20])
    answers_to = next(
        (normalise(_readable(box.address)) for box in _boxes(root.headers, "reply-to")), ""
    )
    if answers_to and answers_to != sender:
        extra["reply_to"] = answers_to
    if protection := protection_of(root):
        extra["protection"] = protection
    if files_left:
        extra["files_left_out"] = str(files_left)
    return extra


def _boxes(headers: Headers, name: str) -> Iterator[Mailbox]:
    for value in headers.all(name):
        yield from read_list(value)


def _readable(address: str) -> str:
    """An address whose bytes beyond ASCII are characters again (RFC 6532 mail has UTF-8)."""
    if address.isascii():
        return address
    return decode(address.encode("utf-8", "surrogateescape"))
