"""Conditions on rows that the router asks for again and again."""

from __future__ import annotations

from hub.store.models import agents, conversations

#: Somebody's work at this moment; what was merged into another is work of that one.
IS_OPEN = (conversations.c.status == "open", conversations.c.merged_into_id.is_(None))
#: Nobody has it. Rules may not have looked at it yet.
IS_FREE = (*IS_OPEN, conversations.c.assignee_id.is_(None))
#: Can be given something: here, willing, and with an account.
IS_ONLINE = (
    agents.c.connected_at.is_not(None),
    agents.c.presence == "online",
    agents.c.disabled_at.is_(None),
)
