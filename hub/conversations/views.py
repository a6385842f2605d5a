"""Resources of messages and conversations, from their rows. A page costs no query per message."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, select

from hub.accounts.agents import agents_by_id
from hub.accounts.teams import teams_by_id
from hub.contacts.contact_addresses import ContactAddress
from hub.conversations.loaded_conversation import ConversationRow
from hub.errors import NotFound
from hub.schema import resources
from hub.store.models import (
    addresses,
    attachments,
    contacts,
    conversations,
    deliveries,
    message_edits,
    messages,
)
from hub.store.models.message import CANCELLED, HELD, NO_AUTO_REPLY, ONLY_HANDOVER, SEND_AT
from hub.types import OWN_ALIASES, DeliveryStatus

_root = contacts.alias("root")


class MessageRow(NamedTuple):
    """A row of `SELECT_MESSAGES`: a message with its address, delivery and contact's root."""

    id: int
    conversation_id: int
    contact_id: int
    address_id: int | None
    journal_id: int | None
    connector: str | None
    kind: str | None
    direction: str
    type: str
    author_type: str
    author_id: int | None
    author_name: str
    subject: str
    text: str
    folded: str
    html: str
    html_is_clean: bool
    reply_to_id: int | None
    duplicate_of_id: int | None
    external_id: str | None
    client_id: str | None
    extra: dict[str, Any]
    to: list[str]
    cc: list[str]
    origin: dict[str, Any] | None
    created_at: datetime
    received_at: datetime
    edited_at: datetime | None
    contact_root_id: int
    scheme: str | None
    scope: str | None
    path: str | None
    delivery_status: str | None
    delivery_code: str | None
    delivery_reason: str | None
    delivery_attempts: int | None
    delivery_maybe_twice: bool | None
    delivery_fallback_from: dict[str, Any] | None


SELECT_MESSAGES: Select[Any] = (
    select(
        messages,
        contacts.c.root_id.label("contact_root_id"),
        addresses.c.scheme,
        addresses.c.scope,
        addresses.c.path,
        deliveries.c.status.label("delivery_status"),
        deliveries.c.code.label("delivery_code"),
        deliveries.c.reason.label("delivery_reason"),
        deliveries.c.attempts.label("delivery_attempts"),
        deliveries.c.maybe_twice.label("delivery_maybe_twice"),
        deliveries.c.fallback_from.label("delivery_fallback_from"),
    )
    .join(contacts, contacts.c.id == messages.c.contact_id)
    .outerjoin(addresses, addresses.c.id == messages.c.address_id)
    .outerjoin(deliveries, deliveries.c.message_id == messages.c.id)
)

#: The columns of conversations, each followed by those of its contact's root.
SELECT_CONVERSATIONS: Select[Any] = (
    select(
        conversations,
        _root.c.id.label("root_id"),
        _root.c.called.label("contact_name"),
        _root.c.avatar_url.label("contact_avatar_url"),
        _root.c.attributes.label("contact_attributes"),
        _root.c.created_at.label("contact_created_at"),
    )
    .join(contacts, contacts.c.id == conversations.c.contact_id)
    .join(_root, _root.c.id == contacts.c.root_id)
)


_MESSAGE_COLUMNS = itemgetter(*messages.c.keys())
#: The last columns of a `MessageRow`, those of the delivery.
_QUEUED_DELIVERY = ("queued", "", "", 0, False, None)
_NO_DELIVERY = (None,) * sum(name.startswith("delivery_") for name in MessageRow._fields)

#: The deliveries of messages that have not left, by the type of their row.
_NOT_LEFT = {
    HELD: resources.Delivery(
        status=DeliveryStatus.QUEUED,
        code="",
        reason="",
        attempts=0,
        maybe_twice=False,
        fallback_from=None,
    ),
}
_NOT_LEFT[CANCELLED] = _NOT_LEFT[HELD].model_copy(
    update={
        "status": DeliveryStatus.FAILED,
        "code": "cancelled",
        "reason": "It was taken back before it left.",
    }
)

#: The fields of `extra` that are fields of the message, or are for the connector or the hub alone.
EXTRA_SHOWN_ELSEWHERE = frozenset(
    {
        "location",
        "card",
        "buttons",
        "reactions",
        "event",
        "mentions",
        "callback_query_id",
        "keyword",
        ONLY_HANDOVER,
        NO_AUTO_REPLY,
        OWN_ALIASES,
        SEND_AT,
    }
)


def get_message(connection: Connection, message_id: int) -> resources.Message:
    """Raises NotFound."""
    rows = connection.execute(
        SELECT_MESSAGES.where(messages.c.id == message_id, messages.c.type != CANCELLED)
    ).all()
    if not rows:
        raise NotFound("There is no such message.")
    return messages_from_rows(connection, rows)[0]


def message_from_values(
    values: Mapping[str, Any], contact_address: ContactAddress, *, is_queued: bool = False
) -> resources.Message:
    """A message that was just written, without files.

    Args:
        values: all columns of the message, by name.
        is_queued: whether it has a delivery, which was queued just now.
    """
    address = contact_address.address
    row = MessageRow._make(
        (
            *_MESSAGE_COLUMNS(values),
            contact_address.root_id,
            address.scheme if values["address_id"] is not None else None,
            address.scope,
            address.path,
            *(_QUEUED_DELIVERY if is_queued else _NO_DELIVERY),
        )
    )
    return _message_from_row(row)


def messages_from_rows(
    connection: Connection, rows: Sequence[Row[Any]], *, with_html: bool = True
) -> list[resources.Message]:
    """Messages with their files and edits, from rows of `SELECT_MESSAGES`, in the same order."""
    message_rows = [MessageRow._make(row) for row in rows]
    files = attachments_by_message(connection, [row.id for row in message_rows])
    edits = _edits_by_message(
        connection, [row.id for row in message_rows if row.edited_at is not None]
    )
    return [
        _message_from_row(row, files[row.id], edits[row.id], with_html=with_html)
        for row in message_rows
    ]


def _message_from_row(
    row: MessageRow,
    files: Sequence[tuple[resources.Attachment, str]] = (),
    edits: Sequence[resources.Edit] = (),
    *,
    with_html: bool = True,
) -> resources.Message:
    """One message.

    Args:
        files: its files, each with the Content-ID by which a mail's HTML refers to it.
        with_html: whether the message gets its HTML, which can be long.
    """
    extra = row.extra
    html = ""
    if with_html and row.html and row.html_is_clean:
        from hub.connectors.html import place_pictures  # only hubs with mail pay for it

        html = place_pictures(row.html, {cid: file.url for file, cid in files if cid})
    return resources.Message(
        id=row.id,
        conversation_id=row.conversation_id,
        contact_id=row.contact_root_id,
        direction=row.direction,
        type="message" if row.type in _NOT_LEFT else row.type,
        connector=row.connector,
        kind=row.kind,
        address=f"{row.scheme}:{row.path}" if row.scheme else None,
        to=row.to,
        cc=row.cc,
        origin=None if row.origin is None else resources.MessageOrigin(**row.origin),
        subject=row.subject,
        text=row.text,
        folded=row.folded,
        html=html,
        attachments=[file for file, _cid in files],
        location=extra.get("location"),
        card=extra.get("card"),
        buttons=extra.get("buttons", []),
        reactions=extra.get("reactions", []),
        event=extra.get("event"),
        mentions=extra.get("mentions", []),
        extra={name: value for name, value in extra.items() if name not in EXTRA_SHOWN_ELSEWHERE},
        reply_to=row.reply_to_id,
        duplicate_of=row.duplicate_of_id,
        author=resources.Author(type=row.author_type, id=row.author_id, name=row.author_name),
        send_at=extra.get(SEND_AT),
        delivery=_delivery_from_row(row),
        external_id=row.external_id,
        client_id=row.client_id,
        edits=list(edits),
        edited_at=row.edited_at,
        created_at=row.created_at,
        received_at=row.received_at,
    )


def _delivery_from_row(row: MessageRow) -> resources.Delivery | None:
    if row.delivery_status is None:
        return _NOT_LEFT.get(row.type)
    return resources.Delivery(
        status=row.delivery_status,
        code=row.delivery_code,
        reason=row.delivery_reason,
        attempts=row.delivery_attempts,
        maybe_twice=row.delivery_maybe_twice,
        fallback_from=_fallback_from(row.delivery_fallback_from),
    )


def _fallback_from(delivery_json: Mapping[str, Any] | None) -> resources.FallbackFrom | None:
    """The first destination of a delivery that took another way, without the trail."""
    if delivery_json is None:
        return None
    fields = resources.FallbackFrom.model_fields
    return resources.FallbackFrom(**{name: delivery_json[name] for name in fields})


def attachments_by_message(
    connection: Connection, message_ids: Sequence[int]
) -> dict[int, list[tuple[resources.Attachment, str]]]:
    """The files of messages, each with the Content-ID by which a mail's HTML refers to it."""
    files: dict[int, list[tuple[resources.Attachment, str]]] = defaultdict(list)
    if message_ids:
        for row in connection.execute(
            select(attachments)
            .where(attachments.c.message_id.in_(message_ids))
            .order_by(attachments.c.id)
        ):
            files[row.message_id].append((attachment_from_row(row), row.content_id))
    return files


def attachment_from_row(row: Row[Any]) -> resources.Attachment:
    """A file, from a row of `attachments`."""
    return resources.Attachment(
        id=row.id,
        name=row.name,
        media_type=row.media_type,
        size=row.size,
        width=row.width,
        height=row.height,
        url=f"/api/v1/attachments/{row.id}",
        state=row.state,
        medium=row.medium,
        reason=row.reason,
    )


def _edits_by_message(
    connection: Connection, message_ids: Sequence[int]
) -> dict[int, list[resources.Edit]]:
    edits: dict[int, list[resources.Edit]] = defaultdict(list)
    if message_ids:
        for row in connection.execute(
            select(message_edits)
            .where(message_edits.c.message_id.in_(message_ids))
            .order_by(message_edits.c.id)
        ):
            edits[row.message_id].append(resources.Edit(text=row.text, at=row.created_at))
    return edits


# -- conversations ---------------------------------------------------------------------------------


def get_conversation(connection: Connection, conversation_id: int) -> resources.Conversation:
    """Raises NotFound."""
    rows = connection.execute(
        SELECT_CONVERSATIONS.where(conversations.c.id == conversation_id)
    ).all()
    if not rows:
        raise NotFound("There is no such conversation.")
    return conversations_from_rows(connection, rows)[0]


def conversations_from_rows(
    connection: Connection, rows: Sequence[Row[Any]]
) -> list[resources.Conversation]:
    """Conversations with their last messages, from rows of `SELECT_CONVERSATIONS`, in order."""
    last_ids = [row.last_message_id for row in rows if row.last_message_id is not None]
    last_messages = {}
    if last_ids:
        message_rows = connection.execute(SELECT_MESSAGES.where(messages.c.id.in_(last_ids))).all()
        last_messages = {
            int(message.id): message
            for message in messages_from_rows(connection, message_rows, with_html=False)
        }
    assignees = agents_by_id(connection, {row.assignee_id for row in rows} - {None})
    teams = teams_by_id(connection, {row.team_id for row in rows} - {None})
    return [
        conversation_from_row(
            ConversationRow(row[: len(conversations.c)]),
            resources.Contact(
                id=row.root_id,
                name=row.contact_name,
                avatar_url=row.contact_avatar_url,
                attributes=row.contact_attributes,
                created_at=row.contact_created_at,
            ),
            last_message=last_messages.get(row.last_message_id),
            assignee=assignees.get(row.assignee_id),
            team=teams.get(row.team_id),
        )
        for row in rows
    ]


def conversation_from_row(
    row: ConversationRow,
    contact: resources.Contact,
    *,
    last_message: resources.Message | None,
    assignee: resources.Agent | None,
    team: resources.Team | None,
) -> resources.Conversation:
    """One conversation, with the parts that are not in its row."""
    return resources.Conversation(
        id=row.id,
        contact=contact,
        status=row.status,
        assignee=assignee,
        team=team,
        priority=row.priority,
        subject=row.subject,
        labels=row.labels,
        connectors=row.connectors,
        last_message=last_message,
        unread_count=row.unread_count,
        waiting_since=row.waiting_since,
        snoozed_until=row.snoozed_until,
        created_at=row.created_at,
        updated_at=row.updated_at,
        context_card=row.context_card,
        sla=_sla_from_row(row),
        merged_into=row.merged_into_id,
    )


def _sla_from_row(row: ConversationRow) -> resources.Sla | None:
    """The running clocks of a conversation; None where it has no SLA policy."""
    if row.sla is None:
        return None
    is_running = row.sla_paused_at is None
    return resources.Sla(
        first_reply_due=row.first_reply_due if is_running else None,
        next_reply_due=row.next_reply_due if is_running else None,
        resolve_due=row.resolve_due if is_running else None,
        breached=row.sla_breached,
    )
