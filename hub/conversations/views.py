"""From rows to the shapes of the API. Whole pages at a time: no query per message."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

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

_root = contacts.alias("root")

#: A message with what is joined to it one to one. `contact_root_id` is the person it belongs to.
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

#: A conversation with the person it is with.
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


#: What of `extra` has a field of its own, or is for the connector alone.
EXTRA_SHOWN_ELSEWHERE = frozenset(
    {"location", "card", "buttons", "reactions", "event", "callback_query_id", "keyword"}
)


def get_message(connection: Connection, message_id: int) -> resources.Message:
    """Raises NotFound."""
    rows = connection.execute(SELECT_MESSAGES.where(messages.c.id == message_id)).all()
    if not rows:
        raise NotFound("There is no such message.")
    return messages_from_rows(connection, rows)[0]


def message_from_values(values: Mapping[str, Any], person: ContactAddress) -> resources.Message:
    """A message that was just written, without files and not (yet) to be delivered."""
    row = SimpleNamespace(
        **values,
        contact_root_id=person.root_id,
        scheme=person.address.scheme if values["address_id"] is not None else None,
        path=person.address.path,
        delivery_status=None,
    )
    return message_from_row(row)


def messages_from_rows(
    connection: Connection, rows: Sequence[Row[Any]], *, with_html: bool = True
) -> list[resources.Message]:
    ids = [row.id for row in rows]
    files = attachments_by_message(connection, ids)
    edits = _edits_by_message(connection, [row.id for row in rows if row.edited_at is not None])
    return [
        message_from_row(row, files[row.id], edits[row.id], with_html=with_html) for row in rows
    ]


def message_from_row(
    row: Any,
    files: Sequence[tuple[resources.Attachment, str]] = (),
    edits: Sequence[resources.Edit] = (),
    *,
    with_html: bool = True,
) -> resources.Message:
    extra = row.extra
    html = ""
    if with_html and row.html:
        from hub.connectors.html import clean_html  # only hubs with mail pay for it

        html = clean_html(row.html, {cid: file.url for file, cid in files if cid})
    return resources.Message(
        id=row.id,
        conversation_id=row.conversation_id,
        contact_id=row.contact_root_id,
        direction=row.direction,
        type=row.type,
        connector=row.connector,
        kind=row.kind,
        address=f"{row.scheme}:{row.path}" if row.scheme else None,
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
        extra={name: value for name, value in extra.items() if name not in EXTRA_SHOWN_ELSEWHERE},
        reply_to=row.reply_to_id,
        duplicate_of=row.duplicate_of_id,
        author=resources.Author(type=row.author_type, id=row.author_id, name=row.author_name),
        delivery=_delivery_from_row(row),
        external_id=row.external_id,
        client_id=row.client_id,
        edits=list(edits),
        edited_at=row.edited_at,
        created_at=row.created_at,
        received_at=row.received_at,
    )


def _delivery_from_row(row: Any) -> resources.Delivery | None:
    if row.delivery_status is None:
        return None
    return resources.Delivery(
        status=row.delivery_status,
        code=row.delivery_code,
        reason=row.delivery_reason,
        attempts=row.delivery_attempts,
        maybe_twice=row.delivery_maybe_twice,
        fallback_from=_fallback_from(row.delivery_fallback_from),
    )


def _fallback_from(kept: Mapping[str, Any] | None) -> resources.FallbackFrom | None:
    """Where it was to go; the trail beside it is delivery's own."""
    if kept is None:
        return None
    fields = resources.FallbackFrom.model_fields
    return resources.FallbackFrom(**{name: kept[name] for name in fields})


def attachments_by_message(
    connection: Connection, message_ids: Sequence[int]
) -> dict[int, list[tuple[resources.Attachment, str]]]:
    """The files of messages, each with the Content-ID that a mail's HTML calls it by."""
    found: dict[int, list[tuple[resources.Attachment, str]]] = defaultdict(list)
    if message_ids:
        for row in connection.execute(
            select(attachments)
            .where(attachments.c.message_id.in_(message_ids))
            .order_by(attachments.c.id)
        ):
            found[row.message_id].append((attachment_from_row(row), row.content_id))
    return found


def attachment_from_row(row: Any) -> resources.Attachment:
    return resources.Attachment(
        id=row.id,
        name=row.name,
        media_type=row.media_type,
        size=row.size,
        url=f"/api/v1/attachments/{row.id}",
        state=row.state,
        medium=row.medium,
        reason=row.reason,
    )


def _edits_by_message(
    connection: Connection, message_ids: Sequence[int]
) -> dict[int, list[resources.Edit]]:
    found: dict[int, list[resources.Edit]] = defaultdict(list)
    if message_ids:
        for row in connection.execute(
            select(message_edits)
            .where(message_edits.c.message_id.in_(message_ids))
            .order_by(message_edits.c.id)
        ):
            found[row.message_id].append(resources.Edit(text=row.text, at=row.created_at))
    return found


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
    last_ids = [row.last_message_id for row in rows if row.last_message_id is not None]
    last = {}
    if last_ids:
        found = connection.execute(SELECT_MESSAGES.where(messages.c.id.in_(last_ids))).all()
        last = {
            int(shape.id): shape for shape in messages_from_rows(connection, found, with_html=False)
        }
    people = agents_by_id(connection, {row.assignee_id for row in rows} - {None})
    groups = teams_by_id(connection, {row.team_id for row in rows} - {None})
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
            last_message=last.get(row.last_message_id),
            assignee=people.get(row.assignee_id),
            team=groups.get(row.team_id),
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
