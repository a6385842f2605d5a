"""Telegram, for one bot, through the Bot API.

- Updates and webhooks: https://core.telegram.org/bots/api#getting-updates
- Sending: https://core.telegram.org/bots/api#available-methods
- Limits: https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
- Deep links: https://core.telegram.org/bots/features#deep-linking
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from telegram import Message

from hub.connectors.base import Connector, PollResult
from hub.connectors.http import HttpCall, HttpResponse
from hub.connectors.telegram import changes, outbound
from hub.connectors.telegram.batches import number_in, split_batch
from hub.connectors.telegram.client import AnswerUnread, BotApi
from hub.connectors.telegram.config import TelegramConfig
from hub.connectors.telegram.errors import (
    error_from,
    is_no_topic,
    is_not_of_the_medium,
    migrated_to,
)
from hub.connectors.telegram.inbound import ALLOWED_UPDATES, read_update
from hub.connectors.telegram.outbound import ALBUM_METHOD, TOPIC, BotCall
from hub.errors import (
    RefusedTogether,
    Rejected,
    ResponseUnexpected,
    Unsupported,
    WebhookRejected,
)
from hub.types import (
    Address,
    Capabilities,
    InboundEvent,
    InboundMessage,
    OutboundMessage,
    ParsedEvent,
    Profile,
    RateLimit,
    SendReceipt,
    SentMessage,
    TextUnit,
    WebhookRequest,
)

SECRET_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105  the header's name
#: How many updates a poll asks for; fewer where an answer cannot be read, in the end one alone.
UPDATES_AT_ONCE = (100, 10, 1)
#: Said to the agents about an answer whose topic takes nothing.
OUTSIDE_TOPIC = "Its topic is closed or was deleted, so it went into the chat outside the topics."


class Telegram(Connector[TelegramConfig, BotCall, object]):
    """One Telegram bot.

    An answer is the library's object for the result, or the HttpResponse of a refusal.
    """

    kind = "telegram"
    title = "Telegram"
    scheme = "telegram"
    Config = TelegramConfig
    capabilities = Capabilities(
        text_limit=outbound.TEXT_LIMIT,
        text_unit=TextUnit.UTF16,
        media=outbound.MEDIA,
        buttons=12,
        locations=True,
        replies=True,
        edits=True,
        reactions=True,
        typing_out=True,
        edit=True,
        retract=True,
        # Above 30 messages a second, and above one a second in one chat, the answer is a 429.
        rate=RateLimit(30),
        rate_per_address=RateLimit(1),
        throttles_addresses=True,
    )

    # -- verify --------------------------------------------------------------------

    def verify(self, request: WebhookRequest) -> None:
        secret = request.headers.get(SECRET_HEADER, "")
        if not hmac.compare_digest(secret.encode("utf-8", "surrogatepass"), self._secret.encode()):
            raise WebhookRejected("the secret token is missing or wrong")

    # -- parse ---------------------------------------------------------------------

    def parse(self, request: WebhookRequest) -> Sequence[ParsedEvent]:
        return [read_update(request.body, self.address)]

    # -- poll ----------------------------------------------------------------------

    def polls(self) -> bool:
        return self.config.mode == "polling"

    def poll(self, cursor: str, wait: float) -> PollResult:
        parameters: dict[str, Any] = {"allowed_updates": ALLOWED_UPDATES}
        if cursor:
            parameters["offset"] = int(cursor)
        for limit in UPDATES_AT_ONCE:
            try:
                bodies = split_batch(self._api.updates({**parameters, "limit": limit}, wait))
            except ResponseUnexpected:  # one of them makes all of them unreadable
                if limit == 1:
                    raise
            else:
                break
        # The number after a quiet week is a random one, so the last that came counts, not the
        # greatest: https://core.telegram.org/bots/api#update
        numbers = [number for body in bodies if (number := number_in(body)) is not None]
        if bodies and not numbers:  # the same would come with each poll
            raise ResponseUnexpected("Telegram sent an update without a number.")
        return PollResult(
            requests=tuple(map(self._as_webhook, bodies)),
            cursor=str(numbers[-1] + 1) if numbers else cursor,
        )

    def _as_webhook(self, body: bytes) -> WebhookRequest:
        return WebhookRequest(
            method="POST",
            url=self.site.webhook_url(self.name),
            body=body,
            headers={"content-type": "application/json", SECRET_HEADER: self._secret},
        )

    # -- compose -------------------------------------------------------------------

    def compose(self, message: OutboundMessage) -> Sequence[BotCall]:
        return outbound.compose_message(message)

    def typing(self, address: Address, on: bool) -> Sequence[BotCall]:
        """Shown for five seconds or until the next message; it cannot be taken back."""
        return [BotCall("send_chat_action", address.path, {"action": "typing"})] if on else []

    def edit(self, message: SentMessage, text: str) -> Sequence[BotCall]:
        return changes.edit_calls(message, text)

    def retract(self, message: SentMessage) -> Sequence[BotCall]:
        return changes.delete_calls(message)

    def acknowledge(self, event: InboundEvent) -> Sequence[BotCall]:
        """Stops the spinner on the button that was pressed."""
        query = event.extra.get("callback_query_id") if isinstance(event, InboundMessage) else None
        return [BotCall("answer_callback_query", "", {"callback_query_id": query})] if query else []

    # -- accept --------------------------------------------------------------------

    def transmit(self, call: BotCall) -> object:
        try:
            answer: object = self._api.post(call.method, **call.parameters())
        except AnswerUnread as error:
            # The message is with the customer: it must not look failed because of the answer.
            return error.result
        return answer

    def send(self, call: BotCall) -> SendReceipt:
        """Sends once more where Telegram's refusal says in which other way it works.

        Those are a group that has a new id, a topic that takes nothing, and a file that goes as a
        document only.

        Raises:
            RefusedTogether: Telegram refused an album, perhaps for one file of it.
        """
        answer = self.transmit(call)
        if isinstance(answer, HttpResponse):
            new_id = migrated_to(answer)
            if new_id is not None:
                moved = replace(call, chat_id=str(new_id))
                receipt = self.accept(moved, self.transmit(moved))
                return replace(receipt, moved_to=self.address(str(new_id)))
            if TOPIC in call.options and is_no_topic(answer):
                return replace(self.send(call.outside_topic()), note=OUTSIDE_TOPIC)
            if call.shows_medium and is_not_of_the_medium(answer):
                document = call.as_document()
                return self.accept(document, self.transmit(document))
        return self.accept(call, answer)

    def singly(self, call: BotCall) -> Sequence[BotCall]:
        return call.singly()

    def accept(self, call: BotCall, response: object) -> SendReceipt:
        if isinstance(response, HttpResponse):
            if changes.is_done_already(call, response):
                return SendReceipt()
            error = error_from(response)
            if call.method == ALBUM_METHOD and isinstance(error, Rejected):
                # An album arrives whole or not at all.
                raise RefusedTogether(error.message, external_code=error.external_code)
            raise error
        # The messages of an album come as a list.
        first = response[0] if isinstance(response, tuple | list) and response else response
        message_id = first.get("message_id") if isinstance(first, dict) else None
        if isinstance(first, Message):
            message_id = first.message_id
        if isinstance(message_id, int):
            return SendReceipt(str(message_id))
        if first is True:
            return SendReceipt()
        raise ResponseUnexpected(
            "Telegram took the message and did not say as which: it may have arrived."
        )

    # -- more that Telegram can do -------------------------------------------------

    def register(self) -> None:
        if self.polls():
            # Telegram refuses getUpdates as long as a webhook is set.
            if self._api.result("get_webhook_info").url:
                self._api.result("delete_webhook")
            return
        self._api.result(
            "set_webhook",
            url=self.site.webhook_url(self.name),
            secret_token=self._secret,
            allowed_updates=ALLOWED_UPDATES,
        )

    def check(self) -> str:
        bot = self._api.result("get_me")
        sentence = f"Telegram answers as @{bot.username} ({bot.first_name})."
        error = "" if self.polls() else self._api.result("get_webhook_info").last_error_message
        return f"{sentence} Its last call to us failed: {error}." if error else sentence

    def describe(self, address: Address) -> Profile:
        """Name and user name; no picture, for its address would contain the bot's token."""
        chat = self._api.result("get_chat", chat_id=address.path)
        attributes = {"username": chat.username, "bio": chat.bio}
        return Profile(
            name=chat.effective_name or "",
            attributes={name: str(value) for name, value in attributes.items() if value},
        )

    def locate(self, source: str) -> HttpCall:
        try:
            file = self._api.result("get_file", file_id=source)
        except Rejected as error:
            if "too big" in error.message:
                raise Unsupported(
                    "a file over 20 MB",
                    "The file is larger than the 20 MB that Telegram gives to bots. Ask the "
                    "customer to send it in another way.",
                ) from None
            raise
        if not isinstance(file.file_path, str) or not file.file_path:
            raise ResponseUnexpected("Telegram did not say where the file is.")
        return self._api.file_call(file.file_path)

    def handover_link(self, token: str, code: str) -> str:
        return f"https://t.me/{self._username}?start={token}"

    # -- private helpers -----------------------------------------------------------

    @cached_property
    def _api(self) -> BotApi:
        return BotApi(self.http, self.api_base, self.config.token.get_secret_value())

    @cached_property
    def _username(self) -> str:
        return str(self._api.result("get_me").username)

    @cached_property
    def _secret(self) -> str:
        if self.config.secret_token is not None:
            return self.config.secret_token.get_secret_value()
        key = self.config.token.get_secret_value().encode()
        return hmac.new(key, b"secret_token of setWebhook", hashlib.sha256).hexdigest()
