"""A customer goes on elsewhere: noticed, told, and counted; the same conversation goes along."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, or_, select

from hub.conversations import context, threads
from hub.conversations.context import Said
from hub.conversations.people import Person
from hub.conversations.send import Outlet
from hub.conversations.shapes import Given, Place
from hub.conversations.threads import Author, Thread
from hub.store.engine import Transaction
from hub.store.models import (
    addresses,
    attachments,
    channel_switches,
    contacts,
    conversations,
    links,
    messages,
)


@dataclass(frozen=True, slots=True)
class Switch:
    """From where to where, and how it was known that it is the same person.

    `recognised_by` is `handover`, `identity`, `link`, or `same_person` where one record has both
    addresses. `by_itself` where nobody of the company had to say so. `seconds` from the first words
    on the new channel until it was known.
    """

    from_: Place
    to: Place
    recognised_by: str
    by_itself: bool
    seconds: float


def notice(
    tx: Transaction,
    target: Thread,
    person: Person,
    outlet: Outlet,
    *,
    by_handover: bool = False,
    at: datetime | None = None,
    words: str = "",
) -> Switch | None:
    """Notes where the customer is now; tells of it when that is another channel than before.

    Args:
        by_handover: an invitation brought them.
        at: the time of the words that they switched with, for their place in the timeline.
        words: what they say on the new channel, for the card that the agent gets.
    """
    before = target["last_inbound_connector"]
    before_id = target["last_inbound_address_id"]
    if before == outlet.name and before_id == person.address_id:
        return None
    target.changes |= {
        "last_inbound_connector": outlet.name,
        "last_inbound_address_id": person.address_id,
    }
    if before is None or before == outlet.name:
        return None
    switch = _switch(tx, person, outlet, before, before_id, by_handover)
    target.changes["context_card"] = _card(tx, target, switch, words)
    _tell(tx, target, person, switch, at)
    return switch


# -- what it was -----------------------------------------------------------------------------------


def _switch(
    tx: Transaction,
    person: Person,
    outlet: Outlet,
    before: str,
    before_id: int,
    by_handover: bool,
) -> Switch:
    origin = tx.execute(
        select(addresses, messages.c.kind)
        .outerjoin(messages, messages.c.address_id == addresses.c.id)
        .where(addresses.c.id == before_id)
        .order_by(messages.c.created_at.desc())
        .limit(1)
    ).one()
    by, by_itself, seconds = _recognised(tx, person, origin, by_handover)
    return Switch(
        Place(
            connector=before,
            kind=origin.kind or origin.scheme,
            address=f"{origin.scheme}:{origin.path}",
        ),
        Place(connector=outlet.name, kind=outlet.kind, address=str(person.address)),
        by,
        by_itself,
        seconds,
    )


def _recognised(
    tx: Transaction, person: Person, origin: Any, by_handover: bool
) -> tuple[str, bool, float]:
    if by_handover:
        return "handover", True, 0.0
    if origin.contact_id == person.contact_id:
        return "same_person", True, 0.0
    records = (person.contact_id, origin.contact_id)
    link = tx.execute(
        select(links)
        .where(
            or_(links.c.contact_id.in_(records), links.c.other_contact_id.in_(records)),
            links.c.undone_at.is_(None),
        )
        .order_by(links.c.id.desc())
        .limit(1)
    ).first()
    if link is None:
        return "same_person", True, 0.0
    by = next((name for name in ("handover", "identity") if name in link.method), "link")
    return by, link.evidence == "verified", _seconds(tx, person, origin.id, link.created_at)


def _seconds(tx: Transaction, person: Person, before_id: int, known_at: datetime) -> float:
    """From their first words here, since they last wrote there, until they were known."""
    last_there = (
        select(func.max(messages.c.created_at))
        .where(messages.c.address_id == before_id, messages.c.direction == "in")
        .scalar_subquery()
    )
    first_here = tx.execute(
        select(messages.c.created_at)
        .where(
            messages.c.address_id == person.address_id,
            messages.c.direction == "in",
            messages.c.created_at > last_there,
        )
        .order_by(messages.c.created_at)
        .limit(1)
    ).scalar()
    return 0.0 if first_here is None else max(0.0, (known_at - first_here).total_seconds())


def _tell(
    tx: Transaction, target: Thread, person: Person, switch: Switch, at: datetime | None
) -> None:
    tx.execute(
        insert(channel_switches).values(
            conversation_id=target.id,
            from_connector=switch.from_.connector,
            to_connector=switch.to.connector,
            recognised_by=switch.recognised_by,
            by_itself=switch.by_itself,
            seconds=switch.seconds,
            created_at=tx.now,
        )
    )
    told = {
        "name": "channel.switched",
        "from": switch.from_.model_dump(),
        "to": switch.to.model_dump(),
        "recognised_by": switch.recognised_by,
        "seconds": switch.seconds,
    }
    author = Author("contact", person.root_id, person.contact.name)
    threads.add_event_at(tx, target, at, author, told)


# -- what the agent must know ----------------------------------------------------------------------


def _card(tx: Transaction, target: Thread, switch: Switch, words: str) -> dict[str, Any]:
    made = context.card(
        _said(tx, target.id),
        from_=switch.from_,
        to=switch.to,
        switched_at=tx.now,
        waiting_since=target["waiting_since"],
        typed=_typed(tx, target.id),
        words=words,
    )
    return made.model_dump(mode="json")


def _said(tx: Transaction, conversation_id: int) -> list[Said]:
    rows = tx.execute(
        select(messages.c.id, messages.c.text, messages.c.direction, messages.c.author_type)
        .where(messages.c.conversation_id == conversation_id, messages.c.type == "message")
        .order_by(messages.c.created_at.desc(), messages.c.id.desc())
        .limit(context.MAX_SAID)
    ).all()
    files: dict[int, list[str]] = defaultdict(list)
    for one in tx.execute(
        select(attachments.c.message_id, attachments.c.name, attachments.c.medium)
        .where(attachments.c.message_id.in_([row.id for row in rows]))
        .order_by(attachments.c.id)
    ):
        files[one.message_id].append(one.name or one.medium)
    return [
        Said(
            row.id,
            row.text,
            is_theirs=row.direction == "in",
            is_answer=row.direction == "out" and row.author_type != "system",
            files=tuple(files[row.id]),
        )
        for row in reversed(rows)
    ]


def _typed(tx: Transaction, conversation_id: int) -> list[Given]:
    """What the person this conversation is with typed of themselves, on whichever record."""
    row = tx.execute(
        select(contacts.c.name, contacts.c.attributes)
        .join(conversations, conversations.c.contact_id == contacts.c.id)
        .where(conversations.c.id == conversation_id)
    ).one()
    typed = [Given(type="name", text=row.name)] if row.name else []
    for kind in ("email", "phone"):
        if isinstance(row.attributes.get(kind), str):
            typed.append(Given.model_validate({"type": kind, "text": row.attributes[kind]}))
    return typed
