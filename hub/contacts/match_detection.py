"""Suggests to agents that two contacts may be one customer. It links nothing.

An address that a customer typed, or a detail that two contacts share, proves nothing: a suggestion
gives its reason in one sentence, and an agent's decision about two contacts is final.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import or_, select, update

from hub import phones
from hub.schema import search_index
from hub.store.engine import Transaction, Upsert
from hub.store.models import addresses, claims, contacts, links, suggestions
from hub.types import InboundMessage

#: The attributes that may hold an address, with the scheme of that address.
SCHEME_BY_ATTRIBUTE = {"email": "mailto", "phone": "tel"}
#: The lines of a signature that are read, and the addresses that are taken from them.
SIGNATURE_LINES = 10
MAX_SIGNATURE = 4_000
MAX_IN_SIGNATURE = 4
#: The contacts of one name that are compared.
MAX_WITH_SAME_NAME = 5

_MAIL = re.compile(r"[^\s@<>,;:\"()]{1,64}@(?:[\w-]+\.)+[\w-]{2,24}")
_PHONE = re.compile(r"(?<![\w+])(?:\+|00)\d[\d ().-]{6,20}\d(?!\w)")
_ADD_CLAIM = Upsert(claims, ["contact_id", "scheme", "path"])
_ADD_SUGGESTION = Upsert(suggestions, ["contact_id", "other_contact_id"], returning=["id"])


def suggest_match(
    tx: Transaction,
    contact_id: int,
    other_contact_id: int,
    *,
    evidence: str,
    method: str,
    reason: str,
) -> bool:
    """Adds a suggestion that two contacts are one customer.

    Args:
        evidence: `asserted` for what the customer said, `inferred` for what the hub compared.
        method: how the match was found, in a word or two.
        reason: one sentence for agents.

    Returns: False when the contacts are joined already, or when this was suggested, decided or
        undone before between any contacts that are joined to the two.
    """
    contact_ids = _linked_contact_ids(tx, contact_id)
    other_contact_ids = _linked_contact_ids(tx, other_contact_id)
    if contact_id in other_contact_ids or _is_known_match(tx, contact_ids, other_contact_ids):
        return False
    first_id, second_id = sorted((contact_id, other_contact_id))
    suggestion = tx.execute(
        _ADD_SUGGESTION,
        {
            "contact_id": first_id,
            "other_contact_id": second_id,
            "evidence": evidence,
            "method": method,
            "reason": reason,
            "created_at": tx.now,
            "decision": "",
            "decided_by": "",
        },
    )
    return suggestion.first() is not None


def record_decision(
    tx: Transaction, suggestion_id: int, *, decision: str, decided_by: str, link_id: int | None
) -> None:
    """Writes an agent's decision into a suggestion.

    Args:
        decision: `accept` or `dismiss`.
        decided_by: the agent's name.
        link_id: the link that an accepted suggestion led to.
    """
    tx.execute(
        update(suggestions)
        .where(suggestions.c.id == suggestion_id)
        .values(decision=decision, decided_by=decided_by, decided_at=tx.now, link_id=link_id)
    )


def record_given_addresses(
    tx: Transaction, contact_id: int, name: str, attributes: Mapping[str, Any]
) -> None:
    """Records the addresses in a contact's attributes, and suggests the contacts that own them.

    Args:
        attributes: from a form that the customer filled in, or written by an agent.
    """
    for attribute, scheme in SCHEME_BY_ATTRIBUTE.items():
        value = attributes.get(attribute)
        path = address_in(scheme, value) if isinstance(value, str) else None
        if path is None:
            continue
        claim = {"contact_id": contact_id, "scheme": scheme, "path": path}
        tx.execute(_ADD_CLAIM, {**claim, "source": "form", "created_at": tx.now})
        for owner in _contacts_with_address(tx, scheme, path):
            suggest_match(
                tx,
                contact_id,
                owner.contact_id,
                evidence="asserted",
                method="form",
                reason=f"{name or 'This contact'} gave {path}, which is an address of "
                f"{_name_of(owner)}.",
            )
        if scheme == "tel":
            _match_claimed_phone(tx, contact_id, path)


def match_new_address(tx: Transaction, contact_id: int, scheme: str, path: str, name: str) -> None:
    """Suggests the contacts that gave a new address as theirs before.

    Args:
        contact_id: the contact of the new address, which has this name.
    """
    for claim in _contacts_with_claim(tx, scheme, path):
        suggest_match(
            tx,
            contact_id,
            claim.contact_id,
            evidence="asserted",
            method="form",
            reason=f"{claim.name or 'Another contact'} gave {path}, which is an address of "
            f"{name or 'this contact'}.",
        )
    if scheme == "tel":
        for owner in _contacts_with_address(tx, scheme, path):
            if owner.path != path:
                suggest_match(
                    tx,
                    contact_id,
                    owner.contact_id,
                    evidence="inferred",
                    method="phone",
                    reason=f"{path} and {owner.path} are one number, written in two ways.",
                )


def match_signature(tx: Transaction, contact_id: int, event: InboundMessage) -> None:
    """Suggests the contacts whose addresses stand in the signature of an authentic mail."""
    for scheme, path in addresses_in_signature(event.full_text):
        if path in (event.address.path, event.to.lower()):
            continue
        for owner in _contacts_with_address(tx, scheme, path):
            suggest_match(
                tx,
                contact_id,
                owner.contact_id,
                evidence="asserted",
                method="signature",
                reason=f"The signature of a mail from {event.address.path} names {path}, which is "
                f"an address of {_name_of(owner)}.",
            )


def suggest_same_text(
    tx: Transaction, contact_id: int, same_name_id: int, name: str, content: str
) -> None:
    """Suggests a contact of the same name that sent the same within minutes.

    Args:
        content: what was the same: `words` or `file`.
    """
    suggest_match(
        tx,
        contact_id,
        same_name_id,
        evidence="inferred",
        method="name and words",
        reason=f"Both are called {name} and sent the same {content} within minutes.",
    )


def contacts_named(tx: Transaction, contact_id: int, name: str) -> list[int]:
    """The ids of the newest other contacts with exactly this name, not joined to this contact."""
    folded_name = search_index.fold(name)
    if not folded_name:
        return []
    ids = search_index.find_contacts(tx.connection, name, None, MAX_WITH_SAME_NAME)
    root_id = select(contacts.c.root_id).where(contacts.c.id == contact_id).scalar_subquery()
    rows = tx.execute(
        select(contacts.c.id, contacts.c.name).where(
            contacts.c.id.in_(ids), contacts.c.root_id != root_id
        )
    )
    return [row.id for row in rows if search_index.fold(row.name) == folded_name]


# -- addresses in texts; pure ----------------------------------------------------------------------


def address_in(scheme: str, text: str) -> str | None:
    """The path of the mail address or phone number that a text is; None where it is none.

    A phone number needs its country: without it, it may be anybody's.
    """
    text = text.strip()
    if scheme == "mailto":
        return text.lower() if _MAIL.fullmatch(text) else None
    if text.startswith("00"):
        text = "+" + text[2:]
    number = phones.canonical(text) if text.startswith("+") else ""
    return number if number.startswith("+") and phones.is_possible(number) else None


def addresses_in_signature(text: str) -> list[tuple[str, str]]:
    """The mail addresses and phone numbers after the line of two dashes, as scheme and path."""
    lines = text.splitlines()
    start = next((number for number, line in enumerate(lines) if line.rstrip() == "--"), None)
    if start is None:
        return []
    below = lines[start + 1 : start + 1 + SIGNATURE_LINES]
    quoted = next(
        (number for number, line in enumerate(below) if line.lstrip().startswith(">")), None
    )
    signature = "\n".join(below[:quoted])[:MAX_SIGNATURE]
    addresses = [("mailto", address_in("mailto", mail)) for mail in _MAIL.findall(signature)]
    addresses += [("tel", address_in("tel", phone)) for phone in _PHONE.findall(signature)]
    known = dict.fromkeys((scheme, path) for scheme, path in addresses if path is not None)
    return list(known)[:MAX_IN_SIGNATURE]


# -- queries ---------------------------------------------------------------------------------------


class _AddressOwner(NamedTuple):
    """A contact with an address. `name` is the name of its root."""

    contact_id: int
    path: str
    name: str


class _ClaimOwner(NamedTuple):
    """A contact that gave an address as its own. `name` is the name of its root."""

    contact_id: int
    name: str


def _linked_contact_ids(tx: Transaction, contact_id: int) -> list[int]:
    """The ids of all contacts that are joined to a contact, with its own."""
    contact = contacts.alias()
    return list(
        tx.execute(
            select(contacts.c.id)
            .join(contact, contact.c.root_id == contacts.c.root_id)
            .where(contact.c.id == contact_id)
        ).scalars()
    )


def _is_known_match(
    tx: Transaction, contact_ids: Sequence[int], other_contact_ids: Sequence[int]
) -> bool:
    """Whether a match of the two was suggested before, or a link between them was undone."""
    suggested = suggestions.c.contact_id, suggestions.c.other_contact_id
    linked = links.c.contact_id, links.c.other_contact_id
    for table, (left, right), *conditions in (
        (suggestions, suggested),
        (links, linked, links.c.undone_at.is_not(None)),
    ):
        rows = tx.execute(
            select(table.c.id)
            .where(
                or_(
                    left.in_(contact_ids) & right.in_(other_contact_ids),
                    left.in_(other_contact_ids) & right.in_(contact_ids),
                ),
                *conditions,
            )
            .limit(1)
        )
        if rows.first() is not None:
            return True
    return False


def _contacts_with_address(tx: Transaction, scheme: str, path: str) -> list[_AddressOwner]:
    """The contacts that own an address, in any way that it is written."""
    paths = phones.forms(path) if scheme == "tel" else (path,)
    root = contacts.alias()
    rows = tx.execute(
        select(addresses.c.contact_id, addresses.c.path, root.c.name)
        .join(contacts, contacts.c.id == addresses.c.contact_id)
        .join(root, root.c.id == contacts.c.root_id)
        .where(addresses.c.scheme == scheme, addresses.c.path.in_(paths))
    )
    return [_AddressOwner._make(row) for row in rows]


def _name_of(owner: _AddressOwner) -> str:
    return owner.name or "another contact"


def _contacts_with_claim(tx: Transaction, scheme: str, path: str) -> list[_ClaimOwner]:
    """The contacts that gave an address as theirs, in any way that it is written."""
    paths = phones.forms(path) if scheme == "tel" else (path,)
    root = contacts.alias()
    rows = tx.execute(
        select(claims.c.contact_id, root.c.name)
        .join(contacts, contacts.c.id == claims.c.contact_id)
        .join(root, root.c.id == contacts.c.root_id)
        .where(claims.c.scheme == scheme, claims.c.path.in_(paths))
    )
    return [_ClaimOwner._make(row) for row in rows]


def _match_claimed_phone(tx: Transaction, contact_id: int, path: str) -> None:
    """Suggests the other contacts that gave the same phone number."""
    for claim in _contacts_with_claim(tx, "tel", path):
        if claim.contact_id != contact_id:
            suggest_match(
                tx,
                contact_id,
                claim.contact_id,
                evidence="inferred",
                method="phone",
                reason=f"Both gave the number {path}.",
            )
