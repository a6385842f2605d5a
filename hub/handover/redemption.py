"""Redeems handovers: a token or code is good once, in time, at the connector it was created for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, insert, or_, select, update

from hub.contacts import contact_addresses, signed_ids
from hub.contacts.contact_addresses import ContactAddress
from hub.identity import links
from hub.schema.tokens import codes_in, digest, is_token
from hub.store.engine import Transaction
from hub.store.models import conversations, handover_refusals, handovers
from hub.types import InboundMessage

#: Refused codes of one address within `REFUSALS_COUNTED_FOR` before it has to wait. The wait
#: doubles with each further one.
FREE_REFUSALS = 5
FIRST_WAIT = timedelta(seconds=30)
REFUSALS_COUNTED_FOR = timedelta(hours=1)
#: Refused codes at one connector within `ATTACK_COUNTED_FOR` that are an attack. Then only
#: addresses without a refusal are heard: others never stop a customer who types the right code.
MAX_REFUSALS_OF_CONNECTOR = 200
ATTACK_COUNTED_FOR = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class RedeemedHandover:
    """A handover that was redeemed. `secret` is its token or code, as the customer sent it."""

    id: int
    conversation_id: int
    contact_id: int
    secret: str
    #: False where the address that redeemed it was proved to belong to that contact before.
    is_linked: bool
    #: The connector by which the customer last wrote in the conversation it was created in.
    previous_connector: str | None = None

    def is_move_to(self, connector: str) -> bool:
        """Whether the customer came to `connector` from another one by this handover."""
        return self.is_linked and self.previous_connector != connector


@dataclass(frozen=True, slots=True)
class RefusedHandover:
    """A token or code that was refused.

    `reason` is `unknown`, `used`, `expired`, `elsewhere` (created for another connector),
    `too_many` (not looked up), `unauthenticated` (the sender may be forged) or `another_person`
    (a site has signed that the sender is another person).
    """

    reason: str


def secrets_in_message(event: InboundMessage) -> list[str]:
    """Returns what in a message may be a token or a code of a handover: mostly nothing. Pure."""
    return [*secrets_in(event.handover_token), *codes_in(event.text)]


def secrets_in(text: str) -> list[str]:
    """Returns the token of a link, or the codes that were typed where a token belongs. Pure."""
    return [text] if is_token(text) else codes_in(text)


def redeem_handover(
    tx: Transaction, secrets: Sequence[str], connector: str, sender: ContactAddress
) -> RedeemedHandover | RefusedHandover | None:
    """Redeems the first of these tokens and codes that is good now, and links the sender.

    A refusal is recorded and counted, so that guessing ends.

    Args:
        secrets: tokens and codes, as `secrets_in` and `secrets_in_message` return them.
        connector: the name of the connector by which they came.
        sender: the address from which they came.

    Returns: None where there is nothing to redeem: no secrets, or the sender redeemed it before.
    """
    allowed = _allowed_secrets(tx, secrets, connector, sender)
    if not allowed:
        return RefusedHandover("too_many") if secrets else None
    by_digest = {digest(secret): secret for secret in allowed}
    rows = tx.execute(
        select(handovers).where(
            or_(handovers.c.token_digest.in_(by_digest), handovers.c.code_digest.in_(by_digest))
        )
    ).all()
    reason = "unknown"
    for row in rows:
        if row.connector != connector:
            reason = "elsewhere"
        elif row.redeemed_address_id == sender.address_id:
            return None  # the same link, followed again
        elif signed_ids.are_different_customers(tx.connection, row.contact_id, sender.contact_id):
            reason = "another_person"  # and it stays good for the person it was created for
        elif row.redeemed_at is not None or not _claim(tx, row.id, sender):
            is_late = row.redeemed_at is None and row.expires_at <= tx.now
            reason = "expired" if is_late else "used"
        else:
            secret = by_digest.get(row.token_digest) or by_digest[row.code_digest]
            previous_connector = _last_inbound_connector(tx, row.conversation_id)
            is_linked = _link_sender(tx, row.contact_id, sender)
            return RedeemedHandover(
                row.id, row.conversation_id, row.contact_id, secret, is_linked, previous_connector
            )
    record_refusal(tx, connector, reason, sender)
    return RefusedHandover(reason)


def record_refusal(
    tx: Transaction, connector: str, reason: str, sender: ContactAddress | None
) -> None:
    """Records that a token or code was refused. `sender` is None for an address not yet known."""
    tx.execute(
        insert(handover_refusals).values(
            connector=connector,
            address_id=None if sender is None else sender.address_id,
            reason=reason,
            created_at=tx.now,
        )
    )


def wait_after(refusals: int) -> timedelta:
    """How long after the last of so many refusals an address has to wait. Pure."""
    doublings = refusals - FREE_REFUSALS
    if doublings < 0:
        return timedelta(0)
    return min(FIRST_WAIT * (1 << min(doublings, 20)), REFUSALS_COUNTED_FOR)


def is_only_code(text: str, redeemed: RedeemedHandover) -> bool:
    """Whether a text has nothing but the token or code, so that it needs no answer. Pure."""
    letters = "".join(filter(str.isalnum, text)).upper()
    return letters.replace(redeemed.secret.upper(), "", 1) in ("", "CODE")


def reload_contact_address(tx: Transaction, contact_address: ContactAddress) -> ContactAddress:
    """Loads the same address again, with the contact that stands for it after a link."""
    reloaded = contact_addresses.find_contact_address(tx.connection, contact_address.address)
    assert reloaded is not None
    return reloaded


def _claim(tx: Transaction, handover_id: int, sender: ContactAddress) -> bool:
    """Marks a handover as redeemed. False where it is too late, or another address was faster."""
    claimed = tx.execute(
        update(handovers)
        .where(
            handovers.c.id == handover_id,
            handovers.c.redeemed_at.is_(None),
            handovers.c.expires_at > tx.now,
        )
        .values(redeemed_at=tx.now, redeemed_address_id=sender.address_id)
    )
    return claimed.rowcount == 1


def _last_inbound_connector(tx: Transaction, conversation_id: int) -> str | None:
    return tx.execute(
        select(conversations.c.last_inbound_connector).where(conversations.c.id == conversation_id)
    ).scalar()


def _link_sender(tx: Transaction, contact_id: int, sender: ContactAddress) -> bool:
    """Links the sender to a contact. False where its address was proved to belong there before."""
    if sender.address_id in links.proved_address_ids(tx.connection, contact_id):
        return False
    links.link_contacts(
        tx,
        contact_id,
        sender.contact_id,
        evidence="verified",
        method="handover",
        reason="They used the one-time link or code that this conversation gave them.",
        by="contact",
    )
    return True


def _allowed_secrets(
    tx: Transaction, secrets: Sequence[str], connector: str, sender: ContactAddress
) -> list[str]:
    """Returns those of the tokens and codes that may be looked up after recent refusals.

    Tokens of links cannot be guessed: they are looked up always.
    """
    if all(is_token(secret) for secret in secrets) or _may_try_codes(tx, connector, sender):
        return list(secrets)
    return [secret for secret in secrets if is_token(secret)]


def _may_try_codes(tx: Transaction, connector: str, sender: ContactAddress) -> bool:
    refused = handover_refusals.c
    of_address = select(
        func.count().label("refusals"), func.max(refused.created_at).label("last_at")
    ).where(
        refused.address_id == sender.address_id,
        refused.created_at > tx.now - REFUSALS_COUNTED_FOR,
    )
    row = tx.execute(of_address).one()
    if row.refusals == 0:
        return True
    if tx.now < row.last_at + wait_after(row.refusals):
        return False
    of_connector = select(func.count()).where(
        refused.connector == connector, refused.created_at > tx.now - ATTACK_COUNTED_FOR
    )
    return int(tx.execute(of_connector).scalar_one()) < MAX_REFUSALS_OF_CONNECTOR
