"""A pool of worker processes: started when they are needed, replaced when they are gone."""

from __future__ import annotations

import threading
import weakref

import structlog

from hub.errors import Overloaded
from hub.processes.limits import Limits
from hub.processes.member import Member, NotStarted, Outcome, TaskLost

#: How often a task is begun whose process ended for a reason outside of the task.
ATTEMPTS = 3

log = structlog.get_logger()


class Pool:
    """Runs tasks in at most `size` processes at once; more callers wait.

    Args:
        module: the name of the task module, see `hub.processes.child`.
    """

    def __init__(self, module: str, limits: Limits | None = None, size: int = 2) -> None:
        self.limits = limits or Limits()
        self._module = module
        self._idle: list[Member] = []
        self._free = threading.Semaphore(size)
        self._finalizer = weakref.finalize(self, _stop_all, self._idle)

    def run(self, request: bytes) -> Outcome:
        """Runs one task. A task that reaches a limit is not run again.

        Raises:
            Overloaded: no process became free in time, or none could be started.
        """
        if len(request) > self.limits.input_bytes:
            return Outcome(failure=f"it is larger than {self.limits.input_bytes >> 20} MB")
        self._wait_for_turn()
        try:
            for _ in range(ATTEMPTS):
                outcome = self._try(request)
                if outcome is not None:
                    return outcome
            return Outcome(failure=f"its process was ended {ATTEMPTS} times")
        finally:
            self._free.release()

    def warm_up(self) -> None:
        """Starts a process if none is idle, so that the next task begins at once.

        Raises:
            Overloaded: no process became free in time, or none could be started.
        """
        self._wait_for_turn()
        try:
            self._idle.append(self._take_idle() or self._start())
        finally:
            self._free.release()

    def close(self) -> None:
        """Ends the processes that are idle."""
        _stop_all(self._idle)

    def _wait_for_turn(self) -> None:
        if not self._free.acquire(timeout=self.limits.wait_seconds):
            raise Overloaded("Too many messages are being read at this moment.")

    def _try(self, request: bytes) -> Outcome | None:
        """Runs a task once; None where its process was lost for a reason outside of the task."""
        member = self._take_idle() or self._start()
        try:
            outcome = member.run(request, self.limits)
        except TaskLost:
            return None
        finally:
            if member.is_usable and member.tasks < self.limits.tasks:
                self._idle.append(member)
            else:
                member.stop()
        if outcome.failure:
            log.warning("task_ended", module=self._module, reason=outcome.failure)
        return outcome

    def _take_idle(self) -> Member | None:
        while self._idle:
            member = self._idle.pop()
            # A process that was idle for long has ended itself.
            if member.is_alive:
                return member
            member.stop()
        return None

    def _start(self) -> Member:
        try:
            return Member.start(self._module, self.limits)
        except NotStarted as error:
            log.error("process_not_started", module=self._module, reason=str(error))
            raise Overloaded("No process could be started to read this message.") from error


def _stop_all(members: list[Member]) -> None:
    while members:
        members.pop().stop()
