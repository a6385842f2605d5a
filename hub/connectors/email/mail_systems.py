"""Where a mail that may be a report comes from: a mail system, another machine, or a person.

Source: RFC 5321, 4.5.5 (the empty return path); RFC 2142 (postmaster); RFC 3834.
"""

from __future__ import annotations

import re
from enum import Enum, auto

from hub.connectors.email.mime.headers import Headers, mailboxes
from hub.connectors.email.report_words import subject_verdict
from hub.connectors.email.subjects import announces_auto_reply


class Origin(Enum):
    """What sent a mail, as far as its header block tells."""

    MAIL_SYSTEM = auto()
    MACHINE = auto()
    PERSON = auto()


_SYSTEM = re.compile(
    r"(?:mailer-?_?daemon|mail-?daemon|post-?_?master|mail-?(?:system|delivery)"
    r"|microsoftexchange[0-9a-f]{8,})(?:[+._=-].*)?",
    re.I,
)
_SYSTEM_NAME = re.compile(
    r"(?:mail|message)? ?deliver(?:y|er)? ?(?:sub-?|sy)?system|mailer.?daemon|post ?master"
    r"|system administrator|mail (?:administrator|router|system)|interscan|internet mail delivery"
    r"|microsoft outlook$|mail delivery",
    re.I,
)
#: Machines that are no mail systems but send reports too: lists, phone gateways, feedback loops.
_MACHINE = re.compile(
    r"(?:no-?reply|do-?not-?reply|bounces?|root|sys-?admin|mail-?admin|abuse|staff|complaints"
    r"|fbl.*|feedback.*|.*-admin|.*-bounces?|.*-owner|listserv|majordomo|mailman)(?:[+._=-].*)?",
    re.I,
)
_ANSWER = re.compile(
    r"\s*(?:re|aw|sv|vs|odp|ynt|antw|ref|rif|res|fwd?|fw|wg|tr|vb|i|отв|пересл)\s{0,3}(?:\[\d{1,4}\])?"
    r"\s{0,3}[:：]",
    re.I,
)


def origin_of(headers: Headers) -> Origin:
    """What sent a mail. A person who answers or passes on a report is a person.

    A postmaster's answer is a person's too, as long as no field says that a machine wrote it.
    """
    subject = headers.text("subject", 200)
    box = next(mailboxes(headers, "from", "sender"), None)
    local = box.address.partition("@")[0] if box else ""
    is_system = bool(_SYSTEM.fullmatch(local) or _SYSTEM_NAME.search(headers.text("from", 200)))
    is_automatic = _is_automatic(headers)
    if announces_auto_reply(subject):
        return Origin.MACHINE if is_system or is_automatic else Origin.PERSON
    if _ANSWER.match(subject) and not (is_system and is_automatic):
        return Origin.MACHINE if is_automatic or _MACHINE.fullmatch(local) else Origin.PERSON
    if is_system or headers.has("x-failed-recipients"):
        return Origin.MAIL_SYSTEM
    if subject_verdict(subject) is not None:
        return Origin.MAIL_SYSTEM if is_automatic or not _answers(headers) else Origin.PERSON
    return Origin.MACHINE if is_automatic or _MACHINE.fullmatch(local) else Origin.PERSON


def is_answer(headers: Headers) -> bool:
    """Whether a mail answers another or passes it on, as people do."""
    return bool(_ANSWER.match(headers.text("subject", 200))) or _answers(headers)


def _is_automatic(headers: Headers) -> bool:
    """Whether a field says that a machine sent the mail."""
    if headers.raw("return-path").replace(" ", "").lower() in {"<>", "<mailer-daemon>"}:
        return True
    if headers.has("x-failed-recipients"):
        return True
    value = headers.raw("auto-submitted").split(";")[0].split("(")[0].strip().lower()
    return bool(value) and value != "no"


def _answers(headers: Headers) -> bool:
    return headers.has("in-reply-to") or headers.has("references")
