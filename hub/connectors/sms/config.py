"""The options of a Twilio number in `connectors.yaml`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr

from hub.connectors.base import ConnectorConfig
from hub.phones import canonical


class SmsConfig(ConnectorConfig):
    kind: Literal["sms"] = Field(description="The type of channel.")
    provider: Literal["twilio"] = Field(description="Who carries the messages.")
    account_sid: str = Field(
        pattern=r"^[A-Za-z0-9]+$", description="Twilio's id of the account, `AC...`."
    )
    auth_token: SecretStr = Field(
        min_length=1, description="The account's auth token; webhooks are signed with it too."
    )
    auth_token_old: SecretStr | None = Field(
        None, description="The token before, still good for webhooks while it is being replaced."
    )
    number: Annotated[str, AfterValidator(canonical)] = Field(
        pattern=r"^(\+[1-9][0-9 ]{5,20}|[0-9]{3,8})$",
        description="Our number in international form, `+37255512345`, or our short code.",
    )
    messaging_service_sid: str = Field(
        "",
        pattern=r"^[A-Za-z0-9]*$",
        description="Send through this Messaging Service, `MG...`, instead of the number itself.",
    )
    api_base: Annotated[str, AfterValidator(lambda url: url.rstrip("/"))] = Field(
        "https://api.twilio.com", pattern=r"^https?://\S+$", description="Where the API is."
    )
