"""Who gets what. Pure: values in, decisions out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import nsmallest


@dataclass(frozen=True, slots=True)
class Load:
    """An agent who could take more, and how many conversations they hold."""

    agent_id: int
    held: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """A conversation that nobody has. Who is in `not_for` let it go and does not get it back."""

    conversation_id: int
    not_for: tuple[int, ...] = ()


def least_loaded(waiting: Sequence[Waiting], loads: Sequence[Load]) -> list[tuple[int, int]]:
    """Pairs each waiting conversation, in order, with whoever holds the least by then.

    A burst spreads: what was just given counts. Ties go to the lower id. What only the one who let
    it go could take is left out.
    """
    held = [(load.held, load.agent_id) for load in loads]
    pairs = []
    for one in waiting:
        few = nsmallest(len(one.not_for) + 1, held)
        chosen = next((load for load in few if load[1] not in one.not_for), None)
        if chosen is None:
            continue
        pairs.append((one.conversation_id, chosen[1]))
        held.remove(chosen)
        held.append((chosen[0] + 1, chosen[1]))
    return pairs
