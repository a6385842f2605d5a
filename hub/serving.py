"""Runs a hub until a signal stops it, and prints a line when the hub is ready."""

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

#: How long running requests have to finish when the hub stops.
FINISH_SECONDS = 10.0


class Signals:
    """SIGTERM and SIGINT stop the hub, SIGHUP applies a changed configuration."""

    def __init__(self, reload: Callable[[], None]) -> None:
        self._is_stopping = False
        self._reload_requested = False
        self._reload = reload
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, self._request_stop)
        signal.signal(signal.SIGHUP, self._request_reload)

    # The handlers only set flags: a signal may interrupt any line of the program.

    def _request_stop(self, *_: Any) -> None:
        self._is_stopping = True

    def _request_reload(self, *_: Any) -> None:
        self._reload_requested = True

    def wait(self) -> None:
        """Waits until the hub must stop. Reloads the configuration when that is requested."""
        while not self._is_stopping:
            if self._reload_requested:
                self._reload_requested = False
                self._reload()
            time.sleep(0.2)


def serve(app: App, host: str, port: int, *, worker: bool) -> None:
    """Serves HTTP and sockets until a signal comes, then finishes running requests and returns.

    Args:
        worker: whether this process also sends, polls and runs the timers.

    Raises:
        OSError: the port is in use or not permitted. No part of the hub was started.
    """
    signals = Signals(app.reloader.reload_or_log)
    runtime.relax_garbage_collector()
    running_requests = _count_requests(app)
    server = runtime.listen(host, port)
    app.start(worker=worker)
    accepting = runtime.serve_wsgi(server, app.flask)
    click.echo(f"ready on http://{host}:{server.getsockname()[1]}")
    signals.wait()
    accepting.kill()
    server.close()
    deadline = time.monotonic() + FINISH_SECONDS
    while running_requests() and time.monotonic() < deadline:
        time.sleep(0.05)
    app.stop()


def run_worker(app: App, host: str, port: int | None) -> None:
    """Sends, polls and runs the timers until a signal comes, without serving the web.

    Args:
        port: where the process answers health checks and metrics; None for nowhere.

    Raises:
        OSError: the port is in use or not permitted. No part of the hub was started.
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
    """Counts the requests that are running. Returns a function that gives their number."""
    count = 0

    @app.flask.before_request
    def begin() -> None:
        nonlocal count
        count += 1
        g.is_counted = True

    @app.flask.teardown_request
    def end(_error: BaseException | None) -> None:
        nonlocal count
        # The teardown of socket events comes here too, though `begin` did not count them.
        if g.pop("is_counted", False):
            count -= 1

    return lambda: count
