"""Ids that sites sign for their customers: addresses that nobody writes to.

Two ids of one site are two people, whatever else they have in common.
"""

from __future__ import annotations

from sqlalchemy import Connection, select

from hub.contacts import contact_addresses
from hub.store.models import addresses

SCHEME = "identity"


def signed_ids_of(connection: Connection, contact_id: int) -> frozenset[tuple[str, str]]:
    """The signed ids of a person, each with the connector whose site signed it.

    By whatever evidence their records are one person. Raises NotFound.
    """
    records = contact_addresses.linked_contact_ids(connection, contact_id)
    found = connection.execute(
        select(addresses.c.scope, addresses.c.path).where(
            addresses.c.contact_id.in_(records), addresses.c.scheme == SCHEME
        )
    )
    return frozenset((row.scope, row.path) for row in found)


def are_different_customers(connection: Connection, contact_id: int, other_contact_id: int) -> bool:
    """Whether one site has signed that these are two people. Raises NotFound."""
    ours, theirs = (
        signed_ids_of(connection, contact_id),
        signed_ids_of(connection, other_contact_id),
    )
    same_site = {scope for scope, _ in ours} & {scope for scope, _ in theirs}
    return bool(same_site - {scope for scope, _ in ours & theirs})
