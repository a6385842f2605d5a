"""Email: what customers mail to one address of ours, and what is answered from it.

Reference:
    https://www.rfc-editor.org/rfc/rfc5322 (the format), /rfc5321 (SMTP), /rfc3501 (IMAP)
    docs/channels/email.md says what is read, folded and trusted, and why.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from typing import Any, ClassVar
from urllib.parse import quote

from hub.connectors.base import Connector, PollResult
from hub.connectors.email import outbound
from hub.connectors.email.addresses import (
    ascii_domain,
    is_deliverable,
    is_ours,
    normalise,
    with_token,
)
from hub.connectors.email.clients.imap import ImapMailbox
from hub.connectors.email.clients.smtp import SmtpCall, SmtpReply, deliver, error_of, sign_in
from hub.connectors.email.config import EmailConfig
from hub.connectors.email.delivery_reports import Report, read_report, report_type
from hub.connectors.email.inbound import read_message, sender_of
from hub.connectors.email.mime.parts import read_mail
from hub.connectors.email.quotes.reader import shared_reader
from hub.errors import EventIgnored, Invalid, PayloadInvalid, WebhookRejected
from hub.types import (
    Address,
    Capabilities,
    DeliveryStatus,
    DeliveryUpdate,
    InboundEvent,
    Medium,
    MediumLimit,
    OutboundMessage,
    SendReceipt,
    TextUnit,
    WebhookRequest,
)


class Email(Connector[EmailConfig]):
    """One address: a mailbox or posted mail in, an SMTP server out."""

    kind = "email"
    title = "Email"
    scheme = "mailto"
    capabilities = Capabilities(
        text_limit=outbound.MAX_TEXT,
        text_unit=TextUnit.CHARACTERS,
        max_text=outbound.MAX_TEXT,
        media={
            medium: MediumLimit(outbound.MAX_BYTES, caption=outbound.MAX_TEXT) for medium in Medium
        },
        max_attachments=outbound.MAX_FILES,
        html=True,
        subject=True,
        replies=True,
        receipts=(DeliveryStatus.FAILED,),
        can_start=True,
    )
    Config: ClassVar[type[EmailConfig]] = EmailConfig

    # -- in ------------------------------------------------------------------------------------

    def verify(self, request: WebhookRequest) -> None:
        secret = self.config.webhook_secret.get_secret_value()
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        good = hmac.compare_digest(given.strip().encode("utf-8", "replace"), secret.encode())
        if not (secret and good and scheme.lower() == "bearer"):
            raise WebhookRejected("Mail is posted with `Authorization: Bearer <webhook_secret>`.")

    def parse(self, request: WebhookRequest) -> Sequence[InboundEvent]:
        """Reads one mail. Whatever its bytes are, the result can be read; `raw` has them all."""
        raw = request.body
        if not raw:
            raise PayloadInvalid("There is no mail in this request.")
        root = read_mail(raw)
        if report_type(root) == "disposition-notification":
            raise EventIgnored("a read receipt")
        report = read_report(root, self.config.address)
        if report is not None:
            return [self._update(report, raw)]
        if is_ours(self.config.address, sender_of(root.headers)):
            raise EventIgnored("a mail from our own address")
        return [read_message(root, raw, self.config, shared_reader())]

    def _update(self, report: Report, raw: bytes) -> DeliveryUpdate:
        return DeliveryUpdate(
            key=f"report:{sha256(raw).hexdigest()}",
            raw=raw,
            status=report.status,
            address=self.address(report.recipient) if report.recipient else None,
            external_ids=(report.message_id,),
            code="address_invalid" if report.stopped and report.reason else "",
            reason=report.reason,
            external_code=report.external_code,
            stopped=report.stopped,
            note=report.note,
        )

    # -- Polls ---------------------------------------------------------------------------------

    @cached_property
    def _mailbox(self) -> ImapMailbox:
        assert self.config.imap is not None
        return ImapMailbox(self.config.imap, self.config.import_days, self.config.poll_seconds)

    def polls(self) -> bool:
        return self.config.imap is not None

    def poll(self, cursor: str, wait: float) -> PollResult:
        look = self._mailbox.look(cursor, wait)
        requests = tuple(self._as_request(mail) for mail in look.mails)
        pause = 0.0 if look.more or look.told else self.config.poll_seconds
        return PollResult(requests, str(look.cursor), pause)

    def _as_request(self, mail: bytes) -> WebhookRequest:
        headers = {"content-type": "message/rfc822"}
        return WebhookRequest("POST", self.site.webhook_url(self.name), mail, headers)

    # -- out -----------------------------------------------------------------------------------

    def compose(self, message: OutboundMessage) -> Sequence[SmtpCall]:
        return [outbound.build(message, self.config)]

    def transmit(self, call: Any) -> SmtpReply:
        assert isinstance(call, SmtpCall)
        return deliver(self.config.smtp, call, self._hostname)

    def accept(self, call: Any, response: Any) -> SendReceipt:
        assert isinstance(call, SmtpCall) and isinstance(response, SmtpReply)
        if response.stage == "done" and 200 <= response.code < 300:
            return SendReceipt(external_id=call.message_id)
        raise error_of(response, self.http.redact(response.text))

    def reconcile(
        self, message: OutboundMessage, call: Any, attempted_at: datetime
    ) -> SendReceipt | None:
        """None: a mail that leaves twice has the same Message-ID, by which it is recognised."""
        return None

    # -- around --------------------------------------------------------------------------------

    def handover_link(self, token: str, code: str) -> str:
        address = with_token(self.config.address, token)
        # The code goes along in the text, for servers that drop what follows a plus.
        query = f"subject={quote('Continue our conversation')}"
        query += f"&body={quote(f'Code: {code}')}" if code else ""
        return f"mailto:{quote(address, safe='@+')}?{query}"

    def normalized(self, address: Address) -> Address:
        path = normalise(address.path)
        if not is_deliverable(path):
            raise Invalid("Write one mail address, like anna@example.org.", "address")
        if is_ours(self.config.address, path):
            raise Invalid("This is our own address: nobody would get it.", "address")
        return self.address(path)

    def check(self) -> str:
        found = ["Mail comes in by webhook."]
        if (imap := self.config.imap) is not None:
            count = self._mailbox.count()
            found = [f"{imap.host} lets us in: {count} mails in {imap.folder}."]
        smtp = self.config.smtp
        reply = sign_in(smtp, self._hostname)
        if reply.stage != "done":
            raise error_of(reply, self.http.redact(reply.text))
        return " ".join([*found, f"{smtp.host} takes our mail."])

    def close(self) -> None:
        if "_mailbox" in self.__dict__:
            self._mailbox.close()

    @property
    def _hostname(self) -> str:
        return ascii_domain(self.config.address.rpartition("@")[2])
