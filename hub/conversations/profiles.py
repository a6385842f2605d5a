"""What is known of a contact: name, picture, attributes, and the words to find them by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select, update

from hub.conversations import search, shapes, suggesting
from hub.conversations.events import ContactUpdated, Event
from hub.conversations.storable import storable
from hub.errors import Invalid, NotFound
from hub.store.engine import Transaction
from hub.store.models import addresses, contacts
from hub.types import Profile

MAX_NAME = 200


def contact(connection: Connection, contact_id: int) -> shapes.Contact:
    """The person a record belongs to. Raises NotFound."""
    root = contacts.alias()
    row = connection.execute(
        select(root)
        .join(contacts, contacts.c.root_id == root.c.id)
        .where(contacts.c.id == contact_id)
    ).first()
    if row is None:
        raise NotFound("There is no such contact.")
    return contact_shape(row)


def describe(tx: Transaction, root_id: int, profile: Profile) -> None:
    """Keeps what a provider tells of somebody, where nothing was known."""
    tx.execute(
        update(contacts)
        .where(contacts.c.id == root_id, contacts.c.avatar_url == "")
        .values(avatar_url=profile.avatar_url)
    )
    edit(tx, root_id, name=profile.name[:MAX_NAME])


def edit(
    tx: Transaction,
    contact_id: int,
    *,
    name: str | None = None,
    attributes: Mapping[str, Any] | None = None,
) -> shapes.Contact:
    """Changes a contact's name, or its attributes (a null value takes one away).

    Raises:
        NotFound: no such contact.
        Invalid: a name over 200 characters.
    """
    name, attributes = storable(name), storable(attributes)
    before = contact(tx.connection, contact_id)
    if name is not None and len(name) > MAX_NAME:
        raise Invalid(f"A name has at most {MAX_NAME} characters.", "name")
    merged = {**before.attributes, **(attributes or {})}
    after = before.model_copy(
        update={
            "name": before.name if name is None else name,
            "attributes": {key: value for key, value in merged.items() if value is not None},
        }
    )
    root_id = int(before.id)
    tx.execute(
        update(contacts)
        .where(contacts.c.id == root_id)
        .values(name=after.name, attributes=after.attributes, updated_at=tx.now)
    )
    if attributes:
        suggesting.typed(tx, contact_id, after.name, attributes)
    paths = paths_of(tx, root_id)
    search.reindex_contact(
        tx,
        root_id,
        searchable(before.name, paths, before.attributes),
        searchable(after.name, paths, after.attributes),
    )
    tx.publish(Event(ContactUpdated(contact=after)))
    return after


def contact_shape(row: Any) -> shapes.Contact:
    """From a row with the columns of a contact."""
    return shapes.Contact(
        id=row.id,
        name=row.name,
        avatar_url=row.avatar_url,
        attributes=row.attributes,
        created_at=row.created_at,
    )


def paths_of(tx: Transaction, contact_id: int) -> list[str]:
    """The addresses of a record, as people write them, oldest first."""
    rows = tx.execute(
        select(addresses.c.path)
        .where(addresses.c.contact_id == contact_id)
        .order_by(addresses.c.id)
    )
    return list(rows.scalars())


def searchable(name: str, paths: list[str], attributes: Mapping[str, Any]) -> str:
    """The words that a contact is found by."""
    return " ".join([name, *paths, *(str(value) for value in attributes.values())])
