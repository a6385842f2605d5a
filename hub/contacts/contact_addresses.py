"""The people behind addresses: who somebody is, and which of their records are one person."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from hub.contacts import match_detection, profiles
from hub.contacts.profiles import MAX_NAME
from hub.errors import NotFound
from hub.schema import resources, search_index
from hub.store.engine import Transaction
from hub.store.models import addresses, contacts
from hub.store.prepared import Prepared
from hub.types import Address, Profile


@dataclass(frozen=True, slots=True)
class ContactAddress:
    """An address as the database knows it, with the record it belongs to and its root."""

    address_id: int
    contact_id: int
    #: The person as agents see them, under some name if there is anything to call them by.
    contact: resources.Contact
    address: Address
    #: The person's own name; empty while nobody knows one.
    name: str
    #: Whether the record knows the name of whoever writes from this address.
    is_named: bool
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
        contacts.c.name.label("record_name"),
        _root.c.id,
        _root.c.name,
        _root.c.called,
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


def find_contact_address(connection: Connection, address: Address) -> ContactAddress | None:
    row = _FIND.first(
        connection, {"scheme": address.scheme, "scope": address.scope, "path": address.path}
    )
    if row is None:
        return None
    return ContactAddress(
        row.address_id,
        row.contact_id,
        profiles.contact_from_row(row),
        address,
        row.name,
        is_named=row.record_name != "",
        evidence=row.evidence,
    )


def first_contact_address(connection: Connection, contact_id: int) -> ContactAddress:
    """A record by the first address it has. Raises NotFound."""
    row = connection.execute(
        select(addresses.c.scheme, addresses.c.path, addresses.c.scope)
        .where(addresses.c.contact_id == contact_id)
        .order_by(addresses.c.id)
        .limit(1)
    ).first()
    found = row and find_contact_address(connection, Address(row.scheme, row.path, row.scope))
    if found is None:
        raise NotFound("There is no such contact.")
    return found


def find_or_create_contact_address(
    tx: Transaction, address: Address, profile: Profile, *, evidence: str = "verified"
) -> ContactAddress:
    """The person behind an address; a new contact when nobody has it yet.

    Holds a lock on the address until the commit, so that ten messages at once make one contact.
    """
    tx.lock(f"address:{address.scheme}:{address.scope}:{address.path}")
    found = find_contact_address(tx.connection, address)
    if found is None:
        return _create_contact(tx, address, profile, evidence)
    if profile.name and not found.is_named:
        profiles.add_name(tx, found.contact_id, profile.name)
        found = find_contact_address(tx.connection, address)
        assert found is not None
    return found


def _create_contact(
    tx: Transaction, address: Address, profile: Profile, evidence: str
) -> ContactAddress:
    name = profile.name[:MAX_NAME]
    called = profiles.first_display_name(name, address)
    values: dict[str, Any] = {
        "name": name,
        "called": called,
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
    search_index.index_contact(
        tx, contact_id, profiles.search_text(name, [address.path], values["attributes"])
    )
    contact = resources.Contact(
        id=contact_id,
        name=called,
        avatar_url=profile.avatar_url,
        attributes=values["attributes"],
        created_at=tx.now,
    )
    if evidence == "verified" and address.scheme in match_detection.SCHEME_BY_ATTRIBUTE.values():
        match_detection.match_new_address(tx, contact_id, address.scheme, address.path, name)
    if profile.attributes:
        match_detection.record_given_addresses(tx, contact_id, name, profile.attributes)
    return ContactAddress(
        address_id,
        contact_id,
        contact,
        address,
        name,
        is_named=name != "",
        is_new=True,
        evidence=evidence,
    )


def move_address(tx: Transaction, old: Address, new: Address) -> None:
    """Follows a chat to its new id. Where the new id is known already, both stay as they are."""
    person = find_contact_address(tx.connection, old)
    if person is None or find_contact_address(tx.connection, new) is not None:
        return
    row = tx.execute(select(contacts).where(contacts.c.id == person.contact_id)).one()
    before = profiles.address_paths(tx, row.id)
    tx.execute(update(addresses).where(addresses.c.id == person.address_id).values(path=new.path))
    profiles.update_display_name(tx, person.root_id)
    search_index.reindex_contact(
        tx,
        row.id,
        profiles.search_text(row.name, before, row.attributes),
        profiles.search_text(row.name, profiles.address_paths(tx, row.id), row.attributes),
    )


def verify_address(tx: Transaction, contact_address: ContactAddress) -> ContactAddress:
    """Marks an address as verified. Returns it with its new evidence."""
    tx.execute(
        update(addresses)
        .where(addresses.c.id == contact_address.address_id)
        .values(evidence="verified")
    )
    return replace(contact_address, evidence="verified")


def replace_root(tx: Transaction, old_root_id: int, new_root_id: int) -> None:
    """Gives all contacts of one root to another root."""
    tx.execute(
        update(contacts).where(contacts.c.root_id == old_root_id).values(root_id=new_root_id)
    )


def set_root(tx: Transaction, contact_ids: Collection[int], root_id: int) -> None:
    """Gives these contacts another root."""
    tx.execute(update(contacts).where(contacts.c.id.in_(contact_ids)).values(root_id=root_id))


def root_contact_id(connection: Connection, contact_id: int) -> int:
    """The record that stands for the person this one belongs to. Raises NotFound."""
    root = connection.execute(
        select(contacts.c.root_id).where(contacts.c.id == contact_id)
    ).scalar()
    if root is None:
        raise NotFound("There is no such contact.")
    return int(root)


def linked_contact_ids(connection: Connection, contact_id: int) -> list[int]:
    """The ids of all records that are the same person as this one, its root first.

    Raises NotFound.
    """
    root = root_contact_id(connection, contact_id)
    rows = connection.execute(
        select(contacts.c.id).where(contacts.c.root_id == root).order_by(contacts.c.id)
    ).scalars()
    return [root, *(row for row in rows if row != root)]
