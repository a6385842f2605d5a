"""The only module that knows eventlet.

All other code uses threads, locks, queues and sockets of the standard library. `patch()` makes them
cooperative (green) before any other import; without it (tests, the sandbox) threads are real.
"""

from __future__ import annotations

import gc
import ipaddress
import logging
import os
import sys
import threading
import time
import warnings
from collections.abc import Callable
from typing import Any, Literal, NoReturn

from hub.optional_imports import import_without

_patched = False


def patch() -> None:
    """Makes the standard library cooperative. Must run before any other import of the hub.

    Source: https://eventlet.readthedocs.io/en/latest/patching.html
    """
    global _patched
    # eventlet's resolver costs 7 MB and ignores parts of resolv.conf. The system's resolver, in a
    # real thread, does neither.
    os.environ.setdefault("EVENTLET_NO_GREENDNS", "yes")
    warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")
    import eventlet

    # Patching psycopg2 imports it, so it is patched only where it is used.
    is_postgres = os.environ.get("HUB_DATABASE_URL", "").startswith("postgres")
    # Without `all=True`, an argument that is true would mean: patch only this.
    eventlet.monkey_patch(all=True, psycopg=is_postgres)
    _resolve_in_threads()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it asks for a library that guesses charsets
        import_without(("charset_normalizer", "chardet"), "requests")
    is_alone = not os.environ.get("HUB_REDIS_URL")
    import_without(("aiohttp", "websocket", *(("redis",) if is_alone else ())), "socketio")
    # Libraries import these two to print in colours; a server has no use for that.
    for module in ("pygments", "rich"):
        sys.modules.setdefault(module, None)  # type: ignore[arg-type]
    _patched = True


def _resolve_in_threads() -> None:
    """Lets real threads resolve host names, so that a slow name server blocks no green thread."""
    import socket

    from eventlet import tpool
    from eventlet.green import socket as green

    blocking = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **options: Any) -> Any:
        try:
            ipaddress.ip_address(host)
        except ValueError:
            return tpool.execute(blocking, host, *args, **options)
        return blocking(host, *args, **options)  # an address needs no name server

    socket.getaddrinfo = green.getaddrinfo = getaddrinfo


def relax_garbage_collector() -> None:
    """Excludes all present objects from garbage collection, and collects less often.

    For the end of the start: a hundred thousand objects of libraries stay until the process ends,
    and reference counting frees nearly all objects of a request.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def end_process(status: int) -> NoReturn:
    """Ends the process and closes all its sockets at once. Its parts must have stopped.

    The interpreter's own end unwinds every green thread, and each open chat would run the handlers
    of a lost connection: a millisecond each, with a database that is closed.
    """
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def async_mode() -> Literal["eventlet", "threading"]:
    """Flask-SocketIO's name for the way this process runs threads."""
    return "eventlet" if _patched else "threading"


def spawn(work: Callable[..., Any], *args: Any, name: str = "") -> threading.Thread:
    """Runs `work` in a new daemon thread, which does not keep the process alive.

    Args:
        name: the name of the thread; that of the function by default.
    """
    thread = threading.Thread(target=work, args=args, name=name or work.__name__, daemon=True)
    thread.start()
    return thread


def spawn_cheap(work: Callable[..., Any], *args: Any) -> None:
    """Runs `work` in a new thread without a name, of which there may be thousands.

    A green one has no `Thread` object, which costs more than the green thread itself.
    """
    if not _patched:
        spawn(work, *args)
        return
    import eventlet

    eventlet.spawn(work, *args)


def run_in_real_thread(work: Callable[..., Any], *args: Any) -> Any:
    """Runs `work` in a thread of the system, while the green threads go on.

    For C code that takes long, lets go of the interpreter's lock, and knows no green threads.

    Returns: its result.
    Raises: its error.
    """
    if not _patched:
        return work(*args)
    from eventlet import tpool

    return tpool.execute(work, *args)


def send_without_waiting(sock: Any, data: bytes) -> int:
    """Sends as many bytes as the client makes room for at this moment, and switches to no other
    thread.

    Returns: how many; always 0 with real threads, whose sockets would wait.
    Raises: OSError.
    """
    if not _patched:
        return 0
    try:
        return int(sock.fd.send(data))
    except BlockingIOError:
        return 0


def yield_control() -> None:
    """Lets other green threads run. Does nothing with real threads, which need no such call."""
    if _patched:
        time.sleep(0)
