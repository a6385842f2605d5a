"""Reports of mail servers about our mail: bounces, delays, complaints.

A report names a mail of ours by its Message-ID, which nobody can guess, and has a verdict: in the
fields for machines, or else in the server's own words. Without such an id, and without the signs
of a mail system, a mail is no report, whatever it quotes.

Source: RFC 3464 (delivery status), RFC 3463 (status codes), RFC 5965 (complaints), RFC 6522 (the
container), RFC 8098 (read receipts, which need no answer).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from hub.connectors.email.addresses import is_deliverable, is_ours, normalise
from hub.connectors.email.mail_systems import Origin, is_answer, origin_of
from hub.connectors.email.mime.address_lists import read_list
from hub.connectors.email.mime.headers import Headers, decoded
from hub.connectors.email.mime.parts import Budget, Part
from hub.connectors.email.mime.tree import read_mail
from hub.connectors.email.report_parts import (
    about,
    flattened_groups,
    groups,
    has_part,
    inner_mails,
    texts_of,
)
from hub.connectors.email.report_words import (
    CODE,
    code_of,
    diagnostic_of,
    own_words,
    verdict_of,
)
from hub.types import DeliveryStatus

#: Mails within a report that may be the report itself, passed on.
MAX_INNER = 2
MAX_NOTE = 400

#: Status codes after which no mail will ever arrive at the address.
NO_SUCH_ADDRESS = {"5.1.1", "5.1.3", "5.1.6", "5.1.10"}
#: Codes to sentences; a longer code is looked up first.
REASONS = {
    "5.1.1": "There is no such mailbox.",
    "5.1.2": "The domain of the address does not take mail.",
    "5.1.3": "The address is not well-formed.",
    "5.1.6": "The mailbox has moved and left no new address.",
    "5.1.10": "The domain of the address takes no mail at all.",
    "5.2.1": "The mailbox is switched off.",
    "5.2.2": "The mailbox is full.",
    "5.2.3": "The mail is too large for the mailbox.",
    "5.3.4": "The mail is too large for the server.",
    "5.4": "The receiving server could not be reached.",
    "4.4": "The receiving server could not be reached in time.",
    "4.2.2": "The mailbox is full.",
    "5.7": "The receiving server refused the mail by its rules.",
}
#: Actions of RFC 3464, 2.3.3. A delay and a relay change nothing yet.
ACTIONS = {
    "failed": DeliveryStatus.FAILED,
    "delivered": DeliveryStatus.DELIVERED,
    "delayed": DeliveryStatus.SENT,
    "relayed": DeliveryStatus.SENT,
    "expanded": DeliveryStatus.SENT,
}
#: The beginnings of the words that servers write for them.
_ACTION_WORDS = (
    (("delay", "defer", "warn", "transient"), "delayed"),
    (("deliver", "success"), "delivered"),
    (("relay",), "relayed"),
    (("expand",), "expanded"),
    (("fail", "undeliver", "bounce", "reject", "expire", "error", "denied"), "failed"),
)
_CLASSES = {"5": "failed", "2": "delivered"}
NOTES = {
    "failed": "The mail to {recipient} came back. {reason}",
    "delivered": "The mail to {recipient} was delivered.",
    "delayed": "The mail to {recipient} is delayed; the server goes on trying. {reason}",
    "relayed": "The mail to {recipient} was passed on to a server that sends no reports.",
    "expanded": "The mail to {recipient} was passed on to a list.",
    "": "A mail server wrote about the mail to {recipient}: {reason}",
}
#: Kinds of feedback that are no complaint. Source: RFC 5965, 7.3; RFC 6591; RFC 6430.
NO_COMPLAINTS = {
    "not-spam": "The customer reported the mail as wanted.",
    "auth-failure": "The receiving server could not verify that the mail came from us.",
    "dmarc": "The receiving server could not verify that the mail came from us.",
}
COMPLAINT = (
    "The customer reported the mail as unwanted. Nothing more is sent to this address until they "
    "write."
)
_COMPLAINT_SUBJECT = re.compile(r"complaint about message from ", re.I)

_ADDRESS = re.compile(r"[A-Za-z0-9._%+=-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}")

#: The words of a filter at the recipient's, as Dovecot and Cyrus write them.
_REFUSED = re.compile(r"was (?:automatically )?(?:rejected|refused)", re.I)


@dataclass(frozen=True, slots=True)
class Report:
    """A server's report about one mail of ours."""

    status: DeliveryStatus
    message_id: str
    recipient: str = ""
    external_code: str = ""
    reason: str = ""
    stopped: bool = False
    note: str = ""


def is_read_receipt(root: Part) -> bool:
    """Whether a mail says that somebody opened a mail of ours, or did not.

    A rule of the recipient that refuses mail is reported in the same form (RFC 5429, 2.1.1).
    """
    if not _is_report_of(root, "disposition-notification"):
        return False
    return not any(_REFUSED.search(own_words(text)) for text in texts_of(root))


def read_report(root: Part, ours: str) -> Report | None:
    """The report in a mail; None when it names no mail of ours, and so is an ordinary mail.

    Args:
        ours: our own address.
    """
    origin = origin_of(root.headers)
    if origin is Origin.PERSON and not _has_form_of_report(root):
        return None
    return _passed_on(root, ours, origin) or _read(root, ours, origin)


def _read(root: Part, ours: str, origin: Origin) -> Report | None:
    if _is_complaint(root):
        return _complaint(root, ours)
    is_stated = has_part(root, "delivery-status")
    if origin is Origin.MACHINE and not (is_stated or _has_copy(root)):
        return None
    texts = texts_of(root)
    identity = about(root, texts, ours)
    if not identity:
        return None
    recipients = groups(root, "delivery-status") or flattened_groups(texts)
    return _of_fields(root, recipients, texts, identity) or _of_words(
        root, texts, identity, ours, origin
    )


def _passed_on(root: Part, ours: str, origin: Origin) -> Report | None:
    """The report in a mail that a machine passed on whole, as a gateway does."""
    if origin is Origin.PERSON:
        return None
    for mail in islice(inner_mails(root), MAX_INNER):
        inner = read_mail(mail, Budget())
        inner_origin = origin_of(inner.headers)
        is_report = inner.media_type == "multipart/report" or inner_origin is Origin.MAIL_SYSTEM
        if is_report and (report := _read(inner, ours, inner_origin)):
            return report
    return None


def _of_fields(root: Part, fields: list[Headers], texts: list[str], identity: str) -> Report | None:
    """What the fields for machines say; None where they name neither an action nor a status."""
    stated = [(action, group) for group in fields if (action := _action(group))]
    if not stated:
        return None
    # One mail of ours has one recipient; among several a failure counts.
    order = {"failed": 0, "delayed": 1}
    action, group = min(stated, key=lambda pair: order.get(pair[0], 2))
    if action == "4":
        # A temporary status alone is a delay or the end of one: the words know.
        action = verdict_of(_server_text(texts), root.headers.text("subject", 200)) or "delayed"
    diagnostic = group.text("diagnostic-code", 500)
    return _report(action, identity, _recipient(group), _status(group, action), diagnostic)


def _of_words(
    root: Part, texts: list[str], identity: str, ours: str, origin: Origin
) -> Report | None:
    """What the words of a server say; an event at the mail where they say nothing known."""
    text, subject = _server_text(texts), root.headers.text("subject", 200)
    action = verdict_of(text, subject)
    if not action and origin is Origin.MACHINE:
        return None
    failed = (normalise(box.address) for box in read_list(root.headers.raw("x-failed-recipients")))
    recipient = next(failed, "") or _recipient_in(text, ours)
    if not action:
        action = "failed" if root.headers.has("x-failed-recipients") else ""
    excerpt = " ".join(text.split())[:MAX_NOTE]
    diagnostic = diagnostic_of(text) if action else (excerpt or subject)
    return _report(action, identity, recipient, code_of(text, action), diagnostic)


def _server_text(texts: Iterable[str]) -> str:
    return "\n".join(own_words(text) for text in texts)


def _is_report_of(root: Part, kind: str) -> bool:
    if has_part(root, kind):
        return True
    stated = root.headers.parameter("report-type").strip().lower()
    return root.media_type == "multipart/report" and stated == kind


def _has_form_of_report(root: Part) -> bool:
    """Whether a mail has a form that no person's program writes, in a mail that answers none."""
    if root.media_type == "multipart/report" or has_part(root, "feedback-report"):
        return True
    return has_part(root, "delivery-status") and not is_answer(root.headers)


def _is_complaint(root: Part) -> bool:
    # Microsoft and Amazon report complaints without the part for machines.
    return _is_report_of(root, "feedback-report") or bool(
        _COMPLAINT_SUBJECT.match(root.headers.text("subject", 200)) and _has_copy(root)
    )


def _has_copy(root: Part) -> bool:
    """Whether a mail brings a header block back that is not its own."""
    if any(part.media_type in {"message/rfc822", "text/rfc822-headers"} for part in root.walk()):
        return True
    return any(own_words(text) != text for text in texts_of(root))


def _complaint(root: Part, ours: str) -> Report | None:
    identity = about(root, texts_of(root), ours)
    if not identity:
        return None
    fields = groups(root, "feedback-report")
    names = ("original-rcpt-to", "final-recipient")
    addresses = (_plain(group.raw(name)) for group in fields for name in names)
    recipient = next(filter(None, addresses), "")
    kind = next((group.raw("feedback-type").strip().lower() for group in fields), "abuse")
    if note := NO_COMPLAINTS.get(kind):
        return Report(DeliveryStatus.SENT, identity, recipient, kind, "", False, note)
    return Report(DeliveryStatus.DELIVERED, identity, recipient, "complaint", "", True, COMPLAINT)


def _report(action: str, about: str, recipient: str, code: str, diagnostic: str) -> Report:
    status = ACTIONS.get(action, DeliveryStatus.SENT)
    failed = status is DeliveryStatus.FAILED
    reason = _reason(code, diagnostic) if action in {"failed", "delayed"} else diagnostic
    note = NOTES[action].format(recipient=recipient or "the customer", reason=reason)
    return Report(
        status=status,
        message_id=about,
        recipient=recipient,
        external_code=code,
        reason=reason if failed else "",
        stopped=failed and code in NO_SUCH_ADDRESS,
        note=note.strip(),
    )


def _reason(code: str, diagnostic: str) -> str:
    known = REASONS.get(code) or REASONS.get(code.rpartition(".")[0], "")
    text = diagnostic.partition(";")[2].strip() or diagnostic
    quoted = f"The server said: {text[:300]}" if text else ""
    return " ".join(filter(None, [known, quoted])) or f"The server gave the code {code}."


def _action(group: Headers) -> str:
    """An action of RFC 3464, `4` for a temporary status without one, "" for no verdict."""
    stated_action = group.raw("action").partition("(")[0].strip().lower()
    for beginnings, action in _ACTION_WORDS:
        if stated_action.startswith(beginnings):
            return action
    code = CODE.search(group.raw("status")) or CODE.search(group.raw("diagnostic-code"))
    return _CLASSES.get(code.group(1)[0], "4") if code else ""


def _status(group: Headers, action: str) -> str:
    code = CODE.search(group.raw("status"))
    stated = code.group(1) if code else ""
    # Gateways often write 5.0.0 and keep the real code in the diagnostic.
    if not stated or stated.endswith(".0.0"):
        inner = code_of(group.raw("diagnostic-code"), action)
        stated = stated or inner if inner.endswith(".0.0") else inner or stated
    return stated or "5.0.0"


def _recipient(group: Headers) -> str:
    for name in ("original-recipient", "final-recipient"):
        if address := _plain(group.raw(name)):
            return address
    return ""


def _recipient_in(text: str, ours: str) -> str:
    """The first address in the words of a report that is not ours."""
    addresses = (match.group() for match in islice(_ADDRESS.finditer(text), 20))
    return next((normalise(address) for address in addresses if not is_ours(ours, address)), "")


def _plain(value: str) -> str:
    address = decoded(value.rpartition(";")[2], 400).strip("<> ")
    return normalise(address) if is_deliverable(address) else ""
