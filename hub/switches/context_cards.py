"""Creates the context card of a switch from the database, by the rules of `context_rules`."""

from __future__ import annotations

from collections import defaultdict
from heapq import nlargest
from typing import Any, NamedTuple

from sqlalchemy import select

from hub.conversations.loaded_conversation import LoadedConversation
from hub.schema.resources import Given, Place
from hub.store.engine import Transaction
from hub.store.models import attachments, contacts, conversations, messages
from hub.store.models.message import ONLY_HANDOVER
from hub.switches import context_rules
from hub.switches.context_rules import CardMessage


def create_card(
    tx: Transaction, conversation: LoadedConversation, from_: Place, to: Place, first_text: str = ""
) -> dict[str, Any]:
    """Creates the card of a switch.

    Args:
        first_text: the customer's first text on the new channel.

    Returns: a `ContextCard` as JSON, for the column `conversation.context_card`.
    """
    card = context_rules.build_card(
        _card_messages(tx, conversation.id),
        from_=from_,
        to=to,
        switched_at=tx.now,
        waiting_since=conversation.waiting_since,
        form_details=_form_details(tx, conversation.id),
        first_text=first_text,
    )
    return card.model_dump(mode="json")


class _MessageRow(NamedTuple):
    id: int
    text: str
    direction: str
    author_type: str
    is_only_handover: bool


def _card_messages(tx: Transaction, conversation_id: int) -> list[CardMessage]:
    """Returns the last messages of a conversation with the names of their files, oldest first.

    They are in the order in which they arrived: a mail that the provider held back is unanswered,
    however early its own time. A message that has only a handover's code is none of them.
    """
    rows = _newest_messages(tx, conversation_id)
    file_names: dict[int, list[str]] = defaultdict(list)
    for file in tx.execute(
        select(attachments.c.message_id, attachments.c.name, attachments.c.medium)
        .where(attachments.c.message_id.in_([row.id for row in rows]))
        .order_by(attachments.c.id)
    ):
        file_names[file.message_id].append(file.name or file.medium)
    return [
        CardMessage(
            row.id,
            row.text,
            is_inbound=row.direction == "in",
            is_answer=row.direction == "out" and row.author_type != "system",
            file_names=tuple(file_names[row.id]),
        )
        for row in reversed(rows)
        if not row.is_only_handover
    ]


def _newest_messages(tx: Transaction, conversation_id: int) -> list[_MessageRow]:
    """Returns the last messages to arrive, newest first, also of conversations merged into it.

    It is one query by the index for each of these conversations: a single query for all of them
    would sort every message that they ever had.
    """
    merged_ids = tx.execute(
        select(conversations.c.id).where(conversations.c.merged_into_id == conversation_id)
    ).scalars()
    rows = [
        _MessageRow(
            row.id,
            row.text,
            row.direction,
            row.author_type,
            bool(row.extra.get(ONLY_HANDOVER)),
        )
        for each_id in (conversation_id, *merged_ids.all())
        for row in tx.execute(
            select(
                messages.c.id,
                messages.c.text,
                messages.c.direction,
                messages.c.author_type,
                messages.c.extra,
            )
            .where(messages.c.conversation_id == each_id, messages.c.type == "message")
            .order_by(messages.c.id.desc())
            .limit(context_rules.MAX_MESSAGES)
        )
    ]
    return nlargest(context_rules.MAX_MESSAGES, rows, key=lambda row: row.id)


def _form_details(tx: Transaction, conversation_id: int) -> list[Given]:
    """Returns the name, email and phone of the conversation's contact, as typed into a form."""
    row = tx.execute(
        select(contacts.c.name, contacts.c.attributes)
        .join(conversations, conversations.c.contact_id == contacts.c.id)
        .where(conversations.c.id == conversation_id)
    ).one()
    details = [Given(type="name", text=row.name)] if row.name else []
    for type_ in ("email", "phone"):
        if isinstance(row.attributes.get(type_), str):
            details.append(Given.model_validate({"type": type_, "text": row.attributes[type_]}))
    return details
