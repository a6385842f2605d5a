"""Reports of mail servers about our mail: bounces, delays, complaints.

Source: RFC 3464 (delivery status), RFC 3463 (status codes), RFC 5965 (complaints), RFC 8098 (read
receipts, which need no answer).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from hub.connectors.email.addresses import is_deliverable, normalise
from hub.connectors.email.mime.address_lists import read_list
from hub.connectors.email.mime.headers import Headers, decoded, read_headers
from hub.connectors.email.mime.message_ids import message_id, references
from hub.connectors.email.mime.parts import Part
from hub.types import DeliveryStatus

MAX_RECIPIENTS = 100
MAX_REPORT = 200_000

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
NOTES = {
    "failed": "The mail to {recipient} came back. {reason}",
    "delivered": "The mail to {recipient} was delivered.",
    "delayed": "The mail to {recipient} is delayed; the server goes on trying. {reason}",
    "relayed": "The mail to {recipient} was passed on to a server that sends no reports.",
    "expanded": "The mail to {recipient} was passed on to a list.",
}

_CODE = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_QUOTED_ID = re.compile(rb"^[> \t]{0,8}Message-I[Dd]:[ \t]*(<[^<>\s]{1,400}>)", re.M)


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


def report_type(root: Part) -> str:
    """`delivery-status`, `disposition-notification`, `feedback-report`, or ""."""
    if root.media_type != "multipart/report":
        return ""
    stated = root.headers.parameter("report-type").lower()
    kinds = {part.media_type for part in root.parts}
    for kind in ("delivery-status", "disposition-notification", "feedback-report"):
        if stated == kind or f"message/{kind}" in kinds or f"message/global-{kind}" in kinds:
            return kind
    return ""


def read_report(root: Part, ours: str) -> Report | None:
    """The report in a mail; None when it names no mail of ours, and so is an ordinary mail."""
    kind = report_type(root)
    if kind == "feedback-report":
        return _complaint(root)
    if kind == "delivery-status":
        return _delivery_status(root, ours)
    if root.headers.has("x-failed-recipients"):
        return _old_bounce(root, ours)
    return None


def _delivery_status(root: Part, ours: str) -> Report | None:
    about = _returned_id(root) or _domain_id(references(root.headers), ours)
    groups = _groups(root, "delivery-status")
    recipients = [group for group in groups if group.has("action") or group.has("final-recipient")]
    if not (about and recipients):
        return None
    # One mail of ours has one recipient; among several a failure counts.
    group = next((group for group in recipients if _action(group) == "failed"), recipients[0])
    return _report(
        _action(group), about, _recipient(group), _status(group), group.text("diagnostic-code", 500)
    )


def _old_bounce(root: Part, ours: str) -> Report | None:
    """The form that Exim and some gateways use: a field with the addresses, the mail as text."""
    failed = [normalise(box.address) for box in read_list(root.headers.raw("x-failed-recipients"))]
    about = _returned_id(root) or _domain_id(references(root.headers), ours)
    if not about:
        match = _QUOTED_ID.search(root.mail, root.start, min(root.end, root.start + MAX_REPORT))
        about = match.group(1).decode("ascii", "replace").strip("<>") if match else ""
    if not about or not failed:
        return None
    body = root.mail[root.start : min(root.end, root.start + MAX_REPORT)]
    code = _CODE.search(body.decode("ascii", "replace"))
    return _report("failed", about, failed[0], code.group(1) if code else "5.0.0", "")


def _complaint(root: Part) -> Report | None:
    about = _returned_id(root)
    if not about:
        return None
    groups = _groups(root, "feedback-report")
    recipient = next((_plain(group.raw("original-rcpt-to")) for group in groups), "")
    note = "The customer reported the mail as unwanted. Nothing more is sent to this address."
    return Report(DeliveryStatus.DELIVERED, about, recipient, "complaint", "", True, note)


def _report(action: str, about: str, recipient: str, code: str, diagnostic: str) -> Report:
    status = ACTIONS.get(action, DeliveryStatus.SENT)
    failed = status is DeliveryStatus.FAILED
    reason = _reason(code, diagnostic) if action in {"failed", "delayed"} else ""
    note = NOTES.get(action, "").format(recipient=recipient or "the customer", reason=reason)
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
    return group.raw("action").partition("(")[0].strip().lower()


def _status(group: Headers) -> str:
    code = _CODE.search(group.raw("status"))
    stated = code.group(1) if code else ""
    # Gateways often write 5.0.0 and keep the real code in the diagnostic.
    if not stated or stated.endswith(".0.0"):
        inner = _CODE.search(group.raw("diagnostic-code"))
        stated = inner.group(1) if inner else stated
    return stated or "5.0.0"


def _recipient(group: Headers) -> str:
    for name in ("original-recipient", "final-recipient"):
        if address := _plain(group.raw(name)):
            return address
    return ""


def _plain(value: str) -> str:
    address = decoded(value.rpartition(";")[2], 400).strip("<> ")
    return normalise(address) if is_deliverable(address) else ""


def _groups(root: Part, kind: str) -> list[Headers]:
    """The groups of fields in the machine's part, one of the mail and one of each recipient."""
    names = {f"message/{kind}", f"message/global-{kind}"}
    groups = []
    for part in root.walk():
        if part.media_type in names:
            data = part.content(MAX_REPORT)[:MAX_REPORT].replace(b"\r\n", b"\n")
            blocks = [block for block in re.split(rb"\n[ \t]*\n", data) if block.strip()]
            groups += [read_headers(block.lstrip())[0] for block in blocks[:MAX_RECIPIENTS]]
    return groups


def _returned_id(root: Part) -> str:
    """The id of the mail that came back with the report, whole or only its headers."""
    for part in root.parts:
        if part.media_type in {"message/rfc822", "text/rfc822-headers", "message/global"}:
            inner, _ = read_headers(part.content(MAX_REPORT)[:MAX_REPORT].lstrip())
            if identity := message_id(inner):
                return identity
    return ""


def _domain_id(ids: tuple[str, ...], ours: str) -> str:
    domain = normalise(ours).rpartition("@")[2]
    return next((id_ for id_ in ids if id_.rpartition("@")[2].lower() == domain), "")
