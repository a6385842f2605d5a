"""Where events come in: from webhooks, from polling, from the sockets of pages.

The provider gets its "yes" only once every event is on disk. Each event of a request goes its own
way: one that cannot be read or processed, and one that the hub has no use for, is journaled as it
came with the reason, and can be replayed; the provider gets its "yes" all the same, because the
same event again would change nothing. Only when not even
that can be written is the answer "try again".
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

import structlog
from prometheus_client import Counter

from hub.connectors.base import Connector, Handshake
from hub.connectors.html_cleaning import with_clean_html
from hub.errors import (
    Conflict,
    EventIgnored,
    EventUnreadable,
    HubError,
    NotFound,
    Overloaded,
    PayloadInvalid,
    WebhookRejected,
)
from hub.inbound import intake, journal, quiet
from hub.inbound.channel import InboundChannel, ReceiveResult
from hub.inbound.journal import JournalEntry, Unprocessed
from hub.inbound.receive import (
    OpenedMessage,
    open_quiet_message,
    process_event,
    receive_event,
)
from hub.metrics import INBOUND
from hub.schema.storable_text import storable
from hub.store.engine import Store, Transaction, is_unavailable
from hub.transport.running import RunningConnectors
from hub.types import (
    IgnoredEvent,
    InboundEvent,
    InboundMessage,
    ParsedEvent,
    UnreadableEvent,
    WebhookReply,
    WebhookRequest,
)

log = structlog.get_logger()


class Disabled(HubError):
    """The connector is turned off or broken: 503, so that the provider keeps what it has."""

    code = "connector_disabled"


class Gateway:
    """Receives the requests of providers and pages, and tells listeners of every new event."""

    def __init__(self, store: Store, connectors: RunningConnectors) -> None:
        self._store = store
        self._connectors = connectors
        # Names this process in the marks of what it reads.
        self._owner = secrets.token_hex(8)
        self._listeners: list[Callable[[Connector[Any], InboundEvent, ReceiveResult], None]] = []

    def on_received(
        self, listener: Callable[[Connector[Any], InboundEvent, ReceiveResult], None]
    ) -> None:
        """Calls `listener` with every event that is new, once it is on disk."""
        self._listeners.append(listener)

    def answer_webhook(self, name: str, request: WebhookRequest) -> WebhookReply:
        """Receives a provider's request to a connector's webhook and answers it.

        Args:
            name: the connector's name.

        Raises:
            NotFound: there is no such connector.
            Disabled: the connector is turned off.
            WebhookRejected: the sender cannot be proved, or the webhook takes no GET.
            PayloadInvalid: there is no body. One that has not the provider's form is journaled.
        """
        connector = self._connector(name)
        if request.method == "GET":
            if not isinstance(connector, Handshake):
                raise WebhookRejected("This webhook takes POST.", status=405)
            return connector.handshake(request)
        try:
            connector.verify(request)
        except WebhookRejected:
            _count(name, "rejected").inc()
            raise
        try:
            self.receive_request(connector, request)
        except PayloadInvalid as error:
            if not request.body:
                raise
            # A refusal makes the provider send it again, and hold back what comes after it.
            self.journal_unreadable(connector, request, error)
        return connector.reply(request)

    def receive_request(
        self, connector: Connector[Any], request: WebhookRequest
    ) -> list[ReceiveResult]:
        """Receives every event in a request whose sender is proved.

        Returns:
            What became of each event, in order.

        Raises:
            PayloadInvalid: the body has not the provider's form.
            Overloaded: there is no room to read the request; the provider sends it again.
        """
        if not connector.marks_requests:
            return self._receive_request(connector, request)
        connector.prepare_to_parse()
        name, digest = connector.name, intake.digest_of(request.body)
        if self._store.write(lambda tx: intake.begin(tx, name, digest, self._owner)):
            try:
                results = self._receive_request(connector, request)
            except Exception:
                self._store.write(lambda tx: intake.end(tx, name, digest))
                raise
        else:
            results = []
            error = EventUnreadable(f"The hub ended {intake.MAX_ENDS} times while it read this.")
            self._journal_failed(connector, _digest(request.body), request.body, request, error)
        self._store.write(lambda tx: intake.end(tx, name, digest))
        return results

    def _receive_request(
        self, connector: Connector[Any], request: WebhookRequest
    ) -> list[ReceiveResult]:
        try:
            events = [with_clean_html(event) for event in connector.parse(request)]
        except EventIgnored as ignored:
            key = _digest(request.body)
            self._journal_ignored(connector, key, request.body, request, ignored.message)
            return []
        except PayloadInvalid:
            _count(connector.name, "invalid").inc()
            raise
        except Overloaded:
            raise
        except Exception as error:  # noqa: BLE001 - a parser's mistake must not lose what came in
            self._journal_failed(connector, _digest(request.body), request.body, request, error)
            return []
        return [self._receive(connector, event, request) for event in events]

    def journal_unreadable(
        self, connector: Connector[Any], request: WebhookRequest, error: PayloadInvalid
    ) -> None:
        """Journals a request of a proved sender that cannot be read."""
        self._journal_failed(connector, _digest(request.body), request.body, request, error)

    def replay_entry(self, journal_id: int) -> bool:
        """Processes an event again that failed or was ignored.

        Returns:
            False where it failed again, True where it is done or ignored.

        Raises:
            NotFound: there is no such entry, or its connector is gone.
            Disabled: its connector is turned off.
        """
        with self._store.read() as connection:
            entry = journal.find_entry(connection, journal_id)
        if entry is None:
            raise NotFound("There is no such journal entry.")
        if entry.status == "done":
            return True
        return self._replay(self._connector(entry.connector), entry)

    def open_quiet_message(self, quiet_id: int) -> OpenedMessage:
        """Makes a conversation of a message of the quiet list, as if a person had written it.

        Raises:
            NotFound: there is no such message, or its connector is gone.
            Disabled: its connector is turned off.
            Conflict: it cannot be read any more, or another agent opens it at this moment.
            Overloaded: there is no room to read it; the same may be tried later.
        """
        with self._store.read() as connection:
            message = quiet.get_quiet_message(connection, quiet_id)
            entry = journal.find_entry(connection, message.journal_id)
        if message.conversation_id is not None:
            return OpenedMessage(message.conversation_id, is_new=False)
        assert entry is not None
        connector = self._connector(entry.connector)
        request = entry.as_request(connector.site.webhook_url(connector.name))
        channel = self._connectors.inbound_channel(connector)
        event = next(
            (each for each in _parse(connector, request) if isinstance(each, InboundMessage)), None
        )
        if event is None:
            raise Conflict("This message cannot be read any more; the journal has it as it came.")
        opened, result = self._store.write(
            lambda tx: open_quiet_message(tx, channel, event, message)
        )
        self._notify(connector, event, result)
        return opened

    def _replay(
        self, connector: Connector[Any], entry: JournalEntry, *, whole: bool = True
    ) -> bool:
        """Processes the events of an entry, each for itself, and marks the entry when all are done.

        An entry of a request that was journaled whole has many: each gets an entry of its own. An
        event that came in before is known by its key, and nothing is brought twice.

        Args:
            whole: False for the event alone that the entry is named after.
        """
        request = entry.as_request(connector.site.webhook_url(connector.name))
        channel = self._connectors.inbound_channel(connector)
        own_events: list[InboundEvent] = []
        others_are_done = True
        try:
            for event in _parse(connector, request):
                if storable(event.key) != entry.key:
                    others_are_done &= not whole or self._replay_other(connector, event, request)
                elif isinstance(event, UnreadableEvent):
                    raise EventUnreadable(event.reason)
                elif isinstance(event, IgnoredEvent):
                    raise EventIgnored(event.reason)
                else:
                    own_events.append(event)
            if not others_are_done:
                return False
            received = self._store.write(lambda tx: _process_again(tx, channel, own_events, entry))
        except EventIgnored as ignored:
            self._store.write(
                partial(
                    journal.mark_entry, journal_id=entry.id, status="ignored", error=ignored.message
                )
            )
            return True
        except Overloaded:
            raise
        except Exception as error:
            if is_unavailable(error):
                raise
            log.exception("replay.failed", connector=connector.name, journal_id=entry.id)
            self._store.write(
                partial(
                    journal.mark_entry, journal_id=entry.id, status="failed", error=_reason(error)
                )
            )
            return False
        for event, result in received:
            self._notify(connector, event, result)
        return True

    def _replay_other(
        self,
        connector: Connector[Any],
        event: ParsedEvent,
        request: WebhookRequest,
    ) -> bool:
        """Receives one of the events of an entry that was journaled whole.

        Returns:
            False where it failed, now or before.
        """
        self._receive(connector, event, request)
        with self._store.read() as connection:
            failed = journal.find_failed_entry(connection, connector.name, storable(event.key))
        return failed is None or self._replay(connector, failed, whole=False)

    def _receive(
        self,
        connector: Connector[Any],
        event: ParsedEvent,
        request: WebhookRequest,
    ) -> ReceiveResult:
        if isinstance(event, UnreadableEvent):
            error = EventUnreadable(event.reason)
            self._journal_failed(connector, event.key, event.raw, request, error)
            return ReceiveResult(is_new=False)
        if isinstance(event, IgnoredEvent):
            self._journal_ignored(connector, event.key, event.raw, request, event.reason)
            return ReceiveResult(is_new=False)
        channel = self._connectors.inbound_channel(connector)
        try:
            result = self._store.write(lambda tx: receive_event(tx, channel, event, request))
        except Exception as error:
            if is_unavailable(error):
                raise
            self._journal_failed(connector, event.key, event.raw, request, error)
            return ReceiveResult(is_new=False)
        outcome = "new" if result.is_new else "repeated"
        _count(connector.name, outcome).inc()
        if result.is_new:
            self._notify(connector, event, result)
        return result

    def _notify(
        self, connector: Connector[Any], event: InboundEvent, result: ReceiveResult
    ) -> None:
        for listener in self._listeners:
            try:
                listener(connector, event, result)
            except Exception:
                # The event is on disk: neither its provider nor its neighbours may notice.
                log.exception("event.listener_failed", connector=connector.name)

    def _journal_failed(
        self,
        connector: Connector[Any],
        key: str,
        body: bytes,
        request: WebhookRequest,
        error: Exception,
    ) -> None:
        """Journals an event that could not be processed, in a transaction of its own."""
        log.error("event.failed", connector=connector.name, key=key, exc_info=error)
        _count(connector.name, "failed").inc()
        self._add_unprocessed(connector, key, body, request, "failed", _reason(error))

    def _journal_ignored(
        self,
        connector: Connector[Any],
        key: str,
        body: bytes,
        request: WebhookRequest,
        reason: str,
    ) -> None:
        """Journals an event that the hub has no use for, in a transaction of its own."""
        log.debug("event.ignored", connector=connector.name, reason=reason)
        _count(connector.name, "ignored").inc()
        self._add_unprocessed(connector, key, body, request, "ignored", reason)

    def _add_unprocessed(
        self,
        connector: Connector[Any],
        key: str,
        body: bytes,
        request: WebhookRequest,
        status: Unprocessed,
        reason: str,
    ) -> None:
        self._store.write(
            lambda tx: journal.add_unprocessed_entry(
                tx, connector.name, key, body, request, status, reason
            )
        )

    def _connector(self, name: str) -> Connector[Any]:
        connector = self._connectors.get(name)
        if connector is not None:
            return connector
        if self._connectors.is_configured(name):
            raise Disabled("This connector is turned off.")
        raise NotFound("There is no such connector.")


def _parse(connector: Connector[Any], request: WebhookRequest) -> Sequence[ParsedEvent]:
    """The events in a request. Raises EventIgnored where the hub has no use for it."""
    return [with_clean_html(event) for event in connector.parse(request)]


def _process_again(
    tx: Transaction, channel: InboundChannel, events: Sequence[InboundEvent], entry: JournalEntry
) -> list[tuple[InboundEvent, ReceiveResult]]:
    """Processes the events of an entry. Returns the events that are new."""
    if not journal.claim_unprocessed_entry(tx, entry.id):
        return []  # another replay was faster
    received = [(event, process_event(tx, channel, event, entry.id)) for event in events]
    return [(event, result) for event, result in received if result.is_new]


@cache
def _count(connector: str, outcome: str) -> Counter:
    return INBOUND.labels(connector=connector, outcome=outcome)


def _digest(body: bytes) -> str:
    return "body:" + hashlib.sha256(body).hexdigest()


def _reason(error: Exception) -> str:
    """A sentence for the admin, without the values in the error: they may be private."""
    if isinstance(error, EventUnreadable | PayloadInvalid):
        return error.message
    return f"{type(error).__name__} while this was processed; the log has the details."
