"""`python -m tests.hostile.hub_with_clock ...`: the command `hub`, whose clocks can be put ahead.

On SIGUSR1 the process reads a number of seconds from the file that `HUB_TEST_CLOCK` names, and puts
its wall clock and its monotonic clock ahead by it: as if the hub had been idle for so long. The
clocks of the operating system, of other processes and of extension modules stay as they are.
"""

from __future__ import annotations

import os
import signal
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import time_machine

_monotonic = time.monotonic
_ahead = 0.0


def _shifted_monotonic() -> float:
    return _monotonic() + _ahead


def _put_ahead(traveller: time_machine.Traveller, file: Path) -> None:
    global _ahead
    seconds = float(file.read_text())
    _ahead += seconds
    traveller.shift(seconds)
    file.with_suffix(".done").write_text(str(seconds))


def main() -> None:
    # Before any import that keeps a reference to the function: eventlet's hub, queues, locks.
    time.monotonic = _shifted_monotonic
    travel = time_machine.travel(datetime.now(UTC), tick=True)
    traveller = travel.start()
    file = Path(os.environ["HUB_TEST_CLOCK"])

    def on_signal(*_: Any) -> None:
        _put_ahead(traveller, file)

    signal.signal(signal.SIGUSR1, on_signal)
    from hub.__main__ import main as hub

    hub()


if __name__ == "__main__":
    main()
