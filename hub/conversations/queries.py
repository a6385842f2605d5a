"""Reading: lists with cursors, never with offsets, every one on an index.

A cursor is where the last page ended, so a page costs the same in a long list as in a short one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from hub.contacts import contact_addresses, profiles
from hub.conversations import views
from hub.errors import NotFound
from hub.schema import cursors, resources, search_index
from hub.schema.cursors import Page as Page
from hub.store.models import (
    addresses,
    contacts,
    conversation_connectors,
    conversation_labels,
    conversations,
    journal,
    messages,
)
from hub.types import Address

MAX_LIMIT = 100
SNIPPET = 160


@dataclass(frozen=True, slots=True)
class ConversationFilter:
    """What to list. `assignee` is an agent's id, or `none` for what nobody has."""

    status: str | None = None
    assignee: str | None = None
    team: str | None = None
    connector: str | None = None
    label: str | None = None


def list_conversations(
    connection: Connection, wanted: ConversationFilter, limit: int, cursor: str | None
) -> Page[resources.Conversation]:
    """By last activity, newest first."""
    query = views.SELECT_CONVERSATIONS.where(*_conditions(wanted))
    position = (conversations.c.last_activity_at, conversations.c.id)
    rows = cursors.page(connection, query, position, limit, cursor)
    found = views.conversations_from_rows(connection, rows.items)
    return Page(found, rows.next)


def _conditions(wanted: ConversationFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [conversations.c.merged_into_id.is_(None)]
    if wanted.status is not None:
        conditions.append(conversations.c.status == wanted.status)
    if wanted.assignee == "none":
        conditions.append(conversations.c.assignee_id.is_(None))
    elif wanted.assignee is not None:
        conditions.append(conversations.c.assignee_id == _integer(wanted.assignee))
    if wanted.team is not None:
        conditions.append(conversations.c.team_id == _integer(wanted.team))
    if wanted.connector is not None:
        conditions.append(
            select(conversation_connectors.c.conversation_id)
            .where(
                conversation_connectors.c.connector == wanted.connector,
                conversation_connectors.c.conversation_id == conversations.c.id,
            )
            .exists()
        )
    if wanted.label is not None:
        conditions.append(
            select(conversation_labels.c.conversation_id)
            .where(
                conversation_labels.c.label == wanted.label,
                conversation_labels.c.conversation_id == conversations.c.id,
            )
            .exists()
        )
    return conditions


def list_messages(
    connection: Connection, conversation_id: int, limit: int, cursor: str | None
) -> Page[resources.Message]:
    """The messages of one conversation, and of those brought into it, newest first.

    Raises NotFound.
    """
    _check_exists(connection, conversations, conversation_id)
    inside = connection.execute(
        select(conversations.c.id).where(conversations.c.merged_into_id == conversation_id)
    )
    ids = [conversation_id, *inside.scalars()]
    return _merged_page(
        connection, [messages.c.conversation_id == one for one in ids], limit, cursor
    )


def contact_timeline(
    connection: Connection, contact_id: int, limit: int, cursor: str | None
) -> Page[resources.Message]:
    """All a person said and heard, over every channel and conversation, newest first.

    One look-up per record of the person, merged: as cheap after fifty merges of long threads.
    Raises NotFound.
    """
    group = contact_addresses.linked_contact_ids(connection, contact_id)
    return _merged_page(connection, [messages.c.contact_id == one for one in group], limit, cursor)


def _merged_page(
    connection: Connection, streams: Sequence[ColumnElement[bool]], limit: int, cursor: str | None
) -> Page[resources.Message]:
    """One page of several streams of messages, each read along its index."""
    position = (messages.c.created_at, messages.c.id)
    read = [
        cursors.rows_from(connection, views.SELECT_MESSAGES.where(one), position, limit + 1, cursor)
        for one in streams
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
    """What came after a message, oldest first, and whether there is more."""
    query = (
        views.SELECT_MESSAGES.where(messages.c.id > after).order_by(messages.c.id).limit(limit + 1)
    )
    if conversation_id is not None:
        query = query.where(messages.c.conversation_id == conversation_id)
    rows = connection.execute(query).all()
    return views.messages_from_rows(connection, rows[:limit]), len(rows) > limit


@dataclass(frozen=True, slots=True)
class LastInbound:
    """Where a customer spoke last."""

    connector: str
    address: Address


def last_inbound(connection: Connection, conversation_id: int) -> LastInbound | None:
    row = connection.execute(
        select(messages.c.connector, addresses.c.scheme, addresses.c.path, addresses.c.scope)
        .join(addresses, addresses.c.id == messages.c.address_id)
        .where(messages.c.conversation_id == conversation_id, messages.c.direction == "in")
        .order_by(messages.c.id.desc())
        .limit(1)
    ).first()
    if row is None:
        return None
    return LastInbound(row.connector, Address(row.scheme, row.path, row.scope))


def inbound_by_client_id(
    connection: Connection, address: Address, client_id: str
) -> resources.Message | None:
    """What a customer sent under a key of their own, if it came."""
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
    """What goes on with a person now, or went on last."""
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
    """People by what they are called or reached at; all of them, newest first, for no query."""
    if query.strip():
        before = cursors.id_from(cursor)
        ids = search_index.find_contacts(connection, query, before, limit + 1)
        again = _shown_on_page(connection, query, ids[:limit])
        found = [profiles.get_contact(connection, one) for one in ids[:limit] if one not in again]
        return Page(found, cursors.encode([ids[limit - 1]]) if len(ids) > limit else None)
    people_only = select(contacts).where(contacts.c.root_id == contacts.c.id)
    rows = cursors.page(connection, people_only, (contacts.c.id,), limit, cursor)
    return Page([profiles.contact_from_row(row) for row in rows.items], rows.next)


def _shown_on_page(connection: Connection, query: str, ids: Sequence[int]) -> set[int]:
    """Those records whose person stands higher in the list already, by a newer record of theirs."""
    newer = contacts.alias()
    pairs = connection.execute(
        select(contacts.c.id, newer.c.id.label("newer_id"))
        .join(newer, newer.c.root_id == contacts.c.root_id)
        .where(contacts.c.id.in_(ids), newer.c.id > contacts.c.id)
    ).all()
    matching = search_index.matching_contacts(connection, query, {pair.newer_id for pair in pairs})
    return {pair.id for pair in pairs if pair.newer_id in matching}


def search(
    connection: Connection, query: str, limit: int, cursor: str | None
) -> Page[resources.SearchResult]:
    """Contacts first (on the first page), then messages, newest first."""
    before = cursors.id_from(cursor)
    ids = search_index.find_messages(connection, query, before, limit + 1)
    rows = connection.execute(views.SELECT_MESSAGES.where(messages.c.id.in_(ids[:limit]))).all()
    by_id = {
        int(message.id): message
        for message in views.messages_from_rows(connection, rows, with_html=False)
    }
    results = []
    if cursor is None:
        results = [
            resources.SearchResult(type="contact", contact=contact)
            for contact in list_contacts(connection, query, 5, None).items
            if search_index.fold(query)
        ]
    results += [
        resources.SearchResult(
            type="message",
            message=by_id[one],
            conversation_id=by_id[one].conversation_id,
            snippet=_snippet(by_id[one].text, query),
        )
        for one in ids[:limit]
        if one in by_id
    ]
    return Page(results, cursors.encode([ids[limit - 1]]) if len(ids) > limit else None)


def list_journal(
    connection: Connection, status: str | None, limit: int, cursor: str | None
) -> Page[resources.JournalEntry]:
    """What came in, newest first."""
    query = select(
        journal.c.id,
        journal.c.connector,
        journal.c.key,
        journal.c.status,
        journal.c.error,
        journal.c.received_at,
        messages.c.id.label("message_id"),
    ).outerjoin(messages, messages.c.journal_id == journal.c.id)
    if status is not None:
        query = query.where(journal.c.status == status)
    rows = cursors.page(connection, query, (journal.c.id,), limit, cursor)
    entries = [resources.JournalEntry.model_validate(dict(row._mapping)) for row in rows.items]
    return Page(entries, rows.next)


def _integer(value: str) -> int:
    # Nothing has the id -1: an id of another form is one that is not there.
    return int(value) if value.isascii() and value.isdecimal() and len(value) < 19 else -1


def _check_exists(connection: Connection, where: Any, row_id: int) -> None:
    if connection.execute(select(where.c.id).where(where.c.id == row_id)).first() is None:
        raise NotFound(f"There is no such {where.name}.")


def _snippet(value: str, query: str) -> str:
    """The part of a text around the first word of the query."""
    words = search_index.fold(query).split()
    at = value.casefold().find(words[0]) if words else -1
    begin = max(0, at - SNIPPET // 3)
    cut = value[begin : begin + SNIPPET]
    return ("…" if begin else "") + cut + ("…" if begin + SNIPPET < len(value) else "")
