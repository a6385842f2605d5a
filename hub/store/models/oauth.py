"""The tokens of connectors that sign in by OAuth, and the consents that are under way."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, SQLModel

from hub.store.columns import table, text_field, time_field


class OAuthToken(SQLModel, table=True):
    """The tokens of one connector, sealed with a key of HUB_SECRET_KEY.

    `lease_owner` is the one caller, of all processes, that asks for new ones at this moment.
    """

    __tablename__ = "oauth_token"

    connector: str = Field(primary_key=True)
    #: Tells for which app and account they hold.
    fingerprint: str = text_field()
    #: The access token and the refresh token; empty before the first ones.
    sealed: bytes = b""
    issued_at: datetime | None = time_field(null=True)
    expires_at: datetime | None = time_field(null=True)
    #: Why the provider takes the refresh token no more; empty while it does.
    withdrawn: str = text_field()
    lease_owner: str = text_field()
    lease_until: datetime | None = time_field(null=True)


class OAuthRequest(SQLModel, table=True):
    """A consent that an admin has begun to give. Its state comes back with the answer, once."""

    __tablename__ = "oauth_request"

    #: The hash of the state.
    digest: str = Field(primary_key=True)
    connector: str
    #: The account of the hub that began, and may end it.
    owner: str
    redirect_uri: str = text_field()
    #: The verifier of PKCE, sealed as the tokens are.
    sealed: bytes = b""
    expires_at: datetime = time_field(index=True)


oauth_tokens = table(OAuthToken)
oauth_requests = table(OAuthRequest)
