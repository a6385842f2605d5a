"""Where events come in: from webhooks, from polling, from the web chat's socket.

The provider hears "yes" only once what it sent is on disk. What cannot be processed is kept as it
came, shown, and can be replayed; the provider hears "yes" all the same, because sending it again
would change nothing. Only when not even that can be written does it hear "try again".
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import structlog
from prometheus_client import Counter
from sqlalchemy import select, update

from hub.connectors.base import Connector, Handshake
from hub.errors import EventIgnored, HubError, NotFound, PayloadInvalid, WebhookRejected
from hub.inbound.channel import InboundChannel, ReceiveResult
from hub.inbound.receive import process_event, receive_event, record_failed_event
from hub.metrics import INBOUND
from hub.schema.storable_text import storable
from hub.store.engine import Store, Transaction, is_unavailable
from hub.store.models import journal
from hub.transport.running import RunningConnectors
from hub.types import InboundEvent, WebhookReply, WebhookRequest

log = structlog.get_logger()


class Disabled(HubError):
    """The connector is turned off or broken: 503, so that the provider keeps what it has."""

    code = "connector_disabled"


class Gateway:
    """Takes requests in. `on_received` hears of every event that was new."""

    def __init__(self, store: Store, connectors: RunningConnectors) -> None:
        self._store = store
        self._connectors = connectors
        self._listeners: list[Callable[[Connector[Any], InboundEvent, ReceiveResult], None]] = []

    def on_received(
        self, listener: Callable[[Connector[Any], InboundEvent, ReceiveResult], None]
    ) -> None:
        self._listeners.append(listener)

    def answer_webhook(self, name: str, request: WebhookRequest) -> WebhookReply:
        """Answers a provider.

        Raises:
            NotFound: there is no such connector.
            Disabled: it is turned off.
            WebhookRejected, PayloadInvalid: the sender or what it sent is wrong.
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
        self.receive_request(connector, request)
        return connector.reply(request)

    def receive_request(
        self, connector: Connector[Any], request: WebhookRequest
    ) -> list[ReceiveResult]:
        """Takes in what a request says; its sender is known already.

        Raises:
            PayloadInvalid: it is not of the provider's form.
        """
        try:
            events = connector.parse(request)
        except EventIgnored as ignored:
            _count(connector.name, "ignored").inc()
            log.debug("event.ignored", connector=connector.name, reason=ignored.message)
            return []
        except PayloadInvalid:
            _count(connector.name, "invalid").inc()
            raise
        except Exception as error:  # noqa: BLE001 - a parser's mistake must not lose what came in
            self._keep(connector, _digest(request.body), request.body, request, error)
            return []
        return [self._receive(connector, event, request) for event in events]

    def journal_unreadable(
        self, connector: Connector[Any], request: WebhookRequest, error: PayloadInvalid
    ) -> None:
        """Keeps what we asked a provider for and cannot read: nobody will send it again."""
        self._keep(connector, _digest(request.body), request.body, request, error)

    def replay_entry(self, journal_id: int) -> bool:
        """Runs a failed event again. False when it fails again.

        Raises:
            NotFound: there is no such entry, or its connector is gone.
        """
        with self._store.read() as connection:
            row = connection.execute(select(journal).where(journal.c.id == journal_id)).first()
        if row is None:
            raise NotFound("There is no such journal entry.")
        if row.status == "done":
            return True
        connector = self._connector(row.connector)
        request = WebhookRequest(
            method="POST",
            url=connector.site.webhook_url(connector.name),
            body=row.body,
            headers={"content-type": row.media_type},
            query=row.query,
            path=row.path,
        )
        return self._replay(connector, request, row)

    def _replay(self, connector: Connector[Any], request: WebhookRequest, entry: Any) -> bool:
        """All of an entry's events in one transaction: half of them would come twice next time."""
        inlet = self._connectors.inbound_channel(connector)
        try:
            events = _parsed(connector, request)
            received = self._store.write(
                lambda tx: _process_again(tx, inlet, events, request, entry)
            )
        except Exception as error:
            if is_unavailable(error):
                raise
            log.exception("replay.failed", connector=connector.name, journal_id=entry.id)
            self._mark(entry.id, "failed", _reason(error))
            return False
        for event, one in received:
            self._tell(connector, event, one)
        return True

    def _mark(self, journal_id: int, status: str, error: str) -> None:
        statement = (
            update(journal).where(journal.c.id == journal_id).values(status=status, error=error)
        )
        self._store.write(lambda tx: tx.execute(statement).rowcount)

    def _receive(
        self, connector: Connector[Any], event: InboundEvent, request: WebhookRequest
    ) -> ReceiveResult:
        inlet: InboundChannel = self._connectors.inbound_channel(connector)
        try:
            received = self._store.write(lambda tx: receive_event(tx, inlet, event, request))
        except Exception as error:
            if is_unavailable(error):
                raise
            self._keep(connector, event.key, event.raw, request, error)
            return ReceiveResult(is_new=False)
        outcome = "new" if received.is_new else "repeated"
        _count(connector.name, outcome).inc()
        if received.is_new:
            self._tell(connector, event, received)
        return received

    def _tell(
        self, connector: Connector[Any], event: InboundEvent, received: ReceiveResult
    ) -> None:
        for listener in self._listeners:
            listener(connector, event, received)

    def _keep(
        self,
        connector: Connector[Any],
        key: str,
        body: bytes,
        request: WebhookRequest,
        error: Exception,
    ) -> None:
        log.error("event.failed", connector=connector.name, key=key, exc_info=error)
        _count(connector.name, "failed").inc()
        inlet = self._connectors.inbound_channel(connector)
        self._store.write(
            lambda tx: record_failed_event(tx, inlet, key, body, request, _reason(error))
        )

    def _connector(self, name: str) -> Connector[Any]:
        connector = self._connectors.get(name)
        if connector is not None:
            return connector
        if self._connectors.is_configured(name):
            raise Disabled("This connector is turned off.")
        raise NotFound("There is no such connector.")


def _parsed(connector: Connector[Any], request: WebhookRequest) -> Sequence[InboundEvent]:
    try:
        return connector.parse(request)
    except EventIgnored:
        return ()


def _process_again(
    tx: Transaction,
    inlet: InboundChannel,
    events: Sequence[InboundEvent],
    request: WebhookRequest,
    entry: Any,
) -> list[tuple[InboundEvent, ReceiveResult]]:
    claimed = tx.execute(
        update(journal)
        .where(journal.c.id == entry.id, journal.c.status == "failed")
        .values(status="done", error="")
    )
    if claimed.rowcount == 0:
        return []  # somebody was faster
    received = [
        (
            event,
            process_event(tx, inlet, event, entry.id)
            if storable(event.key) == entry.key
            # A request kept whole, unread: each of its events gets an entry of its own.
            else receive_event(tx, inlet, event, request),
        )
        for event in events
    ]
    return [(event, one) for event, one in received if one.is_new]


@cache
def _count(connector: str, outcome: str) -> Counter:
    return INBOUND.labels(connector=connector, outcome=outcome)


def _digest(body: bytes) -> str:
    return "body:" + hashlib.sha256(body).hexdigest()


def _reason(error: Exception) -> str:
    """Where it went wrong, without the values: they may be private."""
    return f"{type(error).__name__} while this was processed; the log has the details."
