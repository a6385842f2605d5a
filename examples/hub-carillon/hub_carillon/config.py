"""The options of a Carillon bot in `connectors.yaml`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr

from hub.connector_kit import ConnectorConfig


class CarillonConfig(ConnectorConfig):
    kind: Literal["carillon"] = Field(description="The type of channel.")
    bot: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$", description="The bot's name at Carillon.")
    api_token: SecretStr = Field(min_length=1, description="The bot's token, for sending.")
    webhook_secret: SecretStr = Field(
        min_length=1, description="The key with which Carillon signs its webhooks."
    )
    api_base: str = Field(
        "https://api.carillon.example",
        pattern=r"^https?://[^/\s]+$",
        description="Where the API is.",
    )
