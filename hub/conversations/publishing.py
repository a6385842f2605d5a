"""Publishes changes of conversations and messages, to agents and to customers' pages.

Events leave after the commit. The functions for new messages save the conversation first, so that
the events show it as it is written.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, select

from hub.accounts import teams
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
from hub.store.models import addresses, conversations, messages
from hub.types import Address


def publish_new_message(
    tx: Transaction,
    conversation: LoadedConversation,
    message_id: int,
    *,
    begins_waiting: bool = False,
) -> resources.Message:
    """Saves a conversation and publishes a new message in it.

    Args:
        begins_waiting: whether the customer waits for an answer since this message.
    """
    lifecycle.save_conversation(tx, conversation)
    message = views.get_message(tx.connection, message_id)
    _publish_created(tx, conversation, message, begins_waiting=begins_waiting)
    return message


def publish_new_message_without_files(
    tx: Transaction,
    conversation: LoadedConversation,
    values: dict[str, Any],
    *,
    begins_waiting: bool = False,
    is_queued: bool = False,
) -> resources.Message:
    """Saves a conversation and publishes a new message without files, which needs no query.

    Args:
        values: the columns of the message, as `timeline.add_message` returns them.
        begins_waiting: whether the customer waits for an answer since this message.
        is_queued: whether the message has a delivery, which was queued just now.
    """
    lifecycle.save_conversation(tx, conversation)
    message = views.message_from_values(values, conversation.contact_address, is_queued=is_queued)
    _publish_created(tx, conversation, message, begins_waiting=begins_waiting)
    return message


def publish_message_update(tx: Transaction, message_id: int) -> None:
    """Publishes a message of which something has changed."""
    publish_message_updates(tx, [message_id])


def publish_message_updates(tx: Transaction, message_ids: Sequence[int]) -> None:
    """Publishes messages of which something has changed, each by an event of its own."""
    rows = tx.execute(
        views.SELECT_MESSAGES.where(messages.c.id.in_(message_ids)).order_by(messages.c.id)
    ).all()
    shown = {conversation.id: conversation for conversation in _conversations_of(tx, rows)}
    for row, message in zip(rows, views.messages_from_rows(tx.connection, rows), strict=True):
        is_shown_to_customer = bool(row.scheme) and row.type == "message"
        tx.publish(
            Event(
                MessageUpdated(message=message, conversation=shown[str(row.conversation_id)]),
                address=Address(row.scheme, row.path, row.scope) if is_shown_to_customer else None,
                has_queued_delivery=_has_queued_delivery(message),
            )
        )


def publish_held_message(tx: Transaction, message_id: int) -> resources.Message:
    """Publishes a new message that has not left, to the agents alone."""
    message = views.get_message(tx.connection, message_id)
    conversation = views.get_conversation(tx.connection, int(message.conversation_id))
    tx.publish(Event(MessageCreated(message=message, conversation=conversation)))
    return message


def publish_released_message(tx: Transaction, message_id: int, address: Address) -> None:
    """Publishes a message that leaves now: the agents know it, the customer's page does not."""
    message = views.get_message(tx.connection, message_id)
    conversation = views.get_conversation(tx.connection, int(message.conversation_id))
    tx.publish(
        Event(MessageUpdated(message=message, conversation=conversation)),
        Event(
            MessageCreated(message=message, conversation=conversation),
            address=address,
            to_agents=False,
            has_queued_delivery=True,
        ),
    )


def _conversations_of(tx: Transaction, rows: Sequence[Any]) -> list[resources.Conversation]:
    """The conversations of messages, each once."""
    conversation_rows = tx.execute(
        views.SELECT_CONVERSATIONS.where(
            conversations.c.id.in_({row.conversation_id for row in rows})
        )
    ).all()
    return views.conversations_from_rows(tx.connection, conversation_rows)


def publish_conversation(
    tx: Transaction, conversation_id: int, pages: Sequence[Address] = ()
) -> resources.Conversation:
    """Publishes a conversation to the agents, and to the customer's pages at these addresses."""
    conversation = views.get_conversation(tx.connection, conversation_id)
    payload = ConversationUpdated(conversation=conversation, context_card=conversation.context_card)
    tx.publish(Event(payload), *(Event(payload, page, to_agents=False) for page in pages))
    return conversation


def page_addresses(
    connection: Connection, conversation_ids: Collection[int]
) -> dict[int, list[Address]]:
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
        .where(messages.c.conversation_id.in_(conversation_ids))
        .distinct()
    )
    pages: dict[int, list[Address]] = {conversation_id: [] for conversation_id in conversation_ids}
    for row in rows:
        if has_pages(row.kind):
            pages[row.conversation_id].append(Address(row.scheme, row.path, row.scope))
    return pages


def _publish_created(
    tx: Transaction,
    loaded: LoadedConversation,
    message: resources.Message,
    *,
    begins_waiting: bool,
) -> None:
    is_last = str(loaded.last_message_id) == message.id
    conversation = _saved_conversation(tx, loaded, message if is_last else None)
    if loaded.is_new:
        tx.publish(Event(ConversationCreated(conversation=conversation)))
        loaded.is_new = False
    tx.publish(
        Event(
            MessageCreated(message=message, conversation=conversation),
            address=loaded.contact_address.address if message.type == "message" else None,
            begins_waiting=begins_waiting,
            has_queued_delivery=_has_queued_delivery(message),
        )
    )


def _has_queued_delivery(message: resources.Message) -> bool:
    return message.delivery is not None and message.delivery.status == "queued"


def _saved_conversation(
    tx: Transaction, loaded: LoadedConversation, last_message: resources.Message | None
) -> resources.Conversation:
    """The resource of a conversation that was just saved, with as few queries as possible.

    Args:
        last_message: the conversation's last message, where it is known.
    """
    is_of_contact = loaded.contact_address.contact_id == loaded.contact_id
    if last_message is None or not is_of_contact:
        # Somebody in copy writes, or the contact was linked: the conversation's own one is read.
        return views.get_conversation(tx.connection, loaded.id)
    assignee, team = teams.find_agent_and_team(tx.connection, loaded.assignee_id, loaded.team_id)
    return views.conversation_from_row(
        loaded,
        loaded.contact_address.contact,
        last_message=last_message,
        assignee=assignee,
        team=team,
    )
