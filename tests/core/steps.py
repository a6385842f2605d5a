"""Steps that several stories take at a desk."""

from __future__ import annotations

from hub.identity import links
from hub.outbound import outbox, send
from hub.outbound.outbox import ClaimedDelivery
from hub.schema import resources
from tests.core.desk import Customer, Desk


def says_hello(customer: Customer) -> str:
    """The conversation that it opens."""
    return customer.says("Hello").conversation_id


def claim_now(desk: Desk, *connectors: str) -> ClaimedDelivery | None:
    return desk.store.write(lambda tx: outbox.claim_delivery(tx, connectors or ("toy",)))


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
