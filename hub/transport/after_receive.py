"""What happens after an event is on disk and its provider has an answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import structlog

from hub import runtime
from hub.connectors.base import Acknowledges, Connector, is_able
from hub.errors import SendError
from hub.handover import metrics
from hub.inbound.channel import ReceiveResult
from hub.switches import detection
from hub.types import InboundEvent

log = structlog.get_logger()


def acknowledge(connector: Connector[Any], event: InboundEvent, _result: ReceiveResult) -> None:
    """Tells the provider more than 2xx where it wants that, for instance to stop a spinner."""
    if not is_able(type(connector), Acknowledges):
        return
    calls = connector.acknowledge(event)  # type: ignore[attr-defined]
    if calls:
        runtime.spawn(_transmit, connector, calls, name="acknowledge")


def count_received(connector: Connector[Any], _event: InboundEvent, result: ReceiveResult) -> None:
    """Counts handovers that were redeemed or refused, and switches."""
    metrics.count_redemption(connector.name, result.handover)
    detection.count_switch(result.switch)


def _transmit(connector: Connector[Any], calls: Sequence[Any]) -> None:
    try:
        for call in calls:
            connector.transmit(call)
    except SendError as error:
        # A spinner on the customer's phone goes on turning: nothing is lost.
        log.info("acknowledge.failed", connector=connector.name, code=error.code)
