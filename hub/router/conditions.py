"""Conditions of the router's queries."""

from __future__ import annotations

from hub.store.models import agents, conversations

#: Open, and not merged into another conversation, which has its work since.
IS_OPEN = (conversations.c.status == "open", conversations.c.merged_into_id.is_(None))
#: Open without an agent. Rules may not have looked at it yet.
IS_FREE = (*IS_OPEN, conversations.c.assignee_id.is_(None))
#: An agent who can be assigned a conversation: connected, online, with an account in use.
IS_ONLINE = (
    agents.c.connected_at.is_not(None),
    agents.c.presence == "online",
    agents.c.disabled_at.is_(None),
)
