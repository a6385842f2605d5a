"""One mail as one message.

Source: RFC 5322, RFC 2045 to 2047 (MIME).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from typing import Any

from hub.connectors.email.addresses import is_ours, is_unambiguous, normalise, token_of
from hub.connectors.email.authentication import is_authenticated
from hub.connectors.email.auto_replies import sign_of_automation
from hub.connectors.email.mime.charsets import decode
from hub.connectors.email.mime.headers import Headers, date_of, decoded, mailboxes
from hub.connectors.email.mime.message_ids import message_id, references
from hub.connectors.email.mime.parts import Budget, Part, attachments_of, protection_of
from hub.types import Address, InboundMessage, Profile

MAX_SUBJECT = 500
MAX_NAME = 200
MAX_ADDRESS = 320
MAX_COPIES = 20
#: The sender of a mail that names none. `.invalid` never exists (RFC 2606).
NO_SENDER = "unknown@sender.invalid"

#: The field by which a mail that stayed in its mailbox says why.
LEFT_OUT = "x-hub-left-out"

#: Fields of an `InboundMessage` by their names.
Fields = dict[str, Any]

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


@dataclass(frozen=True, slots=True)
class Mailing:
    """What the reading of a mail has to know of the connector.

    Args:
        address: our own address.
        authserv_id: the name of our receiving server, "" where no sender counts as verified.
    """

    address: str
    authserv_id: str = ""


def read_envelope(headers: Headers, raw: bytes, ours: Mailing) -> InboundMessage:
    """A mail as a message without text: what its header block alone says."""
    sender = sender_of(headers)
    recipients = [box.address for box in mailboxes(headers, *RECIPIENTS)]
    identity = message_id(headers)
    thread = references(headers)
    token = token_of(ours.address, recipients)
    return InboundMessage(
        key=_key(identity, sender, raw),
        address=Address("mailto", sender),
        raw=b"",
        external_id=identity,
        sent_at=date_of(headers),
        subject=headers.text("subject", MAX_SUBJECT),
        to=_recipient(ours.address, recipients),
        profile=Profile(name=_name(headers)),
        reply_to=thread[0] if thread else "",
        references=thread,
        reply_token=token,
        # A link starts a mail of its own; an answer to ours carries our ids beside the token.
        handover_token="" if thread else token,
        automatic=bool(sign_of_automation(headers, sender, ours.address)),
        authenticated=is_authenticated(headers, sender, ours.authserv_id),
        extra=_header_facts(headers, sender, ours.address),
    )


def content_fields(root: Part, budget: Budget, extra: Mapping[str, str]) -> Fields:
    """The fields of a message that its body gives, without the text.

    Args:
        extra: the facts that are known from the header block.
    """
    files, files_left = attachments_of(root)
    facts = dict(extra)
    if protection := protection_of(root):
        facts["protection"] = protection
    if files_left:
        facts["files_left_out"] = str(files_left)
    if budget.is_cut or root.headers.is_cut:
        facts["cut"] = "yes"
    return {"attachments": files, "extra": facts}


def sender_of(headers: Headers) -> str:
    """The sender's address, in the form in which addresses are compared."""
    return next((address for name in SENDERS for address in _addresses(headers, name)), NO_SENDER)


def _key(identity: str, sender: str, raw: bytes) -> str:
    """The key of a mail: two senders can use one id, so the id alone is no key."""
    if not identity:
        return f"raw:{sha256(raw).hexdigest()}"
    pair = f"{identity}\n{sender}".encode("utf-8", "replace")
    return f"id:{sha256(pair).hexdigest()}"


def _name(headers: Headers) -> str:
    box = next(mailboxes(headers, "from"), None)
    return decoded(box.name, MAX_NAME).strip("'\" ") if box else ""


def _recipient(ours: str, recipients: list[str]) -> str:
    """Our address, if it is among them; else the first recipient (an alias of ours)."""
    if any(is_ours(ours, recipient) for recipient in recipients):
        return normalise(ours)
    return _readable(recipients[0]) if recipients else ""


def left_out(headers: Headers) -> str:
    """The text of a mail of which only the header block was fetched, "" for any other."""
    reason = headers.text(LEFT_OUT, 200)
    return f"This mail is still in the mailbox: {reason}." if reason else ""


def _header_facts(headers: Headers, sender: str, ours: str) -> dict[str, str]:
    """The facts of the header block that an agent should see beside the text."""
    facts: dict[str, str] = {}
    copies = [
        copy
        for copy in islice(_addresses(headers, "cc"), MAX_COPIES + 1)
        if not is_ours(ours, copy)
    ]
    if copies:
        facts["cc"] = ", ".join(copies[:MAX_COPIES])
    answers_to = next(_addresses(headers, "reply-to"), "")
    if answers_to and answers_to != sender:
        facts["reply_to"] = answers_to
    return facts


def _addresses(headers: Headers, name: str) -> Iterator[str]:
    """The addresses in a field, without those that another program may read as something else."""
    for box in mailboxes(headers, name):
        address = _readable(box.address)
        if is_unambiguous(address):
            yield address


def _readable(address: str) -> str:
    """An address as addresses are compared, its bytes beyond ASCII as characters (RFC 6532)."""
    address = address[:MAX_ADDRESS]
    if not address.isascii():
        address = decode(address.encode("utf-8", "surrogateescape"))
    return normalise(address)[:MAX_ADDRESS]
