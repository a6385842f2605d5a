"""What a customer is shown: what was said at the addresses that they have proved, and no more.

One look-up per address, merged: as cheap in a long thread as in a short one.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from heapq import nlargest, nsmallest
from typing import Any

from sqlalchemy import Connection, bindparam, select

from hub.contacts import contact_addresses
from hub.contacts.contact_addresses import ContactAddress
from hub.conversations import views
from hub.identity import links
from hub.schema import resources
from hub.store.models import addresses, contacts, messages
from hub.store.prepared import Prepared
from hub.types import Address

_SAID = select(messages.c.created_at, messages.c.id).where(
    messages.c.address_id == bindparam("address_id"), messages.c.type == "message"
)
_NEWEST = Prepared(
    _SAID.order_by(messages.c.created_at.desc(), messages.c.id.desc()).limit(bindparam("limit"))
)
_BEFORE = Prepared(
    _SAID.where(
        messages.c.created_at <= bindparam("at"),
        (messages.c.created_at < bindparam("at")) | (messages.c.id < bindparam("before")),
    )
    .order_by(messages.c.created_at.desc(), messages.c.id.desc())
    .limit(bindparam("limit"))
)
_AFTER = Prepared(
    _SAID.where(messages.c.id > bindparam("after"))
    # By the index of the address: along the ids it would pass by everybody's messages.
    .order_by(messages.c.id + 0)
    .limit(bindparam("limit"))
)


@dataclass(frozen=True, slots=True)
class Proved:
    """Whoever holds an address, with every address that they proved to hold besides."""

    person: ContactAddress
    addresses: dict[int, Address]
    records: frozenset[int]

    @property
    def ids(self) -> Collection[int]:
        return self.addresses.keys()


def proved(connection: Connection, address: Address) -> Proved | None:
    """What the holder of this address has proved; None when it is nobody's yet."""
    person = contact_addresses.find_contact_address(connection, address)
    if person is None:
        return None
    ids = links.proved_with(connection, person.contact_id) | {person.address_id}
    rows = connection.execute(
        select(
            addresses.c.id,
            addresses.c.contact_id,
            addresses.c.scheme,
            addresses.c.path,
            addresses.c.scope,
        ).where(addresses.c.id.in_(ids))
    ).all()
    return Proved(
        person,
        {row.id: Address(row.scheme, row.path, row.scope) for row in rows},
        frozenset(row.contact_id for row in rows),
    )


def contact(connection: Connection, found: Proved) -> resources.Contact:
    """Whoever holds an address, as they may see themselves.

    The name is theirs only where they proved to be the one who was given it: an agent may have
    merged them with somebody by mistake.
    """
    # What agents call the nameless by is none of their own.
    known = found.person.contact.model_copy(update={"name": found.person.name})
    if found.person.root_id not in found.records:
        row = connection.execute(
            select(contacts.c.name, contacts.c.avatar_url).where(
                contacts.c.id == found.person.contact_id
            )
        ).one()
        known = known.model_copy(update={"name": row.name, "avatar_url": row.avatar_url})
    return known.model_copy(update={"attributes": {}})


def messages_before(
    connection: Connection, address_ids: Collection[int], limit: int, before: int | None = None
) -> list[resources.Message]:
    """The last that was said at these addresses, oldest first: all of it, or before a message.

    Nothing is before a message that was said elsewhere.
    """
    query, edge = _NEWEST, dict[str, Any]()
    if before is not None:
        at = connection.execute(
            select(messages.c.created_at).where(
                messages.c.id == before, messages.c.address_id.in_(address_ids)
            )
        ).scalar()
        if at is None:
            return []
        query, edge = _BEFORE, {"at": at, "before": before}
    found = [
        (row.created_at, row.id)
        for one in address_ids
        for row in query.rows(connection, {"address_id": one, "limit": limit, **edge})
    ]
    newest = nlargest(limit, found)
    return _shapes(connection, [id_ for _at, id_ in reversed(newest)])


def messages_after(
    connection: Connection, address_ids: Collection[int], after: int, limit: int
) -> tuple[list[resources.Message], bool]:
    """What came to these addresses after a message, oldest first, and whether there is more."""
    found = [
        row.id
        for one in address_ids
        for row in _AFTER.rows(connection, {"address_id": one, "after": after, "limit": limit + 1})
    ]
    first = nsmallest(limit + 1, found)
    return _shapes(connection, first[:limit]), len(first) > limit


def _shapes(connection: Connection, ids: list[int]) -> list[resources.Message]:
    rows = connection.execute(views.MESSAGES.where(messages.c.id.in_(ids))).all()
    by_id = {row.id: row for row in rows}
    return views.message_shapes(connection, [by_id[one] for one in ids])
