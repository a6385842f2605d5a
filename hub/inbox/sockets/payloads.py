"""What clients of both namespaces send."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from hub.outbound import send


class ClientPayload(BaseModel):
    """What a client sends with an event. An unknown field is refused: it is a typing mistake."""

    model_config = ConfigDict(extra="forbid")


class Typing(ClientPayload):
    on: bool = True


class Read(ClientPayload):
    message_id: str = Field(pattern=r"^\d{1,18}$")


class Sync(ClientPayload):
    after: str = Field("0", pattern=r"^\d{1,18}$")


class SendMessage(ClientPayload):
    text: str = Field("", max_length=send.MAX_TEXT)
    client_id: str = Field(min_length=1, max_length=128, pattern=r"^[!-~]+$")
    attachments: list[str] = Field([], max_length=10)
    reply_to: str | None = Field(None, pattern=r"^\d{1,18}$")
