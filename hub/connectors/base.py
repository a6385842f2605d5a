"""The contract between the hub and a kind of channel.

A connector is a translator and nothing else: it reads what its provider sends (`verify`, `parse`)
and writes what its provider takes (`compose`, `accept`). It never touches the database, the web
framework or the clock; `parse` and `compose` are pure, so that every payload can be a test.

A subclass defines what stands under "define" and may override what stands under "may override";
the base gives it everything under "need not touch". A kind that calls its provider over HTTP
inherits from `HttpConnector`; a kind whose customers are on pages of this hub inherits from
`hub.connectors.pages.PageConnector`. Abilities that only some channels have are the protocols at
the end of this module, found by isinstance. `ADDING_CONNECTORS.md` walks through one connector.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, ClassVar, Generic, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from typing_extensions import TypeVar

from hub.connectors.http import Http, HttpCall, HttpResponse
from hub.types import (
    Address,
    Capabilities,
    InboundEvent,
    OutboundMessage,
    ParsedEvent,
    Profile,
    SendReceipt,
    SentMessage,
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


ConfigT = TypeVar("ConfigT", bound=ConnectorConfig, default=Any)
#: What `compose` gives and `transmit` carries out. Named once, in the base class of a kind.
CallT = TypeVar("CallT", default=Any)
#: What `transmit` brings back and `accept` reads.
AnswerT = TypeVar("AnswerT", default=Any)
MadeCallT = TypeVar("MadeCallT", covariant=True, default=Any)
OneCallT = TypeVar("OneCallT", default=Any)
TakenCallT = TypeVar("TakenCallT", contravariant=True, default=Any)


@dataclass(frozen=True, slots=True)
class Site:
    """The address of this hub on the internet, without a slash at its end."""

    public_url: str

    def webhook_url(self, connector: str) -> str:
        """The address to which the provider of the connector with this name posts."""
        return f"{self.public_url}/webhooks/{connector}"


class Connector(ABC, Generic[ConfigT, CallT, AnswerT]):
    """One configured channel: a name in `connectors.yaml`, its options, and how to speak.

    Its parameters are the model of its options, the type of a call and the type of an answer:
    `Connector[EmailConfig, SmtpCall, SmtpReply]`.
    """

    # -- define ----------------------------------------------------------------

    #: The word in `connectors.yaml`.
    kind: ClassVar[str]
    #: The provider's name as people write it: `Telegram`.
    title: ClassVar[str]
    #: The scheme of its addresses: `tel`, `mailto`, `telegram`.
    scheme: ClassVar[str]
    capabilities: ClassVar[Capabilities]
    Config: ClassVar[type[ConnectorConfig]]

    @abstractmethod
    def verify(self, request: WebhookRequest) -> None:
        """Makes sure that the provider sent this request, in constant time.

        Raises:
            WebhookRejected: the request is not the provider's, or its sender cannot be proved.
                This method raises nothing else, whatever the request holds.
        """

    @abstractmethod
    def parse(self, request: WebhookRequest) -> Sequence[ParsedEvent]:
        """Reads every event in a request. Pure: no network, no clock, no database.

        Each event's `raw` is the smallest body that parses to that event alone. Each event is read
        for itself: one that cannot be read is an UnreadableEvent and harms no other; one of no use
        beside others is an IgnoredEvent.

        Raises:
            PayloadInvalid: the body has not the form that the provider documents.
            EventIgnored: the form is known, and the hub has no use for anything in it.
        """

    @abstractmethod
    def compose(self, message: OutboundMessage) -> Sequence[CallT]:
        """Turns a message into calls, in order: splitting and formatting included. Pure.

        A retry composes the same calls again and goes on after the last call that was accepted,
        so the same message must always give the same calls.

        Raises:
            Unsupported: the channel cannot carry the message.
            WindowClosed: the provider's reply window is over at `message.now`.
        """

    @abstractmethod
    def transmit(self, call: CallT) -> AnswerT:
        """Carries out one call and returns the provider's answer, good or bad.

        `HttpConnector` has it already.

        Raises:
            ConnectionFailed: there is no answer; `maybe_sent` is true when the outcome is unknown.
        """

    @abstractmethod
    def accept(self, call: CallT, response: AnswerT) -> SendReceipt:
        """Reads the provider's answer to a call.

        Raises:
            SendError: the provider did not take the call; the subclass says what to do next.
        """

    # -- may override ----------------------------------------------------------------

    #: Whether each request is marked on disk while it is read, so that one that ends the process
    #: is set aside after the second time. It costs two transactions a request.
    marks_requests: ClassVar[bool] = False
    #: Seconds that one call of a message may take, and one poll beyond its own wait. What takes
    #: longer is given up and begun anew, and the connector needs attention.
    send_limit: ClassVar[float] = 120.0
    poll_limit: ClassVar[float] = 120.0

    #: Hosts of the provider that media are fetched from, beside the host of `api_base`.
    provider_media_hosts: ClassVar[tuple[str, ...]] = ()

    def prepare_to_parse(self) -> None:
        """Starts what `parse` needs, before a request is marked: a mark covers the reading alone.

        Raises:
            Overloaded: there is no room now; the provider sends the request again.
        """

    @property
    def api_base(self) -> str:
        """The address of the provider's API, "" for a kind without one."""
        return getattr(self.config, "api_base", "")

    @property
    def scope(self) -> str:
        """The bot or page within which the provider's ids hold, "" where they hold everywhere."""
        return ""

    def reply(self, request: WebhookRequest) -> WebhookReply:
        """The answer that the provider expects once every event of `request` is on disk."""
        return WebhookReply()

    def normalized(self, address: Address) -> Address:
        """An address that an agent typed, in the one form in which `parse` gives it. Pure.

        Raises:
            Invalid: no customer can have this address.
        """
        return address

    def is_own_address(self, address: Address) -> bool:
        """Whether an address is ours: no copy of a message goes there. Pure."""
        return False

    def check(self) -> str:
        """Asks the provider whether the configuration works: the admin's Test button.

        Returns:
            One sentence for the admin, with the name of the bot or the number that answered.

        Raises:
            SendError: the configuration does not work; the sentence says what to change.
        """
        return "There is nothing to test."

    def close(self) -> None:
        """Closes open connections. Called once, when the connector is replaced or stopped."""

    # -- need not touch ----------------------------------------------------------------

    def __init__(self, name: str, config: ConfigT, site: Site, http: Http | None = None) -> None:
        self.name = name
        self.config = config
        self.site = site
        self.http = http or Http(secrets_of(config))

    @property
    def label(self) -> str:
        """The name that agents see."""
        return self.config.label or self.name

    @property
    def media_hosts(self) -> tuple[str, ...]:
        """Every host that media may be fetched from, beside the host of `api_base`."""
        return (*self.provider_media_hosts, *self.config.media_hosts)

    def send(self, call: CallT) -> SendReceipt:
        """Carries out one call and reads the answer. Raises SendError."""
        return self.accept(call, self.transmit(call))

    def address(self, path: str) -> Address:
        """The address of a customer with this path, in the connector's scheme and scope."""
        return Address(self.scheme, path, self.scope)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"


class HttpConnector(Connector[ConfigT, HttpCall, HttpResponse]):
    """A channel whose calls are HTTP requests: most of them are."""

    def transmit(self, call: HttpCall) -> HttpResponse:
        """One request, with timeouts, without redirects and proxies. Raises ConnectionFailed."""
        return self.http.request(call)


def secrets_of(config: BaseModel) -> list[str]:
    """Every secret in a configuration and in the models inside it, longest first."""
    secrets: list[str] = []
    for value in dict(config).values():
        if isinstance(value, SecretStr):
            secrets.append(value.get_secret_value())
        elif isinstance(value, BaseModel):
            secrets.extend(secrets_of(value))
    return sorted(filter(None, secrets), key=len, reverse=True)


# -- abilities that only some channels have -------------------------------------------------------


@cache
def is_able(kind: type[Connector[Any]], ability: type) -> bool:
    """Whether a connector class has one of the abilities below.

    For code that runs on every event: isinstance looks up each member of a protocol each time.
    """
    return issubclass(kind, ability)


@dataclass(frozen=True, slots=True)
class PollResult:
    """The events that one poll found.

    Args:
        requests: the events, oldest first, each in the form in which a webhook would bring it.
        cursor: where the next poll goes on; stored once all requests are on disk.
        pause: seconds until the next poll.
    """

    requests: tuple[WebhookRequest, ...]
    cursor: str
    pause: float = 0.0


@runtime_checkable
class Polls(Protocol):
    """Gets its events by asking the provider. One process asks at a time."""

    def polls(self) -> bool:
        """Whether this connector polls, as it is configured."""

    def poll(self, cursor: str, wait: float) -> PollResult:
        """Asks once, and waits up to `wait` seconds for an event.

        Args:
            cursor: the cursor of the last poll, "" the very first time.
            wait: seconds.

        Raises:
            SendError: the provider cannot be asked.
        """


@runtime_checkable
class ReadsFiles(Protocol):
    """Keeps the files of a message in its body, and finds one without reading the body again."""

    def read_file(self, body: bytes, source: str) -> bytes:
        """The bytes of a file.

        Args:
            body: what the journal keeps of the event, as `raw` had it.
            source: the `source` of the attachment; `part:N` for one without a source, by number.
        """


@runtime_checkable
class Registers(Protocol):
    """Tells the provider the address of our webhook."""

    def register(self) -> None:
        """Safe to repeat. Raises SendError."""


@runtime_checkable
class Handshake(Protocol):
    """Answers the provider's question whether the webhook is ours."""

    def handshake(self, request: WebhookRequest) -> WebhookReply:
        """The answer to a GET on the webhook. Raises WebhookRejected."""


@runtime_checkable
class Typing(Protocol[MadeCallT]):
    """Can show the customer that an agent is writing."""

    def typing(self, address: Address, on: bool) -> Sequence[MadeCallT]:
        """The calls that show it, or end it where `on` is false; pure."""


@runtime_checkable
class Edits(Protocol[MadeCallT]):
    """Can change a message that the customer has."""

    def edit(self, message: SentMessage, text: str) -> Sequence[MadeCallT]:
        """The calls that give a message another text; pure. None where the hub's page shows it.

        Raises:
            Unsupported: this message cannot be changed, with the reason as a sentence.
        """


@runtime_checkable
class Retracts(Protocol[MadeCallT]):
    """Can take a message back, so that the customer has it no longer."""

    def retract(self, message: SentMessage) -> Sequence[MadeCallT]:
        """The calls that take a message back; pure. None where the hub's page shows it.

        Raises:
            Unsupported: this message cannot be taken back, with the reason as a sentence.
        """


@runtime_checkable
class FetchesMedia(Protocol):
    """Receives references to media instead of their bytes."""

    def locate(self, source: str) -> HttpCall:
        """The request that gets the bytes of an attachment; may ask the provider for its address.

        The caller checks host, size and redirects. Raises SendError.
        """


@runtime_checkable
class DescribesContacts(Protocol):
    """Can look up more about a contact than came with the message."""

    def describe(self, address: Address) -> Profile:
        """The profile that the provider has of this address. Raises SendError."""


@runtime_checkable
class Acknowledges(Protocol[MadeCallT]):
    """Sends the provider a call about an event it brought (to stop a button's spinner)."""

    def acknowledge(self, event: InboundEvent) -> Sequence[MadeCallT]:
        """The calls to make once the event is on disk; pure, often none."""


@runtime_checkable
class Reconciles(Protocol[TakenCallT]):
    """Can find out whether a call arrived whose answer was lost."""

    def reconcile(
        self, message: OutboundMessage, call: TakenCallT, attempted_at: datetime
    ) -> SendReceipt | None:
        """The receipt if the provider has the message; None if sending it again does no harm.

        Raises SendError when the provider cannot say now.
        """


@runtime_checkable
class SendsSingly(Protocol[OneCallT]):
    """Puts several files into one call, which the provider may refuse for one of them."""

    def singly(self, call: OneCallT) -> Sequence[OneCallT]:
        """The calls that carry the same, one file each; a call with one file as it is. Pure.

        They are sent where `send` raised RefusedTogether, which says that nothing arrived.
        """


@runtime_checkable
class Handover(Protocol):
    """Can be the channel on which a conversation goes on."""

    def handover_link(self, token: str, code: str) -> str:
        """A link that brings the customer to this channel with the token.

        Args:
            token: the handover token, of letters, digits, `-` and `_`.
            code: a short form of it, for channels on which the customer types it.
        """
