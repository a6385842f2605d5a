"""What a visitor sends, received as on every channel: by the gateway, and so with a journal row."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import select

from hub.contacts import contact_addresses, profiles
from hub.conversations import queries
from hub.errors import Conflict, Invalid
from hub.identity import customer_view
from hub.inbox.connections.visitor_details import Prechat
from hub.inbox.connections.visitors import VisitorConnection
from hub.inbox.services import Hub
from hub.inbox.sockets.payloads import SendMessage
from hub.outbound import receipts
from hub.schema import resources
from hub.store.engine import Transaction
from hub.store.models import attachments, messages
from hub.types import ContactEvent, WebhookRequest


def receive_message(
    hub: Hub, connection: VisitorConnection, payload: SendMessage
) -> resources.Message:
    """Receives a visitor's message.

    Raises:
        Invalid: neither text nor file, a text too long, or a file that is not the visitor's.
        Conflict: the message is kept in the journal and could not be processed.
    """
    if not payload.text.strip() and not payload.attachments:
        raise Invalid("Write something, or attach a file.", "text")
    limit = connection.connector.capabilities.text_limit
    if len(payload.text) > limit:
        raise Invalid(f"A message has at most {limit} characters.", "text")
    body = {
        "type": "message",
        "visitor": connection.visitor.name,
        "client_id": payload.client_id,
        "text": payload.text,
        "reply_to": payload.reply_to or "",
        "attachments": _uploads(hub, connection, payload.attachments),
        "sent_at": datetime.now(UTC).isoformat(),
        "profile": {
            **connection.profile.model_dump(exclude={"department"}),
            "locale": connection.visitor.locale,
        },
        "page": connection.page.model_dump(),
        "department": connection.profile.department,
    }
    request = WebhookRequest(
        method="POST", url="", body=orjson.dumps(body), headers={"content-type": "application/json"}
    )
    hub.gateway.receive_request(connection.connector, request)
    message = find_sent(hub, connection, payload.client_id)
    if message is None:
        raise Conflict("The message was kept but could not be shown yet.")
    return message


def find_sent(hub: Hub, connection: VisitorConnection, client_id: str) -> resources.Message | None:
    """The message that this visitor sent under a client id; None before it is received."""
    with hub.store.read() as database:
        return queries.inbound_by_client_id(database, connection.address, client_id)


def record_read(hub: Hub, connection: VisitorConnection, message_id: int) -> None:
    """Records that a visitor read everything up to a message, of what was sent to their pages."""
    address = connection.address
    with hub.store.read() as database:
        proved = customer_view.find_proved_addresses(database, address)
        if proved is None:
            return
        read_at = database.execute(
            select(messages.c.created_at).where(
                messages.c.id == message_id, messages.c.address_id.in_(proved.address_ids)
            )
        ).scalar()
        pages = [
            page
            for proved_address in proved.addresses.values()
            if (proved_address.scheme, proved_address.scope) == (address.scheme, address.scope)
            and (page := contact_addresses.find_contact_address(database, proved_address))
            is not None
        ]
    if read_at is None:
        return
    name = connection.connector.name

    def mark(tx: Transaction) -> None:
        for page in pages:
            event = ContactEvent(key="", raw=b"", address=page.address, name="read", at=read_at)
            receipts.record_customer_read(tx, name, page, event)

    hub.store.write(mark)


def save_profile(hub: Hub, connection: VisitorConnection, payload: Prechat) -> None:
    """Writes what a visitor typed to the contact; before the first message there is none yet."""
    with hub.store.read() as database:
        sender = contact_addresses.find_contact_address(database, connection.address)
    if sender is None:
        return
    typed = {"email": payload.email, "phone": payload.phone}
    attributes = {name: value for name, value in typed.items() if value}
    name = payload.name or None
    hub.store.write(
        lambda tx: profiles.edit_contact(tx, sender.contact_id, name=name, attributes=attributes)
    )


def _uploads(
    hub: Hub, connection: VisitorConnection, upload_ids: list[str]
) -> list[dict[str, Any]]:
    """The visitor's own uploads that no message has yet. Raises Invalid for any other id."""
    if not upload_ids:
        return []
    ids = [
        int(text) for text in upload_ids if text.isascii() and text.isdecimal() and len(text) < 19
    ]
    with hub.store.read() as database:
        rows = database.execute(
            select(attachments).where(
                attachments.c.id.in_(ids),
                attachments.c.message_id.is_(None),
                attachments.c.uploader == f"visitor:{connection.visitor.name}",
            )
        ).all()
    if len(rows) != len(set(upload_ids)):
        raise Invalid("A file is not there, or was sent before.", "attachments")
    return [
        {
            "upload": str(row.id),
            "name": row.name,
            "media_type": row.media_type,
            "size": row.size,
            "medium": row.medium,
        }
        for row in rows
    ]
