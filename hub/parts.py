"""Starts and stops the parts of a process in the order that they declare. Pure: knows no part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum


class RunsIn(Enum):
    """The processes of a hub that start a part. One process alone is both."""

    EVERY_PROCESS = "every process"
    WEB = "web"
    WORKER = "worker"
    WEB_ONLY = "web without worker"


def _nothing() -> None:
    """For parts that are up from the beginning, or have nothing to stop."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a process.

    Args:
        name: unique; other parts name it in `after`.
        start: begins its work and returns at once.
        stop: ends its work; harmless for a part that was not started.
        runs_in: the processes that start it. Every process stops it.
        after: the names of the parts that must be up before it, and go down after it.
    """

    name: str
    start: Callable[[], object] = _nothing
    stop: Callable[[], object] = _nothing
    runs_in: RunsIn = RunsIn.EVERY_PROCESS
    after: tuple[str, ...] = ()


class Parts:
    """All parts of a process. Parts that do not depend on each other keep the declared order."""

    def __init__(self, parts: Sequence[Part]) -> None:
        """Raises ValueError for a name that stands twice or is missing, and for a circle."""
        self._ordered = in_order(parts)

    def start(self, *, web: bool, worker: bool) -> None:
        """Starts the parts of this kind of process."""
        starts = {
            RunsIn.EVERY_PROCESS: True,
            RunsIn.WEB: web,
            RunsIn.WORKER: worker,
            RunsIn.WEB_ONLY: web and not worker,
        }
        for part in self._ordered:
            if starts[part.runs_in]:
                part.start()

    def stop(self) -> None:
        """Stops every part in the reverse order."""
        for part in reversed(self._ordered):
            part.stop()


def in_order(parts: Sequence[Part]) -> list[Part]:
    """The parts, each behind those it names in `after`.

    Raises:
        ValueError: a name stands twice, a named part is missing, or parts wait for each other.
    """
    by_name = {part.name: part for part in parts}
    if len(by_name) < len(parts):
        raise ValueError("Two parts have the same name.")
    ordered: dict[str, Part] = {}

    def place(part: Part, waiting: tuple[str, ...]) -> None:
        if part.name in waiting:
            raise ValueError(f"Parts wait for each other: {' > '.join((*waiting, part.name))}.")
        if part.name in ordered:
            return
        for name in part.after:
            if name not in by_name:
                raise ValueError(f"{part.name} comes after {name}, which is not there.")
            place(by_name[name], (*waiting, part.name))
        ordered[part.name] = part

    for part in parts:
        place(part, ())
    return list(ordered.values())
