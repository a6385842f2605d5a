"""One-time invitations to go on with a conversation on another channel."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy import Connection, insert, or_, select, update

from hub.conversations import links, people, shapes
from hub.conversations.people import Person
from hub.conversations.tokens import CODE_ALPHABET, CODE_LENGTH, digest, new_code, new_token
from hub.errors import NotFound
from hub.store.engine import Transaction
from hub.store.models import conversations, handovers
from hub.types import InboundMessage

EXPIRES_AFTER = timedelta(hours=24)
#: More words of a code's form than this in one text are somebody guessing.
MAX_CODES = 3
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
    if people.contact(tx.connection, found.contact_id).id != person.contact.id:
        links.link(
            tx,
            found.contact_id,
            person.contact_id,
            evidence="verified",
            method="handover",
            reason="They used the one-time link or code that this conversation gave them.",
            by="contact",
        )
    return True


def redeem_any(tx: Transaction, event: InboundMessage, connector: str, person: Person) -> Person:
    """Redeems what a message brings: its token, or a code in its text. Returns who it is now."""
    brought = [event.handover_token] if event.handover_token else codes_in(event.text)
    if any(redeem(tx, one, connector, person) for one in brought):
        return person_after(tx, person)
    return person


def person_after(tx: Transaction, person: Person) -> Person:
    """The same address, with the contact that it belongs to now."""
    found = people.find(tx.connection, person.address)
    assert found is not None
    return found


def codes_in(text: str) -> list[str]:
    """The first few words of a text that have the form of a code, in capitals."""
    words = (match.group().upper() for match in _CODE.finditer(text))
    return list(islice((word for word in words if _is_mixed(word)), MAX_CODES))


def _is_mixed(word: str) -> bool:
    return any(c.isdigit() for c in word) and any(c.isalpha() for c in word)


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
