"""Notices that the clock was set: times kept in the database then mean something else."""

from __future__ import annotations

import time
from datetime import timedelta

#: A clock that is kept right by the network moves less between two looks.
SLIP = timedelta(seconds=2)


class ClockWatch:
    """Compares the clock with the process's own, which nothing sets."""

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()

    def jump(self) -> timedelta | None:
        """By how much the clock was set since the last call; None for nothing to speak of."""
        before, self._offset = self._offset, time.time() - time.monotonic()
        jump = timedelta(seconds=self._offset - before)
        return jump if abs(jump) > SLIP else None
