"""Two verdicts on a mail: whether a machine wrote it, and whether it may get automatic answers.

A mail that a person wrote may forbid automatic answers: mail gateways, lists and marketplaces add
their fields to what people write.

Source: RFC 3834; RFC 2919, 2369 and 8058 for lists; Microsoft's [MS-OXCMAIL] for the X- fields.
"""

from __future__ import annotations

import re

from hub.connectors.email.addresses import is_ours
from hub.connectors.email.mime.headers import Headers, mailboxes
from hub.connectors.email.senders import Sender, is_robot
from hub.connectors.email.subjects import announces_auto_reply

#: Fields that only the answers of machines have.
MACHINE_FIELDS = (
    "x-autoreply",
    "x-autorespond",
    "x-autoresponder",
    "x-auto-reply",
    "x-failed-recipients",
)
#: Fields that stand in mails of machines and of people, and ask for no automatic answer.
QUIET_FIELDS = (
    "x-auto-response-suppress",
    "list-id",
    "list-post",
    "list-unsubscribe",
    "feedback-id",
)
PRECEDENCE = ("precedence", "x-precedence")
LOOP_HEADERS = ("x-loop", "x-hub-loop")
_MAIL_SYSTEM = re.compile(r"(mailer-daemon|postmaster)([+._=-].*)?", re.I)


def sign_of_machine(headers: Headers, sender: Sender, ours: str) -> str:
    """The name of the field by which a machine wrote a mail, "" when a person did.

    A web form is a machine that brings a person's words: what it says of itself does not count.
    """
    submitted = _submitted(headers)
    if submitted and not (submitted == "auto-generated" and sender.is_named_by_form):
        return "auto-submitted"
    if _has_empty_return_path(headers) and not sender.is_named_by_form:
        return "return-path"
    for name in MACHINE_FIELDS:
        if headers.has(name):
            return name
    for name in PRECEDENCE:
        if headers.raw(name).strip().lower() == "auto_reply":
            return name
    if headers.media_type() == "multipart/report":
        return "content-type"
    if _MAIL_SYSTEM.fullmatch(sender.address.partition("@")[0]):
        return "from"
    for name in LOOP_HEADERS:
        if any(is_ours(ours, box.address) for box in mailboxes(headers, name)):
            return name
    if announces_auto_reply(headers.text("subject", 200)):
        return "subject"
    if is_ours(ours, sender.address):
        return "from"
    return "list-unsubscribe" if _is_mass_mail(headers, sender) else ""


def sign_against_replies(headers: Headers, sender: Sender, ours: str) -> str:
    """The name of the field by which a mail may not be answered automatically, "" if it may."""
    if sign := sign_of_machine(headers, sender, ours):
        return sign
    for name in QUIET_FIELDS:
        if headers.has(name):
            return name
    for name in PRECEDENCE:
        if headers.raw(name).strip().lower() in {"bulk", "junk", "list"}:
            return name
    if _submitted(headers):
        return "auto-submitted"
    if _has_empty_return_path(headers):
        return "return-path"
    # A form's words may name a stranger, who must not get mail for it.
    return "from" if is_robot(sender.address) or sender.is_named_by_form else ""


def _submitted(headers: Headers) -> str:
    """The value of Auto-Submitted, "" where a person sent the mail."""
    value = headers.raw("auto-submitted").split(";")[0].split("(")[0].strip().lower()
    return "" if value == "no" else value


def _has_empty_return_path(headers: Headers) -> bool:
    return headers.has("return-path") and headers.raw("return-path").replace(" ", "") == "<>"


def _is_mass_mail(headers: Headers, sender: Sender) -> bool:
    """Whether a mail went to many at once: the way out of it, beside a second sign.

    One sign alone stands in mails of people too; what goes over a list that takes mail (List-Post)
    or answers a mail is a person's.
    """
    if not headers.has("list-unsubscribe") or headers.has("list-post"):
        return False
    if headers.has("in-reply-to") or headers.has("references"):
        return False
    is_bulk = any(headers.raw(name).strip().lower() in {"bulk", "junk"} for name in PRECEDENCE)
    is_one_click = headers.has("list-unsubscribe-post") and headers.has("feedback-id")
    return is_bulk or is_one_click or (is_robot(sender.address) and not sender.is_named_by_form)
