"""What a visitor says, brought in the way of every channel: the gateway, and so the journal."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import select

from hub.contacts import contact_addresses, profiles
from hub.contacts.contact_addresses import ContactAddress
from hub.conversations import queries
from hub.errors import Conflict, Invalid
from hub.identity import customer_view
from hub.inbox.services import Hub
from hub.inbox.sockets.payloads import Say
from hub.inbox.sockets.visitor_connections import VisitorConnection
from hub.inbox.sockets.visitor_payloads import Prechat
from hub.outbound import receipts
from hub.schema import resources
from hub.store.engine import Transaction
from hub.store.models import attachments, messages
from hub.types import ContactEvent, WebhookRequest


def take(hub: Hub, here: VisitorConnection, asked: Say) -> resources.Message:
    """Brings a visitor's message in. Raises Invalid."""
    if not asked.text.strip() and not asked.attachments:
        raise Invalid("Write something, or attach a file.", "text")
    limit = here.connector.capabilities.text_limit
    if len(asked.text) > limit:
        raise Invalid(f"A message has at most {limit} characters.", "text")
    body = {
        "type": "message",
        "visitor": here.visitor.name,
        "client_id": asked.client_id,
        "text": asked.text,
        "reply_to": asked.reply_to or "",
        "attachments": _uploads(hub, here, asked.attachments),
        "sent_at": datetime.now(UTC).isoformat(),
        "profile": {
            **here.profile.model_dump(exclude={"department"}),
            "locale": here.visitor.locale,
        },
        "page": here.page.model_dump(),
        "department": here.profile.department,
    }
    request_ = WebhookRequest(
        method="POST", url="", body=orjson.dumps(body), headers={"content-type": "application/json"}
    )
    hub.gateway.receive_request(here.connector, request_)
    found = known(hub, here, asked.client_id)
    if found is None:
        raise Conflict("The message was kept but could not be shown yet.")
    return found


def known(hub: Hub, here: VisitorConnection, client_id: str) -> resources.Message | None:
    """What this visitor sent under a key of their own, if it came."""
    with hub.store.read() as connection:
        return queries.inbound_by_client_id(connection, here.address, client_id)


def person_of(hub: Hub, here: VisitorConnection) -> ContactAddress | None:
    with hub.store.read() as connection:
        return contact_addresses.find_contact_address(connection, here.address)


def read(hub: Hub, here: VisitorConnection, message_id: int) -> None:
    """They have seen everything up to a message: whatever was sent to their pages, nowhere else."""
    with hub.store.read() as connection:
        found = customer_view.find_proved_addresses(connection, here.address)
        if found is None:
            return
        at = connection.execute(
            select(messages.c.created_at).where(
                messages.c.id == message_id, messages.c.address_id.in_(found.address_ids)
            )
        ).scalar()
        pages = [
            person
            for address in found.addresses.values()
            if (address.scheme, address.scope) == (here.address.scheme, here.address.scope)
            and (person := contact_addresses.find_contact_address(connection, address)) is not None
        ]
    if at is None:
        return
    name = here.connector.name

    def mark(tx: Transaction) -> None:
        for person in pages:
            event = ContactEvent(key="", raw=b"", address=person.address, name="read", at=at)
            receipts.record_customer_read(tx, name, person, event)

    hub.store.write(mark)


def keep_profile(hub: Hub, here: VisitorConnection, asked: Prechat) -> None:
    person = person_of(hub, here)
    if person is None:
        return
    typed = {"email": asked.email, "phone": asked.phone}
    attributes = {name: value for name, value in typed.items() if value}
    name = asked.name or None
    hub.store.write(
        lambda tx: profiles.edit(tx, person.contact_id, name=name, attributes=attributes)
    )


def _uploads(hub: Hub, here: VisitorConnection, wanted: list[str]) -> list[dict[str, Any]]:
    """The files of this visitor that no message has yet. Raises Invalid for anybody else's."""
    if not wanted:
        return []
    ids = [int(one) for one in wanted if one.isascii() and one.isdecimal() and len(one) < 19]
    with hub.store.read() as connection:
        rows = connection.execute(
            select(attachments).where(
                attachments.c.id.in_(ids),
                attachments.c.message_id.is_(None),
                attachments.c.uploader == f"visitor:{here.visitor.name}",
            )
        ).all()
    if len(rows) != len(set(wanted)):
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
