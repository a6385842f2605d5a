"""Which records are one person: a function of the links that hold, and of nothing else. Pure."""

from __future__ import annotations

from collections.abc import Iterable


class Roots:
    """The record that stands for each record's person, while links join them one by one."""

    def __init__(self, records: Iterable[int]) -> None:
        self._groups = {record: [record] for record in records}
        self._root = {record: record for record in self._groups}

    def __getitem__(self, record: int) -> int:
        return self._root[record]

    def join(self, one: int, other: int) -> None:
        """Makes one person of two; the first one's root stands for both."""
        keep, give = self._root[one], self._root[other]
        if keep == give:
            return
        joined = self._groups.pop(give)
        self._groups[keep] += joined
        self._root |= dict.fromkeys(joined, keep)

    def as_dict(self) -> dict[int, int]:
        return dict(self._root)


def roots_by_contact(records: Iterable[int], edges: Iterable[tuple[int, int]]) -> dict[int, int]:
    """The root of every record when these edges, in the order they were made, hold.

    A function of the edges alone: that is why an undone link leaves no trace.
    """
    found = Roots(records)
    for one, other in edges:
        found.join(one, other)
    return found.as_dict()
