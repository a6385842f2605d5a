"""Contacts, the addresses they write from, and what each connector knows of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, case, insert, select, update

from hub.conversations import search, shapes, suggesting
from hub.conversations.events import ContactUpdated, Event
from hub.conversations.storable import storable
from hub.errors import Invalid, NotFound
from hub.store.engine import Transaction, Upsert
from hub.store.models import addresses, contacts, reaches
from hub.store.prepared import Prepared
from hub.types import Address, Profile

MAX_NAME = 200


@dataclass(frozen=True, slots=True)
class Person:
    """An address as the database knows it, with the record it belongs to and its root."""

    address_id: int
    contact_id: int
    contact: shapes.Contact
    address: Address
    is_new: bool = False
    #: Whether they proved to hold it: `verified`, or somebody only said so.
    evidence: str = "verified"

    @property
    def root_id(self) -> int:
        return int(self.contact.id)


_root = contacts.alias("root")
_FIND = Prepared(
    select(
        addresses.c.id.label("address_id"),
        addresses.c.contact_id,
        addresses.c.evidence,
        _root.c.id,
        _root.c.name,
        _root.c.avatar_url,
        _root.c.attributes,
        _root.c.created_at,
    )
    .join(contacts, contacts.c.id == addresses.c.contact_id)
    .join(_root, _root.c.id == contacts.c.root_id)
    .where(
        addresses.c.scheme == bindparam("scheme"),
        addresses.c.scope == bindparam("scope"),
        addresses.c.path == bindparam("path"),
    )
)
_INSERT_CONTACT = insert(contacts).returning(contacts.c.id)
_SET_ROOT = (
    update(contacts).where(contacts.c.id == bindparam("row")).values(root_id=bindparam("root"))
)
_INSERT_ADDRESS = insert(addresses).returning(addresses.c.id)
#: They wrote, so they can be reached; unless they said stop, which only they can take back.
_SEEN = Prepared(
    Upsert(
        reaches,
        ["address_id", "connector"],
        update=["last_seen_at"],
        compute={
            # What comes late does not take the customer's last word back.
            "last_inbound_at": lambda new: case(
                (reaches.c.last_inbound_at > new.last_inbound_at, reaches.c.last_inbound_at),
                else_=new.last_inbound_at,
            ),
            "stopped_at": lambda _: case((reaches.c.opted_out, reaches.c.stopped_at), else_=None),
            "stopped_reason": lambda _: case(
                (reaches.c.opted_out, reaches.c.stopped_reason), else_=""
            ),
        },
    )
)
_CLOSED = ["stopped_at", "stopped_reason", "last_seen_at"]
#: What a provider says of an address takes back nothing that its owner said.
_STOPPED = Upsert(reaches, ["address_id", "connector"], update=_CLOSED)
_OPTED_OUT = Upsert(reaches, ["address_id", "connector"], update=[*_CLOSED, "opted_out"])
_KNOWN = Upsert(reaches, ["address_id", "connector"])


def find(connection: Connection, address: Address) -> Person | None:
    row = _FIND.first(
        connection, {"scheme": address.scheme, "scope": address.scope, "path": address.path}
    )
    if row is None:
        return None
    return Person(
        row.address_id, row.contact_id, contact_shape(row), address, evidence=row.evidence
    )


def of_record(connection: Connection, contact_id: int) -> Person:
    """A record by the first address it has. Raises NotFound."""
    row = connection.execute(
        select(addresses.c.scheme, addresses.c.path, addresses.c.scope)
        .where(addresses.c.contact_id == contact_id)
        .order_by(addresses.c.id)
        .limit(1)
    ).first()
    found = row and find(connection, Address(row.scheme, row.path, row.scope))
    if found is None:
        raise NotFound("There is no such contact.")
    return found


def find_or_make(
    tx: Transaction, address: Address, profile: Profile, *, evidence: str = "verified"
) -> Person:
    """The person behind an address; a new contact when nobody has it yet.

    Holds a lock on the address until the commit, so that ten messages at once make one contact.
    """
    tx.lock(f"address:{address.scheme}:{address.scope}:{address.path}")
    found = find(tx.connection, address)
    if found is None:
        return _make(tx, address, profile, evidence)
    if profile.name and not found.contact.name:
        rename(tx, found.root_id, profile.name[:MAX_NAME])
        found = find(tx.connection, address)
        assert found is not None
    return found


def _make(tx: Transaction, address: Address, profile: Profile, evidence: str) -> Person:
    name = profile.name[:MAX_NAME]
    values: dict[str, Any] = {
        "name": name,
        "avatar_url": profile.avatar_url,
        "locale": profile.locale,
        "attributes": dict(profile.attributes),
        "created_at": tx.now,
        "updated_at": tx.now,
        "root_id": None,
    }
    contact_id = tx.execute(_INSERT_CONTACT, values).scalar_one()
    tx.execute(_SET_ROOT, {"row": contact_id, "root": contact_id})
    address_id = tx.execute(
        _INSERT_ADDRESS,
        {
            "contact_id": contact_id,
            "scheme": address.scheme,
            "scope": address.scope,
            "path": address.path,
            "evidence": evidence,
            "created_at": tx.now,
        },
    ).scalar_one()
    search.index_contact(tx, contact_id, _searchable(name, [address.path], values["attributes"]))
    contact = shapes.Contact(
        id=contact_id,
        name=name,
        avatar_url=profile.avatar_url,
        attributes=values["attributes"],
        created_at=tx.now,
    )
    if evidence == "verified" and address.scheme in suggesting.TYPED.values():
        suggesting.appeared(tx, contact_id, address.scheme, address.path, name)
    if profile.attributes:
        suggesting.typed(tx, contact_id, name, profile.attributes)
    return Person(address_id, contact_id, contact, address, is_new=True, evidence=evidence)


def seen(tx: Transaction, person: Person, connector: str, at: datetime) -> None:
    """They wrote to us here at that time, so here they can be reached; unless they said stop.

    The time is the provider's: its reply window counts from then, however late we hear of it.
    """
    _SEEN.rows(
        tx.connection,
        {
            "address_id": person.address_id,
            "connector": connector,
            "last_inbound_at": at,
            "last_seen_at": tx.now,
            "stopped_at": None,
            "stopped_reason": "",
            "opted_out": False,
        },
    )


def started(tx: Transaction, person: Person, connector: str, at: datetime) -> None:
    """They let us in (again), in so many words."""
    seen(tx, person, connector, at)
    tx.execute(
        update(reaches)
        .where(reaches.c.address_id == person.address_id, reaches.c.connector == connector)
        .values(stopped_at=None, stopped_reason="", opted_out=False)
    )


def known(tx: Transaction, address_id: int, connector: str) -> None:
    """This connector may write to the address, though nothing came from it yet."""
    tx.execute(
        _KNOWN,
        {
            "address_id": address_id,
            "connector": connector,
            "stopped_reason": "",
            "opted_out": False,
        },
    )


def stopped(
    tx: Transaction, address_id: int, connector: str, reason: str, *, opted_out: bool = False
) -> None:
    """This address is closed for us: they opted out or blocked us, or it does not exist."""
    tx.execute(
        _OPTED_OUT if opted_out else _STOPPED,
        {
            "address_id": address_id,
            "connector": connector,
            "last_seen_at": tx.now,
            "stopped_at": tx.now,
            "stopped_reason": reason,
            "opted_out": opted_out,
        },
    )


def move(tx: Transaction, old: Address, new: Address) -> None:
    """Follows a chat to its new id. Where the new id is known already, both stay as they are."""
    person = find(tx.connection, old)
    if person is None or find(tx.connection, new) is not None:
        return
    row = tx.execute(select(contacts).where(contacts.c.id == person.contact_id)).one()
    before = _paths(tx, row.id)
    tx.execute(update(addresses).where(addresses.c.id == person.address_id).values(path=new.path))
    search.reindex_contact(
        tx,
        row.id,
        _searchable(row.name, before, row.attributes),
        _searchable(row.name, _paths(tx, row.id), row.attributes),
    )


# -- verbs on a contact ----------------------------------------------------------------------------


def root_of(connection: Connection, contact_id: int) -> int:
    """The record that stands for the person this one belongs to. Raises NotFound."""
    root = connection.execute(
        select(contacts.c.root_id).where(contacts.c.id == contact_id)
    ).scalar()
    if root is None:
        raise NotFound("There is no such contact.")
    return int(root)


def group_of(connection: Connection, contact_id: int) -> list[int]:
    """The ids of all records that are the same person as this one, its root first.

    Raises NotFound.
    """
    root = root_of(connection, contact_id)
    rows = connection.execute(
        select(contacts.c.id).where(contacts.c.root_id == root).order_by(contacts.c.id)
    ).scalars()
    return [root, *(row for row in rows if row != root)]


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


def rename(tx: Transaction, contact_id: int, name: str) -> None:
    edit(tx, contact_id, name=name)


def describe(tx: Transaction, person: Person, profile: Profile) -> None:
    """Keeps what a provider tells of somebody, where nothing was known."""
    tx.execute(
        update(contacts)
        .where(contacts.c.id == person.root_id, contacts.c.avatar_url == "")
        .values(avatar_url=profile.avatar_url)
    )
    edit(tx, person.root_id, name=profile.name[:MAX_NAME])


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
    paths = _paths(tx, root_id)
    search.reindex_contact(
        tx,
        root_id,
        _searchable(before.name, paths, before.attributes),
        _searchable(after.name, paths, after.attributes),
    )
    tx.publish(Event(ContactUpdated(contact=after)))
    return after


def contact_shape(row: Any) -> shapes.Contact:
    return shapes.Contact(
        id=row.id,
        name=row.name,
        avatar_url=row.avatar_url,
        attributes=row.attributes,
        created_at=row.created_at,
    )


def _paths(tx: Transaction, contact_id: int) -> list[str]:
    rows = tx.execute(
        select(addresses.c.path)
        .where(addresses.c.contact_id == contact_id)
        .order_by(addresses.c.id)
    )
    return list(rows.scalars())


def _searchable(name: str, paths: list[str], attributes: Mapping[str, Any]) -> str:
    return " ".join([name, *paths, *(str(value) for value in attributes.values())])


def last_inbound_at(connection: Connection, address_id: int, connector: str) -> datetime | None:
    found = connection.execute(
        select(reaches.c.last_inbound_at).where(
            reaches.c.address_id == address_id, reaches.c.connector == connector
        )
    ).scalar()
    assert found is None or isinstance(found, datetime)
    return found
