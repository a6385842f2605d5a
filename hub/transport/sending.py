"""Sends one claimed delivery. The one place where a SendError decides what happens next."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import structlog

from hub.config.sections import Fallback
from hub.connectors.base import Connector, Reconciles, SendsSingly
from hub.connectors.registry import has_pages
from hub.errors import (
    AddressInvalid,
    ConnectionFailed,
    ContactStopped,
    CredentialsRefused,
    RefusedTogether,
    SendError,
)
from hub.metrics import FALLBACKS, OUTBOUND, SEND_SECONDS
from hub.outbound import claims, failure_sentences, fallback, outbox
from hub.outbound.claims import ClaimedDelivery
from hub.outbound.message_details import MessageDetails
from hub.outbound.sent_batch import SentMessage
from hub.store.engine import Store
from hub.transport.message_building import MessageBuilder
from hub.transport.running import RunningConnectors
from hub.transport.send_calls import compose_calls, send_call
from hub.transport.send_slots import SendSlots
from hub.transport.sent_recorder import SentRecorder
from hub.types import OutboundMessage, SendReceipt
from hub.watchdog import Watch

log = structlog.get_logger()

FIRST_WAIT = timedelta(seconds=1)
LONGEST_WAIT = timedelta(minutes=5)
#: How many waiting deliveries one transaction makes due.
RETRY_AT_ONCE = 1000


NOT_READ = ConnectionFailed("The message could not be read for sending.")


def backoff(attempts: int, jitter: float) -> timedelta:
    """The wait before the next attempt: 1 s, doubling, at most 5 minutes.

    Args:
        attempts: the number of attempts so far, from 1.
        jitter: in [0, 1); adds up to a quarter.
    """
    doubled: timedelta = FIRST_WAIT * 2 ** min(attempts - 1, 20)
    return min(doubled * (1 + jitter / 4), LONGEST_WAIT)


class Sender:
    """Sends claimed deliveries, each by `send`, from any number of threads."""

    def __init__(
        self,
        store: Store,
        connectors: RunningConnectors,
        builder: MessageBuilder,
        rules: Callable[[], Fallback],
    ) -> None:
        self._store = store
        self._connectors = connectors
        self._builder = builder
        self._rules = rules
        self._recorder = SentRecorder(store)
        self._write = self._recorder.write

    def stop(self) -> None:
        """Waits for no database any more."""
        self._recorder.stop()

    def read_details(
        self, connector: Connector[Any], claimed: Sequence[ClaimedDelivery]
    ) -> dict[int, MessageDetails]:
        """What `send` needs of claimed deliveries, by the ids of their messages."""
        return self._builder.read_details(connector, claimed)

    def send(
        self,
        connector: Connector[Any],
        slots: SendSlots,
        claim: ClaimedDelivery,
        details: MessageDetails,
        watch: Watch,
    ) -> None:
        """Sends what is left of a message, and records the outcome."""
        try:
            self._send(connector, slots, claim, details, watch)
        except SendError as error:
            if not watch.is_over:
                self._handle_error(connector, slots, claim, error)

    def put_back(self, claim: ClaimedDelivery) -> None:
        """Puts a delivery back in line whose message could not be read: nothing has left."""
        again_in = backoff(claim.attempts, random.random())  # noqa: S311
        self._write(lambda tx: outbox.requeue_delivery(tx, claim, NOT_READ, tx.now + again_in))

    def _send(
        self,
        connector: Connector[Any],
        slots: SendSlots,
        claim: ClaimedDelivery,
        details: MessageDetails,
        watch: Watch,
    ) -> None:
        message = self._builder.build_message(connector, claim, details)
        calls = compose_calls(connector, message, claim.singly_from)
        is_single = claim.singly_from is not None
        part = claim.parts_sent
        if claim.unknown_since is not None and part < len(calls):
            next_part = self._reconcile(connector, claim, message, calls)
            if next_part is None:
                return
            part = next_part
        if part >= len(calls):
            self._write(lambda tx: outbox.record_all_sent(tx, claim))
        while part < len(calls):
            wait = slots.take_turn(claim.address_id)
            if wait > 0:
                again_at = datetime.now(UTC) + timedelta(seconds=wait)
                self._write(partial(claims.return_claim, claim=claim, again_at=again_at))
                return
            try:
                receipt = send_call(connector, calls[part])
            except RefusedTogether:
                if is_single or not isinstance(connector, SendsSingly):
                    raise
                # Written down first, so that after a crash the same calls have the same numbers.
                if not self._write(partial(outbox.send_singly, claim=claim, part=part)):
                    return
                calls, is_single = compose_calls(connector, message, part), True
                continue
            is_last = part == len(calls) - 1
            follow_after = self._follow_after(connector, message)
            holds_claim = self._record_sent(claim, part, receipt, is_last, follow_after)
            if watch.is_over or not holds_claim:
                # The provider took the call, however late: what was said of an overrun is over.
                self._connectors.mark_ok(connector.name, "delivery", claim.address_id)
                return
            part += 1
        self._note_success(connector, slots, claim)

    def _record_sent(
        self,
        claim: ClaimedDelivery,
        part: int,
        receipt: SendReceipt,
        is_last: bool,
        follow_after: timedelta | None = None,
    ) -> bool:
        """Returns False where the worker has lost its claim."""
        if is_last:
            return self._recorder.record(SentMessage(claim, part, receipt, follow_after))
        return self._write(
            lambda tx: outbox.record_sent_part(tx, claim, part, receipt, is_last=False)
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
    ) -> int | None:
        """Finds out whether the part whose answer was lost has arrived.

        Args:
            calls: all calls of the message.

        Returns:
            The number of the call to go on with; None where the worker has lost its claim.
        """
        part = claim.parts_sent
        is_last = part == len(calls) - 1
        assert claim.unknown_since is not None
        with self._store.read() as connection:
            known_parts = outbox.count_known_parts(connection, claim.message_id)
        if known_parts > part:
            # The provider's echo or receipt came though its answer did not.
            holds_claim = self._record_sent(claim, part, SendReceipt(), is_last)
            return part + 1 if holds_claim else None
        if not isinstance(connector, Reconciles):
            holds_claim = self._write(lambda tx: outbox.mark_maybe_twice(tx, claim))
            return part if holds_claim else None
        receipt = connector.reconcile(message, calls[part], claim.unknown_since)
        if receipt is None:
            return part
        holds_claim = self._record_sent(claim, part, receipt, is_last)
        return part + 1 if holds_claim else None

    # -- verdicts ---------------------------------------------------------------------------------

    def _note_success(
        self, connector: Connector[Any], slots: SendSlots, claim: ClaimedDelivery
    ) -> None:
        OUTBOUND.labels(connector=connector.name, outcome="sent").inc()
        waited = claim.time_in_line().total_seconds()
        SEND_SECONDS.labels(connector=connector.name).observe(waited)
        self._connectors.mark_ok(connector.name, "delivery", claim.address_id)
        if slots.note_success():
            self.retry_waiting(connector.name)

    def retry_waiting(self, connector: str | None = None) -> None:
        """Makes what waits for a provider due now, a part at a time.

        Args:
            connector: its name, None for all.
        """
        while (
            self._store.write(
                lambda tx: outbox.retry_waiting_now(tx, connector, limit=RETRY_AT_ONCE)
            )
            == RETRY_AT_ONCE
        ):
            pass

    def _handle_error(
        self,
        connector: Connector[Any],
        slots: SendSlots,
        claim: ClaimedDelivery,
        error: SendError,
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
            self._connectors.mark_attention(
                connector.name, error.message, "delivery", claim.address_id
            )
        if failure_sentences.is_sent_again(error, claim.time_in_line()):
            self._requeue(slots, claim, error)
            return
        step = self._write(
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

    def _requeue(self, slots: SendSlots, claim: ClaimedDelivery, error: SendError) -> None:
        wait = error.retry_after or backoff(claim.attempts, random.random())  # noqa: S311
        unknown = isinstance(error, ConnectionFailed) and error.maybe_sent
        slots.note_failure(error, claim.address_id)
        self._write(
            lambda tx: outbox.requeue_delivery(tx, claim, error, tx.now + wait, unknown=unknown)
        )
