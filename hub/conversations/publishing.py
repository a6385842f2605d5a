"""Says what has changed, to agents and to customers' pages, once the transaction is on disk."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, select

from hub.accounts import agents, teams
from hub.connectors.registry import has_pages
from hub.conversations import lifecycle, views
from hub.conversations.loaded_conversation import LoadedConversation
from hub.schema import resources
from hub.schema.events import (
    ConversationCreated,
    ConversationUpdated,
    Event,
    MessageCreated,
    MessageUpdated,
)
from hub.store.engine import Transaction
from hub.store.models import addresses, messages
from hub.types import Address


def publish_new_message_without_files(
    tx: Transaction, target: LoadedConversation, values: dict[str, Any]
) -> None:
    """Like `message`, for what was just written without files: asks for nothing again."""
    lifecycle.save_conversation(tx, target)
    _publish_created(tx, target, views.message_from_values(values, target.contact_address))


def publish_new_message(
    tx: Transaction, target: LoadedConversation, message_id: int
) -> resources.Message:
    """Says that a message is there, and how its conversation stands now."""
    lifecycle.save_conversation(tx, target)
    made = views.get_message(tx.connection, message_id)
    _publish_created(tx, target, made)
    return made


def publish_message_update(tx: Transaction, message_id: int) -> None:
    """Says how a message stands now that something about it has changed."""
    row = tx.execute(views.SELECT_MESSAGES.where(messages.c.id == message_id)).one()
    changed = views.messages_from_rows(tx.connection, [row])[0]
    around = views.get_conversation(tx.connection, row.conversation_id)
    is_theirs = bool(row.scheme) and changed.type == "message"
    tx.publish(
        Event(
            MessageUpdated(message=changed, conversation=around),
            address=Address(row.scheme, row.path, row.scope) if is_theirs else None,
        )
    )


def publish_conversation(
    tx: Transaction, conversation_id: int, pages: Sequence[Address] = ()
) -> resources.Conversation:
    """Says how a conversation stands: to the agents, and to the customer's pages named."""
    found = views.get_conversation(tx.connection, conversation_id)
    payload = ConversationUpdated(conversation=found, context_card=found.context_card)
    tx.publish(Event(payload), *(Event(payload, page, to_agents=False) for page in pages))
    return found


def page_addresses(connection: Connection, ids: Collection[int]) -> dict[int, list[Address]]:
    """The addresses on pages of each conversation: its pages show the agent and the queue."""
    rows = connection.execute(
        select(
            messages.c.conversation_id,
            messages.c.kind,
            addresses.c.scheme,
            addresses.c.path,
            addresses.c.scope,
        )
        .join(addresses, addresses.c.id == messages.c.address_id)
        .where(messages.c.conversation_id.in_(ids))
        .distinct()
    )
    pages: dict[int, list[Address]] = {conversation_id: [] for conversation_id in ids}
    for row in rows:
        if has_pages(row.kind):
            pages[row.conversation_id].append(Address(row.scheme, row.path, row.scope))
    return pages


def _publish_created(tx: Transaction, target: LoadedConversation, made: resources.Message) -> None:
    is_last = str(target.last_message_id) == made.id
    around = _saved_conversation(tx, target, made if is_last else None)
    if target.is_new:
        tx.publish(Event(ConversationCreated(conversation=around)))
        target.is_new = False
    tx.publish(
        Event(
            MessageCreated(message=made, conversation=around),
            address=target.contact_address.address if made.type == "message" else None,
        )
    )


def _saved_conversation(
    tx: Transaction, target: LoadedConversation, last_message: resources.Message | None
) -> resources.Conversation:
    """The conversation as it stands after `save`, without asking for what is at hand."""
    if last_message is None:
        return views.get_conversation(tx.connection, target.id)
    return views.conversation_from_row(
        target,
        target.contact_address.contact,
        last_message=last_message,
        assignee=agents.find_agent(tx.connection, target.assignee_id),
        team=teams.find_team(tx.connection, target.team_id),
    )
