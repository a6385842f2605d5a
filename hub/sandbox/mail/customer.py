"""A customer with a mailbox, as verbs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from hub.sandbox.base import sample_files
from hub.sandbox.base.context import SandboxContext
from hub.sandbox.base.screen import Media
from hub.sandbox.base.waitable import Waitable
from hub.sandbox.mail import formats
from hub.sandbox.mail.formats import DeliveryFailure, Draft, Mail


class MailService(Protocol):
    """The part of the stand-in that a customer needs."""

    context: SandboxContext
    address: str

    def parse_mail(self, raw: bytes, envelope_from: str, to: str, *, mine: bool) -> Mail:
        """Parses a mail and stores its attachments."""

    def publish_mail(self, customer: MailCustomer, mail: Mail) -> None:
        """Publishes a mail to the customer's screen."""

    def deliver(self, raw: bytes, envelope_from: str, recipients: list[str]) -> None:
        """Carries a mail to its recipients."""


class MailCustomer:
    """`received` are the mails in the mailbox, `mails` also those that the customer sent."""

    def __init__(self, service: MailService, address: str, name: str) -> None:
        self._service = service
        self.address = address
        self.name = name
        self.received: Waitable[Mail] = Waitable()
        self.mails: Waitable[Mail] = Waitable()
        self.failure: DeliveryFailure | None = None
        self.away_text = ""
        self._auto_replied: set[str] = set()

    # -- writing ----------------------------------------------------------------------------

    def sends(
        self,
        text: str = "",
        *,
        to: str = "",
        subject: str = "",
        html: str = "",
        attachments: Sequence[Media] = (),
        in_reply_to: Mail | str = "",
        raw: bytes | None = None,
        **more: Any,
    ) -> Mail:
        """Sends a mail to the hub's address, or to `to`.

        Args:
            in_reply_to: the mail that this answers, or its Message-ID.
            raw: the whole mail, sent untouched; of the other arguments only `to` counts then.
            more: further fields of a Draft: headers, references, message_id.
        """
        to = to or self._service.address
        if raw is None:
            if isinstance(in_reply_to, Mail):
                more.setdefault("references", (*in_reply_to.references, in_reply_to.id))
                in_reply_to = in_reply_to.id
            draft = Draft(
                sender=self.address,
                to=to,
                name=self.name,
                subject=subject,
                text=text,
                html=html,
                attachments=attachments,
                in_reply_to=in_reply_to,
                **more,
            )
            raw = formats.write_mail(draft, self._service.context.clock.now())
        return self._send(raw, to)

    # One verb for all phones, where a test goes over every channel.
    says = sends

    def replies(self, mail: Mail, text: str, **more: Any) -> Mail:
        """Answers a mail with the original quoted below, as mail programs do."""
        draft = formats.reply_draft(mail, text, self.address, self.name, **more)
        return self._send(formats.write_mail(draft, self._service.context.clock.now()), draft.to)

    def sends_form(self, text: str = "The form is attached.", subject: str = "The form") -> Mail:
        """Sends a mail with a PDF."""
        form = Media(sample_files.pdf(), "application/pdf", "return-form.pdf")
        return self.sends(text, subject=subject, attachments=[form])

    # -- failures ---------------------------------------------------------------------------

    def is_unknown(self) -> None:
        """Lets mail to this address be accepted and come back with 5.1.1."""
        self.failure = DeliveryFailure("failed", "5.1.1", "550 5.1.1 User unknown")

    def mailbox_is_full(self) -> None:
        """Lets mail to this address be accepted and come back with 5.2.2."""
        self.failure = DeliveryFailure("failed", "5.2.2", "552 5.2.2 Mailbox full")

    def is_slow(self) -> None:
        """Lets mail to this address arrive late, with a report of 4.4.1."""
        self.failure = DeliveryFailure("delayed", "4.4.1", "451 4.4.1 Connection timed out")

    def is_away(self, text: str = "I am away until Monday.") -> None:
        """Lets the mailbox answer each sender once, but never an automatic mail."""
        self.away_text = text

    def is_fine(self) -> None:
        """Ends the failure and the automatic answer."""
        self.failure, self.away_text = None, ""

    # -- for the provider -------------------------------------------------------------------

    def receive_mail(self, mail: Mail) -> None:
        """Puts a mail into the mailbox, and answers it if the customer is away."""
        self.mails.append(mail)
        self.received.append(mail)
        self._service.publish_mail(self, mail)
        if self.away_text and not mail.automatic and mail.envelope_from not in self._auto_replied:
            self._auto_replied.add(mail.envelope_from)
            draft = formats.vacation_draft(mail, self.away_text, self.address, self.name)
            raw = formats.write_mail(draft, self._service.context.clock.now())
            # RFC 3834: an automatic answer has an empty envelope sender.
            self._send(raw, draft.to, envelope_from="")

    def _send(self, raw: bytes, to: str, envelope_from: str | None = None) -> Mail:
        sender = self.address if envelope_from is None else envelope_from
        mail = self._service.parse_mail(raw, sender, to, mine=True)
        self.mails.append(mail)
        self._service.publish_mail(self, mail)
        self._service.deliver(raw, sender, [to])
        return mail
