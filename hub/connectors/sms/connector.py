"""SMS and MMS through Twilio's Programmable Messaging.

- Webhooks: https://www.twilio.com/docs/messaging/guides/webhook-request
- Signatures: https://www.twilio.com/docs/usage/webhooks/webhooks-security
- Sending: https://www.twilio.com/docs/messaging/api/message-resource
- Media: https://www.twilio.com/docs/messaging/guides/accepted-mime-types
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl, quote, urldefrag, urlencode, urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from twilio.request_validator import RequestValidator

from hub.connectors.base import Connector, ConnectorConfig
from hub.connectors.http import HttpCall, HttpResponse
from hub.connectors.provider_errors import ModelT
from hub.connectors.sms.client import TwilioClient
from hub.connectors.sms.errors import FAILURES, read_answer, verdict_on
from hub.connectors.sms.inbound import message_from, update_from
from hub.connectors.sms.payloads import (
    MAX_MEDIA,
    Account,
    InboundForm,
    MessageList,
    MessageResource,
    PhoneNumberList,
    StatusForm,
)
from hub.connectors.text import split_text
from hub.errors import Invalid, PayloadInvalid, Rejected, Unsupported, WebhookRejected
from hub.phones import canonical, is_possible
from hub.types import (
    Address,
    Attachment,
    Capabilities,
    DeliveryStatus,
    InboundEvent,
    Medium,
    MediumLimit,
    OutboundMessage,
    SendReceipt,
    TextUnit,
    WebhookReply,
    WebhookRequest,
)

TEXT_LIMIT = 1600
#: For all media of a message together; Twilio fits images to the customer's network and passes
#: everything else as it is, which networks take up to about 500 KB.
IMAGE_BYTES = 5 * 1024 * 1024
OTHER_BYTES = 500 * 1024
AUDIO = MediumLimit(OTHER_BYTES, ("audio/*",), caption=TEXT_LIMIT)
FILE_TYPES = ("application/pdf", "text/vcard", "text/x-vcard", "text/csv", "text/calendar")

EMPTY_TWIML = '<?xml version="1.0" encoding="UTF-8"?><Response/>'
#: Trial accounts put this before every text, so a message of ours comes back with it.
TRIAL_PREFIX = "Sent from your Twilio trial account - "
#: How far Twilio's clock and ours may be apart.
CLOCK_SLACK = timedelta(seconds=10)


class SmsConfig(ConnectorConfig):
    kind: Literal["sms"] = Field(description="The type of channel.")
    provider: Literal["twilio"] = Field(description="Who carries the messages.")
    account_sid: str = Field(
        pattern=r"^[A-Za-z0-9]+$", description="Twilio's id of the account, `AC...`."
    )
    auth_token: SecretStr = Field(
        min_length=1, description="The account's auth token; webhooks are signed with it too."
    )
    auth_token_old: SecretStr | None = Field(
        None, description="The token before, still good for webhooks while it is being replaced."
    )
    number: Annotated[str, AfterValidator(canonical)] = Field(
        pattern=r"^(\+[1-9][0-9 ]{5,20}|[0-9]{3,8})$",
        description="Our number in international form, `+37255512345`, or our short code.",
    )
    messaging_service_sid: str = Field(
        "",
        pattern=r"^[A-Za-z0-9]*$",
        description="Send through this Messaging Service, `MG...`, instead of the number itself.",
    )
    api_base: Annotated[str, AfterValidator(lambda url: url.rstrip("/"))] = Field(
        "https://api.twilio.com", pattern=r"^https?://\S+$", description="Where the API is."
    )


class Sms(Connector[SmsConfig]):
    """One Twilio number."""

    kind = "sms"
    title = "SMS"
    scheme = "tel"
    Config = SmsConfig
    # No rate: Twilio queues for each number at the pace its network allows, for up to ten hours.
    capabilities = Capabilities(
        text_limit=TEXT_LIMIT,
        text_unit=TextUnit.SMS_SEGMENTS,
        media={
            Medium.IMAGE: MediumLimit(
                IMAGE_BYTES, ("image/jpeg", "image/png", "image/gif"), caption=TEXT_LIMIT
            ),
            Medium.AUDIO: AUDIO,
            Medium.VOICE: AUDIO,
            Medium.VIDEO: MediumLimit(OTHER_BYTES, ("video/*",), caption=TEXT_LIMIT),
            Medium.FILE: MediumLimit(OTHER_BYTES, FILE_TYPES, caption=TEXT_LIMIT),
        },
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
            known = any(self._signed(request, token) for token in self._tokens())
            fields = _first_values(_pairs(request))
        except Exception as error:
            # Odd ports, no signature, JSON without its hash: the library raises what comes.
            raise WebhookRejected("The signature cannot be checked.", status=403) from error
        if not known:
            raise WebhookRejected("Not signed with this account's auth token.", status=403)
        if fields.get("AccountSid", self.config.account_sid) != self.config.account_sid:
            raise WebhookRejected("Signed for another account.", status=403)
        if "MessageStatus" not in fields and not self._is_to_us(fields):
            raise WebhookRejected("For another number of the account.", status=403)

    def _tokens(self) -> Iterator[str]:
        for token in (self.config.auth_token, self.config.auth_token_old):
            if token and token.get_secret_value():
                yield token.get_secret_value()

    def _signed(self, request: WebhookRequest, token: str) -> bool:
        signature = request.headers.get("x-twilio-signature", "")
        # A fragment (#rc=5 asks for retries) is neither sent nor signed.
        url = urldefrag(request.url).url
        # JSON is handed on as text: the URL then has a hash of it.
        params = _Fields(request.form) if request.form else request.body.decode()
        return bool(RequestValidator(token).validate(url, params, signature))

    def _is_to_us(self, fields: dict[str, str]) -> bool:
        service = self.config.messaging_service_sid
        if service and fields.get("MessagingServiceSid") == service:
            return True
        return canonical(fields.get("To", "")) in ("", self.config.number)

    # -- parse ---------------------------------------------------------------------

    def parse(self, request: WebhookRequest) -> Sequence[InboundEvent]:
        try:
            pairs = _pairs(request)
        except ValueError:
            raise PayloadInvalid("What Twilio sends is a form, and this is none.") from None
        # What we put into the query has to be in what the journal keeps, too.
        ours = [
            (name, request.query[name])
            for name in ("message", "more")
            if name in request.query and (name, request.query[name]) not in pairs
        ]
        raw = urlencode([*pairs, *ours]).encode() if ours else request.body
        fields = _first_values([*pairs, *ours])
        if "MessageStatus" in fields:
            return [update_from(_read(StatusForm, fields), raw, self.scheme)]
        return [message_from(_read(InboundForm, fields), raw, self.scheme)]

    def reply(self, request: WebhookRequest) -> WebhookReply:
        """Empty TwiML: anything else would be sent to the customer or logged as a fault."""
        return WebhookReply(200, EMPTY_TWIML, "text/xml")

    # -- compose -------------------------------------------------------------------

    def compose(self, message: OutboundMessage) -> Sequence[HttpCall]:
        if message.location:
            raise Unsupported("a location")
        if message.buttons:
            raise Unsupported("buttons")
        self._refuse_too_much(message.attachments)
        media = [("MediaUrl", self._media_url(file)) for file in message.attachments]
        first, *rest = split_text(message.text, TEXT_LIMIT) or [""]
        if not (first or media):
            raise Unsupported("a message without text or attachment")
        contents = [[("Body", first), *media] if first else media]
        contents += [[("Body", piece)] for piece in rest]
        *earlier, last = contents
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
        if _takes_reports(message.status_url):
            form.append(("StatusCallback", message.status_url + mark))
        return HttpCall(method="POST", url=self._url("/Messages.json"), form=tuple(form))

    def _refuse_too_much(self, files: Sequence[Attachment]) -> None:
        if len(files) > MAX_MEDIA:
            raise Unsupported(f"more than {MAX_MEDIA} attachments")
        for file in files:
            limit = self.capabilities.media.get(file.medium)
            if limit is None:
                raise Unsupported(f"a {file.medium}")
            if (file.size or 0) > limit.max_bytes:
                raise Unsupported(f"a {file.medium} over {limit.max_bytes // 1024} KB")
        if sum(file.size or 0 for file in files) > IMAGE_BYTES:
            raise Unsupported("attachments over 5 MB together")

    def _media_url(self, file: Attachment) -> str:
        # A stand-in of Twilio on plain http fetches over plain http as well.
        schemes = ("https",) if self.config.api_base.startswith("https:") else ("https", "http")
        if urlsplit(file.url).scheme not in schemes:
            raise Unsupported(
                "attachments",
                "Twilio fetches attachments from this hub, for which the hub needs a public "
                "https address: an admin can set HUB_PUBLIC_URL.",
            )
        return file.url

    # -- accept --------------------------------------------------------------------

    def transmit(self, call: Any) -> HttpResponse:
        assert isinstance(call, HttpCall)
        return self._client.send(call)

    def accept(self, call: Any, response: Any) -> SendReceipt:
        assert isinstance(response, HttpResponse)
        taken = read_answer(MessageResource, response, self.http.redact)
        failure = FAILURES.get(taken.status)
        if failure:
            code = str(taken.error_code or "")
            verdict = verdict_on(code, failure)
            raise verdict.error(verdict.sentence, external_code=code or None)
        return SendReceipt(taken.sid)

    # -- more that SMS can do ------------------------------------------------------

    def normalized(self, address: Address) -> Address:
        # People type 00 for + where their phones did.
        number = canonical(re.sub(r"^\s*00", "+", address.path))
        if not is_possible(number):
            raise Invalid("Write the number in international form, like +37255512345.", "address")
        return self.address(number)

    def reconcile(
        self, message: OutboundMessage, call: Any, attempted_at: datetime
    ) -> SendReceipt | None:
        """Looks for the message among those to its number, by its words and its time.

        Not filtered by DateSent at Twilio: a message still in its queue has none.
        """
        assert isinstance(call, HttpCall)
        query = (("To", dict(call.form or ())["To"]), ("PageSize", "50"))
        for found in self._ask(MessageList, "/Messages.json", query).messages:
            if _is_same(found, call, attempted_at):
                return SendReceipt(found.sid)
        return None

    def check(self) -> str:
        number, wanted = self.config.number, self.site.webhook_url(self.name)
        account = self._ask(Account, ".json")
        if account.status != "active":
            raise Rejected(f"The Twilio account is {account.status}.")
        if not number.startswith("+"):
            return f"The Twilio account {account.friendly_name} answers."
        query = (("PhoneNumber", number),)
        owned = self._ask(PhoneNumberList, "/IncomingPhoneNumbers.json", query)
        if not owned.incoming_phone_numbers:
            raise Rejected(f"The number {number} is not of this Twilio account.")
        if not _takes_reports(wanted):
            raise Rejected("Twilio reports to no host with an underscore in its name.")
        if urldefrag(owned.incoming_phone_numbers[0].sms_url or "").url != wanted:
            return (
                f"The number {number} is ours, but its messages go elsewhere: in Twilio's "
                f"console, set its webhook for messages to {wanted}"
            )
        return f"The number {number} is ours and its messages come here."

    def locate(self, source: str) -> HttpCall:
        """Shows the account's credentials to Twilio's API alone, never to a CDN."""
        auth = None
        if _origin(source) == _origin(self.config.api_base):
            auth = (self.config.account_sid, self.config.auth_token.get_secret_value())
        return HttpCall(method="GET", url=source, basic_auth=auth)

    def handover_link(self, token: str, code: str) -> str:
        """Opens the customer's messages with our number and the code. Source: RFC 5724."""
        return f"sms:{self.config.number}?body={quote(code, safe='')}"

    # -- helpers -------------------------------------------------------------------

    @cached_property
    def _client(self) -> TwilioClient:
        token = self.config.auth_token.get_secret_value()
        return TwilioClient(self.http, self.config.api_base, self.config.account_sid, token)

    def _url(self, resource: str) -> str:
        return f"{self.config.api_base}/2010-04-01/Accounts/{self.config.account_sid}{resource}"

    def _ask(
        self, shape: type[ModelT], resource: str, query: Sequence[tuple[str, str]] = ()
    ) -> ModelT:
        call = HttpCall(method="GET", url=self._url(resource), query=query)
        return read_answer(shape, self._client.send(call), self.http.redact)


class _Fields:
    """A form as Twilio's validator wants to read it, with every value of a repeated field."""

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name, []).append(value)

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def getlist(self, name: str) -> list[str]:
        return self._values[name]


def _pairs(request: WebhookRequest) -> list[tuple[str, str]]:
    """The form, from the body alone where that is all the journal kept. Raises ValueError."""
    if request.form:
        return list(request.form)
    return parse_qsl(request.body.decode(), keep_blank_values=True, max_num_fields=500)


def _first_values(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    return dict(reversed(pairs))


def _read(shape: type[ModelT], fields: dict[str, str]) -> ModelT:
    try:
        return shape.model_validate(fields)
    except ValidationError as error:
        wrong = ", ".join(str(problem["loc"][0]) for problem in error.errors())
        raise PayloadInvalid(f"Twilio's form has no good {wrong}.") from None


def _is_same(found: MessageResource, call: HttpCall, attempted_at: datetime) -> bool:
    fields = call.form or ()
    text = dict(fields).get("Body", "").strip()
    media = sum(name == "MediaUrl" for name, _ in fields)
    return (
        found.direction.startswith("outbound")
        and found.date_created is not None
        and found.date_created >= attempted_at - CLOCK_SLACK
        and found.num_media == str(media)
        and (found.body or "").strip() in (text, TRIAL_PREFIX + text)
    )


def _takes_reports(url: str) -> bool:
    """Twilio refuses the whole message when its StatusCallback's host has an underscore."""
    host = urlsplit(url).hostname
    return bool(host) and "_" not in (host or "")


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc
