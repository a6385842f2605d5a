"""Steps that several stories take at a desk."""

from __future__ import annotations

from datetime import UTC, datetime

from hub.identity import links
from hub.outbound import claims, send
from hub.outbound.claims import ClaimedDelivery
from hub.schema import resources
from tests.core.desk import Customer, Desk


def says_hello(customer: Customer) -> str:
    """The conversation that it opens."""
    return customer.says("Hello").conversation_id


def claim_now(desk: Desk, connector: str = "toy") -> ClaimedDelivery | None:
    """Claims the delivery that a worker of another process would claim next."""
    now = datetime.now(UTC)
    with desk.store.read() as connection:
        due = claims.read_due_page(connection, connector, None, now)
        ids = [one.message_id for one in due] + claims.read_ended_leases(
            connection, [connector], now
        )
    until = now + claims.LEASE
    claimed = desk.store.write(lambda tx: claims.claim_deliveries(tx, ids, [connector], until))
    return claimed[0] if claimed else None


def retry(desk: Desk, message: resources.Message) -> None:
    desk.store.write(lambda tx: send.retry_message(tx, int(message.id)))


def same_person(
    desk: Desk, one: Customer, other: Customer, evidence: str = "verified"
) -> resources.Link:
    """The other of the two was reached by a link that this one followed."""
    return desk.store.write(
        lambda tx: links.link_contacts(
            tx,
            one.id,
            other.id,
            evidence=evidence,
            method="handover",
            reason="They used the link.",
            by="contact",
        )
    )
