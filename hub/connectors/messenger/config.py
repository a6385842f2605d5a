"""The options of a Facebook page in `connectors.yaml`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, SecretStr

from hub.connectors.base import ConnectorConfig


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
