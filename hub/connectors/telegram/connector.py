"""One Telegram bot.

Source: https://core.telegram.org/bots/api
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, ClassVar, Literal

import orjson
from pydantic import Field, SecretStr, field_validator
from telegram import Message

from hub.connectors.base import Connector, ConnectorConfig, PollResult
from hub.connectors.http import HttpCall, HttpResponse
from hub.connectors.telegram import outbound
from hub.connectors.telegram.client import AnswerUnread, BotApi
from hub.connectors.telegram.errors import is_no_photo, migrated_to, refusal
from hub.connectors.telegram.inbound import ALLOWED_UPDATES, read_update
from hub.connectors.telegram.outbound import BotCall
from hub.errors import Rejected, ResponseUnexpected, Unsupported, WebhookRejected
from hub.types import (
    Address,
    Capabilities,
    InboundEvent,
    InboundMessage,
    OutboundMessage,
    Profile,
    RateLimit,
    SendReceipt,
    TextUnit,
    WebhookRequest,
)

SECRET_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105  the header's name
UPDATES_AT_ONCE = 100


class TelegramConfig(ConnectorConfig):
    token: SecretStr = Field(description="The bot's token, from @BotFather.")
    mode: Literal["polling", "webhook"] = Field(
        "polling",
        description="`polling` asks Telegram for news and needs no public address; `webhook` lets "
        "Telegram call HUB_PUBLIC_URL, which must be https on port 443, 80, 88 or 8443.",
    )
    secret_token: SecretStr | None = Field(
        None,
        description="What Telegram proves itself with in webhook mode: 1 to 256 of A-Z, a-z, 0-9, "
        "_ and -. Made from the token where it is not set.",
    )
    api_base: str = Field(
        "https://api.telegram.org", description="Where the Bot API is; your own server's address."
    )

    @field_validator("token")
    @classmethod
    def _token_fits_into_a_url(cls, token: SecretStr) -> SecretStr:
        if not re.fullmatch(r"[A-Za-z0-9_:-]+", token.get_secret_value()):
            raise ValueError("this is no bot token: those look like 123456789:AAE-xyz")
        return token

    @field_validator("secret_token")
    @classmethod
    def _secret_is_of_telegrams_alphabet(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is None or not secret.get_secret_value():
            return None
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", secret.get_secret_value()):
            raise ValueError("only A-Z, a-z, 0-9, _ and - are allowed, 256 characters at most")
        return secret

    @field_validator("api_base")
    @classmethod
    def _base_has_no_slash_at_its_end(cls, base: str) -> str:
        if not re.match(r"https?://[^/]", base):
            raise ValueError("an address that starts with https:// is needed")
        return base.rstrip("/")


class Telegram(Connector[TelegramConfig]):
    kind = "telegram"
    title = "Telegram"
    scheme = "telegram"
    Config = TelegramConfig
    capabilities: ClassVar[Capabilities] = Capabilities(
        text_limit=outbound.TEXT_LIMIT,
        text_unit=TextUnit.UTF16,
        media=outbound.MEDIA,
        buttons=12,
        locations=True,
        replies=True,
        edits=True,
        reactions=True,
        typing_out=True,
        # A little over 30 messages a second and one a second in one chat is answered with 429:
        # https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
        rate=RateLimit(30),
        rate_per_address=RateLimit(1),
    )

    # -- what comes in -------------------------------------------------------------------------

    def verify(self, request: WebhookRequest) -> None:
        given = request.headers.get(SECRET_HEADER, "")
        if not hmac.compare_digest(given.encode("utf-8", "surrogatepass"), self._secret.encode()):
            raise WebhookRejected("the secret token is missing or wrong")

    def parse(self, request: WebhookRequest) -> Sequence[InboundEvent]:
        return [read_update(request.body, self.address)]

    def acknowledge(self, event: InboundEvent) -> Sequence[BotCall]:
        """Stops the spinner on the button that was pressed."""
        query = event.extra.get("callback_query_id") if isinstance(event, InboundMessage) else None
        return [BotCall("answer_callback_query", "", {"callback_query_id": query})] if query else []

    # -- where it comes from -------------------------------------------------------------------

    def polls(self) -> bool:
        return self.config.mode == "polling"

    def poll(self, cursor: str, wait: float) -> PollResult:
        asked: dict[str, Any] = {"limit": UPDATES_AT_ONCE, "allowed_updates": ALLOWED_UPDATES}
        if cursor:
            asked["offset"] = int(cursor)
        updates = self._api.updates(asked, wait)
        # The number after a quiet week is a random one, so the last that came counts, not the
        # greatest: https://core.telegram.org/bots/api#update
        return PollResult(
            requests=tuple(map(self._as_webhook, updates)),
            cursor=_after(updates[-1]) if updates else cursor,
        )

    def register(self) -> None:
        if self.polls():
            # Telegram refuses getUpdates as long as a webhook is set.
            if self._api.ask("get_webhook_info").url:
                self._api.ask("delete_webhook")
            return
        self._api.ask(
            "set_webhook",
            url=self.site.webhook_url(self.name),
            secret_token=self._secret,
            allowed_updates=ALLOWED_UPDATES,
        )

    def _as_webhook(self, update: dict[str, Any]) -> WebhookRequest:
        return WebhookRequest(
            method="POST",
            url=self.site.webhook_url(self.name),
            body=orjson.dumps(update),
            headers={"content-type": "application/json", SECRET_HEADER: self._secret},
        )

    # -- what leaves ---------------------------------------------------------------------------

    def compose(self, message: OutboundMessage) -> Sequence[BotCall]:
        return outbound.compose(message)

    def typing(self, address: Address, on: bool) -> Sequence[BotCall]:
        """Shown for five seconds or until the next message; it cannot be taken back."""
        return [BotCall("send_chat_action", address.path, {"action": "typing"})] if on else []

    def transmit(self, call: Any) -> Any:
        assert isinstance(call, BotCall)
        try:
            return self._api.post(call.method, **call.parameters())
        except AnswerUnread as error:
            # The message is with the customer: it must not look failed because of the answer.
            return error.result

    def send(self, call: Any) -> SendReceipt:
        """Once more in another way where Telegram itself says which: a group that has a new id,
        a picture it takes as a file only."""
        answer = self.transmit(call)
        if isinstance(answer, HttpResponse):
            moved = migrated_to(answer)
            if moved is not None:
                chat = str(moved)
                receipt = self.accept(call, self.transmit(replace(call, chat_id=chat)))
                return replace(receipt, moved_to=self.address(chat))
            if call.method == "send_photo" and is_no_photo(answer):
                return self.accept(call, self.transmit(call.as_document()))
        return self.accept(call, answer)

    def accept(self, call: Any, response: Any) -> SendReceipt:
        if isinstance(response, HttpResponse):
            raise refusal(response)
        first = response[0] if isinstance(response, tuple | list) and response else response
        number = first.get("message_id") if isinstance(first, dict) else None
        if isinstance(first, Message):
            number = first.message_id
        if isinstance(number, int):
            return SendReceipt(str(number))
        if first is True:
            return SendReceipt()
        raise ResponseUnexpected("Telegram took the message and did not say as which.")

    # -- what else it can ----------------------------------------------------------------------

    def locate(self, source: str) -> HttpCall:
        try:
            file = self._api.ask("get_file", file_id=source)
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

    def describe(self, address: Address) -> Profile:
        """Name and user name; no picture, for its address would contain the bot's token."""
        chat = self._api.ask("get_chat", chat_id=address.path)
        known = {"username": chat.username, "bio": chat.bio}
        return Profile(
            name=chat.effective_name or "",
            attributes={name: str(value) for name, value in known.items() if value},
        )

    def handover_link(self, token: str, code: str) -> str:
        return f"https://t.me/{self._username}?start={token}"

    def check(self) -> str:
        me = self._api.ask("get_me")
        sentence = f"Telegram answers as @{me.username} ({me.first_name})."
        trouble = "" if self.polls() else self._api.ask("get_webhook_info").last_error_message
        return f"{sentence} Its last call to us failed: {trouble}." if trouble else sentence

    # -- private helpers -----------------------------------------------------------------------

    @cached_property
    def _api(self) -> BotApi:
        return BotApi(self.http, self.api_base, self.config.token.get_secret_value())

    @cached_property
    def _username(self) -> str:
        return str(self._api.ask("get_me").username)

    @cached_property
    def _secret(self) -> str:
        if self.config.secret_token is not None:
            return self.config.secret_token.get_secret_value()
        key = self.config.token.get_secret_value().encode()
        return hmac.new(key, b"secret_token of setWebhook", hashlib.sha256).hexdigest()


def _after(update: dict[str, Any]) -> str:
    number = update.get("update_id")
    if not isinstance(number, int):
        raise ResponseUnexpected("Telegram sent an update without a number.")
    return str(number + 1)
