"""Records what agents are to be told, in the transaction of its cause.

It sees the events that a transaction publishes. Each kind of cause publishes one, whatever verb,
process or rule it comes from, so a new way to assign a conversation is told of by itself.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement

from hub.conversations.assignment import AGENT_LEFT, ASSIGNED, OVERFLOWED, UNANSWERED
from hub.notifications import mentions, notices
from hub.notifications.notices import Cause
from hub.schema import resources
from hub.schema.events import (
    ConversationUpdated,
    Event,
    MessageCreated,
    MessageUpdated,
    SlaBreached,
    SlaWarning,
)
from hub.store.engine import Transaction
from hub.store.models import notifications

#: Events after which the conversation may be another agent's.
_MOVES = frozenset({ASSIGNED, AGENT_LEFT, OVERFLOWED, UNANSWERED})
STATUS = "conversation.status"
#: What only the agent of a conversation is told.
_OF_ASSIGNEE = ("message", "assigned", "sla")


def record_notifications(tx: Transaction) -> None:
    """Tells and clears what follows from the events of a transaction, once at its end."""
    for event in tuple(tx.events):
        if event.to_agents:
            _record(tx, event)


def _record(tx: Transaction, event: Event) -> None:
    payload = event.payload
    if isinstance(payload, MessageCreated):
        _record_message(tx, payload.message, payload.conversation)
    elif isinstance(payload, MessageUpdated):
        _record_change(tx, payload.message)
    elif isinstance(payload, SlaWarning | SlaBreached):
        assignee = payload.conversation.assignee
        if assignee is not None:
            cause = Cause("sla", payload.conversation, clock=payload.clock)
            notices.tell(tx, int(assignee.id), cause)
    elif isinstance(payload, ConversationUpdated):
        into_id = payload.conversation.merged_into
        if into_id is not None:
            notices.follow_merge(tx, int(payload.conversation.id), int(into_id))


def _record_message(
    tx: Transaction, message: resources.Message, conversation: resources.Conversation
) -> None:
    if message.type == "event":
        _record_event(tx, message, conversation)
    elif message.type == "note":
        mentions.record_mentions(tx, message, conversation)
    elif message.direction == "in":
        # One that waits for no answer, such as a code alone, is not unread.
        is_unread = conversation.unread_count > 0 and message.duplicate_of is None
        if conversation.assignee is not None and is_unread:
            cause = Cause("message", conversation, message)
            notices.tell(tx, int(conversation.assignee.id), cause)
    elif message.author.type == "agent":
        _clear_kinds(tx, conversation, ("message", "sla"))


def _record_event(
    tx: Transaction, message: resources.Message, conversation: resources.Conversation
) -> None:
    name = (message.event or {}).get("name")
    if name == STATUS and conversation.status == "resolved":
        _clear_kinds(tx, conversation, (*_OF_ASSIGNEE, "mention"))
    elif name in _MOVES:
        assignee = conversation.assignee
        conditions = [] if assignee is None else [notifications.c.agent_id != int(assignee.id)]
        _clear_kinds(tx, conversation, _OF_ASSIGNEE, *conditions)
        took_it_themselves = (
            assignee is not None
            and message.author.type == "agent"
            and message.author.id == assignee.id
        )
        if name == ASSIGNED and assignee is not None and not took_it_themselves:
            last = conversation.last_message
            leads_to = last if last is not None and last.direction == "in" else None
            notices.tell(tx, int(assignee.id), Cause("assigned", conversation, leads_to))


def _record_change(tx: Transaction, message: resources.Message) -> None:
    if message.extra.get("unsent"):
        notices.withdraw_message(tx, int(message.id))
    elif message.edited_at is not None and (message.direction == "in" or message.type == "note"):
        notices.update_of_message(tx, int(message.id))


def _clear_kinds(
    tx: Transaction,
    conversation: resources.Conversation,
    kinds: Sequence[str],
    *conditions: ColumnElement[bool],
) -> None:
    # Most conversations have none: to look costs a fifth of a deletion of no rows.
    if not notices.has_any(tx, int(conversation.id)):
        return
    notices.clear(
        tx,
        notifications.c.conversation_id == int(conversation.id),
        notifications.c.kind.in_(kinds),
        *conditions,
    )
