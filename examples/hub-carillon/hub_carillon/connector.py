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
from typing import Any
from urllib.parse import quote

from hub.connector_kit import (
    Capabilities,
    DeliveryStatus,
    HttpCall,
    HttpConnector,
    HttpResponse,
    InboundEvent,
    OutboundMessage,
    RateLimit,
    SendReceipt,
    TextUnit,
    WebhookRejected,
    WebhookRequest,
    read_answer,
)
from hub_carillon import outbound
from hub_carillon.config import CarillonConfig
from hub_carillon.errors import error_from
from hub_carillon.inbound import read_events
from hub_carillon.payloads import Accepted, Bot


class Carillon(HttpConnector[CarillonConfig]):
    """One bot."""

    kind = "carillon"
    title = "Carillon"
    scheme = "carillon"
    Config = CarillonConfig
    capabilities = Capabilities(
        text_limit=outbound.TEXT_LIMIT,
        text_unit=TextUnit.CHARACTERS,
        media=outbound.MEDIA,
        replies=True,
        receipts=(DeliveryStatus.DELIVERED, DeliveryStatus.READ),
        rate=RateLimit(20),
    )

    # -- verify --------------------------------------------------------------------

    def verify(self, request: WebhookRequest) -> None:
        secret = self.config.webhook_secret.get_secret_value().encode()
        expected = "sha256=" + hmac.new(secret, request.body, hashlib.sha256).hexdigest()
        signature = request.headers.get("x-carillon-signature", "")
        # As bytes: compare_digest raises on text that is not ASCII, and headers can hold any.
        if not hmac.compare_digest(signature.encode("utf-8", "surrogatepass"), expected.encode()):
            raise WebhookRejected("Not signed with this bot's webhook secret.")

    # -- parse ---------------------------------------------------------------------

    def parse(self, request: WebhookRequest) -> Sequence[InboundEvent]:
        return read_events(request.body, self.address)

    # -- compose -------------------------------------------------------------------

    def compose(self, message: OutboundMessage) -> Sequence[HttpCall]:
        bodies = outbound.message_bodies(message)
        return [self._request("POST", "messages", json=body) for body in bodies]

    # -- accept --------------------------------------------------------------------

    def accept(self, call: HttpCall, response: HttpResponse) -> SendReceipt:
        return SendReceipt(read_answer(Accepted, response, "Carillon", error_from).id)

    # -- more that Carillon can do -------------------------------------------------

    def check(self) -> str:
        response = self.http.request(self._request("GET", "me"))
        bot = read_answer(Bot, response, "Carillon", error_from)
        return f"The bot {bot.name} answers."

    def locate(self, source: str) -> HttpCall:
        return self._request("GET", f"files/{quote(source, safe='')}")

    def reconcile(
        self, message: OutboundMessage, call: HttpCall, attempted_at: datetime
    ) -> SendReceipt | None:
        """None: Carillon takes one `ref` once, so sending it again does no harm."""
        return None

    def handover_link(self, token: str, code: str) -> str:
        return f"https://carillon.example/{self.config.bot}?start={quote(token, safe='')}"

    # -- private helpers -----------------------------------------------------------

    def _request(self, method: str, path: str, *, json: Any = None) -> HttpCall:
        token = self.config.api_token.get_secret_value()
        return HttpCall(
            method=method,
            url=f"{self.config.api_base}/v1/{path}",
            headers={"Authorization": f"Bearer {token}"},
            json=json,
        )
