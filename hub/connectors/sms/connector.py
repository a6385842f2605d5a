"""SMS and MMS through Twilio's Programmable Messaging.

- Webhooks: https://www.twilio.com/docs/messaging/guides/webhook-request
- Signatures: https://www.twilio.com/docs/usage/webhooks/webhooks-security
- Sending: https://www.twilio.com/docs/messaging/api/message-resource
- Media: https://www.twilio.com/docs/messaging/guides/accepted-mime-types
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cached_property
from urllib.parse import quote, urldefrag, urlsplit

from twilio.request_validator import RequestValidator, compare

from hub.connectors.base import HttpConnector
from hub.connectors.http import HttpCall, HttpResponse
from hub.connectors.provider_errors import ModelT
from hub.connectors.sms import outbound
from hub.connectors.sms.client import TwilioClient
from hub.connectors.sms.config import SmsConfig
from hub.connectors.sms.errors import FAILURES, meaning_of, read_answer
from hub.connectors.sms.inbound import fields_of, form_pairs, read_form
from hub.connectors.sms.outbound import is_same_message, message_contents, takes_reports
from hub.connectors.sms.payloads import (
    MAX_MEDIA,
    Account,
    MessageList,
    MessageResource,
    PhoneNumberList,
)
from hub.errors import EventIgnored, Invalid, Rejected, WebhookRejected
from hub.phones import canonical, is_possible
from hub.types import (
    Address,
    Capabilities,
    DeliveryStatus,
    DeliveryUpdate,
    OutboundMessage,
    ParsedEvent,
    SendReceipt,
    TextUnit,
    WebhookReply,
    WebhookRequest,
)

#: Of a file, below the address of the account's messages.
MEDIA_PATH = re.compile(r"[A-Za-z0-9]+/Media/[A-Za-z0-9]+(\.[a-z]+)?")
EMPTY_TWIML = '<?xml version="1.0" encoding="UTF-8"?><Response/>'


class Sms(HttpConnector[SmsConfig]):
    """One Twilio number."""

    kind = "sms"
    title = "SMS"
    scheme = "tel"
    Config = SmsConfig
    # No rate: Twilio queues for each number at the pace its network allows, for up to ten hours.
    capabilities = Capabilities(
        text_limit=outbound.TEXT_LIMIT,
        text_unit=TextUnit.SMS_SEGMENTS,
        media=outbound.MEDIA,
        max_attachments=MAX_MEDIA,
        receipts=(DeliveryStatus.DELIVERED,),
        can_start=True,
    )
    # S3 holds the media of accounts without "enforce HTTP auth on media URLs".
    # https://support.twilio.com/hc/en-us/articles/223183748
    provider_media_hosts = ("*.twilio.com", "*.twiliocdn.com", "s3-external-1.amazonaws.com")

    # -- verify --------------------------------------------------------------------

    def verify(self, request: WebhookRequest) -> None:
        """Raises WebhookRejected with 403, which Twilio logs and does not repeat."""
        try:
            signed = any(self._is_signed(request, token) for token in self._tokens())
            fields = fields_of(form_pairs(request))
        except Exception as error:
            # Odd ports, no signature, JSON without its hash: the library raises any error.
            raise WebhookRejected("The signature cannot be checked.", status=403) from error
        if not signed:
            raise WebhookRejected("Not signed with this account's auth token.", status=403)
        if fields.get("AccountSid", self.config.account_sid) != self.config.account_sid:
            raise WebhookRejected("Signed for another account.", status=403)

    def _tokens(self) -> Iterator[str]:
        for token in (self.config.auth_token, self.config.auth_token_old):
            if token and token.get_secret_value():
                yield token.get_secret_value()

    def _is_signed(self, request: WebhookRequest, token: str) -> bool:
        signature = request.headers.get("x-twilio-signature", "")
        # A fragment (#rc=5 asks for retries) is neither sent nor signed.
        url = urldefrag(request.url).url
        validator = RequestValidator(token)
        if not request.form:
            # JSON is handed on as text: the URL then has a hash of it.
            return bool(validator.validate(url, request.body.decode(), signature))
        params = _FormFields(request.form)
        # Nearly always signed for the URL as it is: the other ports are tried after that.
        return compare(validator.compute_signature(url, params), signature) or bool(
            validator.validate(url, params, signature)
        )

    def _is_to_us(self, request: WebhookRequest) -> bool:
        fields = fields_of(form_pairs(request))
        service = self.config.messaging_service_sid
        if service and fields.get("MessagingServiceSid") == service:
            return True
        return canonical(fields.get("To", "")) in ("", self.config.number)

    # -- parse ---------------------------------------------------------------------

    def parse(self, request: WebhookRequest) -> Sequence[ParsedEvent]:
        event = read_form(request, self.scheme)
        if not isinstance(event, DeliveryUpdate) and not self._is_to_us(request):
            # A 4xx would leave no trace in the hub, and Twilio would not send it again.
            raise EventIgnored("It was sent to another number of the Twilio account.")
        return [event]

    def reply(self, request: WebhookRequest) -> WebhookReply:
        """Empty TwiML: any other text would be sent to the customer or logged as a fault."""
        return WebhookReply(200, EMPTY_TWIML, "text/xml")

    # -- compose -------------------------------------------------------------------

    def compose(self, message: OutboundMessage) -> Sequence[HttpCall]:
        # A stand-in of Twilio on plain http fetches over plain http as well.
        schemes = ("https",) if self.config.api_base.startswith("https:") else ("https", "http")
        *earlier, last = message_contents(message, schemes)
        return [
            *(self._call(message, content, "&more=1") for content in earlier),
            self._call(message, last),
        ]

    def _call(
        self, message: OutboundMessage, content: Sequence[tuple[str, str]], mark: str = ""
    ) -> HttpCall:
        service = self.config.messaging_service_sid
        form = [
            ("To", canonical(message.address.path)),
            ("MessagingServiceSid", service) if service else ("From", self.config.number),
            *content,
        ]
        if takes_reports(message.status_url):
            form.append(("StatusCallback", message.status_url + mark))
        return HttpCall(method="POST", url=self._url("/Messages.json"), form=tuple(form))

    # -- accept --------------------------------------------------------------------

    def transmit(self, call: HttpCall) -> HttpResponse:
        return self._client.send(call)

    def accept(self, call: HttpCall, response: HttpResponse) -> SendReceipt:
        message = read_answer(MessageResource, response, self.http.redact)
        failure = FAILURES.get(message.status)
        if failure:
            code = str(message.error_code or "")
            meaning = meaning_of(code, failure)
            raise meaning.error(meaning.sentence, external_code=code or None)
        return SendReceipt(message.sid)

    # -- more that SMS can do ------------------------------------------------------

    def normalized(self, address: Address) -> Address:
        # People type 00 for + where their phones did.
        number = canonical(re.sub(r"^\s*00", "+", address.path))
        if not is_possible(number):
            raise Invalid("Write the number in international form, like +37255512345.", "address")
        return self.address(number)

    def reconcile(
        self, message: OutboundMessage, call: HttpCall, attempted_at: datetime
    ) -> SendReceipt | None:
        """Looks for the message among those to its number, by its text and its time.

        Not filtered by DateSent at Twilio: a message still in its queue has none.
        """
        query = (("To", dict(call.form or ())["To"]), ("PageSize", "50"))
        for resource in self._ask(MessageList, "/Messages.json", query).messages:
            if is_same_message(resource, call, attempted_at):
                return SendReceipt(resource.sid)
        return None

    def check(self) -> str:
        number, webhook = self.config.number, self.site.webhook_url(self.name)
        account = self._ask(Account, ".json")
        if account.status != "active":
            raise Rejected(f"The Twilio account is {account.status}.")
        if not number.startswith("+"):
            return f"The Twilio account {account.friendly_name} answers."
        query = (("PhoneNumber", number),)
        owned = self._ask(PhoneNumberList, "/IncomingPhoneNumbers.json", query)
        if not owned.incoming_phone_numbers:
            raise Rejected(f"The number {number} is not of this Twilio account.")
        if not takes_reports(webhook):
            raise Rejected("Twilio reports to no host with an underscore in its name.")
        if urldefrag(owned.incoming_phone_numbers[0].sms_url or "").url != webhook:
            return (
                f"The number {number} is ours, but its messages go elsewhere: in Twilio's "
                f"console, set its webhook for messages to {webhook}"
            )
        return f"The number {number} is ours and its messages come here."

    def locate(self, source: str) -> HttpCall:
        """Shows the account's credentials to the media of Twilio's API alone, never to a CDN."""
        auth = None
        if self._is_api_media(source):
            auth = (self.config.account_sid, self.config.auth_token.get_secret_value())
        return HttpCall(method="GET", url=source, basic_auth=auth)

    def handover_link(self, token: str, code: str) -> str:
        """Opens the customer's messages with our number and the code. Source: RFC 5724."""
        return f"sms:{self.config.number}?body={quote(code, safe='')}"

    # -- private helpers -----------------------------------------------------------

    @cached_property
    def _client(self) -> TwilioClient:
        token = self.config.auth_token.get_secret_value()
        return TwilioClient(self.http, self.config.api_base, self.config.account_sid, token)

    def _is_api_media(self, url: str) -> bool:
        """Whether a URL is one of the media of our account at `api_base`, written plainly."""
        base, media = urlsplit(self._url("/Messages/")), urlsplit(url)
        path = media.path.removeprefix(base.path)
        return (
            (media.scheme, media.netloc) == (base.scheme, base.netloc)
            and path != media.path
            and MEDIA_PATH.fullmatch(path) is not None
        )

    def _url(self, resource: str) -> str:
        return f"{self.config.api_base}/2010-04-01/Accounts/{self.config.account_sid}{resource}"

    def _ask(
        self, model: type[ModelT], resource: str, query: Sequence[tuple[str, str]] = ()
    ) -> ModelT:
        call = HttpCall(method="GET", url=self._url(resource), query=query)
        return read_answer(model, self._client.send(call), self.http.redact)


class _FormFields:
    """A form as Twilio's validator reads it, with every value of a repeated field."""

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name, []).append(value)

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def getall(self, name: str) -> list[str]:
        return self._values[name]
