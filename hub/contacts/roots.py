"""The roots of contacts that links join: a function of the links that hold, nothing else. Pure.

A root is the contact that stands for all contacts of one customer.
"""

from __future__ import annotations

from collections.abc import Iterable


class Roots:
    """The root of each contact, while links join contacts one by one."""

    def __init__(self, contact_ids: Iterable[int]) -> None:
        self._groups = {contact_id: [contact_id] for contact_id in contact_ids}
        self._root = {contact_id: contact_id for contact_id in self._groups}

    def __getitem__(self, contact_id: int) -> int:
        return self._root[contact_id]

    def join(self, contact_id: int, joined_contact_id: int) -> None:
        """Gives the contacts of both roots the root of the first contact."""
        kept_root, old_root = self._root[contact_id], self._root[joined_contact_id]
        if kept_root == old_root:
            return
        joined = self._groups.pop(old_root)
        self._groups[kept_root] += joined
        self._root |= dict.fromkeys(joined, kept_root)

    def as_dict(self) -> dict[int, int]:
        return dict(self._root)


def roots_by_contact(
    contact_ids: Iterable[int], links: Iterable[tuple[int, int]]
) -> dict[int, int]:
    """The root of every contact when these links hold.

    A function of the links alone: that is why an undone link leaves no trace.

    Args:
        links: pairs of contact ids, in the order in which the links were made.
    """
    roots = Roots(contact_ids)
    for contact_id, joined_contact_id in links:
        roots.join(contact_id, joined_contact_id)
    return roots.as_dict()
