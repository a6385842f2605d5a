"""A message of the hub as a mail: the same message always gives the same bytes.

Source: RFC 5322 (the format), RFC 2045 (MIME), RFC 3834 (automatic mail).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from email.headerregistry import Address as HeaderAddress
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from hub.connectors.email.addresses import TOKEN, ascii_domain, is_deliverable, with_token
from hub.connectors.email.config import EmailConfig
from hub.connectors.email.header_check import check_header_block
from hub.connectors.email.mime.charsets import clean
from hub.connectors.email.mime.message_ids import chain, own_id
from hub.connectors.email.payloads import SmtpCall
from hub.connectors.email.senders import UNKNOWN_DOMAIN
from hub.connectors.email.subjects import answer_subject
from hub.connectors.html import clean_html, text_to_html
from hub.errors import AddressInvalid, Rejected, Unsupported
from hub.types import Attachment, Medium, MediumLimit, OutboundMessage

MAX_BYTES = 25 * 1024 * 1024
MAX_FILES = 50
MAX_TEXT = 100_000
MAX_SUBJECT = 250
MEDIA = {medium: MediumLimit(MAX_BYTES, caption=MAX_TEXT) for medium in Medium}
#: Beyond the 78 that RFC 5322 recommends: some programs lose a Message-ID on a line of its own.
LINE = 160

#: The header fields of our mail, each at most once. Nothing else leaves.
FIELDS = frozenset({
    "from", "to", "cc", "subject", "date", "message-id", "reply-to", "in-reply-to", "references",
    "auto-submitted", "x-auto-response-suppress", "x-hub-loop",
    "mime-version", "content-type", "content-transfer-encoding",
})  # fmt: skip

_MEDIA_TYPE = re.compile(r"(?!multipart/|message/)[a-z0-9][\w.+-]*/[\w.+-]+")


def build_mail(message: OutboundMessage, config: EmailConfig) -> SmtpCall:
    """One mail with a text part, a simple HTML part and the files.

    Raises:
        AddressInvalid: the recipient is no address that may be handed to a server.
        Rejected: a value would make a header field of its own.
        Unsupported: the message is too long or too large, or mail does not carry a part of it.
    """
    _check(message)
    main, copies = _recipients(message)
    beyond_ascii = not "".join([*main, *copies]).isascii()
    mail = EmailMessage(SMTP.clone(cte_type="7bit", utf8=beyond_ascii, max_line_length=LINE))
    domain = ascii_domain(config.address.rpartition("@")[2])
    identity = own_id((message.conversation_id, message.id), _key(config), domain)
    try:
        _set_headers(mail, message, config, identity)
    except (ValueError, IndexError) as error:
        raise Rejected(f"The mail cannot be written: {error}.") from error
    _set_content(mail, message)
    for number, part in enumerate(part for part in mail.walk() if part.is_multipart()):
        # The library's own boundaries are random, and a retry must give the same mail.
        part.set_boundary(f"=_{hashlib.sha256(identity.encode()).hexdigest()[:24]}_{number}")
    sender = "" if message.automatic else config.address
    mime = mail.as_bytes()
    check_header_block(mime, FIELDS)
    return SmtpCall(sender, (*main, *copies), identity, mime, customer=message.address.path)


def _check(message: OutboundMessage) -> None:
    main, _ = _recipients(message)
    if any(path.endswith(f"@{UNKNOWN_DOMAIN}") for path in main):
        raise AddressInvalid("The mail named no sender, so no answer can be sent.")
    if not is_deliverable(message.address.path):
        raise AddressInvalid("This is not an address that mail can be sent to.")
    for address in (*message.to, *message.cc):
        if not is_deliverable(address.path):
            raise Rejected(f"{address.path} is not an address that mail can be sent to.")
    if message.location is not None:
        raise Unsupported("locations")
    if message.buttons:
        raise Unsupported("buttons")
    if not (message.text.strip() or message.attachments):
        raise Unsupported("an empty message", "There is nothing in this message to send.")
    if len(message.text) > MAX_TEXT:
        raise Unsupported(f"text over {MAX_TEXT} characters")
    if len(message.attachments) > MAX_FILES:
        raise Unsupported(f"more than {MAX_FILES} files")
    for value in (message.subject, message.author_name, message.reply_token):
        if "\r" in value or "\n" in value:
            raise Rejected("A subject, a name and a token are one line each.")
    if message.reply_token and not TOKEN.fullmatch(message.reply_token):
        raise Rejected("This token cannot stand in an address.")
    if sum(_size(attachment) for attachment in message.attachments) > MAX_BYTES:
        raise Unsupported(f"files over {MAX_BYTES // 1024 // 1024} MB together")


def _recipients(message: OutboundMessage) -> tuple[list[str], list[str]]:
    """The addresses of To and those of Cc, each once."""
    main = list(dict.fromkeys(address.path for address in message.to or (message.address,)))
    copies = dict.fromkeys(address.path for address in message.cc if address.path not in main)
    return main, list(copies)


def _size(attachment: Attachment) -> int:
    return attachment.size or 0


def _set_headers(
    mail: EmailMessage, message: OutboundMessage, config: EmailConfig, identity: str
) -> None:
    mail["From"] = _named(config.name or message.author_name, config.address)
    main, copies = _recipients(message)
    mail["To"] = [_named("", path) for path in main]
    if copies:
        mail["Cc"] = [_named("", path) for path in copies]
    mail["Subject"] = _subject(message, config)
    mail["Date"] = format_datetime(message.now)
    mail["Message-ID"] = f"<{identity}>"
    if message.reply_token:
        mail["Reply-To"] = _named("", with_token(config.address, message.reply_token))
    if answered := chain([message.reply_to]):
        mail["In-Reply-To"] = answered
    if thread := chain([message.reply_to, *message.references]):
        mail["References"] = thread
    if message.automatic:
        mail["Auto-Submitted"] = "auto-replied"
        mail["X-Auto-Response-Suppress"] = "All"
        mail["X-Hub-Loop"] = config.address


def _named(name: str, address: str) -> HeaderAddress:
    local, _, domain = address.rpartition("@")
    return HeaderAddress(_one_line(name), local, ascii_domain(domain))


def _one_line(text: str) -> str:
    """A text for a header field: one line, and nothing that the library takes for encoded."""
    return " ".join(clean(text).split()).replace("=?", "= ?")


def _subject(message: OutboundMessage, config: EmailConfig) -> str:
    subject = _one_line(message.subject)[:MAX_SUBJECT]
    if not subject:
        return f"Your message to {config.name or config.address}"
    answers = bool(message.reply_to or message.references)
    return answer_subject(subject) if answers else subject


def _set_content(mail: EmailMessage, message: OutboundMessage) -> None:
    text = clean(message.text).strip("\n")
    mail.set_content(text + "\n" if text else "")
    if text:
        inner = clean_html(message.html, {}) if message.html else text_to_html(text)
        mail.add_alternative(f"<!DOCTYPE html>\n<html><body>\n{inner}\n</body></html>\n", "html")
    total = 0
    for attachment, content in _contents(message.attachments):
        total += len(content)
        if total > MAX_BYTES:
            raise Unsupported(f"files over {MAX_BYTES // 1024 // 1024} MB together")
        known = _MEDIA_TYPE.fullmatch(attachment.media_type.lower())
        kind = attachment.media_type.lower() if known else "application/octet-stream"
        main, _, sub = kind.partition("/")
        name = _one_line(attachment.name)[:200] or "attachment"
        mail.add_attachment(content, maintype=main, subtype=sub, filename=name)


def _contents(attachments: Sequence[Attachment]) -> Sequence[tuple[Attachment, bytes]]:
    contents = []
    for attachment in attachments:
        if attachment.content is None:
            raise Unsupported("a file whose bytes are not here")
        contents.append((attachment, attachment.content()))
    return contents


def _key(config: EmailConfig) -> bytes:
    """A key that only this hub knows, so that the id of its mails cannot be guessed."""
    secrets = (config.smtp.secret, config.webhook_secret.get_secret_value(), config.address)
    return hashlib.sha256("\x00".join(("message-id", *secrets)).encode()).digest()
