"""The faults of a provider, as verbs: throttled, down, an answer that never arrives."""

from __future__ import annotations

import math
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Response, json, request


@dataclass(frozen=True, slots=True)
class FaultAnswers:
    """A provider's own answers: `throttled` gets the seconds to wait, `down` is its 5xx."""

    throttled: Callable[[int], Response]
    down: Callable[[], Response]


class Faults:
    """Mixed into each HTTP stand-in, which works until a verb is called."""

    def __init__(self, answers: FaultAnswers) -> None:
        self._answers = answers
        self._fault_lock = threading.Lock()
        self._throttled_until = 0.0
        self._down = False
        self._lost_answers = 0
        self._held: threading.Event | None = None
        self._next: deque[Response] = deque()

    # -- verbs ------------------------------------------------------------------------------

    def is_throttled(self, seconds: float) -> None:
        """Every send is answered 429 until `seconds` have passed."""
        self._throttled_until = time.monotonic() + seconds

    def is_down(self) -> None:
        """Every request is answered with the provider's own kind of 5xx."""
        self._down = True

    def is_up(self) -> None:
        """Ends every fault."""
        with self._fault_lock:
            self._down = False
            self._throttled_until = 0.0
            self._lost_answers = 0
            self._next.clear()
            if self._held:
                self._held.set()
                self._held = None

    def times_out_after_accepting(self, times: int = 1) -> None:
        """Carries out the next sends and cuts the connection before the answer."""
        self._lost_answers = times

    def hangs_after_accepting(self) -> None:
        """Carries out the next send, but answers after `is_up`: the caller times out first."""
        self._held = threading.Event()

    def next_answer(
        self, status: int, body: Any = "", headers: dict[str, str] | None = None
    ) -> None:
        """Answers the next send like this instead of carrying it out. Calls add up.

        Args:
            body: text or bytes, or a value that becomes JSON.
        """
        plain = isinstance(body, str | bytes)
        self._next.append(
            Response(
                body if plain else json.dumps(body),
                status,
                headers,
                mimetype="text/plain" if plain else "application/json",
            )
        )

    # -- for the stand-in -------------------------------------------------------------------

    def fault_before(self, *, sending: bool) -> Response | None:
        """Returns the answer to give instead of carrying out the request, or None."""
        if self._down:
            return self._answers.down()
        if not sending:
            return None
        left = self._throttled_until - time.monotonic()
        if left > 0:
            return self._answers.throttled(math.ceil(left))
        with self._fault_lock:
            return self._next.popleft() if self._next else None

    def fault_after(self) -> None:
        """Cuts or holds the connection after a send was carried out, if a verb said so."""
        with self._fault_lock:
            held, self._held = self._held, None
            lost = self._lost_answers > 0
            self._lost_answers -= lost
        if held:
            held.wait(120)
            lost = True
        if lost:
            connection: socket.socket = request.environ["werkzeug.socket"]
            connection.shutdown(socket.SHUT_RDWR)
