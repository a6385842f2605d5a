"""Automatic mail, told from the signs that its senders leave.

Source: RFC 3834; RFC 2919 and 2369 for lists; Microsoft's [MS-OXCMAIL] for the X- fields.
"""

from __future__ import annotations

import re

from hub.connectors.email.addresses import is_ours
from hub.connectors.email.mime.headers import Headers, mailboxes

#: Fields that only automatic mail has.
PRESENT = (
    "x-auto-response-suppress",
    "x-autoreply",
    "x-autorespond",
    "x-autoresponder",
    "x-auto-reply",
    "list-id",
    "list-post",
    "list-unsubscribe",
    "feedback-id",
    "x-failed-recipients",
)
#: Fields with the values that only automatic mail has.
VALUES = {
    "precedence": {"bulk", "junk", "list", "auto_reply"},
    "x-precedence": {"bulk", "junk", "list", "auto_reply"},
}
LOOP_HEADERS = ("x-loop", "x-hub-loop")
ROBOTS = re.compile(
    r"(mailer-daemon|postmaster|no-?reply|do-?not-?reply|bounces?)([+._=-].*)?", re.I
)


def sign_of_automation(headers: Headers, sender: str, ours: str) -> str:
    """The sign by which a mail counts as automatic, "" when a person wrote it."""
    submitted = headers.raw("auto-submitted").split(";")[0].split("(")[0].strip().lower()
    if submitted and submitted != "no":
        return "auto-submitted"
    if headers.has("return-path") and headers.raw("return-path").replace(" ", "") == "<>":
        return "return-path"
    for name in PRESENT:
        if headers.has(name):
            return name
    for name, values in VALUES.items():
        if headers.raw(name).strip().lower() in values:
            return name
    if headers.media_type() == "multipart/report":
        return "content-type"
    if ROBOTS.fullmatch(sender.partition("@")[0]):
        return "from"
    for name in LOOP_HEADERS:
        if any(is_ours(ours, box.address) for box in mailboxes(headers, name)):
            return name
    return ""
