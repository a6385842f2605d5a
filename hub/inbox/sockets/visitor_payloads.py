"""What a visitor's page sends: when it connects, and with its events."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, RootModel

from hub.connectors.page_identity import SignedId
from hub.inbox.connections.visitor_details import Page
from hub.inbox.sockets.payloads import ClientPayload


def _page_of_url(value: Any) -> Any:
    """A page may be given by its URL alone."""
    return {"url": value} if isinstance(value, str) else value


class Hello(BaseModel):
    """The `auth` of a page that opens a socket."""

    model_config = ConfigDict(extra="ignore")

    connector: str = Field(max_length=64)
    session: str | None = Field(None, max_length=200)
    identity: str | SignedId | None = Field(
        None, description="Who the site says this is: a JWT, or an id with its `user_hash`."
    )
    resume: str | None = Field(
        None, max_length=200, description="The token of a link that brings them from elsewhere."
    )
    locale: str = Field("", max_length=40)
    page: Annotated[Page, BeforeValidator(_page_of_url)] = Page()


class Token(ClientPayload):
    token: str


class Identify(RootModel[Token | SignedId]):
    """Who the site says this is: `{token}`, or `{id, user_hash, name?, email?, phone?}`."""

    @property
    def signed(self) -> str | SignedId:
        return self.root.token if isinstance(self.root, Token) else self.root


class History(ClientPayload):
    before: str | None = Field(None, pattern=r"^\d{1,18}$")


class HandoverRequest(ClientPayload):
    connector: str = Field(max_length=64)
