"""Facebook Messenger for one page, through Meta's Graph API.

- Webhooks: https://developers.facebook.com/docs/messenger-platform/webhooks
- Sending: https://developers.facebook.com/docs/messenger-platform/reference/send-api
- Reply window: https://developers.facebook.com/docs/messenger-platform/policy/policy-overview
- Securing calls: https://developers.facebook.com/docs/graph-api/guides/secure-requests
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import orjson

from hub.connectors.base import HttpConnector
from hub.connectors.http import HttpCall, HttpFile, HttpResponse
from hub.connectors.messenger import outbound
from hub.connectors.messenger.config import MessengerConfig
from hub.connectors.messenger.errors import read_answer
from hub.connectors.messenger.inbound import SCHEME, events_in
from hub.connectors.messenger.outbound import check_size, message_parts, messaging_type
from hub.connectors.messenger.payloads import Page, Person, Sent, SubscribedApps, Success
from hub.connectors.provider_errors import ModelT
from hub.errors import Rejected, ResponseUnexpected, WebhookRejected
from hub.types import (
    Address,
    Attachment,
    Capabilities,
    DeliveryStatus,
    OutboundMessage,
    ParsedEvent,
    Profile,
    RateLimit,
    SendReceipt,
    TextUnit,
    WebhookReply,
    WebhookRequest,
)

#: The events that the page sends.
FIELDS = (
    "messages",
    "message_echoes",
    "message_edits",
    "message_reactions",
    "message_deliveries",
    "message_reads",
    "messaging_postbacks",
    "messaging_referrals",
    "messaging_optins",
)


class Messenger(HttpConnector[MessengerConfig]):
    """One Facebook page."""

    kind = "messenger"
    title = "Messenger"
    scheme = SCHEME
    Config = MessengerConfig
    capabilities = Capabilities(
        text_limit=outbound.TEXT_LIMIT,
        text_unit=TextUnit.UTF16,
        media=outbound.MEDIA,
        buttons=outbound.QUICK_REPLIES,
        edits=True,
        reactions=True,
        typing_out=True,
        receipts=(DeliveryStatus.DELIVERED, DeliveryStatus.READ),
        window=outbound.WINDOW,
        # Meta takes 300 a second, but above 40 the page's own inbox falls behind.
        rate=RateLimit(40),
    )
    provider_media_hosts = ("*.fbcdn.net", "*.fbsbx.com")

    @property
    def scope(self) -> str:
        """The page: a person has another id for every page."""
        return self.config.page_id

    # -- verify --------------------------------------------------------------------

    def verify(self, request: WebhookRequest) -> None:
        # Over the bytes as they came: Meta escapes slashes and non-ASCII, which parsing undoes.
        expected = "sha256=" + self._sign(request.body)
        signature = request.headers.get("x-hub-signature-256", "")
        if not hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace")):
            raise WebhookRejected("Not signed with this app's secret.")

    def handshake(self, request: WebhookRequest) -> WebhookReply:
        """Meta asks once, when the webhook is set up. Raises WebhookRejected with 403."""
        query = request.query
        expected = self.config.verify_token.get_secret_value().encode()
        token = query.get("hub.verify_token", "").encode("utf-8", "replace")
        known = hmac.compare_digest(expected, token) and query.get("hub.mode") == "subscribe"
        challenge = query.get("hub.challenge", "")
        # Sent back as it came, so it must not be able to be a page.
        if not known or not re.fullmatch(r"[A-Za-z0-9_-]{1,100}", challenge):
            raise WebhookRejected("The verify token is not ours.", status=403)
        return WebhookReply(200, challenge, "text/plain")

    def _sign(self, content: bytes) -> str:
        secret = self.config.app_secret.get_secret_value().encode()
        return hmac.new(secret, content, hashlib.sha256).hexdigest()

    # -- parse ---------------------------------------------------------------------

    def parse(self, request: WebhookRequest) -> Sequence[ParsedEvent]:
        return events_in(request.body, self.scope)

    # -- compose -------------------------------------------------------------------

    def compose(self, message: OutboundMessage) -> Sequence[HttpCall]:
        """A text and each file are messages of their own: Messenger takes one or the other."""
        parts = message_parts(message)
        kind = messaging_type(message)
        return [self._call(message, kind, {**part.content}, part.file) for part in parts]

    def _call(
        self,
        message: OutboundMessage,
        kind: dict[str, str],
        content: dict[str, Any],
        file: Attachment | None,
    ) -> HttpCall:
        recipient = {"id": message.address.path}
        path = f"{self.config.page_id}/messages"
        if file is None or file.content is None:
            body = {"recipient": recipient, **kind, "message": content}
            return self._request("POST", path, json=body)
        data = file.content()
        check_size(file, len(data))
        media_type = file.media_type or "application/octet-stream"
        return self._request(
            "POST",
            path,
            form=(
                ("recipient", orjson.dumps(recipient).decode()),
                *kind.items(),
                ("message", orjson.dumps(content).decode()),
            ),
            files=(HttpFile("filedata", file.name or "file", data, media_type),),
        )

    def typing(self, address: Address, on: bool) -> Sequence[HttpCall]:
        """Shows for at most 20 seconds."""
        action = "typing_on" if on else "typing_off"
        body = {"recipient": {"id": address.path}, "sender_action": action}
        return [self._request("POST", f"{self.config.page_id}/messages", json=body)]

    # -- accept --------------------------------------------------------------------

    def accept(self, call: HttpCall, response: HttpResponse) -> SendReceipt:
        sent = read_answer(Sent, response, self.http.redact)
        if not sent.message_id and "sender_action" not in (call.json or {}):
            raise ResponseUnexpected(
                "Messenger took the message and gave it no id: it may have arrived."
            )
        return SendReceipt(sent.message_id)

    # -- more that Messenger can do ------------------------------------------------

    def register(self) -> None:
        """Subscribes the app to the page; the webhook's address is set in the app itself."""
        form = (("subscribed_fields", ",".join(FIELDS)),)
        call = self._request("POST", f"{self.config.page_id}/subscribed_apps", form=form)
        if not self._ask(Success, call).success:
            raise Rejected("Meta did not subscribe the app to the page.")

    def check(self) -> str:
        # "me" is the page that the token is of.
        page = self._ask(Page, self._request("GET", "me", query=(("fields", "id,name"),)))
        if page.id != self.config.page_id:
            raise Rejected(f"The token is for the page {page.id}, not {self.config.page_id}.")
        call = self._request("GET", f"{self.config.page_id}/subscribed_apps")
        fields = {
            name for app in self._ask(SubscribedApps, call).data for name in app.subscribed_fields
        }
        missing = [name for name in FIELDS if name not in fields]
        if missing:
            return f"The page {page.name} answers, but does not tell us of {', '.join(missing)}."
        return f"The page {page.name} answers and its messages come here."

    def describe(self, address: Address) -> Profile:
        query = (("fields", "first_name,last_name,profile_pic"),)
        person = self._ask(Person, self._request("GET", quote(address.path, safe=""), query=query))
        name = f"{person.first_name} {person.last_name}".strip()
        return Profile(name=name, avatar_url=person.profile_pic)

    def locate(self, source: str) -> HttpCall:
        """The address is signed and needs no token; it expires, so it is fetched at once."""
        return HttpCall(method="GET", url=source)

    def handover_link(self, token: str, code: str) -> str:
        return f"https://m.me/{self.config.page_id}?ref={quote(token, safe='-_=')}"

    # -- private helpers -----------------------------------------------------------

    def _request(
        self,
        method: str,
        path: str,
        *,
        query: Sequence[tuple[str, str]] = (),
        form: Sequence[tuple[str, str]] | None = None,
        json: Any = None,
        files: Sequence[HttpFile] = (),
    ) -> HttpCall:
        token = self.config.page_access_token.get_secret_value()
        return HttpCall(
            method=method,
            url=f"{self.config.api_base}/{self.config.api_version}/{path}",
            headers={"Authorization": f"Bearer {token}"},
            query=(*query, ("appsecret_proof", self._sign(token.encode()))),
            form=form,
            json=json,
            files=files,
        )

    def _ask(self, model: type[ModelT], call: HttpCall) -> ModelT:
        return read_answer(model, self.http.request(call), self.http.redact)
