"""Whether a database can store: what its errors say, until a trial shows that it stores again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from hub import runtime
from hub.store import faults

#: How long after a fault, and after each trial that failed, the next trial is, in seconds.
TRY_AFTER = 2.0
#: More than the pages that a full database may still have free: small writes may go on there, so
#: they show nothing.
_CHARACTERS = 512 * 1024


class StoreState:
    """The state of one database. Safe to use from many threads."""

    def __init__(self, write: Callable[[Callable[[Any], None]], None]) -> None:
        """Takes the function that runs work in a transaction."""
        self._write = write
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._listeners: list[Callable[[faults.State], None]] = []
        self.current: faults.State = "ok"

    def on_change(self, listener: Callable[[faults.State], None]) -> None:
        """Calls `listener` with each new state."""
        self._listeners.append(listener)

    def note_error(self, error: BaseException) -> None:
        """Notes an error of a write. One that says that nothing can be stored begins the trials."""
        state = faults.state_after(error)
        if state != "ok":
            self._begin_trials(state)

    def note_full_disk(self) -> None:
        """Notes that a file beside the database found no room, and begins the trials."""
        self._begin_trials("full")

    def try_now(self) -> faults.State:
        """Writes something and deletes it, where the last write failed. Returns the state then."""
        if self.current != "ok":
            try:
                self._write(_write_and_delete)
            except DBAPIError:
                return self.current
            self._change("ok")
        return self.current

    def close(self) -> None:
        """Ends the trials."""
        self._closed.set()

    def _begin_trials(self, state: faults.State) -> None:
        if self._change(state) == "ok":
            runtime.spawn(self._try_until_it_stores, name="store-trials")

    def _try_until_it_stores(self) -> None:
        while not self._closed.wait(TRY_AFTER):
            if self.try_now() == "ok":
                return

    def _change(self, state: faults.State) -> faults.State:
        """Returns the state before."""
        with self._lock:
            before, self.current = self.current, state
        if state != before:
            for listener in self._listeners:
                listener(state)
        return before


def _write_and_delete(tx: Any) -> None:
    tx.execute(text("CREATE TABLE hub_trial (value TEXT)"))
    tx.execute(text("INSERT INTO hub_trial VALUES (:value)"), {"value": "x" * _CHARACTERS})
    tx.execute(text("DROP TABLE hub_trial"))
