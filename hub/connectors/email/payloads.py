"""The two ends of a talk with an SMTP server: the mail that leaves, and the reply to it.

Mail has no JSON: the form of what comes in is read in the package `mime`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

Stage = Literal["connect", "login", "mail", "rcpt", "copy", "data", "done"]

_ENHANCED = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")


@dataclass(frozen=True, slots=True)
class SmtpCall:
    """One mail, ready to leave. Its repr shows no content.

    Args:
        sender: the envelope's, empty where no bounce may come back.
        recipients: those of To, then those of Cc.
        customer: the address of the contact, whose refusal says that it is wrong.
        mime: the mail's bytes.
    """

    sender: str
    recipients: tuple[str, ...]
    message_id: str
    mime: bytes = field(repr=False)
    customer: str = ""

    @property
    def beyond_ascii(self) -> bool:
        """Whether an address needs SMTPUTF8 (RFC 6531)."""
        return not "".join((self.sender, *self.recipients)).isascii()


@dataclass(frozen=True, slots=True)
class SmtpReply:
    """The reply that settled a mail, and the step it answered, with the recipient of that step."""

    stage: Stage
    code: int
    text: str = ""
    recipient: str = ""

    @property
    def enhanced(self) -> str:
        """The enhanced code in the text, "" without one. Source: RFC 3463."""
        match = _ENHANCED.search(self.text)
        return match.group(1) if match else ""
