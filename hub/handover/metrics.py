"""What is counted and logged of switches and invitations, once it is on disk."""

from __future__ import annotations

import structlog

from hub.handover.redemption import Redeemed, Refused
from hub.metrics import HANDOVERS
from hub.switches import detection
from hub.switches.detection import Switch

log = structlog.get_logger()


def handover_made(connector: str) -> None:
    HANDOVERS.labels(connector=connector, outcome="made").inc()


def handover_brought(connector: str, outcome: Redeemed | Refused | None) -> None:
    """Somebody brought an invitation. Never logs what they brought."""
    match outcome:
        case Redeemed():
            HANDOVERS.labels(connector=connector, outcome="redeemed").inc()
            log.info("handover.redeemed", connector=connector, handover_id=outcome.id)
        case Refused():
            HANDOVERS.labels(connector=connector, outcome=outcome.reason).inc()
            log.warning("handover.refused", connector=connector, reason=outcome.reason)


def switched(switch: Switch | None) -> None:
    if switch is not None:
        detection.counted(switch)
