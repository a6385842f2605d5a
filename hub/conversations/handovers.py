"""One-time invitations to go on with a conversation on another channel."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, insert, or_, select, update

from hub.conversations import links, people, shapes
from hub.conversations.people import Person
from hub.conversations.tokens import CODE_ALPHABET, CODE_LENGTH, digest, new_code, new_token
from hub.errors import NotFound
from hub.store.engine import Transaction
from hub.store.models import conversations, handovers

EXPIRES_AFTER = timedelta(hours=24)
_CODE = re.compile(rf"(?<!\w)[{CODE_ALPHABET}]{{{CODE_LENGTH}}}(?!\w)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Invitation:
    """A handover with what only its maker ever sees."""

    id: int
    token: str
    code: str
    expires_at: datetime


def invite(tx: Transaction, conversation_id: int, connector: str, by: str) -> Invitation:
    """Makes an invitation that brings the customer to `connector`. Raises NotFound."""
    contact_id = tx.execute(
        select(conversations.c.contact_id).where(conversations.c.id == conversation_id)
    ).scalar()
    if contact_id is None:
        raise NotFound("There is no such conversation.")
    token, code = new_token(), new_code()
    expires_at = tx.now + EXPIRES_AFTER
    handover_id = tx.execute(
        insert(handovers)
        .values(
            conversation_id=conversation_id,
            contact_id=contact_id,
            connector=connector,
            token_digest=digest(token),
            code_digest=digest(code),
            created_by=by,
            created_at=tx.now,
            expires_at=expires_at,
        )
        .returning(handovers.c.id)
    ).scalar_one()
    return Invitation(handover_id, token, code, expires_at)


def redeem(tx: Transaction, token: str, connector: str, person: Person) -> bool:
    """Links whoever brought the token to whom it was made for. Good once, here, and in time."""
    secret = digest(token)
    found = tx.execute(
        update(handovers)
        .where(
            or_(handovers.c.token_digest == secret, handovers.c.code_digest == secret),
            handovers.c.connector == connector,
            handovers.c.redeemed_at.is_(None),
            handovers.c.expires_at > tx.now,
        )
        .values(redeemed_at=tx.now, redeemed_address_id=person.address_id)
        .returning(handovers.c.contact_id, handovers.c.conversation_id)
    ).first()
    if found is None:
        return False
    group = people.group_of(tx.connection, found.contact_id)
    if person.root_id != group[0]:
        links.link(
            tx,
            group[0],
            person.contact_id,
            evidence="verified",
            method="handover",
            reason="They used the one-time link or code that this conversation gave them.",
            by="contact",
        )
    return True


def person_after(tx: Transaction, person: Person) -> Person:
    """The same address, with the contact that it belongs to now."""
    found = people.find(tx.connection, person.address)
    assert found is not None
    return found


def code_in(text: str) -> str:
    """The first word of a text that has the form of a code, in capitals; "" when none has."""
    for match in _CODE.finditer(text):
        word = match.group().upper()
        if any(c.isdigit() for c in word) and any(c.isalpha() for c in word):
            return word
    return ""


def of_conversation(connection: Connection, conversation_id: int) -> list[shapes.HandoverRecord]:
    rows = connection.execute(
        select(handovers)
        .where(handovers.c.conversation_id == conversation_id)
        .order_by(handovers.c.id.desc())
    )
    return [
        shapes.HandoverRecord(
            id=row.id,
            connector=row.connector,
            created_by=row.created_by,
            created_at=row.created_at,
            expires_at=row.expires_at,
            redeemed_at=row.redeemed_at,
        )
        for row in rows
    ]
