"""One worker process, as its parent sees it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import asdict, dataclass

import structlog

from hub.processes.child import OUT_OF_MEMORY
from hub.processes.framing import (
    PROCESS_READY,
    REQUEST,
    TASK_DONE,
    TASK_FAILED,
    TASK_TAKEN,
    VALUE,
    FrameTooLarge,
    receive_frame,
    send_frame,
)
from hub.processes.limits import Limits

START_SECONDS = 30.0
#: Between the end of a process's socket and the end of the process.
EXIT_SECONDS = 5.0
MAX_NOTE = 1 << 16

log = structlog.get_logger()


class NotStarted(Exception):
    """No process could be started, or it did not become ready."""


class TaskLost(Exception):
    """The process ended for a reason outside of the task, which may be run again."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a task.

    Args:
        values: the values it yielded, also where it did not reach its end.
        failure: why it did not reach its end, as the end of a sentence: "it used more ...".
    """

    values: tuple[bytes, ...] = ()
    failure: str = ""


class Member:
    """A process and the socket to it.

    The socket is a socketpair: a write to a pipe without a reader never returns on green threads.
    """

    def __init__(self, process: subprocess.Popen[bytes], channel: socket.socket) -> None:
        self._process = process
        self._channel = channel
        self.tasks = 0
        self.is_usable = True

    @classmethod
    def start(cls, module: str, limits: Limits) -> Member:
        """A process that is ready.

        Raises:
            NotStarted: the system gives no process or no socket, or the child does not get ready.
        """
        try:
            ours, theirs = socket.socketpair()
            with theirs:
                process = subprocess.Popen(  # noqa: S603 - our own interpreter
                    [
                        *(sys.executable, "-P", "-m", "hub.processes.child"),
                        *(module, json.dumps(asdict(limits))),
                    ],
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env=_environment(),
                    start_new_session=True,
                )
        except OSError as error:
            raise NotStarted(str(error)) from error
        member = cls(process, ours)
        try:
            kind, _ = receive_frame(ours, 0, time.monotonic() + START_SECONDS)
        except (EOFError, OSError, FrameTooLarge) as error:
            member.stop()
            raise NotStarted(
                f"the process did not get ready (exit code {process.poll()})"
            ) from error
        assert kind == PROCESS_READY
        return member

    @property
    def is_alive(self) -> bool:
        """Whether the process runs. Reads no socket and writes to none."""
        return self._process.poll() is None

    def run(self, request: bytes, limits: Limits) -> Outcome:
        """Runs one task. A member whose task did not come to an end is of no more use.

        Raises:
            TaskLost: the process ended before it took the task, or by a signal from outside.
        """
        self.tasks += 1
        self.is_usable = False
        deadline = time.monotonic() + limits.wall_seconds
        values: list[bytes] = []
        is_taken = False
        try:
            send_frame(self._channel, REQUEST, request, deadline)
            left = limits.output_bytes
            while True:
                kind, content = receive_frame(self._channel, max(left, MAX_NOTE), deadline)
                left -= len(content)
                self.is_usable = kind in (TASK_DONE, TASK_FAILED)
                if kind == TASK_DONE:
                    return Outcome(tuple(values))
                if kind == TASK_FAILED:
                    name, _, places = content.decode("utf-8", "replace").partition("\n")
                    log.error("task_failed", error=name, places=places)
                    return Outcome(tuple(values), f"it could not be processed ({name})")
                if left < 0:
                    return Outcome(tuple(values), "its result is too large")
                is_taken = is_taken or kind == TASK_TAKEN
                if kind == VALUE:
                    values.append(content)
        except FrameTooLarge:
            return Outcome(tuple(values), "its result is too large")
        except TimeoutError:
            return Outcome(tuple(values), f"it took more than {limits.wall_seconds:g} s")
        except (EOFError, OSError):
            failure = _limit_reached(self._exit_code(), limits) if is_taken else ""
            if not failure:
                raise TaskLost from None
            return Outcome(tuple(values), failure)

    def stop(self) -> None:
        """Ends the process."""
        with contextlib.suppress(OSError):
            self._channel.close()
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def _exit_code(self) -> int:
        """The exit code of a process whose socket has closed; negative for a signal."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._process.wait(EXIT_SECONDS)
        self.stop()
        return self._process.wait()


def _limit_reached(code: int, limits: Limits) -> str:
    """The limit at which a process with this exit code ended, "" where it was none."""
    if code == -signal.SIGPROF:
        return f"it used more than {limits.stage_cpu_seconds:g} s of processor time"
    if code in (OUT_OF_MEMORY, -signal.SIGABRT):
        return f"it used more than {limits.memory_bytes >> 20} MB of memory"
    return ""


def _environment() -> dict[str, str]:
    # A task reads untrusted input, so it gets no secret.
    names = ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "SYSTEMROOT")
    return {name: os.environ[name] for name in names if name in os.environ} | {
        "LC_ALL": "C.UTF-8",
        # One arena instead of one for each thread: address space is what is limited.
        "MALLOC_ARENA_MAX": "2",
    }
