"""Carillon's events as events of the hub.

Source: https://carillon.example/docs/webhooks
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
from pydantic import ValidationError

from hub.connector_kit import (
    Address,
    Attachment,
    ContactEvent,
    DeliveryStatus,
    DeliveryUpdate,
    EventIgnored,
    InboundEvent,
    InboundMessage,
    Medium,
    PayloadInvalid,
    Profile,
)
from hub_carillon.payloads import (
    EVENTS,
    ContactChange,
    Envelope,
    File,
    MessageEvent,
    ReceiptEvent,
)

MEDIA = {"image": Medium.IMAGE, "audio": Medium.AUDIO, "video": Medium.VIDEO}

STATUSES = {
    "delivered": DeliveryStatus.DELIVERED,
    "seen": DeliveryStatus.READ,
    "lost": DeliveryStatus.FAILED,
}

MakeAddress = Callable[[str], Address]


def read_events(body: bytes, address_of: MakeAddress) -> list[InboundEvent]:
    """Every event in a request. Raises PayloadInvalid and EventIgnored."""
    try:
        envelope = Envelope.model_validate(orjson.loads(body))
        events = [_event(fields, address_of) for fields in envelope.events]
    except (orjson.JSONDecodeError, ValidationError):
        raise PayloadInvalid("This is not what Carillon documents.") from None
    known = [event for event in events if event is not None]
    if not known:
        raise EventIgnored("Nothing in it is of a type that we know.")
    return known


def _event(fields: dict[str, Any], address_of: MakeAddress) -> InboundEvent | None:
    """One event; None for a type that is newer than this package. Raises ValidationError."""
    model = EVENTS.get(str(fields.get("type")))
    if model is None:
        return None
    # The journal keeps a body that has this event alone.
    raw = orjson.dumps({"events": [fields]})
    event = model.model_validate(fields)
    match event:
        case MessageEvent():
            return _message(event, raw, address_of)
        case ReceiptEvent():
            return _receipt(event, raw)
        case ContactChange():
            return _change(event, raw, address_of)


def _message(event: MessageEvent, raw: bytes, address_of: MakeAddress) -> InboundMessage:
    file = event.message.file
    return InboundMessage(
        key=event.id,
        raw=raw,
        address=address_of(event.sender.id),
        external_id=event.message.id,
        sent_at=event.time,
        text=event.message.text,
        attachments=(_attachment(file),) if file else (),
        reply_to=event.message.reply_to,
        profile=Profile(name=event.sender.name),
    )


def _attachment(file: File) -> Attachment:
    return Attachment(
        medium=MEDIA.get(file.type.partition("/")[0], Medium.FILE),
        name=file.name,
        media_type=file.type,
        size=file.size,
        # Only `locate` understands it; it is stored and shown, so it has no token in it.
        source=file.id,
    )


def _receipt(event: ReceiptEvent, raw: bytes) -> DeliveryUpdate | None:
    status = STATUSES.get(event.status)
    if status is None:
        return None
    failed = status is DeliveryStatus.FAILED
    return DeliveryUpdate(
        key=event.id,
        raw=raw,
        status=status,
        external_ids=(event.message,),
        at=event.time,
        code="rejected" if failed else "",
        reason="Carillon could not bring it to the customer." if failed else "",
    )


def _change(event: ContactChange, raw: bytes, address_of: MakeAddress) -> ContactEvent:
    return ContactEvent(
        key=event.id,
        raw=raw,
        address=address_of(event.sender.id),
        name="stopped" if event.type == "blocked" else "started",
        at=event.time,
        handover_token=event.start,
        profile=Profile(name=event.sender.name),
    )
