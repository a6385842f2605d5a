"""Creates handovers: one-time links and codes that continue a conversation on another channel."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, insert, select

from hub.contacts import contact_addresses
from hub.conversations import lifecycle, timeline
from hub.errors import LimitExceeded, NotFound
from hub.schema import resources
from hub.schema.author import SYSTEM, Author
from hub.schema.tokens import digest, new_code, new_token
from hub.store.engine import Transaction
from hub.store.models import addresses, conversations, handovers

EXPIRES_AFTER = timedelta(hours=24)
#: At most this many handovers are created in one conversation within `CREATED_WITHIN`.
MAX_CREATED = 20
CREATED_WITHIN = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class CreatedHandover:
    """A new handover with its token and code, of which the database keeps the digests only."""

    id: int
    token: str
    code: str
    expires_at: datetime


def create_handover(
    tx: Transaction,
    conversation_id: int,
    connector: str,
    created_by: str,
    expires_after: timedelta = EXPIRES_AFTER,
    author: Author | None = None,
    *,
    contact_id: int | None = None,
) -> CreatedHandover:
    """Creates a handover that brings the customer of a conversation to `connector`.

    An address that redeems it is proved to belong to the contact that it was created for, and to no
    contact that an agent merged with that one.

    Args:
        created_by: the name of the agent who creates it, or `contact`, or `hub`.
        author: the author of the event in the timeline, where more is known than `created_by`.
        contact_id: the contact that it is created for; without it the contact to whose address
            an answer goes.

    Raises:
        NotFound: there is no such conversation.
        LimitExceeded: `MAX_CREATED` were created in this conversation within the hour.
    """
    row = tx.execute(
        select(conversations.c.contact_id, addresses.c.contact_id.label("answered_contact_id"))
        .outerjoin(addresses, addresses.c.id == conversations.c.answer_address_id)
        .where(conversations.c.id == conversation_id)
    ).first()
    if row is None:
        raise NotFound("There is no such conversation.")
    contact_id = contact_id or row.answered_contact_id or row.contact_id
    _check_limit(tx, conversation_id)
    token, code = new_token(), new_code()
    expires_at = tx.now + expires_after
    handover_id = tx.execute(
        insert(handovers)
        .values(
            conversation_id=conversation_id,
            contact_id=contact_id,
            connector=connector,
            token_digest=digest(token),
            code_digest=digest(code),
            created_by=created_by,
            created_at=tx.now,
            expires_at=expires_at,
        )
        .returning(handovers.c.id)
    ).scalar_one()
    created = CreatedHandover(handover_id, token, code, expires_at)
    _add_created_event(tx, created, conversation_id, contact_id, connector, created_by, author)
    return created


def handovers_of_conversation(
    connection: Connection, conversation_id: int
) -> list[resources.HandoverRecord]:
    """Lists the handovers of a conversation, newest first."""
    rows = connection.execute(
        select(handovers)
        .where(handovers.c.conversation_id == conversation_id)
        .order_by(handovers.c.id.desc())
    )
    return [
        resources.HandoverRecord(
            id=row.id,
            connector=row.connector,
            created_by=row.created_by,
            created_at=row.created_at,
            expires_at=row.expires_at,
            redeemed_at=row.redeemed_at,
        )
        for row in rows
    ]


def _check_limit(tx: Transaction, conversation_id: int) -> None:
    """Raises LimitExceeded where the conversation has `MAX_CREATED` handovers of the last hour."""
    created_at = list(
        tx.execute(
            select(handovers.c.created_at)
            .where(
                handovers.c.conversation_id == conversation_id,
                handovers.c.created_at > tx.now - CREATED_WITHIN,
            )
            .order_by(handovers.c.id.desc())
            .limit(MAX_CREATED)
        ).scalars()
    )
    if len(created_at) == MAX_CREATED:
        raise LimitExceeded(
            "Many invitations were made here within the hour: use one of them, or wait.",
            created_at[-1] + CREATED_WITHIN - tx.now,
        )


def _add_created_event(
    tx: Transaction,
    handover: CreatedHandover,
    conversation_id: int,
    contact_id: int,
    connector: str,
    created_by: str,
    author: Author | None,
) -> None:
    """Adds the event `handover.created` to the timeline. It never has the token or the code."""
    contact_address = contact_addresses.first_contact_address(tx.connection, contact_id)
    conversation = lifecycle.load_conversation(tx, conversation_id, contact_address)
    if author is None:
        customer = Author("contact", contact_address.root_id, contact_address.name)
        agent = Author("agent", None, created_by)
        author = {"contact": customer, "hub": SYSTEM}.get(created_by, agent)
    timeline.add_event(
        tx,
        conversation,
        "handover.created",
        author,
        handover_id=str(handover.id),
        connector=connector,
        by=created_by,
        expires_at=handover.expires_at.isoformat(),
    )
