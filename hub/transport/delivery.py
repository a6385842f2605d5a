"""Sends the deliveries in the outbox. The one place where a SendError decides what happens next."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import structlog

from hub import runtime
from hub.config.sections import Fallback
from hub.connectors.base import Connector, Reconciles
from hub.connectors.registry import has_pages
from hub.errors import (
    AddressInvalid,
    ConnectionFailed,
    ContactStopped,
    CredentialsRefused,
    SendError,
)
from hub.metrics import FALLBACKS, OUTBOUND, SEND_SECONDS
from hub.outbound import fallback, outbox
from hub.outbound.outbox import ClaimedDelivery
from hub.store.engine import Store
from hub.store.media import MediaFolder, MediaLinks
from hub.transport.message_building import MessageBuilder
from hub.transport.running import RunningConnectors
from hub.transport.send_calls import compose_calls, send_call
from hub.transport.send_slots import SendSlots, open_send_slots
from hub.types import OutboundMessage, SendReceipt

log = structlog.get_logger()

SWEEP_SECONDS = 1.0
FIRST_WAIT = timedelta(seconds=1)
LONGEST_WAIT = timedelta(minutes=5)


def backoff(attempts: int, jitter: float) -> timedelta:
    """The wait before the next attempt: 1 s, doubling, at most 5 minutes.

    Args:
        attempts: the number of attempts so far, from 1.
        jitter: in [0, 1); adds up to a quarter.
    """
    doubled: timedelta = FIRST_WAIT * 2 ** min(attempts - 1, 20)
    return min(doubled * (1 + jitter / 4), LONGEST_WAIT)


class DeliveryWorker:
    """Claims and sends deliveries: one thread that claims, and one for each that is under way."""

    def __init__(
        self,
        store: Store,
        connectors: RunningConnectors,
        media: MediaFolder,
        links: MediaLinks,
        secret: bytes,
        rules: Callable[[], Fallback] = Fallback,
    ) -> None:
        """Makes a worker that is not started.

        Args:
            secret: signs the reply tokens of messages.
            rules: gives the rules in force for answers that their channel cannot carry.
        """
        self._store = store
        self._connectors = connectors
        self._builder = MessageBuilder(store, media, links, secret)
        self._rules = rules
        self._slots: dict[str, SendSlots] = {}
        self._wake = threading.Event()
        self._stopping = False
        self._idle = threading.Condition()
        self._threads: list[threading.Thread] = []

    # -- life -------------------------------------------------------------------------------------

    def start(self, *, alone: bool) -> None:
        """Starts to send.

        Args:
            alone: whether no other process sends: deliveries that were under way at a crash then
                go on at once.
        """
        if alone:
            self._store.write(outbox.end_leases)
        self._store.write(outbox.retry_waiting_now)  # providers may be back meanwhile
        self._threads.append(runtime.spawn(self._run, name="delivery"))

    def wake(self) -> None:
        """Looks for deliveries now."""
        self._wake.set()

    def stop(self, timeout: float = 25.0) -> None:
        """Claims no more deliveries, and waits for those under way.

        Args:
            timeout: in seconds, for each of the two.
        """
        self._stopping = True
        self._wake.set()
        for thread in self._threads:
            thread.join(timeout)  # it may be about to hand over a claim
        with self._idle:
            self._idle.wait_for(
                lambda: not any(slots.in_flight for slots in self._slots.values()), timeout
            )

    def _run(self) -> None:
        while not self._stopping:
            self._wake.wait(SWEEP_SECONDS)
            self._wake.clear()
            try:
                while not self._stopping and self._start_next():
                    pass
            except Exception:
                # The database may be away for a moment; the sweep comes back to it.
                log.exception("delivery.sweep_failed")

    # -- choosing ---------------------------------------------------------------------------------

    def _start_next(self) -> bool:
        """Claims the next delivery and starts its thread. False where none can begin now."""
        now = datetime.now(UTC)
        self._probe(now)
        free = [
            connector.name
            for connector in self._connectors
            if self._slots_of(connector).is_free(now)
        ]
        if not free:
            return False
        with self._store.read() as connection:
            if not outbox.has_due_delivery(connection, free, now):
                return False
        claim = self._store.write(lambda tx: outbox.claim_delivery(tx, free))
        if claim is None:
            return False
        with self._idle:
            self._slots[claim.connector].in_flight += 1
        runtime.spawn(self._deliver_in_slot, claim, name=f"delivery-{claim.connector}")
        return True

    def _slots_of(self, connector: Connector[Any]) -> SendSlots:
        slots = self._slots.get(connector.name)
        if slots is None:
            slots = self._slots[connector.name] = open_send_slots(connector)
        return slots

    def _probe(self, now: datetime) -> None:
        """Makes one message due at every provider that is down and was not tried lately."""
        for name, slots in self._slots.items():
            if slots.begin_probe(now):
                self._store.write(partial(outbox.retry_waiting_now, connector=name, limit=1))

    # -- one delivery -----------------------------------------------------------------------------

    def _deliver_in_slot(self, claim: ClaimedDelivery) -> None:
        try:
            self._deliver(claim)
        except Exception:
            # The outcome is unknown: the lease runs out, and the delivery is reconciled then.
            log.exception("delivery.broke", message_id=claim.message_id)
        finally:
            with self._idle:
                self._slots[claim.connector].in_flight -= 1
                self._idle.notify_all()
            self._wake.set()

    def _deliver(self, claim: ClaimedDelivery) -> None:
        connector = self._connectors.get(claim.connector)
        if connector is None:
            return
        try:
            self._send(connector, claim)
        except SendError as error:
            self._handle_error(connector, claim, error)

    def _send(self, connector: Connector[Any], claim: ClaimedDelivery) -> None:
        message = self._builder.build_message(connector, claim)
        calls = compose_calls(connector, message)
        first = claim.parts_sent
        if claim.unknown_since is not None and first < len(calls):
            first = self._reconcile(connector, claim, message, calls)
        for part in range(first, len(calls)):
            wait = self._slots[connector.name].take_turn(claim.address_id)
            if wait > 0:
                again_at = datetime.now(UTC) + timedelta(seconds=wait)
                self._store.write(partial(outbox.return_claim, claim=claim, again_at=again_at))
                return
            receipt = send_call(connector, calls[part])
            is_last = part == len(calls) - 1
            follow_after = self._follow_after(connector, message)
            self._record_sent(claim, part, receipt, is_last=is_last, follow_after=follow_after)
        if first >= len(calls):
            self._store.write(lambda tx: outbox.record_all_sent(tx, claim))
        self._note_success(connector, claim)

    def _record_sent(
        self,
        claim: ClaimedDelivery,
        part: int,
        receipt: SendReceipt,
        *,
        is_last: bool,
        follow_after: timedelta | None = None,
    ) -> None:
        self._store.write(
            lambda tx: outbox.record_sent_part(
                tx, claim, part, receipt, is_last=is_last, follow_after=follow_after
            )
        )

    def _follow_after(
        self, connector: Connector[Any], message: OutboundMessage
    ) -> timedelta | None:
        """How long an answer waits on a page for its visitor; None where nothing follows."""
        rules = self._rules()
        follows = rules.enabled and message.written_by_person and has_pages(connector.kind)
        return rules.after if follows else None

    def _reconcile(
        self,
        connector: Connector[Any],
        claim: ClaimedDelivery,
        message: OutboundMessage,
        calls: Sequence[Any],
    ) -> int:
        """Finds out whether the part whose answer was lost has arrived.

        Args:
            calls: all calls of the message.

        Returns:
            The number of the call to go on with.
        """
        part = claim.parts_sent
        assert claim.unknown_since is not None
        with self._store.read() as connection:
            known_parts = outbox.count_known_parts(connection, claim.message_id)
        if known_parts > part:
            # The provider's echo or receipt came though its answer did not.
            self._record_sent(claim, part, SendReceipt(), is_last=part == len(calls) - 1)
            return part + 1
        if not isinstance(connector, Reconciles):
            self._store.write(lambda tx: outbox.mark_maybe_twice(tx, claim))
            return part
        receipt = connector.reconcile(message, calls[part], claim.unknown_since)
        if receipt is None:
            return part
        self._record_sent(claim, part, receipt, is_last=part == len(calls) - 1)
        return part + 1

    # -- verdicts ---------------------------------------------------------------------------------

    def _note_success(self, connector: Connector[Any], claim: ClaimedDelivery) -> None:
        OUTBOUND.labels(connector=connector.name, outcome="sent").inc()
        waited = datetime.now(UTC) - claim.created_at
        SEND_SECONDS.labels(connector=connector.name).observe(waited.total_seconds())
        self._connectors.mark_ok(connector.name)
        if self._slots[connector.name].note_success():
            self._store.write(lambda tx: outbox.retry_waiting_now(tx, connector.name))

    def _handle_error(
        self, connector: Connector[Any], claim: ClaimedDelivery, error: SendError
    ) -> None:
        OUTBOUND.labels(connector=connector.name, outcome=error.code).inc()
        log.warning(
            "delivery.refused",
            connector=connector.name,
            message_id=claim.message_id,
            code=error.code,
            external_code=error.external_code,
            attempts=claim.attempts,
        )
        if isinstance(error, CredentialsRefused):
            self._connectors.mark_attention(connector.name, error.message)
        # A message that was refused for our keys may still leave with the right keys.
        may_retry = error.retryable or isinstance(error, CredentialsRefused)
        if may_retry and datetime.now(UTC) - claim.created_at < outbox.GIVE_UP_AFTER:
            self._requeue(connector, claim, error)
            return
        step = self._store.write(
            lambda tx: fallback.move_or_fail_delivery(
                tx,
                claim,
                error,
                closes_address=isinstance(error, ContactStopped | AddressInvalid),
                outbound_channels=self._connectors.outbound_channels(),
                rules=self._rules(),
            )
        )
        if step is not None:
            FALLBACKS.labels(step.from_, step.to or "", step.code).inc()

    def _requeue(self, connector: Connector[Any], claim: ClaimedDelivery, error: SendError) -> None:
        wait = error.retry_after or backoff(claim.attempts, random.random())  # noqa: S311
        unknown = isinstance(error, ConnectionFailed) and error.maybe_sent
        self._slots[connector.name].note_failure(error, datetime.now(UTC))
        self._store.write(
            lambda tx: outbox.requeue_delivery(tx, claim, error, tx.now + wait, unknown=unknown)
        )
