"""Notices that two people may be one, and keeps it for an agent to decide. It links nobody.

What somebody typed, or what two have in common, proves nothing: the reason is one sentence, and
what an agent decided about a pair of people stays decided.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import or_, select, update

from hub import phones
from hub.schema import search_index
from hub.store.engine import Transaction, Upsert
from hub.store.models import addresses, claims, contacts, links, suggestions
from hub.types import InboundMessage

#: What an attribute may name: the scheme of the addresses that it could be.
SCHEME_BY_ATTRIBUTE = {"email": "mailto", "phone": "tel"}
#: Lines of a signature that are looked at, and addresses in them.
SIGNATURE_LINES = 10
MAX_IN_SIGNATURE = 4
#: People of one name that are looked at.
MAX_WITH_SAME_NAME = 5

_MAIL = re.compile(r"[^\s@<>,;:\"()]{1,64}@(?:[\w-]+\.)+[\w-]{2,24}")
_PHONE = re.compile(r"(?<![\w+])(?:\+|00)\d[\d ().-]{6,20}\d(?!\w)")
_ADD_CLAIM = Upsert(claims, ["contact_id", "scheme", "path"])
_ADD_SUGGESTION = Upsert(suggestions, ["contact_id", "other_contact_id"], returning=["id"])


def suggest_match(
    tx: Transaction, contact_id: int, other_id: int, *, evidence: str, method: str, reason: str
) -> bool:
    """Keeps it that two may be one person, once.

    Returns: False when they are one already, or when this was suggested, decided or undone before
        between any records of the two.
    """
    one, other = _linked_contact_ids(tx, contact_id), _linked_contact_ids(tx, other_id)
    if contact_id in other or _is_known_match(tx, one, other):
        return False
    first, second = sorted((contact_id, other_id))
    kept = tx.execute(
        _ADD_SUGGESTION,
        {
            "contact_id": first,
            "other_contact_id": second,
            "evidence": evidence,
            "method": method,
            "reason": reason,
            "created_at": tx.now,
            "decision": "",
            "decided_by": "",
        },
    )
    return kept.first() is not None


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
    """Somebody gave an address as theirs: in a form, or an agent wrote it down for them."""
    for attribute, scheme in SCHEME_BY_ATTRIBUTE.items():
        value = attributes.get(attribute)
        path = address_in(scheme, value) if isinstance(value, str) else None
        if path is None:
            continue
        claim = {"contact_id": contact_id, "scheme": scheme, "path": path}
        tx.execute(_ADD_CLAIM, {**claim, "source": "form", "created_at": tx.now})
        who = name or "This contact"
        for owner in _contacts_with_address(tx, scheme, path):
            suggest_match(
                tx,
                contact_id,
                owner.contact_id,
                evidence="asserted",
                method="form",
                reason=f"{who} gave {path}, which is an address of {_name_of(owner)}.",
            )
        if scheme == "tel":
            _match_claimed_phone(tx, contact_id, path)


def match_new_address(tx: Transaction, contact_id: int, scheme: str, path: str, name: str) -> None:
    """An address wrote for the first time: perhaps somebody gave it as theirs before."""
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
    """The signature of a proved mail names an address that we know of somebody else."""
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
    tx: Transaction, contact_id: int, same_name_ids: Iterable[int], name: str, what: str
) -> None:
    """Somebody of the same name said the same a moment ago."""
    for other in same_name_ids:
        suggest_match(
            tx,
            contact_id,
            other,
            evidence="inferred",
            method="name and words",
            reason=f"Both are called {name} and sent the same {what} within minutes.",
        )


def contacts_named(tx: Transaction, contact_id: int, name: str) -> list[int]:
    """The newest other people who are called exactly that."""
    wanted = search_index.fold(name)
    if not wanted:
        return []
    ids = search_index.find_contacts(tx.connection, name, None, MAX_WITH_SAME_NAME)
    root = select(contacts.c.root_id).where(contacts.c.id == contact_id).scalar_subquery()
    rows = tx.execute(
        select(contacts.c.id, contacts.c.name).where(
            contacts.c.id.in_(ids), contacts.c.root_id != root
        )
    )
    return [row.id for row in rows if search_index.fold(row.name) == wanted]


# -- reading what people write; pure ---------------------------------------------------------------


def address_in(scheme: str, text: str) -> str | None:
    """The one form of a mail address or of a phone number with its country; else None."""
    text = text.strip()
    if scheme == "mailto":
        return text.lower() if _MAIL.fullmatch(text) else None
    if text.startswith("00"):
        text = "+" + text[2:]
    # A number without its country could be anybody's.
    number = phones.canonical(text) if text.startswith("+") else ""
    return number if number.startswith("+") and phones.is_possible(number) else None


def addresses_in_signature(text: str) -> list[tuple[str, str]]:
    """The mail addresses and phone numbers after the line of two dashes, as scheme and path."""
    lines = text.splitlines()
    start = next((at for at, line in enumerate(lines) if line.rstrip() == "--"), None)
    if start is None:
        return []
    below = lines[start + 1 : start + 1 + SIGNATURE_LINES]
    quoted = next((at for at, line in enumerate(below) if line.lstrip().startswith(">")), None)
    own = "\n".join(below[:quoted])
    found = [("mailto", address_in("mailto", one)) for one in _MAIL.findall(own)]
    found += [("tel", address_in("tel", one)) for one in _PHONE.findall(own)]
    known = dict.fromkeys((scheme, path) for scheme, path in found if path is not None)
    return list(known)[:MAX_IN_SIGNATURE]


# -- asking --------------------------------------------------------------------------------------


def _linked_contact_ids(tx: Transaction, contact_id: int) -> list[int]:
    """All records of the person that one belongs to."""
    own = contacts.alias()
    return list(
        tx.execute(
            select(contacts.c.id)
            .join(own, own.c.root_id == contacts.c.root_id)
            .where(own.c.id == contact_id)
        ).scalars()
    )


def _is_known_match(tx: Transaction, one: Sequence[int], other: Sequence[int]) -> bool:
    pair = suggestions.c.contact_id, suggestions.c.other_contact_id
    undone = links.c.contact_id, links.c.other_contact_id
    for table, (left, right), *more in (
        (suggestions, pair),
        (links, undone, links.c.undone_at.is_not(None)),
    ):
        found = tx.execute(
            select(table.c.id)
            .where(
                or_(
                    left.in_(one) & right.in_(other),
                    left.in_(other) & right.in_(one),
                ),
                *more,
            )
            .limit(1)
        )
        if found.first() is not None:
            return True
    return False


def _contacts_with_address(tx: Transaction, scheme: str, path: str) -> Sequence[Any]:
    """Whose address it is, in any way that it is written."""
    paths = phones.forms(path) if scheme == "tel" else (path,)
    root = contacts.alias()
    return tx.execute(
        select(addresses.c.contact_id, addresses.c.path, root.c.name)
        .join(contacts, contacts.c.id == addresses.c.contact_id)
        .join(root, root.c.id == contacts.c.root_id)
        .where(addresses.c.scheme == scheme, addresses.c.path.in_(paths))
    ).all()


def _name_of(person: Any) -> str:
    return person.name or "another contact"


def _contacts_with_claim(tx: Transaction, scheme: str, path: str) -> Sequence[Any]:
    paths = phones.forms(path) if scheme == "tel" else (path,)
    root = contacts.alias()
    return tx.execute(
        select(claims.c.contact_id, root.c.name)
        .join(contacts, contacts.c.id == claims.c.contact_id)
        .join(root, root.c.id == contacts.c.root_id)
        .where(claims.c.scheme == scheme, claims.c.path.in_(paths))
    ).all()


def _match_claimed_phone(tx: Transaction, contact_id: int, path: str) -> None:
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
