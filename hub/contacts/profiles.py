"""What is known of a contact: name, picture, attributes, and the words to find them by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, func, select, update

from hub import phones
from hub.contacts import match_detection
from hub.errors import Invalid, NotFound
from hub.schema import resources, search_index
from hub.schema.events import ContactUpdated, Event
from hub.schema.storable_text import storable
from hub.store.engine import Transaction
from hub.store.models import addresses, contacts
from hub.types import Address, Profile

MAX_NAME = 200
#: Addresses that say to people who somebody is.
NAMING_SCHEMES = ("tel", "mailto")


def update_display_name(tx: Transaction, root_id: int) -> None:
    """Writes down what a person is called, after a name, an address or a link of theirs changed.

    Their own name; else that of the oldest record linked to them that has one, which stays with its
    record and goes with it when the link is undone; else their first number or mail address.
    """
    own = contacts.c.root_id == root_id
    name = tx.execute(select(contacts.c.name).where(contacts.c.id == root_id)).scalar_one()
    if not name:
        named = select(func.min(contacts.c.id)).where(own, contacts.c.name != "")
        name = tx.execute(
            select(contacts.c.name).where(contacts.c.id == named.scalar_subquery())
        ).scalar()
    if not name:
        reached = (
            select(func.min(addresses.c.id))
            .join(contacts, contacts.c.id == addresses.c.contact_id)
            .where(own, addresses.c.scheme.in_(NAMING_SCHEMES))
        )
        path = tx.execute(
            select(addresses.c.path).where(addresses.c.id == reached.scalar_subquery())
        ).scalar()
        name = phones.readable(path or "")
    tx.execute(update(contacts).where(contacts.c.id == root_id).values(called=name))


def first_display_name(name: str, address: Address) -> str:
    """What somebody is called of whom nothing is known but an address."""
    return name or (phones.readable(address.path) if address.scheme in NAMING_SCHEMES else "")


def get_contact(connection: Connection, contact_id: int) -> resources.Contact:
    """The person a record belongs to. Raises NotFound."""
    root = contacts.alias()
    row = connection.execute(
        select(root)
        .join(contacts, contacts.c.root_id == root.c.id)
        .where(contacts.c.id == contact_id)
    ).first()
    if row is None:
        raise NotFound("There is no such contact.")
    return contact_from_row(row)


def add_profile(tx: Transaction, record_id: int, profile: Profile) -> None:
    """Keeps what a provider tells of somebody, where nothing was known, with their own record."""
    tx.execute(
        update(contacts)
        .where(contacts.c.id == record_id, contacts.c.avatar_url == "")
        .values(avatar_url=profile.avatar_url)
    )
    add_name(tx, record_id, profile.name)


def add_name(tx: Transaction, record_id: int, name: str) -> None:
    """Keeps the name that came with an address on the record that has the address."""
    _update_contact(tx, record_id, storable(name[:MAX_NAME]), {})


def edit_contact(
    tx: Transaction,
    contact_id: int,
    *,
    name: str | None = None,
    attributes: Mapping[str, Any] | None = None,
) -> resources.Contact:
    """Changes a contact's name, or its attributes (a null value takes one away).

    Raises:
        NotFound: no such contact.
        Invalid: a name over 200 characters.
    """
    name, attributes = storable(name), storable(attributes)
    root_id = int(get_contact(tx.connection, contact_id).id)
    if name is not None and len(name) > MAX_NAME:
        raise Invalid(f"A name has at most {MAX_NAME} characters.", "name")
    after = _update_contact(tx, root_id, name, attributes or {})
    if attributes:
        match_detection.record_given_addresses(tx, contact_id, after.name, attributes)
    return after


def _update_contact(
    tx: Transaction, record_id: int, name: str | None, attributes: Mapping[str, Any]
) -> resources.Contact:
    """Writes one record anew. Returns the person it belongs to, as everybody is told."""
    before = tx.execute(select(contacts).where(contacts.c.id == record_id)).one()
    new_name = before.name if name is None else name
    merged = {**before.attributes, **attributes}
    known = {key: value for key, value in merged.items() if value is not None}
    # The root as it is now that the row is ours: a link may have been made while we waited for it.
    root_id = tx.execute(
        update(contacts)
        .where(contacts.c.id == record_id)
        .values(name=new_name, attributes=known, updated_at=tx.now)
        .returning(contacts.c.root_id)
    ).scalar_one()
    if new_name != before.name:
        update_display_name(tx, root_id)
    paths = address_paths(tx, record_id)
    search_index.reindex_contact(
        tx,
        record_id,
        search_text(before.name, paths, before.attributes),
        search_text(new_name, paths, known),
    )
    after = get_contact(tx.connection, record_id)
    tx.publish(Event(ContactUpdated(contact=after)))
    return after


def contact_from_row(row: Any) -> resources.Contact:
    """A person as agents see them, from a row with the columns of a root."""
    return resources.Contact(
        id=row.id,
        name=row.called,
        avatar_url=row.avatar_url,
        attributes=row.attributes,
        created_at=row.created_at,
    )


def address_paths(tx: Transaction, contact_id: int) -> list[str]:
    """The addresses of a record, as people write them, oldest first."""
    rows = tx.execute(
        select(addresses.c.path)
        .where(addresses.c.contact_id == contact_id)
        .order_by(addresses.c.id)
    )
    return list(rows.scalars())


def search_text(name: str, paths: list[str], attributes: Mapping[str, Any]) -> str:
    """The words that a contact is found by."""
    return " ".join([name, *paths, *(str(value) for value in attributes.values())])
