"""Agents who are named in notes: kept as a list, and told."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select

from hub.conversations import views
from hub.notifications import notices
from hub.notifications.notices import Cause
from hub.schema import cursors, resources
from hub.schema.cursors import Page
from hub.schema.resources import Id, Shape
from hub.store.engine import Transaction
from hub.store.models import agents, conversations, mentions, messages

#: How long the list of mentions goes back.
RETENTION = timedelta(days=365)


class Mention(Shape):
    """A note in which an agent is named."""

    id: Id
    message: resources.Message
    conversation: resources.Conversation
    created_at: datetime


def record_mentions(
    tx: Transaction, note: resources.Message, conversation: resources.Conversation
) -> None:
    """Adds a note to the list of each agent who is named in it, and tells them.

    The author is not told, and no account that may read no notes any more.
    """
    author_id = note.author.id if note.author.type == "agent" else None
    named = {int(agent_id) for agent_id in note.mentions if agent_id != author_id}
    for agent_id in sorted(readers_among(tx.connection, named)):
        tx.execute(
            insert(mentions).values(agent_id=agent_id, message_id=int(note.id), created_at=tx.now)
        )
        notices.tell(tx, agent_id, Cause("mention", conversation, note))


def mentioned_in(connection: Connection, agent_id: int, limit: int) -> list[int]:
    """The conversations with the newest notes that name an agent; merged ones as their survivors.

    Args:
        limit: how many notes are looked at.
    """
    newest = (
        select(mentions.c.message_id)
        .where(mentions.c.agent_id == agent_id)
        .order_by(mentions.c.id.desc())
        .limit(limit)
    )
    rows = connection.execute(
        select(conversations.c.id, conversations.c.merged_into_id)
        .join(messages, messages.c.conversation_id == conversations.c.id)
        .where(messages.c.id.in_(newest))
        .distinct()
    )
    return sorted({row.merged_into_id or row.id for row in rows})


def readers_among(connection: Connection, agent_ids: Collection[int]) -> set[int]:
    """Those of these agents who may read the notes of a conversation: whose account is enabled."""
    if not agent_ids:
        return set()
    rows = connection.execute(
        select(agents.c.id).where(agents.c.id.in_(agent_ids), agents.c.disabled_at.is_(None))
    )
    return set(rows.scalars())


def list_mentions(
    connection: Connection, agent_id: int, limit: int, cursor: str | None
) -> Page[Mention]:
    """The notes that name an agent, the latest first."""
    query = select(mentions).where(mentions.c.agent_id == agent_id)
    page = cursors.page(connection, query, (mentions.c.id,), limit, cursor)
    message_rows = connection.execute(
        views.SELECT_MESSAGES.where(messages.c.id.in_([row.message_id for row in page.items]))
    ).all()
    notes = {int(note.id): note for note in views.messages_from_rows(connection, message_rows)}
    conversation_rows = connection.execute(
        views.SELECT_CONVERSATIONS.where(
            conversations.c.id.in_({int(note.conversation_id) for note in notes.values()})
        )
    ).all()
    shown = {
        conversation.id: conversation
        for conversation in views.conversations_from_rows(connection, conversation_rows)
    }
    return Page(
        [
            Mention(
                id=row.id,
                message=notes[row.message_id],
                conversation=shown[notes[row.message_id].conversation_id],
                created_at=row.created_at,
            )
            for row in page.items
        ],
        page.next,
    )


def delete_old(tx: Transaction) -> None:
    """Deletes what is too old for the list."""
    tx.execute(delete(mentions).where(mentions.c.created_at < tx.now - RETENTION))
