"""What is known of a contact: name, picture, attributes, and the words to find them by."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    case,
    func,
    or_,
    select,
    update,
)

from hub import phones
from hub.conversations import search, shapes, suggesting
from hub.conversations.events import ContactUpdated, Event
from hub.conversations.storable import storable
from hub.errors import Invalid, NotFound
from hub.store.engine import Transaction
from hub.store.models import addresses, contacts
from hub.types import Profile

MAX_NAME = 200
#: Addresses that say to people who somebody is.
TELLING = ("tel", "mailto")


def stand_ins(root: FromClause) -> tuple[ColumnElement[str], ColumnElement[str]]:
    """What a nameless root is called by: `linked_name` and `reached_at`, each empty where none is.

    The name is that of the oldest record linked to it that has one. It stays with its record: when
    the link is undone, the name goes with it. The other is their first number or mail address.
    """
    linked, told, reached = contacts.alias(), contacts.alias(), addresses.alias()
    own = linked.c.root_id == root.c.id
    # The smallest id, not the first of a sorted list: lists of people are read along an index.
    with_name = select(func.min(linked.c.id)).where(own, linked.c.name != "")
    with_path = (
        select(func.min(addresses.c.id))
        .join(linked, linked.c.id == addresses.c.contact_id)
        # Not IN: this is part of a statement that is prepared once.
        .where(own, or_(*(addresses.c.scheme == scheme for scheme in TELLING)))
    )

    def unless_named(value: Any, id_: Any, first: Select[Any]) -> ColumnElement[str]:
        one = first.correlate(root).scalar_subquery()
        found = select(value).where(id_ == one).correlate(root).scalar_subquery()
        return case((root.c.name != "", ""), else_=func.coalesce(found, ""))

    return (
        unless_named(told.c.name, told.c.id, with_name).label("linked_name"),
        unless_named(reached.c.path, reached.c.id, with_path).label("reached_at"),
    )


def called(name: str, linked_name: str, reached_at: str) -> str:
    """What agents read for a name: a number or a mail address where nobody knows one."""
    return name or linked_name or phones.readable(reached_at)


def names_of(connection: Connection, nameless: Collection[int]) -> dict[int, str]:
    """What nameless roots are called, by their ids."""
    if not nameless:
        return {}
    rows = connection.execute(
        select(contacts.c.id, *stand_ins(contacts)).where(contacts.c.id.in_(nameless))
    )
    return {row.id: called("", row.linked_name, row.reached_at) for row in rows}


def contact(connection: Connection, contact_id: int) -> shapes.Contact:
    """The person a record belongs to. Raises NotFound."""
    root = contacts.alias()
    row = connection.execute(
        select(*root.c, *stand_ins(root))
        .join(contacts, contacts.c.root_id == root.c.id)
        .where(contacts.c.id == contact_id)
    ).first()
    if row is None:
        raise NotFound("There is no such contact.")
    return contact_shape(row)


def describe(tx: Transaction, record_id: int, profile: Profile) -> None:
    """Keeps what a provider tells of somebody, where nothing was known, with their own record."""
    tx.execute(
        update(contacts)
        .where(contacts.c.id == record_id, contacts.c.avatar_url == "")
        .values(avatar_url=profile.avatar_url)
    )
    learn(tx, record_id, profile.name)


def learn(tx: Transaction, record_id: int, name: str) -> None:
    """Keeps the name that came with an address on the record that has the address."""
    _keep(tx, record_id, storable(name[:MAX_NAME]), {})


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
    root_id = int(contact(tx.connection, contact_id).id)
    if name is not None and len(name) > MAX_NAME:
        raise Invalid(f"A name has at most {MAX_NAME} characters.", "name")
    after = _keep(tx, root_id, name, attributes or {})
    if attributes:
        suggesting.typed(tx, contact_id, after.name, attributes)
    return after


def _keep(
    tx: Transaction, record_id: int, name: str | None, attributes: Mapping[str, Any]
) -> shapes.Contact:
    """Writes one record anew. Returns the person it belongs to, as everybody is told."""
    before = tx.execute(select(contacts).where(contacts.c.id == record_id)).one()
    called = before.name if name is None else name
    merged = {**before.attributes, **attributes}
    known = {key: value for key, value in merged.items() if value is not None}
    tx.execute(
        update(contacts)
        .where(contacts.c.id == record_id)
        .values(name=called, attributes=known, updated_at=tx.now)
    )
    paths = paths_of(tx, record_id)
    search.reindex_contact(
        tx,
        record_id,
        searchable(before.name, paths, before.attributes),
        searchable(called, paths, known),
    )
    after = contact(tx.connection, record_id)
    tx.publish(Event(ContactUpdated(contact=after)))
    return after


def contact_shape(row: Any) -> shapes.Contact:
    """A person as agents see them, from a row with the columns of a contact and its stand-ins."""
    name = called(row.name, row.linked_name, row.reached_at)
    return own_shape(row).model_copy(update={"name": name})


def own_shape(row: Any) -> shapes.Contact:
    """One record by itself, from a row with the columns of a contact."""
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
