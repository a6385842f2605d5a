"""What agents decide about two people who may be one."""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import Connection, or_, select

from hub.contacts import contact_addresses, match_detection, profiles
from hub.conversations import lifecycle, timeline
from hub.errors import Conflict, Invalid, NotFound
from hub.identity import links
from hub.schema import resources
from hub.schema.author import Author
from hub.store.engine import Transaction
from hub.store.models import suggestions

Decision = Literal["accept", "dismiss"]


def suggestions_of_contact(connection: Connection, contact_id: int) -> list[resources.Suggestion]:
    """Who else a person may be, as far as nobody has decided, newest first. Raises NotFound."""
    group = contact_addresses.linked_contact_ids(connection, contact_id)
    rows = connection.execute(
        select(suggestions)
        .where(
            or_(suggestions.c.contact_id.in_(group), suggestions.c.other_contact_id.in_(group)),
            suggestions.c.decision == "",
        )
        .order_by(suggestions.c.id.desc())
    ).all()
    found = []
    for row in rows:
        other = row.other_contact_id if row.contact_id in group else row.contact_id
        if other not in group:
            found.append(_shape(row, profiles.contact(connection, other)))
    return found


def decide_suggestion(
    tx: Transaction, suggestion_id: int, decision: Decision, by: Author
) -> resources.Link | None:
    """Makes one person of the two, or keeps them two for good.

    Returns: the link, where there is one now.

    Raises:
        NotFound: there is no such suggestion.
        Conflict: it is decided already, or they are one person by now.
    """
    row = tx.execute(
        select(suggestions).where(suggestions.c.id == suggestion_id).with_for_update()
    ).first()
    if row is None:
        raise NotFound("There is no such suggestion.")
    if row.decision:
        raise Conflict("This was decided already.")
    made = _accept(tx, row, by) if decision == "accept" else None
    match_detection.record_decision(
        tx,
        suggestion_id,
        decision=decision,
        decided_by=by.name,
        link_id=None if made is None else int(made.id),
    )
    if made is None:
        for contact_id in (row.contact_id, row.other_contact_id):
            _tell(tx, row, contact_id, by)
    return made


def _accept(tx: Transaction, row: Any, by: Author) -> resources.Link:
    try:
        return links.link_contacts(
            tx,
            row.contact_id,
            row.other_contact_id,
            evidence=row.evidence,
            method=row.method,
            reason=row.reason,
            by=by.name,
        )
    except Invalid as error:
        raise Conflict(str(error)) from None


def _tell(tx: Transaction, row: Any, contact_id: int, by: Author) -> None:
    person = contact_addresses.first_address_of(tx.connection, contact_id)
    target = lifecycle.load_latest_conversation(tx, person)
    if target is not None:
        timeline.add_event(
            tx,
            target,
            "suggestion.dismissed",
            by,
            suggestion_id=str(row.id),
            evidence=row.evidence,
            method=row.method,
            reason=row.reason,
            by=by.name,
        )
        lifecycle.save_conversation(tx, target)


def _shape(row: Any, other: resources.Contact) -> resources.Suggestion:
    return resources.Suggestion(
        id=row.id,
        contact=other,
        evidence=row.evidence,
        method=row.method,
        reason=row.reason,
        created_at=row.created_at,
    )
