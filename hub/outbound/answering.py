"""What an answer that leaves changes in its conversation."""

from __future__ import annotations

from datetime import datetime

from hub.conversations import actions
from hub.conversations.loaded_conversation import LoadedConversation
from hub.schema.author import Author


def mark_answered(conversation: LoadedConversation, author: Author, now: datetime) -> None:
    """Notes that a conversation was answered. The caller saves it."""
    conversation.waiting_since = None
    conversation.unread_count = 0
    if author.type == "agent":
        # An agent who answers has looked at it, and is assigned where no agent was.
        if author.id is not None and conversation.assignee_id is None:
            conversation.assignee_id = author.id
        accepted_at = conversation.accepted_at or now
        conversation.accepted_at = accepted_at
        conversation.assign(actions.ACCEPTED)
    if conversation.status in ("snoozed", "resolved"):
        conversation.status = "open"
        conversation.snoozed_until = None
        conversation.resolved_at = None
