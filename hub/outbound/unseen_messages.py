"""Stops an answer whose author has not seen what came in meanwhile."""

from __future__ import annotations

from sqlalchemy import or_, select

from hub.conversations import lifecycle, views
from hub.errors import Conflict
from hub.schema.author import Author
from hub.store.engine import Transaction
from hub.store.models import messages


def refuse_unseen(tx: Transaction, conversation_id: int, seen_id: int, author: Author) -> None:
    """Checks that nobody wrote in a conversation after a message.

    The customer counts, and a colleague who answered.

    Args:
        seen_id: the newest message that the author of the answer saw.

    Raises:
        Conflict: with the newest message that was not seen in `message`.
    """
    is_of_customer = (messages.c.direction == "in") & messages.c.duplicate_of_id.is_(None)
    is_of_colleague = (
        (messages.c.direction == "out")
        & (messages.c.author_type == "agent")
        & messages.c.author_id.is_distinct_from(author.id)
    )
    if author.id is None:  # a service account, which its name alone tells from others
        is_of_colleague |= (
            (messages.c.direction == "out")
            & (messages.c.author_type == "agent")
            & (messages.c.author_name != author.name)
        )
    row = tx.execute(
        select(messages.c.id, messages.c.direction)
        .where(
            lifecycle.message_is_in(conversation_id),
            messages.c.id > seen_id,
            messages.c.type == "message",
            or_(is_of_customer, is_of_colleague),
        )
        .order_by((messages.c.direction == "in").desc(), messages.c.id.desc())
        .limit(1)
    ).first()
    if row is None:
        return
    wrote = "The customer wrote" if row.direction == "in" else "A colleague answered"
    message = views.get_message(tx.connection, row.id)
    raise Conflict(f"{wrote} meanwhile.", message=message.model_dump(mode="json"))
