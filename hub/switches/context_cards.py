"""The card of a switch, read from the database for `context` to make."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from heapq import nlargest
from typing import Any

from sqlalchemy import select

from hub.conversations import lifecycle
from hub.conversations.lifecycle import LoadedConversation
from hub.schema.resources import Given, Place
from hub.store.engine import Transaction
from hub.store.models import attachments, contacts, conversations, messages
from hub.switches import context_rules
from hub.switches.context_rules import Said


def make(
    tx: Transaction, target: LoadedConversation, from_: Place, to: Place, words: str = ""
) -> dict[str, Any]:
    """The card as the conversation's row keeps it. `words` are the first on the new channel."""
    made = context_rules.card(
        _said(tx, target.id),
        from_=from_,
        to=to,
        switched_at=tx.now,
        waiting_since=target["waiting_since"],
        typed=_typed(tx, target.id),
        words=words,
    )
    return made.model_dump(mode="json")


def forget(tx: Transaction, changed: Collection[int]) -> None:
    """What a card told of two people who are one no more is told no more."""
    lifecycle.clear_context_cards(tx, changed)


def _said(tx: Transaction, conversation_id: int) -> list[Said]:
    rows = _newest(tx, conversation_id)
    files: dict[int, list[str]] = defaultdict(list)
    for one in tx.execute(
        select(attachments.c.message_id, attachments.c.name, attachments.c.medium)
        .where(attachments.c.message_id.in_([row.id for row in rows]))
        .order_by(attachments.c.id)
    ):
        files[one.message_id].append(one.name or one.medium)
    return [
        Said(
            row.id,
            row.text,
            is_theirs=row.direction == "in",
            is_answer=row.direction == "out" and row.author_type != "system",
            files=tuple(files[row.id]),
        )
        for row in reversed(rows)
    ]


def _newest(tx: Transaction, conversation_id: int) -> list[Any]:
    """What was said last, newest first. One look by index for each conversation in this one: a
    single query for all of them would sort everything that was ever said.
    """
    inside = tx.execute(
        select(conversations.c.id).where(conversations.c.merged_into_id == conversation_id)
    ).scalars()
    found = [
        row
        for each in (conversation_id, *inside.all())
        for row in tx.execute(
            select(
                messages.c.id,
                messages.c.text,
                messages.c.direction,
                messages.c.author_type,
                messages.c.created_at,
            )
            .where(messages.c.conversation_id == each, messages.c.type == "message")
            .order_by(messages.c.created_at.desc(), messages.c.id.desc())
            .limit(context_rules.MAX_SAID)
        )
    ]
    return nlargest(context_rules.MAX_SAID, found, key=lambda row: (row.created_at, row.id))


def _typed(tx: Transaction, conversation_id: int) -> list[Given]:
    """What the person this conversation is with typed of themselves, on whichever record."""
    row = tx.execute(
        select(contacts.c.name, contacts.c.attributes)
        .join(conversations, conversations.c.contact_id == contacts.c.id)
        .where(conversations.c.id == conversation_id)
    ).one()
    typed = [Given(type="name", text=row.name)] if row.name else []
    for kind in ("email", "phone"):
        if isinstance(row.attributes.get(kind), str):
            typed.append(Given.model_validate({"type": kind, "text": row.attributes[kind]}))
    return typed
