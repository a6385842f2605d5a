"""Chromium of Debian, without network use of its own, restarted when it stops answering."""

from __future__ import annotations

import os
import signal
import threading
import uuid
import warnings
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Error, Playwright

# Only the page may use the network.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
#: Closing takes milliseconds or hangs.
CLOSING_SECONDS = 60.0


class Chromium:
    """A browser whose contexts close.

    Sometimes Chromium never reports that a context is closed, and Playwright has no time limit
    there: a whole run would wait. Then Chromium is ended, and the next context opens in a new one.
    """

    def __init__(self, playwright: Playwright) -> None:
        self._playwright = playwright
        self._mark = f"--started-as={uuid.uuid4().hex}"
        self._browser = self._launch()

    def _launch(self) -> Browser:
        return self._playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=[*FLAGS, self._mark]
        )

    def new_context(self, **options: Any) -> BrowserContext:
        if not self._browser.is_connected():
            self._browser = self._launch()
        return self._browser.new_context(**options)

    def close_context(self, context: BrowserContext) -> None:
        watchdog = threading.Timer(CLOSING_SECONDS, self._end)
        watchdog.start()
        try:
            context.close()
        except Error as error:
            if self._browser.is_connected():
                raise
            why = str(error).splitlines()[0]
            warnings.warn(f"Chromium was ended, it did not close a context: {why}", stacklevel=2)
        finally:
            watchdog.cancel()

    def close(self) -> None:
        self._browser.close()

    def _end(self) -> None:
        """Ends the first process of Chromium, which ends the others."""
        marker = self._mark.encode()
        for process in Path("/proc").glob("[0-9]*"):
            try:
                arguments = (process / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue  # it has ended since
            if marker in arguments and not any(
                argument.startswith(b"--type=") for argument in arguments
            ):
                os.kill(int(process.name), signal.SIGKILL)
