"""The options of a Telegram bot in `connectors.yaml`."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, SecretStr, field_validator

from hub.connectors.base import ConnectorConfig


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
