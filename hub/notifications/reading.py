"""Reading a conversation: the customer's words count as read, what the agent was told as seen."""

from __future__ import annotations

from hub.conversations import actions
from hub.notifications import notices
from hub.schema import resources
from hub.store.engine import Transaction


def mark_read_by(
    tx: Transaction, agent_id: int | None, conversation_id: int, message_id: int
) -> resources.Conversation:
    """Marks a conversation as read up to a message by an agent or a service account.

    Raises:
        NotFound: no such conversation.
    """
    conversation = actions.mark_read(tx, conversation_id, message_id)
    if agent_id is not None:
        notices.mark_seen(tx, agent_id, int(conversation.id), message_id)
    return conversation
