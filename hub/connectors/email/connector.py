"""Email: mail of customers to one address of ours, and the answers from it.

- The format: https://www.rfc-editor.org/rfc/rfc5322
- Sending: https://www.rfc-editor.org/rfc/rfc5321
- Mailboxes: https://www.rfc-editor.org/rfc/rfc3501
- docs/channels/email.md says what is read, folded and trusted, and why.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
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
from hub.connectors.email.clients.smtp import deliver, sign_in
from hub.connectors.email.clients.xoauth2 import TokenSignIn
from hub.connectors.email.config import EmailConfig, Server
from hub.connectors.email.errors import refusal_error
from hub.connectors.email.mime.files import Place
from hub.connectors.email.payloads import SmtpCall, SmtpReply
from hub.connectors.email.reader import read_file, read_mail, shared_pool
from hub.connectors.oauth import OAuthClient, TokenSource
from hub.errors import CredentialsRefused, Invalid, PayloadInvalid, SendError, WebhookRejected
from hub.types import (
    Address,
    Capabilities,
    DeliveryStatus,
    InboundEvent,
    InboundMessage,
    OutboundMessage,
    SendReceipt,
    TextUnit,
    WebhookRequest,
)


class Email(Connector[EmailConfig, SmtpCall, SmtpReply]):
    """One address: a mailbox or posted mail in, an SMTP server out."""

    kind = "email"
    title = "Email"
    scheme = "mailto"
    Config = EmailConfig
    capabilities = Capabilities(
        text_limit=outbound.MAX_TEXT,
        text_unit=TextUnit.CHARACTERS,
        max_text=outbound.MAX_TEXT,
        media=outbound.MEDIA,
        max_attachments=outbound.MAX_FILES,
        html=True,
        subject=True,
        copies=True,
        replies=True,
        receipts=(DeliveryStatus.FAILED,),
        can_start=True,
    )
    # An SMTP server may take three minutes for its last answer; a mailbox may hand over many mails.
    send_limit = 420.0
    poll_limit = 300.0

    marks_requests = True

    tokens: TokenSource | None = None

    def prepare_to_parse(self) -> None:
        shared_pool().warm_up()

    # -- verify --------------------------------------------------------------------

    def verify(self, request: WebhookRequest) -> None:
        secret = self.config.webhook_secret.get_secret_value()
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        good = hmac.compare_digest(token.strip().encode("utf-8", "replace"), secret.encode())
        if not (secret and good and scheme.lower() == "bearer"):
            raise WebhookRejected("Mail is posted with `Authorization: Bearer <webhook_secret>`.")

    # -- parse ---------------------------------------------------------------------

    def parse(self, request: WebhookRequest) -> Sequence[InboundEvent]:
        """Reads one mail, in a worker process. Any bytes make a readable result; `raw` has all."""
        raw = request.body
        if not raw:
            raise PayloadInvalid("There is no mail in this request.")
        return [read_mail(raw, self.config)]

    # -- poll ----------------------------------------------------------------------

    def polls(self) -> bool:
        return self.config.imap is not None

    def poll(self, cursor: str, wait: float) -> PollResult:
        look = self._mailbox.look(cursor, wait)
        requests = tuple(self._as_request(mail) for mail in look.mails)
        pause = 0.0 if look.more or look.announces else self.config.poll_seconds
        return PollResult(requests, str(look.cursor), pause)

    def _as_request(self, mail: bytes) -> WebhookRequest:
        headers = {"content-type": "message/rfc822"}
        return WebhookRequest("POST", self.site.webhook_url(self.name), mail, headers)

    # -- compose -------------------------------------------------------------------

    def compose(self, message: OutboundMessage) -> Sequence[SmtpCall]:
        return [outbound.build_mail(message, self.config)]

    # -- accept --------------------------------------------------------------------

    def transmit(self, call: SmtpCall) -> SmtpReply:
        smtp = self.config.smtp
        return deliver(smtp, call, self._hostname, self._token_sign_in(smtp))

    def accept(self, call: SmtpCall, response: SmtpReply) -> SendReceipt:
        if response.stage == "done" and 200 <= response.code < 300:
            return SendReceipt(external_id=call.message_id)
        raise self._refusal(response)

    # -- more that email can do ----------------------------------------------------

    def oauth_client(self) -> OAuthClient | None:
        oauth, imap = self.config.oauth, self.config.imap
        if oauth is None:
            return None
        account = (imap and imap.username) or self.config.smtp.username or self.config.address
        return OAuthClient(oauth, account, self.http)

    def use_tokens(self, tokens: TokenSource) -> None:
        self.tokens = tokens

    def normalized(self, address: Address) -> Address:
        path = normalise(address.path)
        if not is_deliverable(path):
            raise Invalid("Write one mail address, like anna@example.org.", "address")
        if is_ours(self.config.address, path):
            raise Invalid("This is our own address: nobody would get it.", "address")
        return self.address(path)

    def is_own_address(self, address: Address) -> bool:
        return address.scheme == self.scheme and is_ours(self.config.address, address.path)

    def reconcile(
        self, message: OutboundMessage, call: SmtpCall, attempted_at: datetime
    ) -> SendReceipt | None:
        """None: a mail that leaves twice has the same Message-ID, by which it is recognised."""
        return None

    def check(self) -> str:
        sentences = ["Mail comes in by webhook."]
        if (imap := self.config.imap) is not None:
            count = self._mailbox.count()
            sentences = [f"{imap.host} lets us in: {count} mails in {imap.folder}."]
        smtp = self.config.smtp
        reply = sign_in(smtp, self._hostname, self._token_sign_in(smtp))
        if reply.stage != "done":
            raise self._refusal(reply)
        return " ".join([*sentences, f"{smtp.host} takes our mail."])

    def read_file(self, body: bytes, source: str) -> bytes:
        place = Place.parse(source)
        if place is not None:
            return read_file(body, place)
        # Noted by a version that named files by their number.
        event = read_mail(body, self.config)
        files = event.attachments if isinstance(event, InboundMessage) else ()
        content = files[int(source.removeprefix("part:"))].content
        assert content is not None
        return content()

    def handover_link(self, token: str, code: str) -> str:
        address = with_token(self.config.address, token)
        # The text has the code too, for servers that drop the part after a plus.
        query = f"subject={quote('Continue our conversation')}"
        query += f"&body={quote(f'Code: {code}')}" if code else ""
        return f"mailto:{quote(address, safe='@+')}?{query}"

    def close(self) -> None:
        if "_mailbox" in self.__dict__:
            self._mailbox.close()

    # -- private helpers -----------------------------------------------------------

    @cached_property
    def _mailbox(self) -> ImapMailbox:
        imap = self.config.imap
        assert imap is not None
        return ImapMailbox(
            imap, self.config.import_days, self.config.poll_seconds, self._token_sign_in(imap)
        )

    def _token_sign_in(self, server: Server) -> TokenSignIn | None:
        if self.config.oauth is None:
            return None
        if self.tokens is None:
            raise CredentialsRefused("This mailbox has no tokens here: only a hub keeps them.")
        return TokenSignIn(server.username or self.config.address, self.tokens)

    def _refusal(self, reply: SmtpReply) -> SendError:
        text = self.http.redact(reply.text)
        return refusal_error(reply, text, by_token=self.config.oauth is not None)

    @property
    def _hostname(self) -> str:
        return ascii_domain(self.config.address.rpartition("@")[2])
