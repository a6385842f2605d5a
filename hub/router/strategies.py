"""Who gets what. Pure: values in, decisions out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heapify, heapreplace


@dataclass(frozen=True, slots=True)
class Load:
    """An agent who could take more, and how many conversations they hold."""

    agent_id: int
    held: int


def least_loaded(waiting: Sequence[int], loads: Sequence[Load]) -> list[tuple[int, int]]:
    """Pairs each waiting conversation, in order, with whoever holds the least by then.

    A burst spreads: what was just given counts. Ties go to the lower id.
    """
    if not loads:
        return []
    heap = [(load.held, load.agent_id) for load in loads]
    heapify(heap)
    pairs = []
    for conversation_id in waiting:
        held, agent_id = heap[0]
        pairs.append((conversation_id, agent_id))
        heapreplace(heap, (held + 1, agent_id))
    return pairs
