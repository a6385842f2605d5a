"""A kind of channel that is all data, and a provider that does what a test tells it to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import orjson
from pydantic import Field

from hub.connectors.base import Connector, ConnectorConfig
from hub.errors import (
    ConnectionFailed,
    CredentialsRefused,
    EventIgnored,
    PayloadInvalid,
    RefusedTogether,
    SendError,
    Throttled,
    Unsupported,
    WindowClosed,
)
from hub.types import (
    Address,
    Attachment,
    Capabilities,
    IgnoredEvent,
    InboundMessage,
    Medium,
    OutboundMessage,
    ParsedEvent,
    RateLimit,
    ReplyWindow,
    SendReceipt,
    TextUnit,
    WebhookRequest,
)

WAIT = 10.0


@dataclass(frozen=True)
class ToyCall:
    """One part of a message, on its way to the toy provider."""

    path: str
    text: str
    message_id: str
    part: int
    topic: str = ""


Fault = Callable[[ToyCall], None]


@dataclass
class ToyProvider:
    """Keeps what it was sent, in order."""

    calls: list[ToyCall] = field(default_factory=list)
    tried: list[ToyCall] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    is_away: bool = False
    asked: int = 0
    before_answer: Callable[[ToyCall], None] | None = None
    moves_to: Address | None = None
    notes: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _gate: threading.Event = field(default_factory=threading.Event)
    _entered: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._gate.set()

    # -- what happens to it ------------------------------------------------------------------

    def is_throttled(self, retry_after: timedelta | None = None) -> None:
        self.refuses(Throttled("Slower.", retry_after=retry_after))

    def refuses(self, error: SendError | Exception, *, times: int = 1) -> None:
        def fault(_call: ToyCall) -> None:
            raise error

        self.faults.extend([fault] * times)

    def refuses_albums(self) -> None:
        """It takes no call with several files."""

        def fault(call: ToyCall) -> None:
            self.faults.insert(0, fault)
            if "+" in call.text:
                raise RefusedTogether("One of these is odd.")

        self.faults.append(fault)

    def refuses_the_keys(self) -> None:
        self.refuses(CredentialsRefused("The toy does not know this key."))

    def goes_away(self) -> None:
        self.is_away = True

    def comes_back(self) -> None:
        self.is_away = False

    def loses_the_answer(self) -> None:
        """It takes the call; nobody hears of it."""

        def fault(call: ToyCall) -> None:
            self.calls.append(call)
            raise ConnectionFailed("The answer was lost.", maybe_sent=True)

        self.faults.append(fault)

    def loses_the_call(self) -> None:
        """It never got the call; from here that looks the same."""
        self.refuses(ConnectionFailed("The answer was lost.", maybe_sent=True))

    def takes_one_more_first(self) -> None:
        """The next call is taken as it should be: what was said before is about the one after."""
        self.faults.append(lambda call: None)

    @contextmanager
    def holding(self) -> Any:
        """Calls arrive and wait until the block ends. Gives what waits for the first of them."""
        self._entered.clear()
        self._gate.clear()
        try:
            yield lambda: self._entered.wait(WAIT)
        finally:
            self._gate.set()

    # -- what a connector does with it -----------------------------------------------------------

    def take(self, call: ToyCall) -> str:
        with self._lock:
            self.tried.append(call)
        self._entered.set()
        assert self._gate.wait(WAIT)
        with self._lock:
            if self.is_away:
                raise ConnectionFailed("Nobody is there.")
            if self.faults:
                before = len(self.calls)
                self.faults.pop(0)(call)
                assert len(self.calls) == before
            self.calls.append(call)
        if self.before_answer is not None:
            self.before_answer(call)
        return external_id(call)

    def find(self, message_id: str, part: int) -> ToyCall | None:
        self.asked += 1
        found = [c for c in self.calls if (c.message_id, c.part) == (message_id, part)]
        return found[0] if found else None

    @property
    def texts(self) -> list[str]:
        return [call.text for call in self.calls]

    def texts_to(self, path: str) -> list[str]:
        return [call.text for call in self.calls if call.path == path]


def external_id(call: ToyCall) -> str:
    return f"p{call.message_id}.{call.part}"


class ToyConfig(ConnectorConfig):
    api_base: str = Field("", description="Where the toy's files are.")


class Toy(Connector[ToyConfig]):
    """A message is its text; `|` in a text cuts it into calls."""

    kind = "toy"
    title = "Toy"
    scheme = "toy"
    capabilities = Capabilities(text_limit=1000, text_unit=TextUnit.CHARACTERS, subject=True)
    Config = ToyConfig
    provider: ToyProvider
    parser_breaks = False
    processing_breaks = False
    compose_breaks = False
    #: The reason for which this ignores every event, "" to ignore none.
    ignores = ""

    def verify(self, request: WebhookRequest) -> None: ...

    def parse(self, request: WebhookRequest) -> Sequence[ParsedEvent]:
        if self.ignores:
            raise EventIgnored(self.ignores)
        if self.parser_breaks:
            raise KeyError("nobody thought of this")
        try:
            items = orjson.loads(request.body)
        except orjson.JSONDecodeError as error:
            raise PayloadInvalid("not JSON") from error
        return [self._event(item) for item in items]

    def _event(self, item: dict[str, Any]) -> ParsedEvent:
        if "ignored" in item:
            raise EventIgnored(item["ignored"])
        if "ignored_alone" in item:
            raw = orjson.dumps([item])
            return IgnoredEvent(key=item["key"], raw=raw, reason=item["ignored_alone"])
        # A source that names no upload breaks the processing, and nothing before it.
        source = "upload:" if self.processing_breaks or item.get("poison") else ""
        return InboundMessage(
            key=item["key"],
            raw=orjson.dumps([item]),
            address=Address(self.scheme, item["from"], self.scope),
            external_id=item["key"],
            text=item["text"],
            attachments=(Attachment(Medium.FILE, source=source),) if source else (),
        )

    def compose(self, message: OutboundMessage) -> Sequence[ToyCall]:
        if self.compose_breaks:
            raise ZeroDivisionError("nobody thought of this")
        return [
            ToyCall(message.address.path, text, message.id, part, message.topic)
            for part, text in enumerate(message.text.split("|"))
        ]

    def transmit(self, call: ToyCall) -> str:
        return self.provider.take(call)

    def accept(self, call: ToyCall, response: str) -> SendReceipt:
        return SendReceipt(response, moved_to=self.provider.moves_to, note=self.provider.notes)


class AskableToy(Toy):
    """One whose provider can say what it has."""

    kind = "askable"
    capabilities = Capabilities(text_limit=1000, text_unit=TextUnit.CHARACTERS, can_start=True)

    def reconcile(
        self, message: OutboundMessage, call: ToyCall, attempted_at: datetime
    ) -> SendReceipt | None:
        found = self.provider.find(call.message_id, call.part)
        return None if found is None else SendReceipt(external_id(found))


class SlowToy(Toy):
    """One that takes so much and no more."""

    kind = "slow"
    capabilities = Capabilities(
        text_limit=1000,
        text_unit=TextUnit.CHARACTERS,
        rate=RateLimit(2, 0.4),
        rate_per_address=RateLimit(1, 0.3),
    )


class AlbumToy(Toy):
    """One whose calls may have several files: `+` in a text is between them."""

    kind = "album"

    def singly(self, call: ToyCall) -> Sequence[ToyCall]:
        return [replace(call, text=text) for text in call.text.split("+")]


class LetterToy(Toy):
    """One where we may write first, with addresses of its own. Takes no picture, named so."""

    kind = "letter"
    scheme = "letter"
    capabilities = Capabilities(
        text_limit=200, text_unit=TextUnit.CHARACTERS, can_start=True, max_text=1000
    )

    def compose(self, message: OutboundMessage) -> Sequence[ToyCall]:
        if "picture" in message.text:
            raise Unsupported("a picture")
        return super().compose(message)


class WindowToy(Toy):
    """One that takes answers for a day, and for a week what a person wrote."""

    kind = "window"
    scheme = "window"
    capabilities = Capabilities(
        text_limit=1000,
        text_unit=TextUnit.CHARACTERS,
        window=ReplyWindow(timedelta(hours=24), timedelta(days=7)),
    )

    def compose(self, message: OutboundMessage) -> Sequence[ToyCall]:
        assert message.last_inbound_at is not None
        allowed = timedelta(days=7) if message.written_by_person else timedelta(hours=24)
        if message.now - message.last_inbound_at > allowed:
            raise WindowClosed("The window is closed.")
        return super().compose(message)


class PageToy(Toy):
    """Web chat, as far as the model knows it. Registered by a name that is free."""

    kind = "page"
    scheme = "webchat"

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.kind = "webchat"  # type: ignore[misc]


KINDS: dict[str, type[Toy]] = {
    one.kind: one for one in (Toy, AlbumToy, AskableToy, SlowToy, LetterToy, WindowToy, PageToy)
}

EventType = Literal["message", "note"]


def a_moment_ago(**how: float) -> datetime:
    return datetime.now(UTC) - timedelta(**how)
