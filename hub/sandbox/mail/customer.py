"""A person with a mailbox, as verbs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from hub.sandbox.base import sample_files
from hub.sandbox.base.context import Shared, Waitable
from hub.sandbox.base.screen import Media
from hub.sandbox.mail import formats
from hub.sandbox.mail.formats import Draft, Mail


class MailService(Protocol):
    """The part of the stand-in that a customer needs."""

    shared: Shared
    address: str

    def read(self, raw: bytes, envelope_from: str, to: str, *, mine: bool) -> Mail:
        """Parses a mail and stores its attachments."""

    def tell(self, customer: MailCustomer, mail: Mail) -> None:
        """Publishes a mail to the customer's screen."""

    def deliver(self, raw: bytes, envelope_from: str, recipients: list[str]) -> None:
        """Carries a mail to its recipients."""


class MailCustomer:
    """`received` is what lies in the mailbox, `mails` also what was sent, in order."""

    def __init__(self, service: MailService, address: str, name: str) -> None:
        self._service = service
        self.address = address
        self.name = name
        self.received: Waitable[Mail] = Waitable()
        self.mails: Waitable[Mail] = Waitable()
        self.trouble: tuple[str, str, str] | None = None
        self.away = ""
        self._told: set[str] = set()

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
            in_reply_to: a mail, or a Message-ID.
            raw: the whole mail, sent untouched; then only `to` is read beside it.
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
            raw = formats.written(draft, self._service.shared.clock.now())
        return self._hands_in(raw, to)

    # One verb for all phones, where a test goes over every channel.
    says = sends

    def replies(self, mail: Mail, text: str, **more: Any) -> Mail:
        """Answers a mail with the original quoted below, as mail programs do."""
        draft = formats.reply(mail, text, self.address, self.name, **more)
        return self._hands_in(formats.written(draft, self._service.shared.clock.now()), draft.to)

    def sends_form(self, text: str = "The form is attached.", subject: str = "The form") -> Mail:
        """A mail with a PDF."""
        form = Media(sample_files.pdf(), "application/pdf", "return-form.pdf")
        return self.sends(text, subject=subject, attachments=[form])

    # -- troubles ---------------------------------------------------------------------------

    def is_unknown(self) -> None:
        """Mail is taken and comes back: 5.1.1."""
        self.trouble = ("failed", "5.1.1", "550 5.1.1 User unknown")

    def mailbox_is_full(self) -> None:
        """Mail is taken and comes back: 5.2.2."""
        self.trouble = ("failed", "5.2.2", "552 5.2.2 Mailbox full")

    def is_slow(self) -> None:
        """Mail is taken and a report says that it is late: 4.4.1."""
        self.trouble = ("delayed", "4.4.1", "451 4.4.1 Connection timed out")

    def is_away(self, text: str = "I am away until Monday.") -> None:
        """Answers each sender once by itself, but never an automatic mail."""
        self.away = text

    def is_fine(self) -> None:
        self.trouble, self.away = None, ""

    # -- for the provider -------------------------------------------------------------------

    def takes(self, mail: Mail) -> None:
        self.mails.append(mail)
        self.received.append(mail)
        self._service.tell(self, mail)
        if self.away and not mail.automatic and mail.envelope_from not in self._told:
            self._told.add(mail.envelope_from)
            draft = formats.away(mail, self.away, self.address, self.name)
            raw = formats.written(draft, self._service.shared.clock.now())
            # RFC 3834: an automatic answer has no sender to return to.
            self._hands_in(raw, draft.to, envelope_from="")

    def _hands_in(self, raw: bytes, to: str, envelope_from: str | None = None) -> Mail:
        sender = self.address if envelope_from is None else envelope_from
        mail = self._service.read(raw, sender, to, mine=True)
        self.mails.append(mail)
        self._service.tell(self, mail)
        self._service.deliver(raw, sender, [to])
        return mail
