"""`python -m hub.sandbox`: the sandbox as a process of its own."""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path
from types import FrameType

import click

from hub.sandbox.customer_page.saved_chats import SavedChats
from hub.sandbox.server import Sandbox


@click.command()
@click.option("--port", default=8001, show_default=True, help="The page and the HTTP stand-ins.")
@click.option("--smtp-port", default=8025, show_default=True)
@click.option("--imap-port", default=8143, show_default=True)
@click.option(
    "--hub",
    default="http://127.0.0.1:8000",
    show_default=True,
    help="The hub's public URL, exactly as the hub has it: signatures cover it.",
)
@click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    help="A folder that keeps the conversations over a restart.",
)
def main(port: int, smtp_port: int, imap_port: int, hub: str, state: Path | None) -> None:
    """Runs the sandbox until SIGTERM or Ctrl-C."""
    end = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        end.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    sandbox = Sandbox(hub, port=port, smtp_port=smtp_port, imap_port=imap_port)
    saved_chats = SavedChats(state, sandbox.providers) if state else None
    try:
        sandbox.start()
    except OSError as error:
        sys.exit(f"the sandbox cannot start: {error}")
    if saved_chats:
        saved_chats.load()
    print(f"sandbox ready on {sandbox.url}", flush=True)
    end.wait()
    if saved_chats:
        saved_chats.save()
    sandbox.stop()


if __name__ == "__main__":
    main()
