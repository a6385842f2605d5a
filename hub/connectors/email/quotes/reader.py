"""Asks the worker process for the readable part of a mail, and goes on without it when it dies."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import threading
import time
import weakref
from dataclasses import dataclass
from functools import cache

import structlog

from hub.connectors.email.quotes.folding import PRIVATE
from hub.connectors.html import plain_text

#: The worker bounds its processor time itself; this bounds one that hangs.
ANSWER_SECONDS = 10.0
START_SECONDS = 30.0
PROCESSES = 2
CHUNK = 1 << 16

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Readable:
    """A mail's text: the sender's own part, and the full text where that is longer."""

    text: str
    full_text: str = ""


@cache
def shared_reader() -> Reader:
    """The one reader of this process: every mailbox uses the same two workers."""
    return Reader()


class Reader:
    """Makes mail readable, in processes that are started when the first mail needs one."""

    def __init__(self) -> None:
        self._idle: list[Worker] = []
        self._free = threading.Semaphore(PROCESSES)
        self._finalizer = weakref.finalize(self, _stop_all, self._idle)

    def read(self, text: str, html: str, subject: str) -> Readable:
        """The readable text of a mail; from its HTML where it has no text of its own."""
        if not text.strip() and html.strip():
            text = self._ask({"op": "read", "html": html}) or plain_text(html)
        else:
            text = PRIVATE.sub("", text)
        whole = PRIVATE.sub("", text).strip()
        if "\n" not in whole:
            return Readable(whole)
        shown = self._ask({"op": "fold", "text": text, "subject": subject}) or whole
        return Readable(shown, whole if _squeezed(shown) != _squeezed(whole) else "")

    def close(self) -> None:
        """Ends the workers that are idle."""
        _stop_all(self._idle)

    def _ask(self, request: dict[str, str]) -> str | None:
        data = json.dumps(request).encode() + b"\n"
        with self._free:
            # A worker that was idle for long has ended itself; a fresh one then gets the request.
            for _ in range(2):
                worker = self._idle.pop() if self._idle else Worker.start()
                if worker is None:
                    return None
                answer = worker.ask(data)
                if answer is not None:
                    self._idle.append(worker)
                    return answer
                if worker.stop() != 0:
                    log.warning("mail_shown_unfolded", reason="its text took too long to read")
                    return None
        return None


class Worker:
    """One process and the two pipes to it."""

    def __init__(self, process: subprocess.Popen[bytes], requests: int, answers: int) -> None:
        self._process = process
        self._requests = requests
        self._answers = answers
        self._pending = b""

    @classmethod
    def start(cls) -> Worker | None:
        """A worker that is ready, None when no process can be started."""
        theirs_in, requests = os.pipe()
        answers, theirs_out = os.pipe()
        try:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "hub.connectors.email.quotes.worker"],
                stdin=theirs_in,
                stdout=theirs_out,
                stderr=subprocess.DEVNULL,
                env=_environment(),
                start_new_session=True,
            )
        except OSError as error:
            os.close(requests)
            os.close(answers)
            log.error("mail_shown_unfolded", reason=f"no process could be started: {error}")
            return None
        finally:
            os.close(theirs_in)
            os.close(theirs_out)
        os.set_blocking(requests, False)
        worker = cls(process, requests, answers)
        if worker._line(time.monotonic() + START_SECONDS) is None:
            log.error("mail_shown_unfolded", reason="the reading process does not start")
            worker.stop()
            return None
        return worker

    def ask(self, data: bytes) -> str | None:
        """The answer to a request, None when the process died of it or does not answer."""
        deadline = time.monotonic() + ANSWER_SECONDS
        try:
            while data:
                if not select.select([], [self._requests], [], _left(deadline))[1]:
                    return None
                data = data[os.write(self._requests, data[:CHUNK]) :]
        except OSError:
            return None
        return self._line(deadline)

    def stop(self) -> int:
        """Ends the process and returns its exit code: 0 if it had ended on its own."""
        for pipe in (self._requests, self._answers):
            with contextlib.suppress(OSError):
                os.close(pipe)
        code = self._process.poll()
        if code is None:
            self._process.kill()
            code = self._process.wait()
        return code

    def _line(self, deadline: float) -> str | None:
        while b"\n" not in self._pending:
            if not select.select([self._answers], [], [], _left(deadline))[0]:
                return None
            data = os.read(self._answers, CHUNK)
            if not data:
                return None
            self._pending += data
        line, _, self._pending = self._pending.partition(b"\n")
        return str(json.loads(line))


def _stop_all(workers: list[Worker]) -> None:
    while workers:
        workers.pop().stop()


def _environment() -> dict[str, str]:
    # It reads text of strangers, so it gets no secret.
    names = ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "SYSTEMROOT")
    return {name: os.environ[name] for name in names if name in os.environ} | {"LC_ALL": "C.UTF-8"}


def _left(deadline: float) -> float:
    return max(0.0, deadline - time.monotonic())


def _squeezed(text: str) -> str:
    return "".join(text.split())
