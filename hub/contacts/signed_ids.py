"""Ids that sites sign for their customers: addresses to which nothing is ever sent.

Two ids of one site are two customers, whatever else they have in common.
"""

from __future__ import annotations

from sqlalchemy import Connection, select

from hub.contacts import contact_addresses
from hub.store.models import addresses

SCHEME = "identity"


def signed_ids_of(connection: Connection, contact_id: int) -> frozenset[tuple[str, str]]:
    """The signed ids of a contact and of all contacts joined to it, by whatever evidence.

    Returns: pairs of the connector whose site signed the id, and the id.
    Raises:
        NotFound: no such contact.
    """
    contact_ids = contact_addresses.linked_contact_ids(connection, contact_id)
    rows = connection.execute(
        select(addresses.c.scope, addresses.c.path).where(
            addresses.c.contact_id.in_(contact_ids), addresses.c.scheme == SCHEME
        )
    )
    return frozenset((row.scope, row.path) for row in rows)


def are_different_customers(connection: Connection, contact_id: int, other_contact_id: int) -> bool:
    """Whether one site has signed two different ids for two contacts. Raises NotFound."""
    first_ids = signed_ids_of(connection, contact_id)
    second_ids = signed_ids_of(connection, other_contact_id)
    connectors = {scope for scope, _ in first_ids} & {scope for scope, _ in second_ids}
    return bool(connectors - {scope for scope, _ in first_ids & second_ids})
