"""The name, picture and attributes of contacts, and the text that they are found by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from hub import phones
from hub.contacts import locks, match_detection
from hub.errors import Invalid, NotFound
from hub.schema import resources, search_index
from hub.schema.events import ContactUpdated, Event
from hub.schema.storable_text import storable
from hub.store.engine import Transaction
from hub.store.models import addresses, contacts
from hub.types import Address, Profile

MAX_NAME = 200
#: Schemes of addresses that serve as a name where no name is known.
NAMING_SCHEMES = ("tel", "mailto")


def update_display_name(tx: Transaction, root_id: int) -> None:
    """Writes the name that agents read for a root, after a name, an address or a link changed.

    It is the root's own name; else that of the oldest contact joined to it that has one, which
    goes with that contact when the link is undone; else the first phone number or mail address.
    """
    belongs_to_root = contacts.c.root_id == root_id
    name = tx.execute(select(contacts.c.name).where(contacts.c.id == root_id)).scalar_one()
    if not name:
        oldest_named = select(func.min(contacts.c.id)).where(belongs_to_root, contacts.c.name != "")
        name = tx.execute(
            select(contacts.c.name).where(contacts.c.id == oldest_named.scalar_subquery())
        ).scalar()
    if not name:
        oldest_address = (
            select(func.min(addresses.c.id))
            .join(contacts, contacts.c.id == addresses.c.contact_id)
            .where(belongs_to_root, addresses.c.scheme.in_(NAMING_SCHEMES))
        )
        path = tx.execute(
            select(addresses.c.path).where(addresses.c.id == oldest_address.scalar_subquery())
        ).scalar()
        name = phones.readable(path or "")
    tx.execute(update(contacts).where(contacts.c.id == root_id).values(called=name))


def first_display_name(name: str, address: Address) -> str:
    """The name that agents read for a new contact."""
    return name or (phones.readable(address.path) if address.scheme in NAMING_SCHEMES else "")


def get_contact(connection: Connection, contact_id: int) -> resources.Contact:
    """The root of a contact. Raises NotFound."""
    root = contacts.alias()
    row = connection.execute(
        select(root)
        .join(contacts, contacts.c.root_id == root.c.id)
        .where(contacts.c.id == contact_id)
    ).first()
    if row is None:
        raise NotFound("There is no such contact.")
    return contact_from_row(row)


def add_profile(tx: Transaction, contact_id: int, profile: Profile) -> None:
    """Adds a provider's profile to a contact, where no picture and no name was known."""
    locks.lock_person(tx, int(get_contact(tx.connection, contact_id).id))
    tx.execute(
        update(contacts)
        .where(contacts.c.id == contact_id, contacts.c.avatar_url == "")
        .values(avatar_url=profile.avatar_url)
    )
    add_name(tx, contact_id, profile.name)


def add_name(tx: Transaction, contact_id: int, name: str) -> None:
    """Gives a contact the name that came with one of its addresses."""
    _update_contact(tx, contact_id, storable(name[:MAX_NAME]), {})


def edit_contact(
    tx: Transaction,
    contact_id: int,
    *,
    name: str | None = None,
    attributes: Mapping[str, Any] | None = None,
) -> resources.Contact:
    """Changes the name or the attributes of a contact's root.

    Args:
        attributes: the attributes to change; a null value removes one.

    Raises:
        NotFound: no such contact.
        Invalid: a name over 200 characters.
    """
    name, attributes = storable(name), storable(attributes)
    root_id = int(get_contact(tx.connection, contact_id).id)
    locks.lock_person(tx, root_id)
    if name is not None and len(name) > MAX_NAME:
        raise Invalid(f"A name has at most {MAX_NAME} characters.", "name")
    contact = _update_contact(tx, root_id, name, attributes or {})
    if attributes:
        match_detection.record_given_addresses(tx, contact_id, contact.name, attributes)
    return contact


def _update_contact(
    tx: Transaction, contact_id: int, name: str | None, attributes: Mapping[str, Any]
) -> resources.Contact:
    """Changes one contact, with its search text, and publishes its root.

    Args:
        name: the new name; None keeps the name.
        attributes: the attributes to change; a null value removes one.

    Returns: the root.
    """
    before = tx.execute(select(contacts).where(contacts.c.id == contact_id)).one()
    new_name = before.name if name is None else name
    merged = {**before.attributes, **attributes}
    new_attributes = {key: value for key, value in merged.items() if value is not None}
    # The root is read here, when the row is locked: a link may have been made in the meantime.
    root_id = tx.execute(
        update(contacts)
        .where(contacts.c.id == contact_id)
        .values(name=new_name, attributes=new_attributes, updated_at=tx.now)
        .returning(contacts.c.root_id)
    ).scalar_one()
    if new_name != before.name:
        update_display_name(tx, root_id)
    paths = address_paths(tx, contact_id)
    search_index.reindex_contact(
        tx,
        contact_id,
        search_text(before.name, paths, before.attributes),
        search_text(new_name, paths, new_attributes),
    )
    contact = get_contact(tx.connection, contact_id)
    tx.publish(Event(ContactUpdated(contact=contact)))
    return contact


def contact_from_row(row: Row[Any]) -> resources.Contact:
    """A contact as agents see it, from the row of a root."""
    return resources.Contact(
        id=row.id,
        name=row.called,
        avatar_url=row.avatar_url,
        attributes=row.attributes,
        created_at=row.created_at,
    )


def address_paths(tx: Transaction, contact_id: int) -> list[str]:
    """The paths of a contact's addresses, oldest first."""
    rows = tx.execute(
        select(addresses.c.path)
        .where(addresses.c.contact_id == contact_id)
        .order_by(addresses.c.id)
    )
    return list(rows.scalars())


def search_text(name: str, paths: list[str], attributes: Mapping[str, Any]) -> str:
    """The text that a contact is found by."""
    return " ".join([name, *paths, *(str(value) for value in attributes.values())])
