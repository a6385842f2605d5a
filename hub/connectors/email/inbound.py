"""One mail as one message.

Source: RFC 5322, RFC 2045 to 2047 (MIME).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from typing import Any

from hub.connectors.email.addresses import is_ours, normalise, token_of
from hub.connectors.email.authentication import is_authenticated
from hub.connectors.email.auto_replies import sign_against_replies, sign_of_machine
from hub.connectors.email.mime.headers import Headers, date_of, mailboxes
from hub.connectors.email.mime.message_ids import has_own_form, message_id, references
from hub.connectors.email.mime.parts import (
    MAX_TEXT,
    Budget,
    Part,
    attachments_of,
    is_text,
    protection_of,
)
from hub.connectors.email.senders import (
    Sender,
    addresses_in,
    answers_to,
    read_sender,
    readable,
)
from hub.connectors.email.subjects import topic
from hub.types import OWN_ALIASES, Address, InboundMessage, Profile

MAX_SUBJECT = 500
#: As many addresses of To and of Cc are kept; *original* has the rest.
MAX_RECIPIENTS = 50

#: The field by which a mail that stayed in its mailbox says why.
LEFT_OUT = "x-hub-left-out"

#: Fields of an `InboundMessage` by their names.
Fields = dict[str, Any]

#: The fields that name the recipient: those of the envelope before those of the sender.
DELIVERED_TO = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to")
RECIPIENTS = (*DELIVERED_TO, "x-forwarded-to", "to", "cc")


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
    sender = read_sender(headers, ours.address, raw)
    recipients = [box.address for box in mailboxes(headers, *RECIPIENTS)]
    identity = message_id(headers)
    thread = references(headers)
    token = token_of(ours.address, recipients)
    return InboundMessage(
        key=_key(identity, sender.address, raw),
        address=Address("mailto", sender.address),
        raw=b"",
        external_id=identity,
        sent_at=date_of(headers),
        subject=headers.text("subject", MAX_SUBJECT),
        to=_recipient(ours.address, recipients),
        recipients=_recipients(headers, "to", ours.address),
        cc=_recipients(headers, "cc", ours.address),
        profile=Profile(name=sender.name),
        reply_to=thread[0] if thread else "",
        references=thread,
        reply_token=token,
        # A link starts a mail of its own; an answer to ours carries our ids beside the token.
        handover_token="" if thread else token,
        automatic=bool(sign_of_machine(headers, sender, ours.address)),
        no_auto_reply=sign_against_replies(headers, sender, ours.address),
        authenticated=sender.is_from_field
        and is_authenticated(headers, sender.address, ours.authserv_id),
        extra=_header_facts(headers, sender, ours.address),
    )


def is_sent_by_hub(headers: Headers, ours: str) -> bool:
    """Whether a mail is one of the hub's own that came back, by its id or its loop header."""
    if not any(is_ours(ours, address) for _, address in addresses_in(headers, "from", "sender")):
        return False
    loops = (box.address for box in mailboxes(headers, "x-hub-loop"))
    return has_own_form(message_id(headers), ours) or any(is_ours(ours, box) for box in loops)


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


def content_key(envelope: InboundMessage, root: Part, raw: bytes) -> str:
    """The key of a mail that was read whole: its id, its sender and what it says.

    One id may be that of many mails (scanners, forms), and the same mail may come by two ways, with
    other trace fields, another transfer encoding or a list's tag before its subject.
    """
    if not envelope.external_id:
        return _key("", "", raw)
    digest = sha256(topic(envelope.subject).encode("utf-8", "replace"))
    for part in root.walk():
        if not part.parts:
            digest.update(b"\x00")
            # Files are not decoded for this: base64 comes as it left, but for its line ends.
            content = part.content(MAX_TEXT) if is_text(part) else part.body
            digest.update(content.translate(None, b" \t\r\n"))
    return _key(f"{envelope.external_id}\n{digest.hexdigest()}", envelope.address.path, raw)


def _key(identity: str, sender: str, raw: bytes) -> str:
    """The key of a mail: two senders can use one id, so the id alone is no key."""
    if not identity:
        return f"raw:{sha256(raw).hexdigest()}"
    pair = f"{identity}\n{sender}".encode("utf-8", "replace")
    return f"id:{sha256(pair).hexdigest()}"


def _recipient(ours: str, recipients: list[str]) -> str:
    """Our address, if it is among them; else the first recipient (an alias of ours)."""
    if any(is_ours(ours, recipient) for recipient in recipients):
        return normalise(ours)
    return readable(recipients[0]) if recipients else ""


def left_out(headers: Headers) -> str:
    """The text of a mail of which only the header block was fetched, "" for any other."""
    reason = headers.text(LEFT_OUT, 200)
    return f"This mail is still in the mailbox: {reason}." if reason else ""


def _header_facts(headers: Headers, sender: Sender, ours: str) -> dict[str, str]:
    """The facts of the header block that an agent should see beside the text."""
    facts: dict[str, str] = {}
    if sender.written_from:
        facts["written_from"] = sender.written_from
    answers = dict.fromkeys(address for _, address in answers_to(headers, ours))
    if answers and list(answers) != [sender.address]:
        facts["reply_to"] = ", ".join(answers)
    if aliases := _aliases(headers, sender.address, ours):
        facts[OWN_ALIASES] = ", ".join(aliases)
    return facts


def _aliases(headers: Headers, sender: str, ours: str) -> list[str]:
    """Recipients that our own server delivered to us: other addresses of this mailbox."""
    delivered = {address for _, address in addresses_in(headers, *DELIVERED_TO)}
    written_to = (address for _, address in addresses_in(headers, "to", "cc"))
    return [
        address
        for address in islice(dict.fromkeys(written_to), MAX_RECIPIENTS)
        if address in delivered and address != sender and not is_ours(ours, address)
    ]


def _recipients(headers: Headers, field: str, ours: str) -> tuple[Address, ...]:
    """The addresses in To or Cc, ours without its token, each once."""
    addresses = (
        normalise(ours) if is_ours(ours, address) else address
        for _, address in addresses_in(headers, field)
    )
    distinct = dict.fromkeys(islice(addresses, 10 * MAX_RECIPIENTS))
    return tuple(Address("mailto", path) for path in islice(distinct, MAX_RECIPIENTS))
