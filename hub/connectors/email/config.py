"""The options of a mail address in `connectors.yaml`."""

from __future__ import annotations

from typing import Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from hub.connectors.base import ConnectorConfig
from hub.connectors.email.addresses import is_deliverable
from hub.connectors.oauth import OAuthConfig

Tls = Literal["ssl", "starttls", "none"]


class Server(BaseModel):
    """A mail server and how to sign in to it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field(min_length=1, description="The server's name; its certificate must have it.")
    port: int = Field(ge=1, le=65535, description="IMAP: 993 or 143. SMTP: 465, 587 or 25.")
    username: str = Field(
        "",
        description="Signs in with this name. Without it nobody signs in, or with `oauth` the "
        "connector's address.",
    )
    password: SecretStr = Field(SecretStr(""), description="The password, or an app password.")
    tls: Tls = Field(
        "ssl", description="`ssl` from the first byte, `starttls` after a greeting, `none`."
    )

    @property
    def secret(self) -> str:
        return self.password.get_secret_value()


class ImapServer(Server):
    """The mailbox that is read."""

    folder: str = Field("INBOX", description="The folder to read.")


class SmtpServer(Server):
    """The server that takes our mail."""


class EmailConfig(ConnectorConfig):
    """One mail address of ours."""

    address: str = Field(description="The address customers write to, and see answers from.")
    name: str = Field("", description="The name that stands beside the address in our mail.")
    smtp: SmtpServer = Field(description="The server that takes our mail.")
    imap: ImapServer | None = Field(None, description="The mailbox to read.")
    oauth: OAuthConfig | None = Field(
        None,
        description="Signs in to both servers with tokens in place of a password, as Microsoft "
        "365 and Google want it.",
    )
    webhook_secret: SecretStr = Field(
        SecretStr(""), description="The bearer token with which raw mail may be posted to us."
    )
    poll_seconds: float = Field(
        60, ge=1, description="Seconds between looks where the server cannot tell us of new mail."
    )
    import_days: int = Field(
        0, ge=0, le=3650, description="How many days of older mail the first look takes too."
    )
    authserv_id: str = Field(
        "",
        description="The name our own receiving server gives itself in Authentication-Results. "
        "Without it no sender counts as verified.",
    )

    @field_validator("address")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        if not is_deliverable(value):
            raise ValueError("must be a mail address, like support@example.com")
        return value

    @field_validator("name")
    @classmethod
    def _is_one_line(cls, value: str) -> str:
        if not value.isprintable():
            raise ValueError("must be one line of text")
        return value

    @field_validator("oauth")
    @classmethod
    def _takes_the_place_of_passwords(
        cls, value: OAuthConfig | None, info: ValidationInfo
    ) -> OAuthConfig | None:
        for name in ("smtp", "imap"):
            server = info.data.get(name)
            if value is not None and isinstance(server, Server) and server.secret:
                raise ValueError(
                    f"cannot stand beside {name}.password: a server is signed in to with tokens or "
                    "with a password. Remove one of them"
                )
        return value

    @model_validator(mode="after")
    def _mail_comes_in_somehow(self) -> EmailConfig:
        if self.imap is None and not self.webhook_secret.get_secret_value():
            raise ValueError(
                "needs imap (a mailbox to read) or webhook_secret (to take posted mail), or both"
            )
        return self
