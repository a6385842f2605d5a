"""The main program of a worker process: `python -m hub.processes.child MODULE LIMITS`.

MODULE has two functions: `prepare()`, called once, which imports what a task needs, and
`run(request: bytes) -> Iterator[bytes]`, called for each task. Each value that `run` yields ends a
stage: it is sent at once, and the next stage gets a budget of processor time of its own. A task
that is ended in a late stage so leaves the values of its earlier ones.

The kernel ends the process at the limits of processor time and memory, because nothing in Python
interrupts an extension module. A process that is idle for long ends itself.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import signal
import socket
import sys
import traceback
from types import ModuleType
from typing import Any

from hub.processes.framing import (
    PROCESS_READY,
    REQUEST,
    TASK_DONE,
    TASK_FAILED,
    TASK_TAKEN,
    VALUE,
    receive_frame,
    send_frame,
)

#: The exit code after a MemoryError.
OUT_OF_MEMORY = 77
NICENESS = 5
MAX_TRACE = 4_000


def main(module_name: str, limits: dict[str, Any]) -> None:
    """Serves the socket on descriptor 0 until it closes or is idle for long."""
    channel = socket.socket(fileno=0)
    _restrict(limits)
    task = importlib.import_module(module_name)
    task.prepare()
    # A task computes; it has no file to write.
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    send_frame(channel, PROCESS_READY)
    while _is_readable(channel, limits["idle_seconds"]):
        try:
            kind, request = receive_frame(channel, limits["input_bytes"])
        except (EOFError, OSError):
            return
        assert kind == REQUEST
        send_frame(channel, TASK_TAKEN)
        _run(channel, task, request, limits["stage_cpu_seconds"])
        del request


def _restrict(limits: dict[str, Any]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (limits["memory_bytes"],) * 2)
    # The hub answers people; a task can wait.
    os.nice(NICENESS)


def _is_readable(channel: socket.socket, seconds: float) -> bool:
    channel.settimeout(seconds)
    try:
        return bool(channel.recv(1, socket.MSG_PEEK))
    except OSError:
        return False


def _run(channel: socket.socket, task: ModuleType, request: bytes, seconds: float) -> None:
    try:
        signal.setitimer(signal.ITIMER_PROF, seconds)
        for value in task.run(request):
            signal.setitimer(signal.ITIMER_PROF, 0)
            send_frame(channel, VALUE, value)
            signal.setitimer(signal.ITIMER_PROF, seconds)
        signal.setitimer(signal.ITIMER_PROF, 0)
        send_frame(channel, TASK_DONE)
    except MemoryError:
        os._exit(OUT_OF_MEMORY)
    except Exception as error:  # noqa: BLE001 - whatever a task raises is its answer
        signal.setitimer(signal.ITIMER_PROF, 0)
        # Without the message: it may have parts of the request in it.
        places = "".join(traceback.format_tb(error.__traceback__))[-MAX_TRACE:]
        send_frame(channel, TASK_FAILED, f"{type(error).__name__}\n{places}".encode())


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
