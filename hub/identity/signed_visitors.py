"""Visitors whom the site has signed in: one contact per signed id, on any number of devices.

An id that the site signed is an address of its own, owned by a contact and never written to. Each
session that proves the id is linked to it by verified evidence.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, select

from hub.accounts.visitor_sessions import Visitor, sign_visitor_identity
from hub.connectors.page_identity import Identity
from hub.connectors.pages import PageConnector
from hub.contacts import address_state, contact_addresses, locks, profiles, signed_ids
from hub.contacts.contact_addresses import ContactAddress
from hub.identity import links
from hub.schema import resources
from hub.schema.storable_text import storable
from hub.store.engine import Store, Transaction
from hub.store.models import visitor_sessions
from hub.types import Address, Profile


def claim_session(
    store: Store, connector: PageConnector, visitor: Visitor, identity: Identity
) -> bool:
    """Gives a session to the signed customer. A session that has it already costs no write.

    Returns: False when the session is, or was, another customer's: this one needs a new session.
    """
    with store.read() as connection:
        claimed = _claim_state(connection, connector, visitor, identity)
    if claimed is not None:
        return claimed
    return store.write(lambda tx: _write_claim(tx, connector, visitor, identity))


def _claim_state(
    connection: Connection, connector: PageConnector, visitor: Visitor, identity: Identity
) -> bool | None:
    """Whether the session is this customer's already; None when the claim has to be written."""
    page = contact_addresses.find_contact_address(connection, connector.address(visitor.name))
    signed = contact_addresses.find_contact_address(
        connection, Address(signed_ids.SCHEME, identity.id, connector.name)
    )
    if visitor.identity == identity.id:
        if page is None or signed is None:
            return False
        if signed.address_id not in links.proved_address_ids(connection, page.contact_id):
            return False  # an agent undid the link: the session was another customer's
        return True if _has_profile(signed.contact, identity) else None
    if visitor.identity or (
        page and _has_another_id(connection, page, connector.name, identity.id)
    ):
        return False
    return None


def _has_another_id(
    connection: Connection, page: ContactAddress, scope: str, signed_id: str
) -> bool:
    """Whether the same site has signed another id for the contact of this page."""
    ids = signed_ids.signed_ids_of(connection, page.contact_id)
    return any(id_scope == scope and known_id != signed_id for id_scope, known_id in ids)


def _write_claim(
    tx: Transaction, connector: PageConnector, visitor: Visitor, identity: Identity
) -> bool:
    address = Address(signed_ids.SCHEME, identity.id, connector.name)
    locks.lock_addresses(tx, address, connector.address(visitor.name))
    locks.lock_links(tx)
    signed = contact_addresses.find_or_create_contact_address(tx, address, _profile(identity))
    # Read again under the lock on the address: another tab may have been faster.
    current_id = tx.execute(
        select(visitor_sessions.c.identity).where(visitor_sessions.c.id == visitor.id)
    ).scalar_one()
    current = Visitor(visitor.id, visitor.name, visitor.locale, current_id)
    if _claim_state(tx.connection, connector, current, identity) is False:
        return False
    if not signed.is_new and not _has_profile(signed.contact, identity):
        name = None if signed.contact.name else identity.name
        profiles.edit_contact(tx, signed.contact_id, name=name, attributes=identity.attributes)
    if not current_id:
        _link_page(tx, connector, visitor, signed)
    return True


def _link_page(
    tx: Transaction, connector: PageConnector, visitor: Visitor, signed: ContactAddress
) -> None:
    page = contact_addresses.find_or_create_contact_address(
        tx, connector.address(visitor.name), Profile(locale=visitor.locale)
    )
    address_state.allow_address(tx, page.address_id, connector.name)
    links.link_contacts(
        tx,
        signed.contact_id,
        page.contact_id,
        evidence="verified",
        method="identity",
        reason="The site signed that this visitor is the same customer.",
        by="site",
    )
    sign_visitor_identity(tx, visitor.id, signed.address.path)


def _profile(identity: Identity) -> Profile:
    return storable(Profile(name=identity.name, attributes=identity.attributes))  # type: ignore[no-any-return]


def _has_profile(contact: resources.Contact, identity: Identity) -> bool:
    """Whether a contact has the site's attributes already. A name that is there stays."""
    attributes: Mapping[str, object] = contact.attributes
    is_changed = any(attributes.get(key) != value for key, value in identity.attributes.items())
    return not is_changed and bool(contact.name or not identity.name)
