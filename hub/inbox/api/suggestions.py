"""Who else a contact may be. What somebody typed proves nothing, so a person decides."""

from __future__ import annotations

from sqlalchemy import Connection, select

from hub.conversations import people, shapes
from hub.phones import canonical
from hub.store.models import addresses, contacts

#: What an attribute says -> the scheme of the addresses that it may name.
TYPED = {"email": "mailto", "phone": "tel"}


class Suggestion(shapes.Shape):
    contact: shapes.Contact
    reason: str


def suggestions_for(connection: Connection, contact_id: int) -> list[Suggestion]:
    """Other people whose address this contact typed. Raises NotFound."""
    own = people.contact(connection, contact_id)
    found: dict[str, Suggestion] = {}
    for attribute, scheme in TYPED.items():
        typed = own.attributes.get(attribute)
        if not isinstance(typed, str) or not typed.strip():
            continue
        path = canonical(typed) if scheme == "tel" else typed.strip().lower()
        rows = connection.execute(
            select(contacts.c.root_id)
            .join(addresses, addresses.c.contact_id == contacts.c.id)
            .where(addresses.c.scheme == scheme, addresses.c.path == path)
        )
        for root_id in rows.scalars():
            if str(root_id) != own.id and str(root_id) not in found:
                found[str(root_id)] = Suggestion(
                    contact=people.contact(connection, root_id),
                    reason=f"{own.name or 'This contact'} gave {typed.strip()}, which is theirs.",
                )
    return list(found.values())
