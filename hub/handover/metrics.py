"""Counts and logs handovers, once they are on disk."""

from __future__ import annotations

import structlog

from hub.handover.redemption import RedeemedHandover, RefusedHandover
from hub.metrics import HANDOVERS

log = structlog.get_logger()


def count_created_handover(connector: str) -> None:
    """Counts a handover that was created for a connector."""
    HANDOVERS.labels(connector=connector, outcome="made").inc()


def count_redemption(connector: str, outcome: RedeemedHandover | RefusedHandover | None) -> None:
    """Counts and logs an attempt to redeem a handover. Its token and code are never logged."""
    match outcome:
        case RedeemedHandover():
            HANDOVERS.labels(connector=connector, outcome="redeemed").inc()
            log.info("handover.redeemed", connector=connector, handover_id=outcome.id)
        case RefusedHandover():
            HANDOVERS.labels(connector=connector, outcome=outcome.reason).inc()
            log.warning("handover.refused", connector=connector, reason=outcome.reason)
