"""Notifications of agents: told, listed, seen. One row for each agent, conversation and kind.

A transaction writes them after everything else, so that nothing waits for a conversation while it
holds them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    bindparam,
    delete,
    select,
    update,
)

from hub.notifications import push_states
from hub.notifications.settings import NotificationSettings, settings_from_json
from hub.schema import cursors, resources
from hub.schema.cursors import Page
from hub.schema.events import (
    Event,
    NotificationCleared,
    NotificationCreated,
    NotificationUpdated,
)
from hub.store.engine import Transaction, Upsert
from hub.store.models import (
    agents,
    contacts,
    conversations,
    messages,
    notification_settings,
    notifications,
    push_subscriptions,
)
from hub.store.prepared import Prepared

#: The first words of a message, in characters.
MAX_WORDS = 200
#: What nobody has looked at for so long is told no more.
RETENTION = timedelta(days=30)

_UPSERT = Prepared(
    Upsert(
        notifications,
        ["agent_id", "conversation_id", "kind"],
        update=["message_id", "clock", "told_at"],
        compute={"times": lambda _new: notifications.c.times + 1},
        returning=["id", "times"],
    )
)
#: An agent's settings and devices, by one query: there is a row for each device.
_AUDIENCE = Prepared(
    select(notification_settings.c.settings, push_subscriptions.c.id.label("subscription_id"))
    .select_from(agents)
    .outerjoin(notification_settings, notification_settings.c.agent_id == agents.c.id)
    .outerjoin(push_subscriptions, push_subscriptions.c.agent_id == agents.c.id)
    .where(agents.c.id == bindparam("agent"), agents.c.disabled_at.is_(None))
    .order_by(push_subscriptions.c.id)
)
_ANY_OF = Prepared(
    select(notifications.c.id)
    .where(notifications.c.conversation_id == bindparam("conversation"))
    .limit(1)
)
_ROOT = contacts.alias("notified_root")
_SHOWN: Select[Any] = (
    select(
        notifications,
        _ROOT.c.called.label("contact_name"),
        messages.c.connector,
        messages.c.author_name,
        messages.c.text,
    )
    .join(conversations, conversations.c.id == notifications.c.conversation_id)
    .join(contacts, contacts.c.id == conversations.c.contact_id)
    .join(_ROOT, _ROOT.c.id == contacts.c.root_id)
    .outerjoin(messages, messages.c.id == notifications.c.message_id)
)


@dataclass(frozen=True, slots=True)
class Cause:
    """What an agent is to be cause.

    Args:
        message: the message that it leads to.
        clock: of an SLA policy; empty for other kinds.
    """

    kind: str
    conversation: resources.Conversation
    message: resources.Message | None = None
    clock: str = ""


def tell(tx: Transaction, agent_id: int, cause: Cause) -> None:
    """Records a notification and publishes it to the agent's screens; devices get it soon.

    Nothing is told to an account that is disabled.
    """
    audience = _AUDIENCE.rows(tx.connection, {"agent": agent_id})
    if not audience:
        return
    message = cause.message
    values = {
        "agent_id": agent_id,
        "conversation_id": int(cause.conversation.id),
        "kind": cause.kind,
        "message_id": None if message is None else int(message.id),
        "clock": cause.clock,
        "times": 1,
        "told_at": tx.now,
    }
    row = _UPSERT.rows(tx.connection, values)[0]
    settings = settings_from_json(audience[0].settings)
    shown = resources.Notification(
        id=row.id,
        kind=cause.kind,
        conversation_id=cause.conversation.id,
        message_id=values["message_id"],
        contact_name=cause.conversation.contact.name,
        connector=None if message is None else message.connector,
        author="" if message is None else message.author.name,
        text="" if message is None else first_words(message.text),
        clock=cause.clock,
        count=row.times,
        told_at=tx.now,
    )
    tx.publish(Event(_created(shown, settings, tx.now), agent_id=agent_id))
    if settings.places(cause.kind).push:
        devices = [row.subscription_id for row in audience if row.subscription_id is not None]
        push_states.mark_due(tx, devices, int(cause.conversation.id))


def _created(
    notification: resources.Notification, settings: NotificationSettings, now: datetime
) -> NotificationCreated:
    is_quiet = settings.quiet_until(now) is not None
    places = settings.places(notification.kind)
    rings = (
        places.sound and not is_quiet and notification.connector not in settings.silent_connectors
    )
    return NotificationCreated(
        notification=notification,
        sound=settings.sound if rings else None,
        browser=places.browser and not is_quiet,
        hide_text=settings.hide_text,
    )


def first_words(text: str) -> str:
    """The beginning of a text, in one line."""
    line = " ".join(text[: 2 * MAX_WORDS].split())
    return line if len(line) <= MAX_WORDS else line[: MAX_WORDS - 1] + "…"


def list_notifications(
    connection: Connection, agent_id: int, limit: int, cursor: str | None
) -> Page[resources.Notification]:
    """What an agent has not seen yet, the latest first."""
    query = _SHOWN.where(notifications.c.agent_id == agent_id)
    position = (notifications.c.told_at, notifications.c.id)
    rows = cursors.page(connection, query, position, limit, cursor)
    return Page([_from_row(_ShownRow._make(row)) for row in rows.items], rows.next)


def notifications_of(
    connection: Connection, agent_id: int, conversation_id: int
) -> list[resources.Notification]:
    """What an agent has not seen of one conversation, the latest first."""
    rows = connection.execute(
        _SHOWN.where(
            notifications.c.agent_id == agent_id,
            notifications.c.conversation_id == conversation_id,
        ).order_by(notifications.c.told_at.desc(), notifications.c.id.desc())
    )
    return [_from_row(_ShownRow._make(row)) for row in rows]


class _ShownRow(NamedTuple):
    """A notification with the contact and the message that it is about."""

    id: int
    agent_id: int
    conversation_id: int
    kind: str
    message_id: int | None
    clock: str
    times: int
    told_at: datetime
    contact_name: str
    connector: str | None
    author_name: str | None
    text: str | None


def _from_row(row: _ShownRow) -> resources.Notification:
    return resources.Notification(
        id=row.id,
        kind=row.kind,
        conversation_id=row.conversation_id,
        message_id=row.message_id,
        contact_name=row.contact_name,
        connector=row.connector,
        author=row.author_name or "",
        text=first_words(row.text or ""),
        clock=row.clock,
        count=row.times,
        told_at=row.told_at,
    )


# -- seen -----------------------------------------------------------------------------------------


def mark_seen(
    tx: Transaction, agent_id: int, conversation_id: int, message_id: int | None = None
) -> None:
    """Clears what an agent was told of a conversation, on all screens and devices.

    Args:
        message_id: the newest message that the agent has seen; what came later stays. None for all.
    """
    conditions = [
        notifications.c.agent_id == agent_id,
        notifications.c.conversation_id == conversation_id,
    ]
    if message_id is not None:
        # One without a message is seen with the conversation.
        conditions.append(
            notifications.c.message_id.is_(None) | (notifications.c.message_id <= message_id)
        )
    clear(tx, *conditions)


def has_any(tx: Transaction, conversation_id: int) -> bool:
    """Whether any agent has not seen what they were told of a conversation."""
    return _ANY_OF.first(tx.connection, {"conversation": conversation_id}) is not None


def clear(tx: Transaction, *conditions: ColumnElement[bool]) -> None:
    """Deletes notifications, tells their agents' screens, and withdraws them from devices."""
    cleared_rows = tx.execute(
        delete(notifications)
        .where(*conditions)
        .returning(notifications.c.id, notifications.c.agent_id, notifications.c.conversation_id)
    ).all()
    for agent_id in sorted({row.agent_id for row in cleared_rows}):
        rows = [row for row in cleared_rows if row.agent_id == agent_id]
        conversation_ids = sorted({row.conversation_id for row in rows})
        push_states.mark_changed(tx, agent_id, conversation_ids)
        cleared = NotificationCleared(
            ids=sorted(row.id for row in rows), conversation_ids=conversation_ids
        )
        tx.publish(Event(cleared, agent_id=agent_id))


# -- messages that change -------------------------------------------------------------------------


def update_of_message(tx: Transaction, message_id: int) -> None:
    """Shows the new words of an edited message in the notifications that tell of it."""
    rows = tx.execute(_SHOWN.where(notifications.c.message_id == message_id)).all()
    for row in rows:
        tx.publish(
            Event(
                NotificationUpdated(notification=_from_row(_ShownRow._make(row))),
                agent_id=row.agent_id,
            )
        )
        push_states.mark_changed(tx, row.agent_id, [row.conversation_id])


def withdraw_message(tx: Transaction, message_id: int) -> None:
    """Withdraws a message that was taken back: an earlier unseen one is told of, or nothing."""
    rows = tx.execute(
        select(notifications).where(
            notifications.c.message_id == message_id,
            notifications.c.kind.in_(("message", "mention")),
        )
    ).mappings()
    for row in rows.all():
        earlier = None
        if row["kind"] == "message" and row["times"] > 1:
            earlier = _message_before(tx, row["conversation_id"], message_id)
        if earlier is None:
            clear(tx, notifications.c.id == row["id"])
            continue
        tx.execute(
            update(notifications)
            .where(notifications.c.id == row["id"])
            .values(message_id=earlier, times=row["times"] - 1)
        )
        update_of_message(tx, earlier)


def _message_before(tx: Transaction, conversation_id: int, message_id: int) -> int | None:
    """The id of the customer's message before this one."""
    return tx.execute(
        select(messages.c.id)
        .where(
            messages.c.conversation_id == conversation_id,
            messages.c.id < message_id,
            messages.c.direction == "in",
            messages.c.type == "message",
        )
        .order_by(messages.c.id.desc())
        .limit(1)
    ).scalar()


def follow_merge(tx: Transaction, conversation_id: int, into_id: int) -> None:
    """Moves notifications to the conversation that theirs was merged into."""
    moving = tx.execute(
        select(notifications).where(notifications.c.conversation_id == conversation_id)
    ).all()
    if not moving:
        return
    clear(tx, notifications.c.conversation_id == conversation_id)
    for row in moving:
        values = {
            name: getattr(row, name)
            for name in ("agent_id", "kind", "message_id", "clock", "times", "told_at")
        }
        _UPSERT.rows(tx.connection, {**values, "conversation_id": into_id})
        for shown in notifications_of(tx.connection, row.agent_id, into_id):
            tx.publish(Event(NotificationUpdated(notification=shown), agent_id=row.agent_id))
        push_states.mark_changed(tx, row.agent_id, [into_id])


def delete_old(tx: Transaction) -> None:
    """Deletes what nobody has looked at for long."""
    clear(tx, notifications.c.told_at < tx.now - RETENTION)
