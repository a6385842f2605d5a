"""The only module that knows eventlet.

Everything else uses threads, locks, queues and sockets of the standard library. `patch()` makes
them green before anything else is imported; without it (tests, the sandbox) they are real threads.
"""

from __future__ import annotations

import gc
import importlib
import ipaddress
import os
import sys
import threading
import time
import warnings
from collections.abc import Callable
from typing import Any, Literal

_patched = False


def patch() -> None:
    """Makes the standard library cooperative. Must run before any other import of the hub."""
    global _patched
    # eventlet's own resolver costs 7 MB and ignores parts of resolv.conf; the system's, in a
    # thread of its own, does neither.
    os.environ.setdefault("EVENTLET_NO_GREENDNS", "yes")
    warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")
    import eventlet

    # psycopg2 is imported to be patched, so only where it is used.
    is_postgres = os.environ.get("HUB_DATABASE_URL", "").startswith("postgres")
    # Without `all`, one True means: this and nothing else.
    eventlet.monkey_patch(all=True, psycopg=is_postgres)
    _resolve_in_threads()
    is_alone = not os.environ.get("HUB_REDIS_URL")
    _import_without(("aiohttp", *(("redis",) if is_alone else ())), "socketio")
    # Two libraries print in colours where they find it; a server has nobody to show them to.
    sys.modules.setdefault("rich", None)  # type: ignore[arg-type]
    _patched = True


def _resolve_in_threads() -> None:
    import socket

    from eventlet import tpool
    from eventlet.green import socket as green

    blocking = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **options: Any) -> Any:
        try:
            ipaddress.ip_address(host)
        except ValueError:
            return tpool.execute(blocking, host, *args, **options)
        return blocking(host, *args, **options)  # nothing to ask anybody

    socket.getaddrinfo = green.getaddrinfo = getaddrinfo


def _import_without(optional: tuple[str, ...], name: str) -> None:
    """Imports a module that would take others along which we never use: 15 MB in all."""
    absent = [one for one in optional if one not in sys.modules]
    for one in absent:
        sys.modules[one] = None  # type: ignore[assignment]
    try:
        importlib.import_module(name)
    finally:
        for one in absent:
            del sys.modules[one]


def settle() -> None:
    """Says that starting is over: what is there now stays.

    The collector then no longer looks through a hundred thousand objects of libraries for garbage,
    and looks less often: requests leave little that counting references does not free.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def is_green() -> bool:
    return _patched


def async_mode() -> Literal["eventlet", "threading"]:
    """The name Flask-SocketIO has for how we run."""
    return "eventlet" if _patched else "threading"


def spawn(work: Callable[..., Any], *args: Any, name: str = "") -> threading.Thread:
    """Runs `work` beside us; it never keeps the process alive."""
    thread = threading.Thread(target=work, args=args, name=name or work.__name__, daemon=True)
    thread.start()
    return thread


def breathe() -> None:
    """Lets others run, where running is shared by turns. Threads need no such thing."""
    if _patched:
        time.sleep(0)


def listen(host: str, port: int) -> Any:
    """A listening socket. Raises OSError when the port is taken."""
    import eventlet

    # Without the last one a second hub would share the port, and every other request get lost.
    return eventlet.listen((host, port), backlog=512, reuse_port=False)


def serve_wsgi(listener: Any, app: Any) -> Any:
    """Serves `app` beside us. What it returns has `kill()`, which ends the accepting only."""
    import eventlet
    import eventlet.wsgi

    return eventlet.spawn(
        eventlet.wsgi.server,
        listener,
        app,
        log_output=False,
        max_size=4000,
        keepalive=True,
        socket_timeout=75,  # a client that says nothing does not hold a place for ever
    )
