"""Runs the deliveries of the outbox: claims what may leave, and gives each a thread and a lease."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import structlog

from hub import runtime
from hub.config.sections import Fallback
from hub.connectors.base import Connector
from hub.outbound import claims, outbox
from hub.outbound.claims import ClaimedDelivery
from hub.outbound.message_details import MessageDetails
from hub.store.engine import Store
from hub.store.leader import Leader
from hub.store.media import MediaFolder, MediaLinks
from hub.transport.clock_watch import ClockWatch
from hub.transport.due_deliveries import DueDeliveries
from hub.transport.message_building import MessageBuilder
from hub.transport.running import RunningConnectors
from hub.transport.send_slots import SendSlots, open_send_slots
from hub.transport.sending import RETRY_AT_ONCE, Sender
from hub.watchdog import Watchdog

log = structlog.get_logger()

SWEEP_SECONDS = 1.0
#: A lease that could not be renewed is tried again after so long, in seconds.
RENEW_AGAIN_SECONDS = 2.0


@dataclass(slots=True)
class Line:
    """The deliveries of one connector: those that are due, and those that are under way."""

    slots: SendSlots
    due: DueDeliveries


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
        watchdog: Watchdog | None = None,
    ) -> None:
        """Makes a worker that is not started.

        Args:
            secret: signs the reply tokens of messages.
            rules: gives the rules in force for answers that their channel cannot carry.
            watchdog: gives up deliveries that take too long.
        """
        self._store = store
        self._connectors = connectors
        self._sender = Sender(store, connectors, MessageBuilder(store, media, links, secret), rules)
        self._watchdog = watchdog or Watchdog()
        self._lines: dict[str, Line] = {}
        self._held: dict[int, ClaimedDelivery] = {}
        self._lost_claims: list[datetime] = []
        self._clock = ClockWatch()
        self._leader = Leader(store, "deliveries")
        self._leases_count_from = float("-inf")
        self._wake = threading.Event()
        self._stopped = threading.Event()
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
            self._store.write(claims.end_leases)
        self._sender.retry_waiting()  # providers may be back meanwhile
        self._threads.append(runtime.spawn(self._run, name="delivery"))
        runtime.spawn(self._renew_leases, name="leases")

    def wake(self) -> None:
        """Looks for deliveries now."""
        self._wake.set()

    def stop(self, timeout: float = 25.0) -> None:
        """Claims no more deliveries, and waits for those under way.

        Args:
            timeout: in seconds, for each of the two.
        """
        self._stopped.set()
        self._wake.set()
        for thread in self._threads:
            thread.join(timeout)  # it may be about to hand over a claim
        with self._idle:
            self._idle.wait_for(lambda: not self._held, timeout)
        self._sender.stop()
        self._leader.resign()

    def _run(self) -> None:
        swept_at = float("-inf")
        while not self._stopped.is_set():
            self._wake.wait(SWEEP_SECONDS)
            self._wake.clear()
            try:
                self._follow_clock()
                self._return_lost_claims()
                if time.monotonic() - swept_at >= SWEEP_SECONDS:
                    self._take_over_ended_leases()
                    swept_at = time.monotonic()
                self._begin_due()
            except Exception:
                # The database may be away for a moment; the sweep comes back to it.
                log.exception("delivery.sweep_failed")

    # -- choosing ---------------------------------------------------------------------------------

    def _begin_due(self) -> None:
        """Begins deliveries of every connector that has room for more."""
        for connector in self._connectors:
            line = self._line_of(connector)
            if line.slots.begin_probe():
                self._store.write(
                    partial(outbox.retry_waiting_now, connector=connector.name, limit=1)
                )
            room = line.slots.free()
            if not room or self._stopped.is_set():
                continue
            message_ids = line.due.take(room, line.slots.busy)
            if message_ids:
                self._begin(message_ids)
            if len(message_ids) < room and not line.due.at_end:
                self._wake.set()  # the reading goes on after the other connectors

    def _take_over_ended_leases(self) -> None:
        """Begins again what other workers left unfinished."""
        if time.monotonic() < self._leases_count_from:
            return
        room = {
            connector.name: self._line_of(connector).slots.free() for connector in self._connectors
        }
        names = [name for name, count in room.items() if count]
        if not names:
            return
        with self._store.read() as connection:
            ended = claims.read_ended_leases(connection, names, datetime.now(UTC))
        abandoned = [message_id for message_id in ended if message_id not in self._held]
        if abandoned:
            self._begin(abandoned[: max(room.values())])

    def _follow_clock(self) -> None:
        """Neither holds nor hurries what waits, after the clock was set.

        Where several processes notice it, one of them writes.
        """
        jump = self._clock.jump()
        if jump is None:
            return
        log.warning("clock.was_set", seconds=round(jump.total_seconds()))
        if jump > timedelta():
            # Workers that live renew their leases by the new clock meanwhile.
            self._leases_count_from = time.monotonic() + 1.5 * claims.RENEW_SECONDS
        if not self._leader.leads():
            return
        last: int | None = 0
        while last is not None:
            last = self._store.write(
                partial(outbox.follow_clock, jump=jump, after=last, limit=RETRY_AT_ONCE)
            )

    def _begin(self, message_ids: list[int]) -> None:
        """Claims deliveries and starts a thread for each that it got."""
        lease_until = datetime.now(UTC) + claims.LEASE
        try:
            claimed = self._store.write(
                lambda tx: claims.claim_deliveries(tx, message_ids, list(self._lines), lease_until)
            )
        except Exception:
            self._lost_claims.append(lease_until)
            raise
        for claim in claimed:
            with self._idle:
                self._held[claim.message_id] = claim
                self._lines[claim.connector].slots.busy.add(claim.address_id)
        for name in {claim.connector for claim in claimed}:
            self._begin_claimed(name, [claim for claim in claimed if claim.connector == name])

    def _begin_claimed(self, name: str, claimed: list[ClaimedDelivery]) -> None:
        """Starts a thread for each claim of one connector."""
        connector = self._connectors.get(name)
        details: dict[int, MessageDetails] = {}
        if connector is not None:
            try:
                details = self._sender.read_details(connector, claimed)
            except Exception:
                log.exception("delivery.not_read", connector=name)
        for claim in claimed:
            runtime.spawn(
                self._deliver,
                connector,
                claim,
                details.get(claim.message_id),
                name=f"delivery-{name}",
            )

    def _return_lost_claims(self) -> None:
        """Gives back what a transaction claimed whose commit was not confirmed."""
        while self._lost_claims:
            lost = partial(claims.return_lost_claims, lease_until=self._lost_claims[0])
            self._store.write(lost)
            self._lost_claims.pop(0)

    def _line_of(self, connector: Connector[Any]) -> Line:
        line = self._lines.get(connector.name)
        if line is None:
            due = DueDeliveries(self._store, connector.name)
            line = self._lines[connector.name] = Line(open_send_slots(connector), due)
        return line

    # -- one delivery -----------------------------------------------------------------------------

    def _deliver(
        self,
        connector: Connector[Any] | None,
        claim: ClaimedDelivery,
        details: MessageDetails | None,
    ) -> None:
        try:
            if connector is None or details is None:
                self._sender.put_back(claim)
                return
            slots = self._lines[claim.connector].slots
            give_up = partial(self._give_up, claim)
            with self._watchdog.limit(
                "delivery", connector.name, connector.send_limit, give_up, claim.address_id
            ) as watch:
                self._sender.send(connector, slots, claim, details, watch)
        except Exception:
            # The outcome is unknown: the delivery is reconciled with the next attempt.
            log.exception("delivery.broke", message_id=claim.message_id)
            self._let_go(claim)
        finally:
            self._release(claim)

    def _give_up(self, claim: ClaimedDelivery) -> None:
        """Leaves a delivery alone that takes too long; another attempt finds out what happened."""
        try:
            self._let_go(claim)
        finally:
            self._release(claim)

    def _let_go(self, claim: ClaimedDelivery) -> None:
        try:
            self._store.write(lambda tx: claims.let_go(tx, claim))
        except Exception:
            log.exception("delivery.not_let_go", message_id=claim.message_id)  # the lease runs out

    def _release(self, claim: ClaimedDelivery) -> None:
        with self._idle:
            if self._held.get(claim.message_id) is not claim:
                return  # it was given up before
            del self._held[claim.message_id]
            line = self._lines[claim.connector]
            line.slots.busy.discard(claim.address_id)
            line.due.free_address(claim.address_id)
            self._idle.notify_all()
        self._wake.set()

    def _renew_leases(self) -> None:
        pause = claims.RENEW_SECONDS
        while not self._stopped.wait(pause):
            pause = claims.RENEW_SECONDS
            held = list(self._held.values())
            if not held:
                continue
            try:
                self._store.write(partial(claims.renew_leases, claims=held))
            except Exception:
                log.exception("delivery.leases_not_renewed")
                pause = RENEW_AGAIN_SECONDS
