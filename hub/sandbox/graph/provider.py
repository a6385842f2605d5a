"""One Facebook page with Messenger, and the customers that write to it.

Source: https://developers.facebook.com/docs/messenger-platform/reference/send-api
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import requests
from flask import Response, json

from hub.sandbox.base import sample_files
from hub.sandbox.base.cdn import Cdn
from hub.sandbox.base.context import SandboxContext, WebhookCaller
from hub.sandbox.base.faults import FaultAnswers, Faults
from hub.sandbox.base.screen import Bubble, Button, Media, Screen
from hub.sandbox.base.waitable import Waitable
from hub.sandbox.graph import checks
from hub.sandbox.graph.checks import GraphError
from hub.sandbox.graph.customer import MessengerCustomer, bubble_kind
from hub.sandbox.graph.webhooks import Webhooks

Json = dict[str, Any]

PAGE_ID = "100200300400500"
APP_ID = 500400300200100
PAGE_TOKEN = "EAAsandboxPageAccessTokenOfAMadeUpPage0000"
APP_SECRET = "fedcba9876543210fedcba9876543210"
VERIFY_TOKEN = "sandbox-verify-token"
# The page's own inbox at Facebook: answers from there carry the id of this app.
PAGE_INBOX_APP = 263902037430900


@dataclass(frozen=True, slots=True)
class Call:
    """One request to the Graph API, with its parameters decoded."""

    method: str
    path: str
    values: Json = field(default_factory=dict)


class Graph(Faults, WebhookCaller):
    """Messenger for one page."""

    def __init__(self, context: SandboxContext, cdn: Cdn) -> None:
        super().__init__(
            FaultAnswers(
                throttled=lambda _: error(
                    GraphError(613, "(#613) Calls to this api have exceeded the rate limit.")
                ),
                down=lambda: error(
                    GraphError(
                        2,
                        "An unexpected error has occurred. Please retry your request later.",
                        status=500,
                        transient=True,
                    )
                ),
            )
        )
        self.context = context
        self.cdn = cdn
        self.page_id = PAGE_ID
        self.app_id = APP_ID
        self.page_access_token = PAGE_TOKEN
        self.app_secret = APP_SECRET
        self.verify_token = VERIFY_TOKEN
        self.connector = "messenger"
        self.requires_proof = True
        self.delivers_automatically = True
        self.calls: Waitable[Call] = Waitable()
        self.webhooks = Webhooks(context, PAGE_ID, APP_SECRET, lambda: self.webhook_url)
        self._customers: dict[str, MessengerCustomer] = {}
        self._uploads: dict[str, Media] = {}
        self._faces: dict[str, str] = {}
        self._echo_first = False
        self._last_timestamp = 0
        self._lock = threading.RLock()

    @property
    def api_base(self) -> str:
        return f"{self.context.url}/graph"

    # -- verbs ------------------------------------------------------------------------------

    def customer(self, name: str) -> MessengerCustomer:
        """Returns the customer of this name; the first call makes it."""
        digest = hashlib.sha256(f"messenger {self.page_id} {name}".encode()).digest()
        psid = str(10**15 + int.from_bytes(digest[:6], "big"))
        with self._lock:
            if psid not in self._customers:
                screen = Screen(self.context.feed, f"messenger/{psid}")
                self._customers[psid] = MessengerCustomer(self, psid, name, screen)
            return self._customers[psid]

    def batch(self) -> AbstractContextManager[None]:
        """Sends the events inside `with graph.batch():` to the hub in one request."""
        return self.webhooks.batch()

    def echoes_first(self) -> None:
        """Brings the echo to the hub before the send call is answered, from now on."""
        self._echo_first = True

    def verifies(self, verify_token: str = "") -> bool:
        """Sets up the webhook as Meta does. True when the hub returned the challenge."""
        return self.webhooks.verify(verify_token or self.verify_token)

    def page_answers(self, customer: MessengerCustomer, text: str) -> Bubble:
        """Answers in the page's own inbox at Facebook: the hub only sees the echo."""
        bubble = self._show_bubble(customer, {"text": text}, None)
        self.webhooks.send("message_echoes", self._echo(customer, bubble, PAGE_INBOX_APP))
        return bubble

    def delivers(self, customer: MessengerCustomer) -> None:
        """Reports all messages so far as delivered."""
        bubbles = [bubble for bubble in customer.received if not bubble.status]
        if not bubbles:
            return
        for bubble in bubbles:
            customer.screen.change(bubble.id, status="delivered")
        delivery = {
            "mids": [bubble.id for bubble in bubbles],
            "watermark": max(int(bubble.raw["timestamp"]) for bubble in bubbles),
        }
        self.webhooks.send("message_deliveries", {**customer.envelope(), "delivery": delivery})

    def new_mid(self) -> str:
        """Makes the id of a message."""
        return "m_" + secrets.token_urlsafe(48)

    # -- sending ----------------------------------------------------------------------------

    def send(self, request: Json, upload: Media | None) -> Json:
        """Carries out POST /messages. Raises GraphError."""
        customer = self._recipient(request)
        action = request.get("sender_action")
        if action is not None:
            return self._act(customer, action, request)
        message = request.get("message")
        checks.check_message(message, uploaded=upload is not None)
        assert isinstance(message, dict)
        checks.check_messaging_type(request, customer.last_wrote, self.context.clock.now())
        media, attachment_id = self._attachment(message.get("attachment"), upload)
        bubble = self._show_bubble(customer, message, media)
        echo = self._echo(customer, bubble, self.app_id)
        if self._echo_first:
            self.webhooks.send_now("message_echoes", echo)
        else:
            self.webhooks.send("message_echoes", echo)
        if self.delivers_automatically:
            self.delivers(customer)
        result = {"recipient_id": customer.psid, "message_id": bubble.id}
        return {**result, **({"attachment_id": attachment_id} if attachment_id else {})}

    def upload(self, message: Json, upload: Media | None) -> Json:
        """Carries out POST /message_attachments. Raises GraphError."""
        checks.check_message(message, uploaded=upload is not None)
        media, _ = self._attachment(message.get("attachment"), upload)
        return {"attachment_id": self._store_upload(media)}

    def profile(self, psid: str) -> Json | None:
        """Returns the public profile of a customer, None for an unknown id."""
        customer = self._customers.get(psid)
        if customer is None:
            return None
        first, _, last = customer.name.partition(" ")
        with self._lock:
            if psid not in self._faces:
                face = sample_files.face(customer.name)
                self._faces[psid] = self.cdn.put(face, "image/png", "face.png").url
        return {
            "id": psid,
            "name": customer.name,
            "first_name": first,
            "last_name": last,
            "profile_pic": self._faces[psid],
        }

    def proof(self, token: str) -> str:
        """Returns the appsecret_proof that belongs to an access token."""
        return hmac.new(self.app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()

    def close(self) -> None:
        self.is_up()
        self.webhooks.close()

    # -- parts ------------------------------------------------------------------------------

    def _recipient(self, request: Json) -> MessengerCustomer:
        recipient = request.get("recipient")
        psid = str(recipient.get("id", "")) if isinstance(recipient, dict) else ""
        customer = self._customers.get(psid)
        if customer is None:
            raise GraphError(100, "(#100) No matching user found", 2018001)
        if customer.blocked:
            raise GraphError(551, "(#551) This person isn't available right now.", 1545041)
        return customer

    def _act(self, customer: MessengerCustomer, action: str, request: Json) -> Json:
        if action not in checks.SENDER_ACTIONS:
            raise GraphError(100, "(#100) Param sender_action is not known")
        if request.get("message"):
            raise GraphError(100, "(#100) Param sender_action cannot come with a message")
        if action == "typing_on":
            customer.screen.shows_typing("typing", 20)
        elif action == "typing_off":
            customer.screen.shows_typing("typing", 0)
        elif action == "mark_seen":
            for bubble in customer.screen.bubbles:
                if bubble.mine and bubble.status == "delivered":
                    customer.screen.change(bubble.id, status="read")
        else:
            payload = request.get("payload") or {}
            emoji = str(payload.get("reaction", "")) if action == "react" else ""
            customer.screen.change(str(payload.get("message_id", "")), reaction=emoji)
        return {"recipient_id": customer.psid}

    def _attachment(self, attachment: Any, upload: Media | None) -> tuple[Media | None, str]:
        if not attachment or attachment.get("type") == "template":
            return None, ""
        payload = attachment.get("payload") or {}
        if payload.get("attachment_id"):
            stored = self._uploads.get(str(payload["attachment_id"]))
            if stored is None:
                raise _upload_failed()
            return stored, ""
        media = upload or self._fetch(str(payload["url"]), str(attachment["type"]))
        if len(media.data) > checks.ATTACHMENT_BYTES or not media.data:
            raise _upload_failed()
        major = media.media_type.partition("/")[0]
        if attachment["type"] != "file" and major != attachment["type"]:
            raise _upload_failed()
        return media, self._store_upload(media) if payload.get("is_reusable") else ""

    def _fetch(self, url: str, kind: str) -> Media:
        try:
            answer = requests.get(url, timeout=10)
        except requests.RequestException:
            raise _upload_failed() from None
        too_large = kind == "image" and len(answer.content) > checks.IMAGE_BY_URL_BYTES
        if answer.status_code != 200 or too_large:
            raise _upload_failed()
        media_type = answer.headers.get("Content-Type", "").partition(";")[0]
        return self.cdn.put(answer.content, media_type, url.rpartition("/")[2].partition("?")[0])

    def _store_upload(self, media: Media | None) -> str:
        if media is None:
            raise _upload_failed()
        number = str(secrets.randbelow(10**15))
        self._uploads[number] = media
        return number

    def _show_bubble(
        self, customer: MessengerCustomer, message: Json, media: Media | None
    ) -> Bubble:
        attachment = message.get("attachment") or {}
        template = attachment.get("payload") or {} if attachment.get("type") == "template" else {}
        replies = message.get("quick_replies") or []
        buttons = [Button(reply.get("title", ""), reply.get("payload", "")) for reply in replies]
        buttons += [
            Button(button.get("title", ""), button.get("payload", ""))
            for button in template.get("buttons", [])
        ]
        return customer.screen.show(
            Bubble(
                id=self.new_mid(),
                mine=False,
                kind=bubble_kind(media, attachment.get("type", "")),
                text=message.get("text") or template.get("text", ""),
                media=media,
                buttons=tuple(buttons),
                at=self.context.clock.now(),
                raw={**message, "timestamp": self._next_timestamp()},
            )
        )

    def _echo(self, customer: MessengerCustomer, bubble: Bubble, app_id: int) -> Json:
        message: Json = {"is_echo": True, "app_id": app_id, "mid": bubble.id}
        if bubble.raw.get("metadata"):
            message["metadata"] = bubble.raw["metadata"]
        if bubble.text:
            message["text"] = bubble.text
        if bubble.media:
            kind = bubble.raw["attachment"]["type"]
            message["attachments"] = [{"type": kind, "payload": {"url": bubble.media.url}}]
        return {
            "sender": {"id": self.page_id},
            "recipient": {"id": customer.psid},
            "timestamp": bubble.raw["timestamp"],
            "message": message,
        }

    def _next_timestamp(self) -> int:
        # Watermarks tell messages apart by time, so no two may have the same millisecond.
        with self._lock:
            now = int(self.context.clock.now().timestamp() * 1000)
            self._last_timestamp = max(now, self._last_timestamp + 1)
            return self._last_timestamp


def error(problem: GraphError) -> Response:
    return Response(
        json.dumps({"error": problem.body}), problem.status, mimetype="application/json"
    )


def _upload_failed() -> GraphError:
    return GraphError(100, "(#100) Upload attachment failure.", 2018047)
