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
from datetime import timedelta
from typing import Annotated, Any, Literal
from urllib.parse import quote

import orjson
from pydantic import AfterValidator, ConfigDict, Field, SecretStr

from hub.connectors.base import Connector, ConnectorConfig
from hub.connectors.http import HttpCall, HttpFile, HttpResponse
from hub.connectors.messenger.errors import read_answer
from hub.connectors.messenger.inbound import SCHEME, events_in
from hub.connectors.messenger.payloads import (
    Page,
    Person,
    Sent,
    SubscribedApps,
    Success,
)
from hub.connectors.provider_errors import ModelT
from hub.connectors.text import split_text
from hub.errors import (
    Rejected,
    ResponseUnexpected,
    Unsupported,
    WebhookRejected,
    WindowClosed,
)
from hub.types import (
    Address,
    Attachment,
    Capabilities,
    DeliveryStatus,
    InboundEvent,
    Medium,
    MediumLimit,
    OutboundMessage,
    Profile,
    RateLimit,
    ReplyWindow,
    SendReceipt,
    TextUnit,
    WebhookReply,
    WebhookRequest,
)

#: The unit is not documented; UTF-16 is the strictest that could be meant.
TEXT_LIMIT = 2000
QUICK_REPLIES = 13
TITLE_LIMIT = 20
FILE_BYTES = 25 * 1024 * 1024
WINDOW = ReplyWindow(timedelta(hours=24), timedelta(days=7))

MEDIA = {
    Medium.IMAGE: MediumLimit(FILE_BYTES, ("image/*",)),
    Medium.STICKER: MediumLimit(FILE_BYTES, ("image/*",)),
    Medium.AUDIO: MediumLimit(FILE_BYTES, ("audio/*",)),
    Medium.VOICE: MediumLimit(FILE_BYTES, ("audio/*",)),
    Medium.VIDEO: MediumLimit(FILE_BYTES, ("video/*",)),
    Medium.FILE: MediumLimit(FILE_BYTES),
}
TYPES = {
    Medium.IMAGE: "image",
    Medium.STICKER: "image",
    Medium.AUDIO: "audio",
    Medium.VOICE: "audio",
    Medium.VIDEO: "video",
    Medium.FILE: "file",
}
#: What the page tells us about.
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


class MessengerConfig(ConnectorConfig):
    model_config = ConfigDict(coerce_numbers_to_str=True)

    kind: Literal["messenger"] = Field(description="The type of channel.")
    page_id: str = Field(pattern=r"^[0-9]+$", description="The number of the Facebook page.")
    page_access_token: SecretStr = Field(
        min_length=1, description="The page's own token, with the permission `pages_messaging`."
    )
    app_secret: SecretStr = Field(
        min_length=1, description="The app's secret; webhooks are signed with it."
    )
    verify_token: SecretStr = Field(
        min_length=1, description="A word of your choice, given to Meta with the webhook's address."
    )
    api_base: Annotated[str, AfterValidator(lambda url: url.rstrip("/"))] = Field(
        "https://graph.facebook.com", pattern=r"^https?://\S+$", description="Where the API is."
    )
    api_version: str = Field(
        "v24.0", pattern=r"^v[0-9]+\.[0-9]+$", description="The version of the Graph API."
    )


class Messenger(Connector[MessengerConfig]):
    """One Facebook page."""

    kind = "messenger"
    title = "Messenger"
    scheme = SCHEME
    Config = MessengerConfig
    capabilities = Capabilities(
        text_limit=TEXT_LIMIT,
        text_unit=TextUnit.UTF16,
        media=MEDIA,
        buttons=QUICK_REPLIES,
        edits=True,
        reactions=True,
        typing_out=True,
        receipts=(DeliveryStatus.DELIVERED, DeliveryStatus.READ),
        window=WINDOW,
        # Meta takes 300 a second, but above 40 the page's own inbox falls behind.
        rate=RateLimit(40),
    )
    provider_media_hosts = ("*.fbcdn.net", "*.fbsbx.com")

    @property
    def scope(self) -> str:
        """A person has another id for every page."""
        return self.config.page_id

    # -- verify --------------------------------------------------------------------

    def verify(self, request: WebhookRequest) -> None:
        # Over the bytes as they came: Meta escapes slashes and non-ASCII, which parsing undoes.
        wanted = "sha256=" + self._sign(request.body)
        given = request.headers.get("x-hub-signature-256", "")
        if not hmac.compare_digest(wanted.encode(), given.encode("utf-8", "replace")):
            raise WebhookRejected("Not signed with this app's secret.")

    def handshake(self, request: WebhookRequest) -> WebhookReply:
        """Meta asks once, when the webhook is set up. Raises WebhookRejected with 403."""
        query = request.query
        wanted = self.config.verify_token.get_secret_value().encode()
        given = query.get("hub.verify_token", "").encode("utf-8", "replace")
        known = hmac.compare_digest(wanted, given) and query.get("hub.mode") == "subscribe"
        challenge = query.get("hub.challenge", "")
        # Sent back as it came, so it must not be able to be a page.
        if not known or not re.fullmatch(r"[A-Za-z0-9_-]{1,100}", challenge):
            raise WebhookRejected("The verify token is not ours.", status=403)
        return WebhookReply(200, challenge, "text/plain")

    def _sign(self, content: bytes) -> str:
        secret = self.config.app_secret.get_secret_value().encode()
        return hmac.new(secret, content, hashlib.sha256).hexdigest()

    # -- parse ---------------------------------------------------------------------

    def parse(self, request: WebhookRequest) -> Sequence[InboundEvent]:
        return events_in(request.body, self.scope)

    # -- compose -------------------------------------------------------------------

    def compose(self, message: OutboundMessage) -> Sequence[HttpCall]:
        """A text and each file are messages of their own: Messenger takes one or the other."""
        if message.location:
            raise Unsupported("a location")
        if len(message.buttons) > QUICK_REPLIES:
            raise Unsupported(f"more than {QUICK_REPLIES} buttons")
        for file in message.attachments:
            _refuse_too_large(file, file.size or 0)
        kind = _kind(message)
        parts: list[tuple[dict[str, Any], Attachment | None]] = [
            ({"text": piece}, None)
            for piece in split_text(message.text, TEXT_LIMIT, TextUnit.UTF16)
        ]
        parts += [({"attachment": _enclosed(file)}, file) for file in message.attachments]
        if not parts:
            raise Unsupported("a message without text or attachment")
        if message.buttons:
            # Shown only under the last message, and gone with the next one.
            parts[-1][0]["quick_replies"] = [_quick_reply(title) for title in message.buttons]
        return [
            self._call(message, kind, {**content, "metadata": message.id}, file)
            for content, file in parts
        ]

    def _call(
        self,
        message: OutboundMessage,
        kind: dict[str, str],
        content: dict[str, Any],
        file: Attachment | None,
    ) -> HttpCall:
        recipient = {"id": message.address.path}
        if file is None or file.content is None:
            body = {"recipient": recipient, **kind, "message": content}
            return self._request("POST", f"{self.config.page_id}/messages", json=body)
        data = file.content()
        _refuse_too_large(file, len(data))
        return self._request(
            "POST",
            f"{self.config.page_id}/messages",
            form=(
                ("recipient", orjson.dumps(recipient).decode()),
                *kind.items(),
                ("message", orjson.dumps(content).decode()),
            ),
            files=(
                HttpFile(
                    "filedata",
                    file.name or "file",
                    data,
                    file.media_type or "application/octet-stream",
                ),
            ),
        )

    def typing(self, address: Address, on: bool) -> Sequence[HttpCall]:
        """Shows for at most 20 seconds."""
        action = "typing_on" if on else "typing_off"
        body = {"recipient": {"id": address.path}, "sender_action": action}
        return [self._request("POST", f"{self.config.page_id}/messages", json=body)]

    # -- accept --------------------------------------------------------------------

    def accept(self, call: Any, response: Any) -> SendReceipt:
        assert isinstance(call, HttpCall)
        assert isinstance(response, HttpResponse)
        sent = read_answer(Sent, response, self.http.redact)
        if not sent.message_id and "sender_action" not in (call.json or {}):
            raise ResponseUnexpected("Messenger took the message and gave it no id.")
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

    # -- helpers -------------------------------------------------------------------

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

    def _ask(self, shape: type[ModelT], call: HttpCall) -> ModelT:
        return read_answer(shape, self.http.request(call), self.http.redact)


def _kind(message: OutboundMessage) -> dict[str, str]:
    """RESPONSE for a day after the customer's last message; then, for a week, a person may go on
    as a human agent, which Meta's policy forbids inside the day and to automatic texts."""
    since = message.now - message.last_inbound_at if message.last_inbound_at else None
    if since is None:
        raise WindowClosed("On Messenger the customer has to write first.")
    if since <= WINDOW.standard:
        return {"messaging_type": "RESPONSE"}
    if WINDOW.human is None or since > WINDOW.human:
        raise WindowClosed(
            "More than 7 days passed since this customer last wrote, and Messenger then takes "
            "nothing: answer on another channel, or wait until they write again."
        )
    if not message.written_by_person:
        raise WindowClosed(
            "More than 24 hours passed since this customer last wrote, and Messenger then takes "
            "only what a person wrote."
        )
    return {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}


def _enclosed(file: Attachment) -> dict[str, Any]:
    if file.content is not None:
        return {"type": TYPES[file.medium], "payload": {}}
    if not file.url:
        raise Unsupported("a file that is not at hand")
    return {"type": TYPES[file.medium], "payload": {"url": file.url}}


def _refuse_too_large(file: Attachment, size: int) -> None:
    if size > MEDIA[file.medium].max_bytes:
        raise Unsupported(f"a {file.medium} over {FILE_BYTES // 1024 // 1024} MB")


def _quick_reply(title: str) -> dict[str, str]:
    shown = title if len(title) <= TITLE_LIMIT else title[: TITLE_LIMIT - 1] + "…"
    return {"content_type": "text", "title": shown, "payload": title[:1000]}
