"""`python -m tests.hostile.hub_with_limits ...`: the command `hub` with short limits of time.

Work that takes longer is begun anew after `SECONDS`, and a job that never ends is among its jobs.
"""

from __future__ import annotations

import threading
from datetime import timedelta

SECONDS = 2.0


class EndlessJob:
    """A job that never ends."""

    interval = timedelta(seconds=1)

    def run(self) -> None:
        threading.Event().wait()


def main() -> None:
    from hub import runtime

    runtime.patch()  # before any other import, as the command does
    from hub import app, scheduler
    from hub.cli import cli
    from hub.connectors.telegram.connector import Telegram
    from hub.transport import media_fetching, polling, profile_fetching

    Telegram.send_limit = Telegram.poll_limit = SECONDS
    polling.WAIT_SECONDS = 0.5
    media_fetching.FETCH_SECONDS = profile_fetching.PROFILE_SECONDS = SECONDS
    scheduler.JOB_SECONDS = SECONDS
    app.UnusedUploads = lambda *_: EndlessJob()  # type: ignore[misc, assignment]
    cli(prog_name="hub")


if __name__ == "__main__":
    main()
