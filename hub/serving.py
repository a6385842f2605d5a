"""Runs a wired hub until it is told to stop, and says when it is ready."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from typing import Any

import click
from flask import g

from hub import runtime
from hub.app import App
from hub.inbox import health

#: Requests under way when we are told to stop get this long to finish.
FINISH_SECONDS = 10.0


class Signals:
    """SIGTERM and SIGINT end the hub, SIGHUP applies the changed file."""

    def __init__(self, reload: Callable[[], None]) -> None:
        self._is_over = False
        self._is_changed = False
        self._reload = reload
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, self._end)
        signal.signal(signal.SIGHUP, self._change)

    # Nothing but flags: a signal comes in the middle of whatever is running.

    def _end(self, *_: Any) -> None:
        self._is_over = True

    def _change(self, *_: Any) -> None:
        self._is_changed = True

    def wait(self) -> None:
        """Returns when the hub is told to end."""
        while not self._is_over:
            if self._is_changed:
                self._is_changed = False
                self._reload()
            time.sleep(0.2)


def serve(app: App, host: str, port: int, *, worker: bool) -> None:
    """Serves until it is told to stop, then finishes what it holds and returns.

    Raises:
        OSError: the port is taken, or not ours to take. Nothing was begun then.
    """
    signals = Signals(app.reloader.reload_or_log)
    runtime.settle()
    under_way = _count_requests(app)
    server = runtime.listen(host, port)
    app.start(worker=worker)
    accepting = runtime.serve_wsgi(server, app.flask)
    click.echo(f"ready on http://{host}:{server.getsockname()[1]}")
    signals.wait()
    accepting.kill()
    server.close()
    deadline = time.monotonic() + FINISH_SECONDS
    while under_way() and time.monotonic() < deadline:
        time.sleep(0.05)
    app.stop()


def work(app: App, host: str, port: int | None) -> None:
    """The same for a process that serves nobody; at `port` it tells how it is, and nothing else.

    Raises:
        OSError: the port is taken, or not ours to take. Nothing was begun then.
    """
    signals = Signals(app.reloader.reload_or_log)
    server = None if port is None else runtime.listen(host, port)
    app.start(web=False)
    if server is None:
        click.echo("ready")
    else:
        runtime.serve_wsgi(server, health.alone(app.hub))
        click.echo(f"ready, health on http://{host}:{server.getsockname()[1]}")
    signals.wait()
    app.stop()


def _count_requests(app: App) -> Callable[[], int]:
    count = 0

    @app.flask.before_request
    def begin() -> None:
        nonlocal count
        count += 1
        g.is_counted = True

    @app.flask.teardown_request
    def end(_error: BaseException | None) -> None:
        nonlocal count
        # Events of sockets end here too, and did not begin above.
        if g.pop("is_counted", False):
            count -= 1

    return lambda: count
