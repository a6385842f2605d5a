"""What a page says about its visitor: where they are, and what they typed before the chat."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from hub.contacts import profiles


class Page(BaseModel):
    """Where the visitor is, as their browser says; shown to agents as text."""

    model_config = ConfigDict(extra="ignore")

    url: str = Field("", max_length=2000)
    title: str = Field("", max_length=500)
    referrer: str = Field("", max_length=2000)


class Prechat(BaseModel):
    """What a visitor typed before the chat. It proves nothing."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field("", max_length=profiles.MAX_NAME)
    email: str = Field("", max_length=320)
    phone: str = Field("", max_length=40)
    department: str = Field("", max_length=40, description="What their message will be about.")
