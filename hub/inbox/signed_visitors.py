"""Visitors whom the site has signed in: one contact per id, on however many devices.

An id that the site signed is an address of its own, held by a contact and never written to. Each
session that proves it is joined to it by a verified link, so it is one person on every device.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, select

from hub.accounts.visitor_sessions import Visitor, sign_visitor_identity
from hub.connectors.page_identity import Identity
from hub.connectors.pages import PageConnector
from hub.contacts import address_state, contact_addresses, profiles, signed_ids
from hub.contacts.contact_addresses import ContactAddress
from hub.identity import links
from hub.schema import resources
from hub.schema.storable_text import storable
from hub.store.engine import Store, Transaction
from hub.store.models import visitor_sessions
from hub.types import Address, Profile


def claim(store: Store, connector: PageConnector, visitor: Visitor, identity: Identity) -> bool:
    """Makes a session the signed person's.

    False when it is, or was, somebody else's: then they need a session of their own. Nothing is
    written for somebody who is known already.
    """
    with store.read() as connection:
        found = _standing(connection, connector, visitor, identity)
    if found is not None:
        return found
    return store.write(lambda tx: _claim(tx, connector, visitor, identity))


def _standing(
    connection: Connection, connector: PageConnector, visitor: Visitor, identity: Identity
) -> bool | None:
    """What the session is to this person already; None when there is something to write."""
    own = contact_addresses.find_contact_address(connection, connector.address(visitor.name))
    held = contact_addresses.find_contact_address(
        connection, Address(signed_ids.SCHEME, identity.id, connector.name)
    )
    if visitor.identity == identity.id:
        if own is None or held is None:
            return False
        if held.address_id not in links.proved_address_ids(connection, own.contact_id):
            return False  # an agent parted them: what this session said was not theirs
        return True if _is_told(held.contact, identity) else None
    if visitor.identity or (own and _others(connection, own, connector.name, identity.id)):
        return False
    return None


def _others(connection: Connection, person: ContactAddress, scope: str, id_: str) -> bool:
    """Whether the same site has signed another id for this person."""
    ids = signed_ids.ids_of(connection, person.contact_id)
    return any(own_scope == scope and own != id_ for own_scope, own in ids)


def _claim(tx: Transaction, connector: PageConnector, visitor: Visitor, identity: Identity) -> bool:
    address = Address(signed_ids.SCHEME, identity.id, connector.name)
    held = contact_addresses.find_or_create(tx, address, _profile(identity))
    # Asked again under the lock on the address: another tab may have been faster.
    bound = tx.execute(
        select(visitor_sessions.c.identity).where(visitor_sessions.c.id == visitor.id)
    ).scalar_one()
    now = Visitor(visitor.id, visitor.name, visitor.locale, bound)
    if _standing(tx.connection, connector, now, identity) is False:
        return False
    if not held.is_new and not _is_told(held.contact, identity):
        name = None if held.contact.name else identity.name
        profiles.edit(tx, held.contact_id, name=name, attributes=identity.attributes)
    if not bound:
        _join(tx, connector, visitor, held)
    return True


def _join(
    tx: Transaction, connector: PageConnector, visitor: Visitor, held: ContactAddress
) -> None:
    page = contact_addresses.find_or_create(
        tx, connector.address(visitor.name), Profile(locale=visitor.locale)
    )
    address_state.known(tx, page.address_id, connector.name)
    links.link_contacts(
        tx,
        held.contact_id,
        page.contact_id,
        evidence="verified",
        method="identity",
        reason="The site signed that this visitor is the same customer.",
        by="site",
    )
    sign_visitor_identity(tx, visitor.id, held.address.path)


def _profile(identity: Identity) -> Profile:
    return storable(Profile(name=identity.name, attributes=identity.attributes))  # type: ignore[no-any-return]


def _is_told(contact: resources.Contact, identity: Identity) -> bool:
    """Whether a contact says already what the site says of them. A name that is there stays."""
    said: Mapping[str, object] = contact.attributes
    new = any(said.get(key) != value for key, value in identity.attributes.items())
    return not new and bool(contact.name or not identity.name)
