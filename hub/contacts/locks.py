"""The locks that transactions about people take, in the order of `hub.store.lock_order`.

They hold until the commit. On SQLite, which has one writer at a time, they do nothing.
"""

from __future__ import annotations

from hub.store.engine import Transaction
from hub.types import Address


def lock_addresses(tx: Transaction, *addresses: Address) -> None:
    """Lets no other transaction create the contacts of these addresses, or move them."""
    for name in sorted(f"address:{each.scheme}:{each.scope}:{each.path}" for each in addresses):
        tx.lock(name)


def lock_links(tx: Transaction) -> None:
    """Lets no other transaction make or undo a link, or lock more than one person."""
    tx.lock("links")


def lock_person(tx: Transaction, root_id: int) -> None:
    """Lets no other transaction start or merge a conversation of a person, or change the contact.

    A link that was made or undone while this waited has given the person another root: what is
    read after it tells.
    """
    tx.lock(f"contact:{root_id}")
