"""Queries for lists of messages, contacts and the journal, each along an index.

A cursor is where the last page ended, so a page costs the same in a long list as in a short one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from itertools import islice

from sqlalchemy import ColumnElement, Connection, Table, select

from hub.contacts import contact_addresses, profiles
from hub.conversations import late_commits, views
from hub.errors import NotFound
from hub.schema import cursors, resources, search_index
from hub.schema.cursors import Page as Page
from hub.store.models import (
    addresses,
    contacts,
    conversations,
    journal,
    messages,
)
from hub.store.models.message import CANCELLED
from hub.types import Address

MAX_LIMIT = 100


def list_messages(
    connection: Connection, conversation_id: int, limit: int, cursor: str | None
) -> Page[resources.Message]:
    """The messages of one conversation, and of those merged into it, newest first.

    Raises NotFound.
    """
    _check_exists(connection, conversations, conversation_id)
    ids = _with_merged(connection, conversation_id)
    return _merged_page(
        connection, [messages.c.conversation_id == id_ for id_ in ids], limit, cursor
    )


def _with_merged(connection: Connection, conversation_id: int) -> list[int]:
    """The id of a conversation, and of those merged into it."""
    merged = connection.execute(
        select(conversations.c.id).where(conversations.c.merged_into_id == conversation_id)
    )
    return [conversation_id, *merged.scalars()]


def contact_timeline(
    connection: Connection, contact_id: int, limit: int, cursor: str | None
) -> Page[resources.Message]:
    """All messages of a customer, over every channel and conversation, newest first.

    One query per linked contact, merged: as cheap after fifty merges of long conversations.
    Raises NotFound.
    """
    contact_ids = contact_addresses.linked_contact_ids(connection, contact_id)
    return _merged_page(
        connection, [messages.c.contact_id == id_ for id_ in contact_ids], limit, cursor
    )


def _merged_page(
    connection: Connection, streams: Sequence[ColumnElement[bool]], limit: int, cursor: str | None
) -> Page[resources.Message]:
    """One page of several streams of messages, each read along its index."""
    position = (messages.c.created_at, messages.c.id)
    read = [
        cursors.rows_from(
            connection,
            views.SELECT_MESSAGES.where(stream, messages.c.type != CANCELLED),
            position,
            limit + 1,
            cursor,
        )
        for stream in streams
    ]
    newest = merge(*read, key=lambda row: (row.created_at, row.id), reverse=True)
    page = cursors.cut(list(islice(newest, limit + 1)), limit, ("created_at", "id"))
    return Page(views.messages_from_rows(connection, page.items), page.next)


def messages_after(
    connection: Connection,
    after: int,
    limit: int,
    *,
    conversation_id: int | None = None,
) -> tuple[list[resources.Message], bool]:
    """The messages after a message by their ids, and whether there are more.

    The first ones are those with a lower id that were committed later.
    """
    query = views.SELECT_MESSAGES.where(messages.c.type != CANCELLED).order_by(messages.c.id)
    if conversation_id is not None:
        query = query.where(
            messages.c.conversation_id.in_(_with_merged(connection, conversation_id))
        )
    late = late_commits.ids_seen_later(connection, after)
    rows = list(connection.execute(query.where(messages.c.id.in_(late)))) if late else []
    limit += len(rows)
    rows += connection.execute(query.where(messages.c.id > after).limit(limit + 1 - len(rows)))
    return views.messages_from_rows(connection, rows[:limit]), len(rows) > limit


def newest_before(connection: Connection, moment: datetime) -> int:
    """The id of the newest message that was written before a moment; 0 for none."""
    query = select(messages.c.id).where(messages.c.received_at < moment)
    return connection.execute(query.order_by(messages.c.id.desc()).limit(1)).scalar() or 0


@dataclass(frozen=True, slots=True)
class AnswerPlace:
    """The connector and the address by which an answer goes out that names no message."""

    connector: str
    address: Address


def answer_place(connection: Connection, conversation_id: int) -> AnswerPlace | None:
    """Where an answer in a conversation goes; None where its customer wrote nothing yet."""
    row = connection.execute(
        select(
            conversations.c.answer_connector,
            addresses.c.scheme,
            addresses.c.path,
            addresses.c.scope,
        )
        .join(addresses, addresses.c.id == conversations.c.answer_address_id)
        .where(conversations.c.id == conversation_id)
    ).first()
    if row is None:
        return None
    return AnswerPlace(row.answer_connector, Address(row.scheme, row.path, row.scope))


def inbound_by_client_id(
    connection: Connection, address: Address, client_id: str
) -> resources.Message | None:
    """The message that a page sent with its own key, if it has arrived."""
    row = connection.execute(
        views.SELECT_MESSAGES.where(
            addresses.c.scheme == address.scheme,
            addresses.c.scope == address.scope,
            addresses.c.path == address.path,
            messages.c.contact_id == addresses.c.contact_id,
            messages.c.direction == "in",
            messages.c.client_id == client_id,
        )
    ).first()
    return None if row is None else views.messages_from_rows(connection, [row])[0]


def current_conversation(connection: Connection, contact_id: int) -> resources.Conversation | None:
    """The customer's open conversation, else the latest one.

    Args:
        contact_id: the root of the customer's contacts.
    """
    row = connection.execute(
        select(conversations.c.id)
        .join(contacts, contacts.c.id == conversations.c.contact_id)
        .where(contacts.c.root_id == contact_id, conversations.c.merged_into_id.is_(None))
        .order_by((conversations.c.status == "resolved"), conversations.c.id.desc())
        .limit(1)
    ).first()
    return None if row is None else views.get_conversation(connection, row.id)


def list_contacts(
    connection: Connection, query: str, limit: int, cursor: str | None
) -> Page[resources.Contact]:
    """Contacts by name, address or attribute, newest first; all contacts for an empty query."""
    if query.strip():
        before = cursors.id_from(cursor)
        ids = search_index.find_contacts(connection, query, before, limit + 1)
        repeated = _find_repeated(connection, query, ids[:limit])
        items = [
            profiles.get_contact(connection, id_) for id_ in ids[:limit] if id_ not in repeated
        ]
        return Page(items, cursors.encode([ids[limit - 1]]) if len(ids) > limit else None)
    roots_only = select(contacts).where(contacts.c.root_id == contacts.c.id)
    rows = cursors.page(connection, roots_only, (contacts.c.id,), limit, cursor)
    return Page([profiles.contact_from_row(row) for row in rows.items], rows.next)


def _find_repeated(connection: Connection, query: str, ids: Sequence[int]) -> set[int]:
    """The contacts whose root is in the list already, by a newer contact that is joined to them."""
    newer = contacts.alias()
    pairs = connection.execute(
        select(contacts.c.id, newer.c.id.label("newer_id"))
        .join(newer, newer.c.root_id == contacts.c.root_id)
        .where(contacts.c.id.in_(ids), newer.c.id > contacts.c.id)
    ).all()
    matching = search_index.matching_contacts(connection, query, {pair.newer_id for pair in pairs})
    return {pair.id for pair in pairs if pair.newer_id in matching}


def list_journal(
    connection: Connection, status: str | None, limit: int, cursor: str | None
) -> Page[resources.JournalEntry]:
    """Entries of the journal, newest first."""
    query = select(
        journal.c.id,
        journal.c.connector,
        journal.c.key,
        journal.c.status,
        journal.c.error,
        journal.c.error.label("reason"),
        journal.c.received_at,
        messages.c.id.label("message_id"),
    ).outerjoin(messages, messages.c.journal_id == journal.c.id)
    if status is not None:
        query = query.where(journal.c.status == status)
    rows = cursors.page(connection, query, (journal.c.id,), limit, cursor)
    entries = [resources.JournalEntry.model_validate(dict(row._mapping)) for row in rows.items]
    return Page(entries, rows.next)


def _check_exists(connection: Connection, table: Table, row_id: int) -> None:
    """Raises NotFound."""
    if connection.execute(select(table.c.id).where(table.c.id == row_id)).first() is None:
        raise NotFound(f"There is no such {table.name}.")
