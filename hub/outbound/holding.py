"""Messages that wait for their time to leave: to be undone meanwhile, or to be sent later.

A held message is a row that no customer sees and that changes nothing in its conversation. When it
is due it becomes a message like any other, in the one transaction that deletes its row of
`held_message`; taking it back deletes that row, too. So exactly one of the two happens.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from hub.contacts import address_state
from hub.contacts.contact_addresses import ContactAddress
from hub.conversations import (
    actions,
    drafts,
    held_messages,
    lifecycle,
    participants,
    publishing,
    timeline,
)
from hub.conversations.draft_values import DraftContent, DraftKey, draft_of
from hub.conversations.loaded_conversation import LoadedConversation
from hub.errors import Conflict
from hub.outbound import delivery_queue, destinations
from hub.outbound.answering import mark_answered
from hub.outbound.destinations import OutboundChannel
from hub.outbound.send_times import MAX_UNDO_SECONDS, SendTime
from hub.schema import resources
from hub.schema.author import SYSTEM, Author
from hub.store.engine import Transaction
from hub.store.models import attachments, messages
from hub.store.models import held_messages as held_rows
from hub.store.models.message import HELD

_HELD_COLUMNS = (
    *(column for column in held_rows.c if column.name != "created_at"),
    messages.c.conversation_id,
    messages.c.contact_id,
    messages.c.author_type,
    messages.c.author_id,
    messages.c.author_name,
    messages.c.text,
    messages.c.subject,
    messages.c.to,
    messages.c.cc,
    messages.c.extra,
    messages.c.reply_to_id,
)
#: Longer than any message waits to be undone, also behind another one.
LONGEST_UNDO = timedelta(seconds=2 * MAX_UNDO_SECONDS)
#: The number of messages that one look finds.
AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Hold:
    """Why and how long a message waits.

    Args:
        undo_seconds: for its author to take it back; 0 for a message that is sent later.
        send_time: when it is sent later; None for one that only waits to be undone.
        sends_anyway: whether it leaves though the customer wrote meanwhile.
        resolves: whether the conversation is resolved when it leaves.
    """

    undo_seconds: int = 0
    send_time: SendTime | None = None
    sends_anyway: bool = True
    resolves: bool = False


def due_time(
    tx: Transaction, hold: Hold, recipient: ContactAddress, channel: OutboundChannel
) -> datetime | None:
    """When a message to an address may leave; None for at once.

    It does not overtake an earlier one that waits to be undone.
    """
    if hold.send_time is not None:
        return hold.send_time.due_at()
    earlier = tx.execute(
        select(func.max(held_rows.c.due_at)).where(
            held_rows.c.address_id == recipient.address_id,
            held_rows.c.connector == channel.name,
            held_rows.c.local_time == "",
        )
    ).scalar()
    own_end = tx.now + timedelta(seconds=hold.undo_seconds) if hold.undo_seconds else None
    return max((moment for moment in (own_end, earlier) if moment is not None), default=None)


def hold_message(
    tx: Transaction,
    conversation: LoadedConversation,
    message: timeline.NewMessage,
    hold: Hold,
    due_at: datetime,
) -> int:
    """Adds a message that waits. Returns its id; the caller attaches its files and publishes it."""
    assert message.contact_address is not None
    assert message.connector is not None
    message_id = held_messages.add(tx, conversation, message, due_at, hold.send_time)
    newest = held_messages.newest_inbound(tx.connection, conversation.id)
    tx.execute(
        insert(held_rows).values(
            message_id=message_id,
            due_at=due_at,
            local_time="" if hold.send_time is None else hold.send_time.local_time,
            zone="" if hold.send_time is None else hold.send_time.zone,
            connector=message.connector,
            address_id=message.contact_address.address_id,
            after_id=newest,
            sends_anyway=hold.sends_anyway,
            resolves=hold.resolves,
            agent_id=message.author.id,
            created_at=tx.now,
        )
    )
    return message_id


# -- leaving ---------------------------------------------------------------------------------------


def due_messages(connection: Connection, now: datetime) -> list[int]:
    """The ids of held messages whose time has come, in the order in which they leave."""
    rows = connection.execute(
        select(held_rows.c.message_id)
        .where(
            or_(
                held_rows.c.due_at <= now,
                # The clock was set back since: no time for undoing is that long.
                (held_rows.c.local_time == "") & (held_rows.c.due_at > now + LONGEST_UNDO),
            )
        )
        .order_by(held_rows.c.due_at, held_rows.c.message_id)
        .limit(AT_ONCE)
    )
    return list(rows.scalars())


def next_due(connection: Connection) -> datetime | None:
    """When the next held message is due; None without any."""
    return connection.execute(
        select(held_rows.c.due_at).order_by(held_rows.c.due_at).limit(1)
    ).scalar()


def release_message(
    tx: Transaction, message_id: int, outbound_channels: Mapping[str, OutboundChannel]
) -> None:
    """Lets a held message leave, or gives it back to its author where it cannot.

    It comes back as a draft, with an event that says why: the customer wrote meanwhile, or cannot
    be reached on the channel any more.
    """
    row = _lock(tx, message_id)
    if row is None:
        return  # taken back at this moment, or released by another process
    if row.local_time:
        due_at = SendTime(row.local_time, row.zone).due_at()
        if due_at > tx.now:  # the rules of its zone were changed since
            tx.execute(update(held_rows).where(_is(message_id)).values(due_at=due_at))
            return
    tx.execute(delete(held_rows).where(_is(message_id)))
    newest = held_messages.newest_inbound(tx.connection, row.conversation_id)
    if not row.sends_anyway and newest > row.after_id:
        _give_back(tx, row, "customer_wrote", "The customer wrote meanwhile.")
        return
    channel = outbound_channels.get(row.connector)
    if channel is None:
        _give_back(tx, row, "channel_off", f"{row.connector} is turned off.")
        return
    try:
        destinations.refuse_stopped_address(tx, row.address_id, row.connector)
    except Conflict as error:
        _give_back(tx, row, "unreachable", error.message)
        return
    _leave(tx, row, channel)


def _leave(tx: Transaction, row: Row[Any], channel: OutboundChannel) -> None:
    recipient = destinations.find_address_by_id(tx, row.address_id)
    assert recipient is not None
    address_state.allow_address(tx, recipient.address_id, channel.name)
    conversation = lifecycle.load_conversation(tx, row.active_id, recipient)
    author = Author(row.author_type, row.author_id, row.author_name)
    held_messages.release(tx, conversation, row)
    copied = {*row.to, *row.cc} - {str(recipient.address)}
    participants.add_participants(tx, channel.name, conversation.id, sorted(copied))
    delivery_queue.queue_delivery(tx, row.message_id, recipient, channel)
    mark_answered(conversation, author, tx.now)
    lifecycle.save_conversation(tx, conversation)
    publishing.publish_released_message(tx, row.message_id, recipient.address)
    if row.resolves:
        actions.change_conversation(tx, conversation.id, {"status": "resolved"}, author)
    else:
        pages = publishing.page_addresses(tx.connection, [conversation.id])
        publishing.publish_conversation(tx, conversation.id, pages[conversation.id])


# -- coming back -----------------------------------------------------------------------------------


def take_back(tx: Transaction, message_id: int) -> resources.Draft | None:
    """Takes a held message back before it leaves.

    Returns: the draft that it came from; None for a message that is not held.
    """
    row = _lock(tx, message_id)
    if row is None:
        return None
    tx.execute(delete(held_rows).where(_is(message_id)))
    return give_draft(tx, row)


def change_text(tx: Transaction, message_id: int, text: str) -> bool:
    """Changes the text of a held message. False for a message that is not held."""
    if _lock(tx, message_id) is None:
        return False
    held_messages.change_text(tx, message_id, text)
    publishing.publish_message_update(tx, message_id)
    return True


def _give_back(tx: Transaction, row: Row[Any], code: str, reason: str) -> None:
    """Makes a message a draft again, and says so in the timeline and to its author."""
    give_draft(tx, row)
    contact_address = actions.any_contact_address(tx, row.contact_id)
    conversation = lifecycle.load_conversation(tx, row.active_id, contact_address)
    timeline.add_event(
        tx,
        conversation,
        "message.not_sent",
        SYSTEM,
        code=code,
        reason=reason,
        agent_id=None if row.agent_id is None else str(row.agent_id),
        agent=row.author_name,
        text=row.text,
    )


def give_draft(tx: Transaction, row: Row[Any]) -> resources.Draft:
    """Makes a message that does not leave its author's draft, with everything as it was chosen.

    Args:
        row: its columns, with `message_id`, and in `agent_id` the agent who gets the draft.
    """
    file_ids = list(
        tx.execute(
            select(attachments.c.id)
            .where(attachments.c.message_id == row.message_id)
            .order_by(attachments.c.id)
        ).scalars()
    )
    held_messages.cancel(tx, row.message_id)
    publishing.publish_message_update(tx, row.message_id)
    content = DraftContent(
        text=row.text,
        connector=row.connector,
        attachment_ids=tuple(file_ids),
        subject=row.subject,
        cc=tuple(row.cc) if row.to or row.cc else None,
        reply_to=row.reply_to_id,
    )
    key = DraftKey(row.agent_id or 0, row.conversation_id, drafts.REPLY)
    version = 0
    if row.agent_id is not None:
        version = drafts.restore_draft(tx, key, content).version
    return draft_of(tx.connection, key, content, version)


def _is(message_id: int) -> ColumnElement[bool]:
    return held_rows.c.message_id == message_id


def _lock(tx: Transaction, message_id: int) -> Row[Any] | None:
    """A held message with its row in the outbox, its person and conversation locked.

    `active_id` is the conversation that it would join: the one that goes on.

    Raises:
        RunAgain: a link was made or undone while this waited.
    """
    query = select(messages.c.conversation_id).where(
        messages.c.id == message_id, messages.c.type == HELD
    )
    conversation_id = tx.execute(query).scalar()
    if conversation_id is None:
        return None
    active = lifecycle.lock_conversation(tx, conversation_id)
    active_id = active.id
    if active.status == "resolved":
        active_id = lifecycle.open_conversation_id(tx, active.contact_id) or active_id
    return tx.execute(
        select(*_HELD_COLUMNS, literal(active_id).label("active_id"))
        .join(messages, messages.c.id == held_rows.c.message_id)
        .where(_is(message_id), messages.c.type == HELD)
        .with_for_update(of=held_rows)
    ).first()
