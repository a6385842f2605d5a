"""Notices what of the other processes' events did not arrive, by their numbers. Pure.

A process numbers its events, and says every second which number it has reached. A number that is
left out, and a process that falls silent without a goodbye, are gaps: it may have written to the
database what it could not say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from hub.inbox.peers.envelope import Envelope

#: How often a process says that it lives, in seconds.
ALIVE_SECONDS = 1.0
#: After this time without a word a process counts as dead.
SILENT_SECONDS = 6.0
#: How long after the first subscription a process that is not known yet was there before. Later
#: ones are new: their first event has the number 1.
SETTLED_SECONDS = 3.0


class Arrival(NamedTuple):
    """What an envelope tells.

    Args:
        is_new: it is an event that did not come before.
        has_gap: events before it did not come.
    """

    is_new: bool
    has_gap: bool


@dataclass(slots=True)
class _Peer:
    number: int
    heard_at: float


class Gaps:
    """The numbers of all other processes. Times are seconds of a clock that never goes back."""

    def __init__(self) -> None:
        self._peers: dict[str, _Peer] = {}
        self._settled_at: float | None = None

    def subscribed(self, now: float) -> None:
        """A subscription begins; all that was published before it did not come.

        What the processes said before the very first one concerns no socket of this process. After
        a later one the numbers of before show what was missed.
        """
        if self._settled_at is None:
            self._settled_at = now + SETTLED_SECONDS
        for peer in self._peers.values():
            peer.heard_at = now

    def arrived(self, envelope: Envelope, now: float) -> Arrival:
        """Counts an envelope that came."""
        is_event = envelope.kind == "event"
        # All that came before this envelope, by the sender's count.
        before = envelope.number - 1 if is_event else envelope.number
        peer = self._peers.get(envelope.process)
        if peer is None:
            known = before if self._settled_at is None or now < self._settled_at else 0
            peer = self._peers[envelope.process] = _Peer(known, now)
        peer.heard_at = now
        has_gap = before > peer.number
        is_new = is_event and envelope.number > peer.number
        peer.number = max(peer.number, envelope.number)
        if envelope.kind == "bye":
            del self._peers[envelope.process]
        return Arrival(is_new, has_gap)

    def forget_silent(self, now: float) -> list[str]:
        """Forgets the processes that fell silent without a goodbye, and returns them."""
        silent = [
            process for process, peer in self._peers.items() if now - peer.heard_at > SILENT_SECONDS
        ]
        for process in silent:
            del self._peers[process]
        return silent
