"""The only module that knows eventlet.

Everything else uses threads, locks, queues and sockets of the standard library. `patch()` makes
them green before anything else is imported; without it (tests, the sandbox) they are real threads.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

_patched = False


def patch() -> None:
    """Makes the standard library cooperative. Must run before any other import of the hub."""
    global _patched
    import eventlet

    eventlet.monkey_patch()
    _patched = True


def is_green() -> bool:
    return _patched


def async_mode() -> str:
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
