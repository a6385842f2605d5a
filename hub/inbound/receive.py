"""What a customer's side did, brought into the thread: one transaction per event.

The journal row goes in first. Its key is unique, so an event that comes five times, or ten times
at once, is one message.
"""

from __future__ import annotations

from typing import Any

from hub.contacts import contact_addresses
from hub.inbound import contact_events, echoes, messages
from hub.inbound.channel import InboundChannel, ReceiveResult
from hub.outbound import receipts
from hub.schema.storable_text import is_plain, storable
from hub.store.engine import Transaction, Upsert
from hub.store.models import journal
from hub.store.prepared import Prepared
from hub.types import (
    AddressMoved,
    ContactEvent,
    DeliveryUpdate,
    InboundEvent,
    InboundMessage,
    WebhookRequest,
)

_JOURNAL = Prepared(Upsert(journal, ["connector", "key"], returning=["id"]))


def receive_event(
    tx: Transaction, inlet: InboundChannel, event: InboundEvent, request: WebhookRequest
) -> ReceiveResult:
    """Takes one event in, once."""
    journal_id = _write_journal(tx, inlet, event, request)
    if journal_id is None:
        return ReceiveResult(is_new=False)
    return process_event(tx, inlet, event, journal_id)


def process_event(
    tx: Transaction, inlet: InboundChannel, event: InboundEvent, journal_id: int
) -> ReceiveResult:
    """Does what an event says; its journal row is there already (also on a replay)."""
    if not is_plain(event.raw):
        event = storable(event)
    match event:
        case InboundMessage() if event.sent_by_us:
            made = echoes.receive_echo(tx, inlet.name, inlet.kind, event, journal_id)
            return ReceiveResult(True, made, fetches_media=bool(made and event.attachments))
        case InboundMessage() if event.edits:
            return messages.edit_inbound_message(tx, inlet, event, journal_id)
        case InboundMessage():
            return messages.add_inbound_message(tx, inlet, event, journal_id)
        case DeliveryUpdate():
            receipts.record_receipt(tx, inlet.name, event)
        case ContactEvent():
            return contact_events.apply_contact_event(tx, inlet, event)
        case AddressMoved():
            contact_addresses.move_address(tx, event.address, event.new_address)
    return ReceiveResult(is_new=True)


def record_failed_event(
    tx: Transaction,
    inlet: InboundChannel,
    key: str,
    body: bytes,
    request: WebhookRequest,
    error: str,
) -> None:
    """Keeps an event that could not be processed, in a transaction of its own."""
    _JOURNAL.rows(
        tx.connection,
        {**_journal_row(tx, inlet, key, body, request), "status": "failed", "error": error},
    )


def _write_journal(
    tx: Transaction, inlet: InboundChannel, event: InboundEvent, request: WebhookRequest
) -> int | None:
    row = _JOURNAL.first(tx.connection, _journal_row(tx, inlet, event.key, event.raw, request))
    return None if row is None else int(row.id)


def _journal_row(
    tx: Transaction, inlet: InboundChannel, key: str, body: bytes, request: WebhookRequest
) -> dict[str, Any]:
    return {
        "connector": inlet.name,
        "key": storable(key),
        "status": "done",
        "path": storable(request.path),
        "media_type": storable(request.headers.get("content-type", "")),
        "query": storable(dict(request.query)),
        "body": body,
        "error": "",
        "received_at": tx.now,
    }
