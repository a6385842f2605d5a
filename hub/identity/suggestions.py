"""Suggestions that two contacts are one person: the open ones, and an agent's decision about one.

`contacts.match_detection` finds them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NamedTuple

from sqlalchemy import Connection, or_, select

from hub.contacts import contact_addresses, locks, match_detection, profiles
from hub.conversations import lifecycle, timeline
from hub.errors import Conflict, Invalid, NotFound
from hub.identity import links
from hub.schema import resources
from hub.schema.author import Author
from hub.store.engine import Transaction
from hub.store.models import suggestions

Decision = Literal["accept", "dismiss"]


class _SuggestionRow(NamedTuple):
    """A row of the table `suggestion`. `decision` is empty while it is open."""

    id: int
    contact_id: int
    other_contact_id: int
    evidence: resources.Evidence
    method: str
    reason: str
    created_at: datetime
    decision: str


_COLUMNS = tuple(suggestions.c[name] for name in _SuggestionRow._fields)


def suggestions_of_contact(connection: Connection, contact_id: int) -> list[resources.Suggestion]:
    """Lists the open suggestions of a person with the other contact, newest first.

    Raises NotFound.
    """
    contact_ids = contact_addresses.linked_contact_ids(connection, contact_id)
    rows = connection.execute(
        select(*_COLUMNS)
        .where(
            or_(
                suggestions.c.contact_id.in_(contact_ids),
                suggestions.c.other_contact_id.in_(contact_ids),
            ),
            suggestions.c.decision == "",
        )
        .order_by(suggestions.c.id.desc())
    ).all()
    open_suggestions = []
    for row in map(_SuggestionRow._make, rows):
        is_first = row.contact_id in contact_ids
        suggested_id = row.other_contact_id if is_first else row.contact_id
        if suggested_id not in contact_ids:
            open_suggestions.append(
                resources.Suggestion(
                    id=row.id,
                    contact=profiles.get_contact(connection, suggested_id),
                    evidence=row.evidence,
                    method=row.method,
                    reason=row.reason,
                    created_at=row.created_at,
                )
            )
    return open_suggestions


def decide_suggestion(
    tx: Transaction, suggestion_id: int, decision: Decision, agent: Author
) -> resources.Link | None:
    """Links the two contacts of a suggestion, or dismisses it for good.

    Args:
        agent: the agent who decides.

    Returns: the link of an accepted suggestion.

    Raises:
        NotFound: there is no such suggestion.
        Conflict: it is decided already, or they are one person by now.
    """
    locks.lock_links(tx)  # which also lets one agent decide at a time
    row = tx.execute(select(*_COLUMNS).where(suggestions.c.id == suggestion_id)).first()
    if row is None:
        raise NotFound("There is no such suggestion.")
    suggestion = _SuggestionRow._make(row)
    if suggestion.decision:
        raise Conflict("This was decided already.")
    link = _link(tx, suggestion, agent) if decision == "accept" else None
    match_detection.record_decision(
        tx,
        suggestion_id,
        decision=decision,
        decided_by=agent.name,
        link_id=None if link is None else int(link.id),
    )
    if link is None:
        for contact_id in (suggestion.contact_id, suggestion.other_contact_id):
            _add_dismissed_event(tx, suggestion, contact_id, agent)
    return link


def _link(tx: Transaction, suggestion: _SuggestionRow, agent: Author) -> resources.Link:
    try:
        return links.link_contacts(
            tx,
            suggestion.contact_id,
            suggestion.other_contact_id,
            evidence=suggestion.evidence,
            method=suggestion.method,
            reason=suggestion.reason,
            by=agent.name,
        )
    except Invalid as error:
        raise Conflict(str(error)) from None


def _add_dismissed_event(
    tx: Transaction, suggestion: _SuggestionRow, contact_id: int, agent: Author
) -> None:
    """Adds the event `suggestion.dismissed` to the newest conversation of a contact."""
    contact_address = contact_addresses.first_contact_address(tx.connection, contact_id)
    conversation = lifecycle.load_latest_conversation(tx, contact_address)
    if conversation is not None:
        timeline.add_event(
            tx,
            conversation,
            "suggestion.dismissed",
            agent,
            suggestion_id=str(suggestion.id),
            evidence=suggestion.evidence,
            method=suggestion.method,
            reason=suggestion.reason,
            by=agent.name,
        )
        lifecycle.save_conversation(tx, conversation)
