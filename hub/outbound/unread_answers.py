"""Answers on a page that the visitor has not read: when to follow them up, and taking them.

`delivery.follow_at` is that time. It is set when an answer goes to a page, cleared when the visitor
reads it, and postponed while the page is open.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, select, update

from hub.store.engine import Transaction
from hub.store.models import addresses, deliveries, messages
from hub.types import Address


class Page(NamedTuple):
    """A visitor's address with the connector by which answers go to its page."""

    connector: str
    address_id: int
    address: Address


class UnreadAnswer(NamedTuple):
    """A message to a page. `kind` is that of the connector."""

    id: int
    conversation_id: int
    kind: str
    author_name: str
    text: str


def has_due_answers(connection: Connection, now: datetime) -> bool:
    """Whether any answer is to be followed up: the check that keeps idle hubs from writing."""
    due = connection.execute(
        select(deliveries.c.message_id).where(deliveries.c.follow_at <= now).limit(1)
    )
    return due.first() is not None


def find_due_page(tx: Transaction) -> Page | None:
    """Finds the page whose answers are to be followed up first. None where none is due."""
    row = tx.execute(
        select(
            deliveries.c.address_id,
            deliveries.c.connector,
            addresses.c.scheme,
            addresses.c.path,
            addresses.c.scope,
        )
        .join(addresses, addresses.c.id == deliveries.c.address_id)
        .where(deliveries.c.follow_at <= tx.now)
        .order_by(deliveries.c.follow_at)
        .limit(1)
    ).first()
    if row is None:
        return None
    return Page(row.connector, row.address_id, Address(row.scheme, row.path, row.scope))


def postpone_follow_up(tx: Transaction, page: Page, follow_at: datetime) -> None:
    """Postpones the answers to a page that would be followed up before `follow_at`."""
    tx.execute(
        update(deliveries)
        .where(*_of_page(page), deliveries.c.follow_at < follow_at)
        .values(follow_at=follow_at)
    )


def take_unread_answers(tx: Transaction, page: Page) -> list[UnreadAnswer]:
    """Takes the answers to a page that are sent and unread, oldest first.

    Each is taken once: no answer to this page is to be followed up after that.
    """
    to_follow = (*_of_page(page), deliveries.c.follow_at.is_not(None))
    message_ids = (
        tx.execute(
            update(deliveries)
            .where(*to_follow, deliveries.c.status.in_(("sent", "delivered")))
            .values(follow_at=None)
            .returning(deliveries.c.message_id)
        )
        .scalars()
        .all()
    )
    tx.execute(update(deliveries).where(*to_follow).values(follow_at=None))
    rows = tx.execute(
        select(
            messages.c.id,
            messages.c.conversation_id,
            messages.c.kind,
            messages.c.author_name,
            messages.c.text,
        )
        .where(messages.c.id.in_(message_ids))
        .order_by(messages.c.created_at, messages.c.id)
    )
    return [
        UnreadAnswer(row.id, row.conversation_id, row.kind, row.author_name, row.text)
        for row in rows
    ]


def _of_page(page: Page) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return (deliveries.c.address_id == page.address_id, deliveries.c.connector == page.connector)
