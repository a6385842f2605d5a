"""One-time invitations to go on with a conversation on another channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, insert, or_, select, update

from hub.contacts import contact_addresses, signed_ids
from hub.contacts.contact_addresses import ContactAddress
from hub.conversations import lifecycle, timeline
from hub.conversations.timeline import Author
from hub.errors import LimitExceeded, NotFound
from hub.identity import links
from hub.schema import resources
from hub.schema.tokens import codes_in, digest, is_token, new_code, new_token
from hub.store.engine import Transaction
from hub.store.models import addresses, conversations, handover_refusals, handovers
from hub.types import Address, InboundMessage

EXPIRES_AFTER = timedelta(hours=24)
#: Invitations from one conversation in an hour.
MAX_MADE = 20
MADE_WITHIN = timedelta(hours=1)
#: Wrong tokens and codes within `REFUSED_WITHIN` after which no more are looked at: of one
#: address; and of one connector, where it stops the codes that people type. Its links go on.
MAX_REFUSED = 5
MAX_REFUSED_CODES = 200
REFUSED_WITHIN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Invitation:
    """A handover with what only its maker ever sees."""

    id: int
    token: str
    code: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Redeemed:
    """An invitation that was good. `brought` is the token or the code as it is written down."""

    id: int
    conversation_id: int
    contact_id: int
    brought: str
    #: False where whoever brought it was that person already.
    is_linked: bool
    #: The connector by which they last wrote in the conversation that it was made in.
    came_from: str | None = None

    def is_move_to(self, connector: str) -> bool:
        """Whether it has just brought them here from another channel, of whichever conversation."""
        return self.is_linked and self.came_from != connector


@dataclass(frozen=True, slots=True)
class Refused:
    """What was brought is no good: `unknown`, `used`, `expired`, `elsewhere` (made for another
    connector), `too_many` (not looked at), `unauthenticated` (the sender may be forged) or
    `another_person` (a site has signed that who brought it is somebody else).
    """

    reason: str


def invite(
    tx: Transaction,
    conversation_id: int,
    connector: str,
    by: str,
    expires: timedelta = EXPIRES_AFTER,
    author: Author | None = None,
    *,
    contact_id: int | None = None,
) -> Invitation:
    """Makes an invitation that brings the customer to `connector`.

    Whoever redeems it is proved to be the one who was given it, and nobody whom an agent merged
    with them: that is the record `contact_id`, or without it whoever was heard last.

    Args:
        by: the name of the agent who makes it, or `contact`, or `hub`.
        author: the same for the timeline, where more is known than the name.

    Raises:
        NotFound: there is no such conversation.
        LimitExceeded: too many were made here within the hour.
    """
    row = tx.execute(
        select(conversations.c.contact_id, addresses.c.contact_id.label("heard_last"))
        .outerjoin(addresses, addresses.c.id == conversations.c.last_inbound_address_id)
        .where(conversations.c.id == conversation_id)
    ).first()
    if row is None:
        raise NotFound("There is no such conversation.")
    contact_id = contact_id or row.heard_last or row.contact_id
    _refuse_too_many(tx, conversation_id)
    token, code = new_token(), new_code()
    expires_at = tx.now + expires
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
    _tell_made(tx, conversation_id, contact_id, handover_id, connector, expires_at, by, author)
    return Invitation(handover_id, token, code, expires_at)


def _tell_made(
    tx: Transaction,
    conversation_id: int,
    contact_id: int,
    handover_id: int,
    connector: str,
    expires_at: datetime,
    by: str,
    author: Author | None,
) -> None:
    """A line in the timeline: who invited them where. Never the token, never the code."""
    row = tx.execute(select(addresses).where(addresses.c.contact_id == contact_id).limit(1)).one()
    person = contact_addresses.find_contact_address(
        tx.connection, Address(row.scheme, row.path, row.scope)
    )
    assert person is not None
    target = lifecycle.load_conversation(tx, conversation_id, person)
    if author is None:
        theirs = Author("contact", person.root_id, person.name)
        author = {"contact": theirs, "hub": timeline.SYSTEM}.get(by, Author("agent", None, by))
    timeline.add_event(
        tx,
        target,
        "handover.created",
        author,
        handover_id=str(handover_id),
        connector=connector,
        by=by,
        expires_at=expires_at.isoformat(),
    )


def _refuse_too_many(tx: Transaction, conversation_id: int) -> None:
    made = list(
        tx.execute(
            select(handovers.c.created_at)
            .where(
                handovers.c.conversation_id == conversation_id,
                handovers.c.created_at > tx.now - MADE_WITHIN,
            )
            .order_by(handovers.c.id.desc())
            .limit(MAX_MADE)
        ).scalars()
    )
    if len(made) == MAX_MADE:
        raise LimitExceeded(
            "Many invitations were made here within the hour: use one of them, or wait.",
            made[-1] + MADE_WITHIN - tx.now,
        )


# -- bringing one back -----------------------------------------------------------------------------


def brought_by(event: InboundMessage) -> list[str]:
    """What of a message may be a token or a code of ours: mostly nothing. Pure."""
    return [*in_form(event.handover_token), *codes_in(event.text)]


def in_form(token: str) -> list[str]:
    """The token of a link, or a code that was typed where a token belongs; nothing else."""
    return [token] if is_token(token) else codes_in(token)


def redeem(tx: Transaction, token: str, connector: str, person: ContactAddress) -> Redeemed | None:
    """Links whoever brought a token or code to whom it was made for. None when it is no good."""
    outcome = redeem_first(tx, in_form(token), connector, person)
    return outcome if isinstance(outcome, Redeemed) else None


def redeem_first(
    tx: Transaction, brought: Sequence[str], connector: str, person: ContactAddress
) -> Redeemed | Refused | None:
    """Redeems the first of these that is good here and now. None when there was nothing to look at.

    Good once, at the connector it was made for, and in time. Who brings what is no good is let try
    a few times; `Refused` is remembered, so that guessing ends.
    """
    allowed = _allowed(tx, brought, connector, person)
    if not allowed:
        return Refused("too_many") if brought else None
    by_digest = {digest(one): one for one in allowed}
    rows = tx.execute(
        select(handovers).where(
            or_(handovers.c.token_digest.in_(by_digest), handovers.c.code_digest.in_(by_digest))
        )
    ).all()
    reason = "unknown"
    for row in rows:
        if row.connector != connector:
            reason = "elsewhere"
        elif row.redeemed_address_id == person.address_id:
            return None  # the same link, followed again
        elif signed_ids.are_two(tx.connection, row.contact_id, person.contact_id):
            reason = "another_person"  # and it stays good for whom it was made
        elif row.redeemed_at is not None or not _claim(tx, row.id, person):
            is_late = row.redeemed_at is None and row.expires_at <= tx.now
            reason = "expired" if is_late else "used"
        else:
            secret = by_digest.get(row.token_digest) or by_digest[row.code_digest]
            came_from = _last_connector(tx, row.conversation_id)
            is_linked = _link(tx, row.contact_id, person)
            return Redeemed(
                row.id, row.conversation_id, row.contact_id, secret, is_linked, came_from
            )
    refuse(tx, connector, reason, person)
    return Refused(reason)


def _claim(tx: Transaction, handover_id: int, person: ContactAddress) -> bool:
    """Whether it is ours: of all who try at once, one finds the row unredeemed."""
    claimed = tx.execute(
        update(handovers)
        .where(
            handovers.c.id == handover_id,
            handovers.c.redeemed_at.is_(None),
            handovers.c.expires_at > tx.now,
        )
        .values(redeemed_at=tx.now, redeemed_address_id=person.address_id)
    )
    return claimed.rowcount == 1


def _last_connector(tx: Transaction, conversation_id: int) -> str | None:
    return tx.execute(
        select(conversations.c.last_inbound_connector).where(conversations.c.id == conversation_id)
    ).scalar()


def _link(tx: Transaction, contact_id: int, person: ContactAddress) -> bool:
    if person.address_id in links.proved_with(tx.connection, contact_id):
        return False
    links.link(
        tx,
        contact_id,
        person.contact_id,
        evidence="verified",
        method="handover",
        reason="They used the one-time link or code that this conversation gave them.",
        by="contact",
    )
    return True


def _allowed(
    tx: Transaction, brought: Sequence[str], connector: str, person: ContactAddress
) -> list[str]:
    if not brought:
        return []
    since = tx.now - REFUSED_WITHIN
    recent = select(func.count()).select_from(handover_refusals)
    recent = recent.where(handover_refusals.c.created_at > since)
    of_address = recent.where(handover_refusals.c.address_id == person.address_id)
    of_connector = recent.where(handover_refusals.c.connector == connector)
    counted = tx.execute(
        select(
            of_address.scalar_subquery().label("address"),
            of_connector.scalar_subquery().label("connector"),
        )
    ).one()
    if counted.address >= MAX_REFUSED:
        return []
    return [one for one in brought if counted.connector < MAX_REFUSED_CODES or is_token(one)]


def refuse(tx: Transaction, connector: str, reason: str, person: ContactAddress | None) -> None:
    """Remembers that what somebody brought was no good."""
    tx.execute(
        insert(handover_refusals).values(
            connector=connector,
            address_id=None if person is None else person.address_id,
            reason=reason,
            created_at=tx.now,
        )
    )


def is_nothing_but(text: str, redeemed: Redeemed) -> bool:
    """Whether a text says no more than the code, so that there is nothing in it to answer."""
    left = "".join(filter(str.isalnum, text)).upper().replace(redeemed.brought.upper(), "", 1)
    return left in ("", "CODE")


def person_after(tx: Transaction, person: ContactAddress) -> ContactAddress:
    """The same address, with the contact that it belongs to now."""
    found = contact_addresses.find_contact_address(tx.connection, person.address)
    assert found is not None
    return found


def of_conversation(connection: Connection, conversation_id: int) -> list[resources.HandoverRecord]:
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
