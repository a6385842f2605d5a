"""Carillon, a chat service.

- Webhooks: https://carillon.example/docs/webhooks
- Sending: https://carillon.example/docs/messages
- Errors: https://carillon.example/docs/errors
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from urllib.parse import quote

import orjson
from pydantic import Field, SecretStr, ValidationError

from hub.connectors.base import ConnectorConfig, HttpConnector
from hub.connectors.http import HttpCall, HttpResponse, error_for, retry_after
from hub.connectors.text import split_text
from hub.errors import (
    AddressInvalid,
    ContactStopped,
    EventIgnored,
    PayloadInvalid,
    Rejected,
    ResponseUnexpected,
    SendError,
    Unsupported,
    WebhookRejected,
)
from hub.types import (
    Attachment,
    Capabilities,
    ContactEvent,
    DeliveryStatus,
    DeliveryUpdate,
    InboundEvent,
    InboundMessage,
    Medium,
    MediumLimit,
    OutboundMessage,
    Profile,
    RateLimit,
    SendReceipt,
    TextUnit,
    WebhookRequest,
)
from hub_carillon.payloads import (
    EVENTS,
    Accepted,
    Bot,
    ContactChange,
    Envelope,
    ErrorBody,
    File,
    MessageEvent,
    ReceiptEvent,
)

TEXT_LIMIT = 2000
MEGABYTE = 1024 * 1024

MEDIA = {"image": Medium.IMAGE, "audio": Medium.AUDIO, "video": Medium.VIDEO}

STATUSES = {
    "delivered": DeliveryStatus.DELIVERED,
    "seen": DeliveryStatus.READ,
    "lost": DeliveryStatus.FAILED,
}

#: Carillon's words for what went wrong, and what an agent reads. Any other goes by its status.
REFUSALS: dict[str, tuple[type[SendError], str]] = {
    "blocked": (ContactStopped, "This customer has blocked us on Carillon."),
    "no_such_user": (AddressInvalid, "This Carillon account does not exist any more."),
    "file_refused": (Rejected, "Carillon could not fetch the file, or does not take its type."),
}


class CarillonConfig(ConnectorConfig):
    kind: Literal["carillon"] = Field(description="The type of channel.")
    bot: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$", description="The bot's name at Carillon.")
    api_token: SecretStr = Field(min_length=1, description="The bot's token, for sending.")
    webhook_secret: SecretStr = Field(
        min_length=1, description="What Carillon signs its webhooks with."
    )
    api_base: str = Field(
        "https://api.carillon.example",
        pattern=r"^https?://[^/\s]+$",
        description="Where the API is.",
    )


class Carillon(HttpConnector[CarillonConfig]):
    """One bot."""

    kind = "carillon"
    title = "Carillon"
    scheme = "carillon"
    Config = CarillonConfig
    capabilities = Capabilities(
        text_limit=TEXT_LIMIT,
        text_unit=TextUnit.CHARACTERS,
        media={
            Medium.IMAGE: MediumLimit(
                10 * MEGABYTE, ("image/jpeg", "image/png"), caption=TEXT_LIMIT
            ),
            Medium.FILE: MediumLimit(20 * MEGABYTE, caption=TEXT_LIMIT),
        },
        replies=True,
        receipts=(DeliveryStatus.DELIVERED, DeliveryStatus.READ),
        rate=RateLimit(20),
    )

    # -- verify --------------------------------------------------------------------

    def verify(self, request: WebhookRequest) -> None:
        secret = self.config.webhook_secret.get_secret_value().encode()
        expected = "sha256=" + hmac.new(secret, request.body, hashlib.sha256).hexdigest()
        given = request.headers.get("x-carillon-signature", "")
        # As bytes: compare_digest raises on text that is not ASCII, and headers can hold any.
        if not hmac.compare_digest(given.encode("utf-8", "surrogatepass"), expected.encode()):
            raise WebhookRejected("Not signed with this bot's webhook secret.")

    # -- parse ---------------------------------------------------------------------

    def parse(self, request: WebhookRequest) -> Sequence[InboundEvent]:
        try:
            envelope = Envelope.model_validate(orjson.loads(request.body))
            found = [self._event(fields) for fields in envelope.events]
        except (orjson.JSONDecodeError, ValidationError):
            raise PayloadInvalid("This is not what Carillon documents.") from None
        events = [event for event in found if event is not None]
        if not events:
            raise EventIgnored("Nothing in it is of a type that we know.")
        return events

    def _event(self, fields: dict[str, Any]) -> InboundEvent | None:
        """One event; None for a type that is newer than we are. Raises ValidationError."""
        shape = EVENTS.get(str(fields.get("type")))
        if shape is None:
            return None
        # What the journal keeps: a body that has this event alone.
        raw = orjson.dumps({"events": [fields]})
        event = shape.model_validate(fields)
        match event:
            case MessageEvent():
                return self._message(event, raw)
            case ReceiptEvent():
                return _receipt(event, raw)
            case ContactChange():
                return self._change(event, raw)

    def _message(self, event: MessageEvent, raw: bytes) -> InboundMessage:
        file = event.message.file
        return InboundMessage(
            key=event.id,
            raw=raw,
            address=self.address(event.sender.id),
            external_id=event.message.id,
            sent_at=event.time,
            text=event.message.text,
            attachments=(_attachment(file),) if file else (),
            reply_to=event.message.reply_to,
            profile=Profile(name=event.sender.name),
        )

    def _change(self, event: ContactChange, raw: bytes) -> ContactEvent:
        return ContactEvent(
            key=event.id,
            raw=raw,
            address=self.address(event.sender.id),
            name="stopped" if event.type == "blocked" else "started",
            at=event.time,
            handover_token=event.start,
            profile=Profile(name=event.sender.name),
        )

    # -- compose -------------------------------------------------------------------

    def compose(self, message: OutboundMessage) -> Sequence[HttpCall]:
        if message.location:
            raise Unsupported("a location")
        if message.buttons:
            raise Unsupported("buttons")
        for file in message.attachments:
            self._refuse_what_cannot_go(file)
        texts = split_text(message.text, TEXT_LIMIT)
        bodies: list[dict[str, Any]] = [
            {"text": texts.pop(0) if texts and not number else "", "file_url": file.url}
            for number, file in enumerate(message.attachments)
        ]
        bodies += [{"text": text} for text in texts]
        if bodies and message.reply_to:
            bodies[0]["reply_to"] = message.reply_to
        return [self._call(message, part, body) for part, body in enumerate(bodies)]

    def _refuse_what_cannot_go(self, file: Attachment) -> None:
        limit = self.capabilities.media.get(file.medium)
        if limit is None:
            raise Unsupported(f"{file.medium.value} files")
        if file.size is not None and file.size > limit.max_bytes:
            raise Unsupported(f"files over {limit.max_bytes // MEGABYTE} MB")

    def _call(self, message: OutboundMessage, part: int, body: dict[str, Any]) -> HttpCall:
        return HttpCall(
            method="POST",
            url=f"{self.config.api_base}/v1/messages",
            headers=self._credentials(),
            json={"to": message.address.path, "ref": f"{message.id}-{part}", **body},
        )

    # -- accept --------------------------------------------------------------------

    def accept(self, call: HttpCall, response: HttpResponse) -> SendReceipt:
        if not response.ok:
            raise self._refusal(response)
        try:
            return SendReceipt(Accepted.model_validate_json(response.body).id)
        except ValidationError:
            raise ResponseUnexpected("Carillon took the message and gave it no id.") from None

    def _refusal(self, response: HttpResponse) -> SendError:
        try:
            refusal = ErrorBody.model_validate_json(response.body).error
        except ValidationError:
            return error_for(response)
        if refusal.code not in REFUSALS:
            return error_for(response, code=refusal.code)
        error, sentence = REFUSALS[refusal.code]
        return error(sentence, external_code=refusal.code, retry_after=retry_after(response))

    # -- more that Carillon can do -------------------------------------------------

    def check(self) -> str:
        call = HttpCall(
            method="GET", url=f"{self.config.api_base}/v1/me", headers=self._credentials()
        )
        response = self.http.request(call)
        if not response.ok:
            raise self._refusal(response)
        try:
            return f"The bot {Bot.model_validate_json(response.body).name} answers."
        except ValidationError:
            raise ResponseUnexpected("Carillon did not say who the bot is.") from None

    def locate(self, source: str) -> HttpCall:
        return HttpCall(
            method="GET",
            url=f"{self.config.api_base}/v1/files/{quote(source, safe='')}",
            headers=self._credentials(),
        )

    def reconcile(
        self, message: OutboundMessage, call: Any, attempted_at: datetime
    ) -> SendReceipt | None:
        """Carillon takes one `ref` once, so sending it again is how to find out."""
        return None

    def handover_link(self, token: str, code: str) -> str:
        return f"https://carillon.example/{self.config.bot}?start={quote(token, safe='')}"

    # -- helpers -------------------------------------------------------------------

    def _credentials(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.config.api_token.get_secret_value()}"}


def _receipt(event: ReceiptEvent, raw: bytes) -> DeliveryUpdate | None:
    status = STATUSES.get(event.status)
    if status is None:
        return None
    failed = status is DeliveryStatus.FAILED
    return DeliveryUpdate(
        key=event.id,
        raw=raw,
        status=status,
        external_ids=(event.message,),
        at=event.time,
        code="rejected" if failed else "",
        reason="Carillon could not bring it to the customer." if failed else "",
    )


def _attachment(file: File) -> Attachment:
    return Attachment(
        medium=MEDIA.get(file.type.partition("/")[0], Medium.FILE),
        name=file.name,
        media_type=file.type,
        size=file.size,
        # Only `locate` understands it; it is stored and shown, so it has no token in it.
        source=file.id,
    )
