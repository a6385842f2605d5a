"""The contract between the hub and a kind of channel.

A connector is a translator and nothing else: it reads what its provider sends (`verify`, `parse`)
and writes what its provider takes (`compose`, `accept`). It never touches the database, the web
framework or the clock; `parse` and `compose` are pure, so that every payload can be a test.

A subclass defines what stands under "define"; may override what stands under "may override"; gets
the rest. Abilities that not every channel has are the protocols at the end, found by isinstance.
`ADDING_CONNECTORS.md` walks through one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, ClassVar, Generic, Protocol, TypeVar, runtime_checkable

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from hub.connectors.http import Http, HttpCall
from hub.types import (
    Address,
    Capabilities,
    InboundEvent,
    OutboundMessage,
    Profile,
    SendReceipt,
    WebhookReply,
    WebhookRequest,
)


class ConnectorConfig(BaseModel):
    """The keys every connector has in `connectors.yaml`. A kind adds its own, all described."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str = Field(description="The type of channel.")
    enabled: bool = Field(True, description="`false` turns the connector off and keeps its data.")
    label: str = Field("", description="The name agents see; the connector's name by default.")
    media_hosts: tuple[str, ...] = Field(
        (), description="More hosts that media may be fetched from, `*.cdn.example` for a domain."
    )


ConfigT = TypeVar("ConfigT", bound=ConnectorConfig)


@dataclass(frozen=True, slots=True)
class Site:
    """Where this hub stands on the internet, without a slash at the end."""

    public_url: str

    def webhook_url(self, connector: str) -> str:
        return f"{self.public_url}/webhooks/{connector}"


class Connector(ABC, Generic[ConfigT]):
    """One configured channel: a name in `connectors.yaml`, its options, and how to speak."""

    # -- define ----------------------------------------------------------------

    #: The word in `connectors.yaml`.
    kind: ClassVar[str]
    #: The provider's name as people write it.
    title: ClassVar[str]
    #: The scheme of its addresses: `tel`, `mailto`, `telegram`.
    scheme: ClassVar[str]
    capabilities: ClassVar[Capabilities]
    Config: ClassVar[type[ConnectorConfig]]

    @abstractmethod
    def verify(self, request: WebhookRequest) -> None:
        """Makes sure that the provider sent this, in constant time.

        Raises:
            WebhookRejected: it did not, or nobody can tell. Never anything else.
        """

    @abstractmethod
    def parse(self, request: WebhookRequest) -> Sequence[InboundEvent]:
        """Reads every event in a request. Pure: no network, no clock, no database.

        Each event's `raw` is the smallest body that parses to that event alone.

        Raises:
            PayloadInvalid: not of the provider's form.
            EventIgnored: known, and nothing for us in it.
        """

    @abstractmethod
    def compose(self, message: OutboundMessage) -> Sequence[Any]:
        """Turns a message into calls, in order: splitting and formatting included. Pure.

        A retry composes the same calls again and goes on after the last one that was accepted,
        so the same message must always give the same calls.

        Raises:
            Unsupported: the channel cannot carry it.
            WindowClosed: the provider's reply window is over at `message.now`.
        """

    @abstractmethod
    def accept(self, call: Any, response: Any) -> SendReceipt:
        """Reads the provider's answer to a call.

        Raises:
            SendError: the one that says what to do next.
        """

    # -- may override ----------------------------------------------------------------

    #: Hosts of the provider that media are fetched from, beside that of `api_base`.
    provider_media_hosts: ClassVar[tuple[str, ...]] = ()

    @property
    def api_base(self) -> str:
        """Where the provider's API is, for those that have one."""
        return getattr(self.config, "api_base", "")

    @property
    def scope(self) -> str:
        """Set where the provider's ids hold within one bot or page only."""
        return ""

    def transmit(self, call: Any) -> Any:
        """Carries one call out: over HTTP unless a kind speaks something else.

        Raises:
            ConnectionFailed: with `maybe_sent` when the outcome is unknown.
        """
        assert isinstance(call, HttpCall)
        return self.http.request(call)

    def reply(self, request: WebhookRequest) -> WebhookReply:
        """What the provider wants to hear once everything in `request` is on disk."""
        return WebhookReply()

    def normalized(self, address: Address) -> Address:
        """The one form of an address that a person typed, as `parse` gives it. Pure.

        Raises:
            Invalid: nobody can be there.
        """
        return address

    def check(self) -> str:
        """Asks the provider whether the configuration works: the admin's Test button.

        Returns: one sentence with what was found (the bot's name, the number).
        Raises: SendError.
        """
        return "There is nothing to test."

    def close(self) -> None:
        """Gives back what is held open. Called once, when the connector is replaced or stopped."""

    # -- need not touch ----------------------------------------------------------------

    def __init__(self, name: str, config: ConfigT, site: Site, http: Http | None = None) -> None:
        self.name = name
        self.config = config
        self.site = site
        self.http = http or Http(secrets_of(config))

    @property
    def label(self) -> str:
        return self.config.label or self.name

    @property
    def media_hosts(self) -> tuple[str, ...]:
        return (*self.provider_media_hosts, *self.config.media_hosts)

    def send(self, call: Any) -> SendReceipt:
        return self.accept(call, self.transmit(call))

    def address(self, path: str) -> Address:
        return Address(self.scheme, path, self.scope)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"


def secrets_of(config: BaseModel) -> list[str]:
    """Every secret in a configuration, however deep, longest first."""
    found: list[str] = []
    for value in dict(config).values():
        if isinstance(value, SecretStr):
            found.append(value.get_secret_value())
        elif isinstance(value, BaseModel):
            found.extend(secrets_of(value))
    return sorted((secret for secret in found if secret), key=len, reverse=True)


# -- abilities that not every channel has ----------------------------------------------------------


@cache
def is_able(kind: type[Connector[Any]], ability: type) -> bool:
    """Whether a kind has one of the abilities below.

    For what runs on every event: isinstance looks through all of a protocol's members each time.
    """
    return issubclass(kind, ability)


@dataclass(frozen=True, slots=True)
class PollResult:
    """One look for new events.

    Args:
        requests: what came, oldest first, each as if it had come by webhook.
        cursor: where to go on; kept once all requests are on disk.
        pause: seconds until the next look.
    """

    requests: tuple[WebhookRequest, ...]
    cursor: str
    pause: float = 0.0


@runtime_checkable
class Polls(Protocol):
    """Gets its events by asking. One process asks at a time."""

    def polls(self) -> bool:
        """Whether this connector, as configured, does."""

    def poll(self, cursor: str, wait: float) -> PollResult:
        """Looks once, and waits up to `wait` seconds for something to come.

        `cursor` is "" the very first time. Raises SendError when the provider cannot be asked.
        """


@runtime_checkable
class Registers(Protocol):
    """Tells the provider where our webhook is."""

    def register(self) -> None:
        """Safe to repeat. Raises SendError."""


@runtime_checkable
class Handshake(Protocol):
    """Answers the provider's question whether the webhook is ours."""

    def handshake(self, request: WebhookRequest) -> WebhookReply:
        """Raises WebhookRejected."""


@runtime_checkable
class Typing(Protocol):
    """Can show the customer that somebody is writing."""

    def typing(self, address: Address, on: bool) -> Sequence[Any]:
        """The calls that show it; pure."""


@runtime_checkable
class FetchesMedia(Protocol):
    """Sends references to media instead of bytes."""

    def locate(self, source: str) -> HttpCall:
        """The request that gets the bytes; may ask the provider where they are.

        The caller guards it: host, size and redirects. Raises SendError.
        """


@runtime_checkable
class DescribesContacts(Protocol):
    """Can tell more about a person than came with the message."""

    def describe(self, address: Address) -> Profile:
        """Raises SendError."""


@runtime_checkable
class Acknowledges(Protocol):
    """The provider wants to hear more than 2xx about an event (a button's spinner)."""

    def acknowledge(self, event: InboundEvent) -> Sequence[Any]:
        """The calls to make once the event is on disk; pure, often none."""


@runtime_checkable
class Reconciles(Protocol):
    """Can find out what became of a call whose answer was lost."""

    def reconcile(
        self, message: OutboundMessage, call: Any, attempted_at: datetime
    ) -> SendReceipt | None:
        """The receipt if the provider has it; None if sending it again does no harm.

        Raises SendError when the provider cannot say now.
        """


@runtime_checkable
class Handover(Protocol):
    """Can be the place where a conversation goes on."""

    def handover_link(self, token: str, code: str) -> str:
        """A link that brings the customer here with the token (or the code, where they type)."""
