"""Runs a hub until a signal stops it, and prints a line when the hub is ready."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import click

from hub import runtime
from hub.app import App
from hub.inbox import health
from hub.inbox.body_limits import body_limit
from hub.inbox.sockets import transports
from hub.listener import Limits, Listener, listen

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

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

    def wait(self, listener: Listener | None = None) -> bool:
        """Waits until the hub must stop. Reloads the configuration when that is requested.

        Returns: whether a signal asked for the stop; False when the listener is gone.
        """
        while not self._is_stopping:
            if listener is not None and listener.is_gone:
                return False
            if self._reload_requested:
                self._reload_requested = False
                self._reload()
            time.sleep(0.2)
        return True


def serve(app: App, host: str, port: int, *, worker: bool) -> bool:
    """Serves HTTP and sockets until a signal comes, then finishes running requests and returns.

    Args:
        worker: whether this process also sends, polls and runs the timers.

    Returns: whether a signal asked for the stop; False when the process cannot serve any more.

    Raises:
        OSError: the port is in use or not permitted. No part of the hub was started.
    """
    signals = Signals(app.reloader.reload_or_log)
    runtime.relax_garbage_collector()
    running_requests = _count_requests(app)
    server = listen(host, port)
    app.start(worker=worker)
    limits = Limits.of(app.settings, lambda path: body_limit(path, app.current.config))
    listener = Listener(server, app.flask, limits, app.proxies)
    listener.start()
    click.echo(f"ready on http://{host}:{server.getsockname()[1]}")
    is_asked_to_stop = signals.wait(listener)
    listener.stop()
    deadline = time.monotonic() + FINISH_SECONDS
    while running_requests() and time.monotonic() < deadline:
        time.sleep(0.05)
    app.stop()
    return is_asked_to_stop


def run_worker(app: App, host: str, port: int | None) -> bool:
    """Sends, polls and runs the timers until a signal comes, without serving the web.

    Args:
        port: where the process answers health checks and metrics; None for nowhere.

    Returns: whether a signal asked for the stop; False when the process cannot serve any more.

    Raises:
        OSError: the port is in use or not permitted. No part of the hub was started.
    """
    signals = Signals(app.reloader.reload_or_log)
    server = None if port is None else listen(host, port)
    app.start(web=False)
    listener = None
    if server is None:
        click.echo("ready")
    else:
        limits = Limits.of(app.settings)
        listener = Listener(server, health.alone(app.hub), limits, app.proxies)
        listener.start()
        click.echo(f"ready, health on http://{host}:{server.getsockname()[1]}")
    is_asked_to_stop = signals.wait(listener)
    app.stop()
    return is_asked_to_stop


def _count_requests(app: App) -> Callable[[], int]:
    """Counts the requests that are running. Returns a function that gives their number."""
    count = 0
    answer = app.flask.wsgi_app

    def counted(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        nonlocal count
        if environ["PATH_INFO"].startswith(transports.PATH):
            return answer(environ, start_response)  # open as long as its page
        count += 1
        try:
            return answer(environ, start_response)
        finally:
            count -= 1

    app.flask.wsgi_app = counted  # type: ignore[method-assign]
    return lambda: count
