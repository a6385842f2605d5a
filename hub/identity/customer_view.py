"""What a customer may see: the messages at the addresses that are proved to be theirs, no others.

Messages are looked up for each address and then merged: as fast in a long timeline as in a short
one.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from heapq import nlargest, nsmallest
from typing import Any

from sqlalchemy import Connection, bindparam, select

from hub.contacts import contact_addresses
from hub.contacts.contact_addresses import ContactAddress
from hub.conversations import late_commits, views
from hub.identity import links
from hub.schema import resources
from hub.store.models import addresses, contacts, messages
from hub.types import Address

_MESSAGES_AT = select(messages.c.created_at, messages.c.id).where(
    messages.c.address_id == bindparam("address_id"), messages.c.type == "message"
)
_NEWEST = _MESSAGES_AT.order_by(messages.c.created_at.desc(), messages.c.id.desc()).limit(
    bindparam("limit")
)
_BEFORE = (
    _MESSAGES_AT.where(
        messages.c.created_at <= bindparam("at"),
        (messages.c.created_at < bindparam("at")) | (messages.c.id < bindparam("before")),
    )
    .order_by(messages.c.created_at.desc(), messages.c.id.desc())
    .limit(bindparam("limit"))
)
_AFTER = (
    _MESSAGES_AT.where(messages.c.id > bindparam("after"))
    # The sum keeps SQL on the index of the address: by ids it would pass all customers' messages.
    .order_by(messages.c.id + 0)
    .limit(bindparam("limit"))
)


@dataclass(frozen=True, slots=True)
class ProvedAddresses:
    """An address, with every address that is proved to belong to the same person.

    Args:
        contact_address: the address that was asked for.
        addresses: all of them by their ids, this one too.
        contact_ids: the contacts that own them.
    """

    contact_address: ContactAddress
    addresses: dict[int, Address]
    contact_ids: frozenset[int]

    @property
    def address_ids(self) -> Collection[int]:
        return self.addresses.keys()


def find_proved_addresses(connection: Connection, address: Address) -> ProvedAddresses | None:
    """Finds the addresses that are proved to belong to the owner of this one.

    Returns: None where no contact has this address yet.
    """
    contact_address = contact_addresses.find_contact_address(connection, address)
    if contact_address is None:
        return None
    proved_ids = links.proved_address_ids(connection, contact_address.contact_id)
    rows = connection.execute(
        select(
            addresses.c.id,
            addresses.c.contact_id,
            addresses.c.scheme,
            addresses.c.path,
            addresses.c.scope,
        ).where(addresses.c.id.in_(proved_ids | {contact_address.address_id}))
    ).all()
    return ProvedAddresses(
        contact_address,
        {row.id: Address(row.scheme, row.path, row.scope) for row in rows},
        frozenset(row.contact_id for row in rows),
    )


def customer_contact(connection: Connection, proved: ProvedAddresses) -> resources.Contact:
    """Returns the owner of an address as they may see themselves: without attributes.

    The name is that of the person only where the contact that stands for the person is proved to be
    theirs: an agent may have merged them with another person by mistake.
    """
    contact_address = proved.contact_address
    # Instead of the name that agents see, which for the nameless is a number or an address.
    contact = contact_address.contact.model_copy(update={"name": contact_address.name})
    if contact_address.root_id not in proved.contact_ids:
        row = connection.execute(
            select(contacts.c.name, contacts.c.avatar_url).where(
                contacts.c.id == contact_address.contact_id
            )
        ).one()
        contact = contact.model_copy(update={"name": row.name, "avatar_url": row.avatar_url})
    return contact.model_copy(update={"attributes": {}})


def messages_before(
    connection: Connection, address_ids: Collection[int], limit: int, before: int | None = None
) -> list[resources.Message]:
    """Returns the last messages at these addresses, oldest first: of all, or before a message.

    Args:
        before: the id of a message. Before one that is not at these addresses there is nothing.
    """
    query, parameters = _NEWEST, dict[str, Any]()
    if before is not None:
        at = connection.execute(
            select(messages.c.created_at).where(
                messages.c.id == before, messages.c.address_id.in_(address_ids)
            )
        ).scalar()
        if at is None:
            return []
        query, parameters = _BEFORE, {"at": at, "before": before}
    keys = [
        (row.created_at, row.id)
        for address_id in address_ids
        for row in connection.execute(
            query, {"address_id": address_id, "limit": limit, **parameters}
        )
    ]
    newest = nlargest(limit, keys)
    return _load_messages(connection, [message_id for _at, message_id in reversed(newest)])


def messages_after(
    connection: Connection, address_ids: Collection[int], after: int, limit: int
) -> tuple[list[resources.Message], bool]:
    """Returns the first messages at these addresses after a message, and whether there are more.

    The first ones are those with a lower id that were committed later.

    Args:
        after: the id of a message.
    """
    ids = [
        row.id
        for address_id in address_ids
        for row in connection.execute(
            _AFTER, {"address_id": address_id, "after": after, "limit": limit + 1}
        )
    ]
    first = nsmallest(limit + 1, ids)
    late = _seen_later(connection, address_ids, after)
    return _load_messages(connection, late + first[:limit]), len(first) > limit


def _seen_later(connection: Connection, address_ids: Collection[int], after: int) -> list[int]:
    """Returns the messages with a lower id at these addresses that were committed later."""
    late = late_commits.ids_seen_later(connection, after)
    if not late:
        return []
    of_these = select(messages.c.id).where(
        messages.c.id.in_(late),
        messages.c.address_id.in_(address_ids),
        messages.c.type == "message",
    )
    return sorted(connection.execute(of_these).scalars())


def _load_messages(connection: Connection, ids: list[int]) -> list[resources.Message]:
    rows = connection.execute(views.SELECT_MESSAGES.where(messages.c.id.in_(ids))).all()
    by_id = {row.id: row for row in rows}
    return views.messages_from_rows(connection, [by_id[message_id] for message_id in ids])
