"""The people beside the customer who get the messages of a conversation: those of To and Cc.

One of them who answers writes into that conversation, as another person.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import select

from hub.conversations import lifecycle
from hub.store.engine import Transaction, Upsert
from hub.store.models import external_ids as sent_ids
from hub.store.models import messages, participants
from hub.types import Address

_ADD = Upsert(participants, ["connector", "address", "conversation_id", "external_id"])


def add_participants(
    tx: Transaction,
    connector: str,
    conversation_id: int,
    addresses: Iterable[str],
    external_id: str = "",
) -> None:
    """Notes who got a message of a conversation.

    Args:
        connector: the name of the one that the message came or leaves by.
        addresses: as `scheme:path`.
        external_id: of a message that came in; "" for one of ours, which is known by its token.
    """
    rows = [
        {
            "connector": connector,
            "address": address,
            "conversation_id": conversation_id,
            "external_id": external_id,
        }
        for address in dict.fromkeys(addresses)
    ]
    if rows:
        tx.execute(_ADD, rows)


def find_conversation_of_participant(
    tx: Transaction,
    connector: str,
    address: Address,
    external_ids: Sequence[str],
    token_conversation_id: int | None,
) -> int | None:
    """The conversation of a message that this address got too, and that its message answers.

    Args:
        external_ids: of the messages that it says it answers.
        token_conversation_id: of our token, where one came with it.

    Returns: the id of the conversation that goes on, None where there is none.
    """
    table = participants.c
    is_theirs = (table.connector == connector) & (table.address == str(address))
    sent = select(messages.c.conversation_id).join(sent_ids, sent_ids.c.message_id == messages.c.id)
    for condition in (
        table.conversation_id == token_conversation_id,
        table.external_id.in_([id_ for id_ in external_ids if id_]),
        table.conversation_id.in_(
            sent.where(sent_ids.c.connector == connector, sent_ids.c.external_id.in_(external_ids))
        ),
    ):
        newest_first = table.conversation_id.desc()
        row = tx.execute(
            select(table.conversation_id)
            .where(is_theirs, condition)
            .order_by(newest_first)
            .limit(1)
        ).first()
        if row is not None:
            return lifecycle.surviving_id(tx, row.conversation_id)
    return None
