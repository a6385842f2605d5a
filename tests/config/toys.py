"""Kinds of channel as another package would bring them."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from hub.connectors.base import ConnectorConfig, HttpConnector
from hub.types import Capabilities, InboundEvent, OutboundMessage, SendReceipt, TextUnit


def _tells_what_it_got(value: str) -> str:
    if not value.startswith("+"):
        raise ValueError(f"{value!r} is not a number")
    return value


def _breaks(value: str) -> str:
    raise RuntimeError(f"a bug, with {value} in it")


class Mailbox(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field(description="The server's name.")
    port: int = Field(993, ge=1, le=65535, description="The server's port.")
    password: SecretStr = Field(SecretStr(""), description="The password.")


class ToyConfig(ConnectorConfig):
    token: SecretStr = Field(description="The toy's token.")
    mode: Literal["polling", "webhook"] = Field("polling", description="How it listens.")
    number: Annotated[str, AfterValidator(_tells_what_it_got)] = Field(
        "+1", description="A number with its plus."
    )
    seconds: float = Field(1.0, description="How often it looks.")
    loud: bool = Field(False, description="Whether it is loud.")
    sites: tuple[str, ...] = Field((), description="Its sites.")
    box: Mailbox | None = Field(None, description="Its mailbox.")
    hook: SecretStr | None = Field(None, description="Instead of a mailbox.")
    bug: Annotated[str, AfterValidator(_breaks)] = Field("", description="Never works.")
    pair: Literal["none", "box"] = Field("none", description="`box` needs one.")

    @model_validator(mode="after")
    def _a_pair_needs_its_half(self) -> Self:
        if self.pair == "box" and not (self.box or self.hook):
            raise ValueError("needs box or hook")
        return self


class Toy(HttpConnector[ToyConfig]):
    kind = "toy"
    title = "Toy"
    scheme = "toy"
    capabilities = Capabilities(text_limit=10, text_unit=TextUnit.CHARACTERS)
    Config = ToyConfig

    def verify(self, request: Any) -> None: ...

    def parse(self, request: Any) -> Sequence[InboundEvent]:
        return []

    def compose(self, message: OutboundMessage) -> Sequence[Any]:
        return []

    def accept(self, call: Any, response: Any) -> SendReceipt:
        return SendReceipt()
