"""What providers report about messages of ours: receipts and reads. Never a new conversation.

A status only moves forward. `failed` is final, unless the provider says `delivered` after all.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from hub.contacts import address_state, contact_addresses
from hub.contacts.contact_addresses import ContactAddress
from hub.conversations import lifecycle, publishing, timeline
from hub.schema import author
from hub.store.engine import Transaction, Upsert
from hub.store.models import addresses, deliveries, external_ids, messages
from hub.types import Address, ContactEvent, DeliveryStatus, DeliveryUpdate

RANK = {
    DeliveryStatus.QUEUED: 0,
    DeliveryStatus.SENDING: 1,
    DeliveryStatus.SENT: 2,
    DeliveryStatus.FAILED: 2,
    DeliveryStatus.DELIVERED: 3,
    DeliveryStatus.READ: 4,
}
#: What a report may still move on to a given status.
BEFORE = {
    status: [old.value for old in RANK if RANK[old] < rank] for status, rank in RANK.items()
} | {DeliveryStatus.FAILED: ["queued", "sending", "sent"]}

#: How far two clocks may be apart before a watermark misses the last message.
CLOCKS_DIFFER = timedelta(seconds=2)

_EXTERNAL = Upsert(external_ids, ["connector", "external_id", "address_id"])
_ANSWERED = Upsert(external_ids, ["connector", "external_id", "address_id"], update=["status"])


def record_receipt(tx: Transaction, connector: str, update_: DeliveryUpdate) -> list[int]:
    """Applies a report. Returns the ids of the messages it changed."""
    if update_.up_to is not None and update_.address is not None:
        found = _by_watermark(tx, connector, update_.address, update_.status, update_.up_to)
    elif update_.message_id.isdecimal():
        found = _by_message_id(tx, connector, update_)
    else:
        found = _by_external_ids(tx, connector, update_)
    changed = [message_id for message_id in found if _report_one(tx, message_id, update_)]
    if update_.stopped:
        _mark_stopped(tx, connector, found, update_.reason)
    for message_id in found if update_.note else ():
        _note(tx, message_id, update_)
    return changed


def advance_delivery(
    tx: Transaction,
    message_id: int,
    status: DeliveryStatus,
    *,
    code: str = "",
    reason: str = "",
    external_code: str = "",
) -> bool:
    """Moves a delivery forward. False when it is as far, or further, already."""
    values: dict[str, Any] = {
        "status": status.value,
        "code": code,
        "reason": reason,
        "external_code": external_code,
        "updated_at": tx.now,
        "lease_until": None,
    }
    if status is DeliveryStatus.READ:
        values["follow_at"] = None  # nobody has to be told again
    changed = tx.execute(
        update(deliveries)
        .where(deliveries.c.message_id == message_id, deliveries.c.status.in_(BEFORE[status]))
        .values(values)
    )
    if changed.rowcount == 0:
        return False
    if status is DeliveryStatus.SENT:
        _advance_to_reported(tx, message_id)
    publishing.updated_message(tx, message_id)
    return True


def _report_one(tx: Transaction, message_id: int, update_: DeliveryUpdate) -> bool:
    """Applies a report, or keeps it while parts of the message have yet to leave.

    Otherwise the receipt of the first part would end a delivery whose second part is on its way.
    """
    told = {
        "status": update_.status.value,
        "code": update_.code,
        "reason": update_.reason,
        "external_code": update_.external_code,
    }
    row = tx.execute(
        select(deliveries.c.status, deliveries.c.reported)
        .where(deliveries.c.message_id == message_id)
        .with_for_update()
    ).first()
    if row is None:
        return False
    if row.status not in ("queued", "sending"):
        is_news = advance_delivery(
            tx,
            message_id,
            update_.status,
            code=update_.code,
            reason=update_.reason,
            external_code=update_.external_code,
        )
        if is_news and update_.status is DeliveryStatus.FAILED:
            _forget_tries(tx, message_id)
        return is_news
    before = row.reported.get("status")
    if before is None or before in BEFORE[update_.status]:
        tx.execute(
            update(deliveries).where(deliveries.c.message_id == message_id).values(reported=told)
        )
    return False


def _advance_to_reported(tx: Transaction, message_id: int) -> None:
    told = tx.execute(
        select(deliveries.c.reported).where(deliveries.c.message_id == message_id)
    ).scalar_one()
    if told and told["status"] in (status for status, old in BEFORE.items() if "sent" in old):
        tx.execute(update(deliveries).where(deliveries.c.message_id == message_id).values(**told))
        if told["status"] == DeliveryStatus.FAILED:
            _forget_tries(tx, message_id)


def _forget_tries(tx: Transaction, message_id: int) -> None:
    """The provider took it and failed: whoever sends it again sends all of it.

    The ids of that try stay known, for a late "delivered"; they prove nothing about the next one.
    """
    tx.execute(
        update(deliveries)
        .where(deliveries.c.message_id == message_id)
        .values(parts_sent=0, unknown_since=None)
    )
    tx.execute(
        update(external_ids)
        .where(external_ids.c.message_id == message_id)
        .values(status=DeliveryStatus.FAILED.value)
    )


def remember_external_id(
    tx: Transaction,
    message_id: int,
    connector: str,
    address_id: int,
    part: int,
    external_id: str,
    *,
    is_answer: bool = False,
) -> None:
    """Notes the provider's id of a part. `is_answer`: it took the part (again) just now."""
    if not external_id:
        return
    tx.execute(
        _ANSWERED if is_answer else _EXTERNAL,
        {
            "connector": connector,
            "external_id": external_id,
            "address_id": address_id,
            "message_id": message_id,
            "part": part,
            "status": "sent",
        },
    )
    timeline.set_external_id(tx, message_id, external_id)


def record_customer_read(
    tx: Transaction, connector: str, person: ContactAddress, event: ContactEvent
) -> list[int]:
    """The customer has read everything up to a message (or a moment)."""
    if event.external_id.isdecimal():
        limit = tx.execute(
            select(messages.c.created_at).where(
                messages.c.id == int(event.external_id),
                messages.c.address_id == person.address_id,
            )
        ).scalar()
    else:
        limit = event.at
    if limit is None:
        return []
    read = select(messages.c.id).where(
        messages.c.address_id == person.address_id, messages.c.created_at <= limit
    )
    rows = tx.execute(
        select(deliveries.c.message_id)
        .where(
            deliveries.c.address_id == person.address_id,
            deliveries.c.connector == connector,
            deliveries.c.status.in_(BEFORE[DeliveryStatus.READ]),
            deliveries.c.status != DeliveryStatus.FAILED.value,
            deliveries.c.message_id.in_(read),
        )
        .order_by(deliveries.c.message_id)
    )
    read_ = DeliveryUpdate(key="", raw=b"", status=DeliveryStatus.READ)
    return [one for one in rows.scalars().all() if _report_one(tx, one, read_)]


def _by_watermark(
    tx: Transaction, connector: str, address: Address, status: DeliveryStatus, up_to: datetime
) -> list[int]:
    rows = tx.execute(
        select(deliveries.c.message_id)
        .join(addresses, addresses.c.id == deliveries.c.address_id)
        .where(
            addresses.c.scheme == address.scheme,
            addresses.c.scope == address.scope,
            addresses.c.path == address.path,
            deliveries.c.connector == connector,
            # The provider says when it took the message; we know when we began to send it.
            deliveries.c.tried_at <= up_to + CLOCKS_DIFFER,
            deliveries.c.status.in_(BEFORE[status]),
            # A watermark names no message: what failed did not arrive by it after all.
            deliveries.c.status.not_in(("queued", "sending", "failed")),
        )
        .order_by(deliveries.c.message_id)
    )
    return list(rows.scalars())


def _by_message_id(tx: Transaction, connector: str, update_: DeliveryUpdate) -> list[int]:
    row = tx.execute(
        select(deliveries.c.message_id, deliveries.c.address_id).where(
            deliveries.c.message_id == int(update_.message_id),
            deliveries.c.connector == connector,
        )
    ).first()
    if row is None:
        return []
    if update_.status is DeliveryStatus.FAILED and _is_of_a_former_try(tx, connector, update_):
        return []
    # The report may be faster than the answer to our call: it brings the id, too.
    for external_id in update_.external_ids:
        remember_external_id(tx, row.message_id, connector, row.address_id, 0, external_id)
    return [row.message_id]


def _is_of_a_former_try(tx: Transaction, connector: str, update_: DeliveryUpdate) -> bool:
    found = tx.execute(
        select(external_ids.c.message_id).where(
            external_ids.c.connector == connector,
            external_ids.c.external_id.in_(update_.external_ids),
            external_ids.c.status == DeliveryStatus.FAILED.value,
        )
    )
    return found.first() is not None


def _by_external_ids(tx: Transaction, connector: str, update_: DeliveryUpdate) -> list[int]:
    conditions = [
        external_ids.c.connector == connector,
        external_ids.c.external_id.in_(update_.external_ids),
    ]
    if update_.status is DeliveryStatus.FAILED:
        # Of a try that failed before, this is no news; of the one after it, it would be untrue.
        conditions.append(external_ids.c.status == "sent")
    rows = tx.execute(select(external_ids.c.message_id).where(*conditions).distinct())
    return list(rows.scalars())


def _mark_stopped(tx: Transaction, connector: str, found: list[int], reason: str) -> None:
    rows = tx.execute(
        select(deliveries.c.address_id).where(deliveries.c.message_id.in_(found)).distinct()
    )
    for address_id in rows.scalars():
        address_state.stopped(tx, address_id, connector, reason)


def _note(tx: Transaction, message_id: int, update_: DeliveryUpdate) -> None:
    """A bounce is shown where it belongs: beside the message that came back."""
    row = tx.execute(
        select(messages.c.conversation_id, addresses)
        .join(addresses, addresses.c.id == messages.c.address_id)
        .where(messages.c.id == message_id)
    ).one()
    person = contact_addresses.find_contact_address(
        tx.connection, Address(row.scheme, row.path, row.scope)
    )
    assert person is not None
    target = lifecycle.load_conversation(tx, row.conversation_id, person)
    timeline.add_event(
        tx,
        target,
        "delivery.report",
        author.SYSTEM,
        message_id=str(message_id),
        status=update_.status.value,
        text=update_.note,
    )
