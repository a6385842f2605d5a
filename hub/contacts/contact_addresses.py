"""Addresses and the contacts that own them.

Contacts that links join are one customer: one of them, the root, stands for all.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, insert, select, update

from hub.contacts import locks, match_detection, profiles
from hub.contacts.profiles import MAX_NAME
from hub.errors import NotFound
from hub.schema import resources, search_index
from hub.store.engine import Transaction
from hub.store.models import addresses, contacts
from hub.store.prepared import Prepared
from hub.types import Address, Profile


@dataclass(frozen=True, slots=True)
class ContactAddress:
    """An address with the contact that it belongs to, and with that contact's root."""

    address_id: int
    contact_id: int
    #: The root, as agents see it.
    contact: resources.Contact
    address: Address
    #: The root's own name; empty while it is not known.
    name: str
    #: Whether the contact that the address belongs to has a name.
    is_named: bool
    is_new: bool = False
    #: Whether the contact, which was known before, got its name in this transaction.
    is_newly_named: bool = False
    #: `verified` when the customer proved to hold the address, else `asserted`.
    evidence: str = "verified"
    #: As `kept_origins` keeps it.
    origin: Mapping[str, str] | None = None

    @property
    def root_id(self) -> int:
        return int(self.contact.id)


class _FoundAddress(NamedTuple):
    """An address with its contact (`record_name` is its name) and the columns of the root."""

    address_id: int
    scheme: str
    path: str
    scope: str
    contact_id: int
    evidence: str
    origin: dict[str, str] | None
    record_name: str
    id: int
    name: str
    called: str
    avatar_url: str
    attributes: dict[str, Any]
    created_at: datetime


_root = contacts.alias("root")
_SELECT_ADDRESSES = (
    select(
        addresses.c.id.label("address_id"),
        addresses.c.scheme,
        addresses.c.path,
        addresses.c.scope,
        addresses.c.contact_id,
        addresses.c.evidence,
        addresses.c.origin,
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
)
_FIND = Prepared(
    _SELECT_ADDRESSES.where(
        addresses.c.scheme == bindparam("scheme"),
        addresses.c.scope == bindparam("scope"),
        addresses.c.path == bindparam("path"),
    ),
    _FoundAddress,
)
_FIND_BY_ID = Prepared(_SELECT_ADDRESSES.where(addresses.c.id == bindparam("id")), _FoundAddress)
_INSERT_CONTACT = insert(contacts).returning(contacts.c.id)
_SET_ROOT = (
    update(contacts).where(contacts.c.id == bindparam("row")).values(root_id=bindparam("root"))
)
_INSERT_ADDRESS = insert(addresses).returning(addresses.c.id)


def find_contact_address(connection: Connection, address: Address) -> ContactAddress | None:
    """An address that is known, with its contact; else None."""
    row = _FIND.first(
        connection, {"scheme": address.scheme, "scope": address.scope, "path": address.path}
    )
    return None if row is None else _contact_address(row)


def find_contact_address_by_id(connection: Connection, address_id: int) -> ContactAddress | None:
    """An address by its id, with its contact; None for an unknown id."""
    row = _FIND_BY_ID.first(connection, {"id": address_id})
    return None if row is None else _contact_address(row)


def _contact_address(row: _FoundAddress) -> ContactAddress:
    return ContactAddress(
        row.address_id,
        row.contact_id,
        resources.Contact(
            id=row.id,
            name=row.called,
            avatar_url=row.avatar_url,
            attributes=row.attributes,
            created_at=row.created_at,
        ),
        Address(row.scheme, row.path, row.scope),
        row.name,
        is_named=row.record_name != "",
        evidence=row.evidence,
        origin=row.origin,
    )


def first_contact_address(connection: Connection, contact_id: int) -> ContactAddress:
    """The oldest address of a contact.

    Raises:
        NotFound: no such contact, or it has no address.
    """
    row = connection.execute(
        select(addresses.c.scheme, addresses.c.path, addresses.c.scope)
        .where(addresses.c.contact_id == contact_id)
        .order_by(addresses.c.id)
        .limit(1)
    ).first()
    contact_address = row and find_contact_address(
        connection, Address(row.scheme, row.path, row.scope)
    )
    if contact_address is None:
        raise NotFound("There is no such contact.")
    return contact_address


def lock_person_of(tx: Transaction, contact_id: int) -> int:
    """Locks the person of a contact. Returns the root. Raises NotFound."""
    root_id = root_contact_id(tx.connection, contact_id)
    locks.lock_person(tx, root_id)
    return root_id


def find_or_create_contact_address(
    tx: Transaction, address: Address, profile: Profile, *, evidence: str = "verified"
) -> ContactAddress:
    """An address with its contact; both are created when the address is new.

    Holds the locks of the address and of the person until the commit, so that ten messages at once
    make one contact.

    Args:
        profile: what the provider says of the customer; its name is kept where none is known.
        evidence: for a new address, whether it is `verified` or `asserted`.
    """
    locks.lock_addresses(tx, address)
    contact_address = find_contact_address(tx.connection, address)
    if contact_address is None:
        return _create_contact(tx, address, profile, evidence)
    locks.lock_person(tx, contact_address.root_id)
    if profile.name and not contact_address.is_named:
        profiles.add_name(tx, contact_address.contact_id, profile.name)
        contact_address = find_contact_address(tx.connection, address)
        assert contact_address is not None
        return replace(contact_address, is_newly_named=True)
    return contact_address


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
    locks.lock_person(tx, contact_id)
    tx.execute(_SET_ROOT, {"row": contact_id, "root": contact_id})
    address_id = tx.execute(
        _INSERT_ADDRESS,
        {
            "contact_id": contact_id,
            "scheme": address.scheme,
            "scope": address.scope,
            "path": address.path,
            "evidence": evidence,
            "origin": None,
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


def move_address(tx: Transaction, old: Address, new: Address) -> bool:
    """Changes the path of an address whose chat got a new id at the provider.

    Nothing changes where the new address is known already.

    Returns:
        Whether the address was known.
    """
    locks.lock_addresses(tx, old, new)
    contact_address = find_contact_address(tx.connection, old)
    if contact_address is None:
        return False
    if find_contact_address(tx.connection, new) is not None:
        return True
    locks.lock_person(tx, contact_address.root_id)
    contact = tx.execute(select(contacts).where(contacts.c.id == contact_address.contact_id)).one()
    old_paths = profiles.address_paths(tx, contact.id)
    tx.execute(
        update(addresses).where(addresses.c.id == contact_address.address_id).values(path=new.path)
    )
    profiles.update_display_name(tx, contact_address.root_id)
    search_index.reindex_contact(
        tx,
        contact.id,
        profiles.search_text(contact.name, old_paths, contact.attributes),
        profiles.search_text(
            contact.name, profiles.address_paths(tx, contact.id), contact.attributes
        ),
    )
    return True


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
    """The id of a contact's root. Raises NotFound."""
    root = connection.execute(
        select(contacts.c.root_id).where(contacts.c.id == contact_id)
    ).scalar()
    if root is None:
        raise NotFound("There is no such contact.")
    return int(root)


def linked_contact_ids(connection: Connection, contact_id: int) -> list[int]:
    """The ids of all contacts that are joined to this one, with its own; the root first.

    Raises NotFound.
    """
    root = root_contact_id(connection, contact_id)
    rows = connection.execute(
        select(contacts.c.id).where(contacts.c.root_id == root).order_by(contacts.c.id)
    ).scalars()
    return [root, *(id_ for id_ in rows if id_ != root)]
