"""Applies providers' receipts: what became of our messages. None opens a conversation.

A status only moves forward. `failed` is final, unless the provider says `delivered` after all.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any

from sqlalchemy import bindparam, select, update

from hub.contacts import address_state, contact_addresses, locks
from hub.contacts.contact_addresses import ContactAddress
from hub.conversations import lifecycle, publishing, timeline
from hub.outbound import copy_reports, failure_sentences
from hub.schema import author
from hub.store.engine import Transaction, Upsert
from hub.store.models import addresses, contacts, deliveries, external_ids, messages
from hub.store.prepared import Prepared
from hub.types import Address, ContactEvent, DeliveryStatus, DeliveryUpdate

RANK = {
    DeliveryStatus.QUEUED: 0,
    DeliveryStatus.SENDING: 1,
    DeliveryStatus.SENT: 2,
    DeliveryStatus.FAILED: 2,
    DeliveryStatus.DELIVERED: 3,
    DeliveryStatus.READ: 4,
}
#: The statuses that a receipt may move on to each status.
BEFORE = {
    status: [old.value for old in RANK if RANK[old] < rank] for status, rank in RANK.items()
} | {DeliveryStatus.FAILED: ["queued", "sending", "sent"]}

#: How far the provider's clock may be behind ours before a watermark misses the last message.
CLOCKS_DIFFER = timedelta(seconds=2)

_LOCK_DELIVERY = Prepared(
    select(deliveries.c.message_id)
    .where(deliveries.c.message_id == bindparam("message_id"))
    .with_for_update(key_share=True)
)
_ADD_EXTERNAL_ID = Upsert(external_ids, ["connector", "external_id", "address_id"])
_CONFIRM_EXTERNAL_ID = Upsert(
    external_ids, ["connector", "external_id", "address_id"], update=["status"]
)


def record_receipt(tx: Transaction, connector: str, receipt: DeliveryUpdate) -> bool:
    """Applies a receipt to the deliveries that it is about.

    Args:
        receipt: it names its messages by a watermark (all to an address up to a time), by the
            hub's own id, or by external ids.

    Returns:
        Whether it is about messages of the hub, also where they had that status already.
    """
    is_ours = receipt.message_id.isdecimal()
    copied_ids: list[int] = []
    if receipt.up_to is not None and receipt.address is not None:
        is_ours = False
        message_ids = _by_watermark(tx, connector, receipt.address, receipt.status, receipt.up_to)
    elif is_ours:
        message_ids = _by_message_id(tx, connector, receipt)
    else:
        message_ids = _by_external_ids(tx, connector, receipt)
        copied_ids = copy_reports.find_copied_messages(tx, message_ids, receipt)
        message_ids = [each for each in message_ids if each not in copied_ids]
    if receipt.stopped:
        _lock_people(tx, message_ids)
    if is_ours:
        _remember_external_ids(tx, connector, message_ids, receipt)
    for message_id in message_ids:
        _apply(tx, message_id, receipt)
    if receipt.stopped:
        _close_addresses(tx, connector, message_ids, receipt.reason)
    for message_id in message_ids if receipt.note else ():
        add_note(tx, message_id, receipt.status, receipt.note)
    for message_id in copied_ids:
        add_note(tx, message_id, receipt.status, copy_reports.note_of(receipt))
    return bool(message_ids or copied_ids) or (
        receipt.up_to is not None and _is_known(tx, receipt.address)
    )


def advance_delivery(
    tx: Transaction,
    message_id: int,
    status: DeliveryStatus,
    *,
    code: str = "",
    reason: str = "",
    external_code: str = "",
    external_id: str = "",
) -> bool:
    """Moves a delivery forward to a status, and publishes the message.

    Args:
        external_id: the provider's id of the message, which is stored in its row; the row comes
            after those of external ids in the order of locks.
        code, reason, external_code: of a failure, as `SendError` has them.

    Returns:
        False when the delivery is as far, or further, already.
    """
    values: dict[str, Any] = {
        "status": status.value,
        "code": code,
        "reason": reason,
        "external_code": external_code,
        "updated_at": tx.now,
        "lease_until": None,
    }
    if status is DeliveryStatus.READ:
        values["follow_at"] = None  # a message that was read follows no visitor
    changed = tx.execute(
        update(deliveries)
        .where(deliveries.c.message_id == message_id, deliveries.c.status.in_(BEFORE[status]))
        .values(values)
    )
    if changed.rowcount == 0:
        return False
    if status is DeliveryStatus.SENT:
        _advance_to_reported(tx, message_id)
    if external_id:
        timeline.set_external_id(tx, message_id, external_id)
    publishing.publish_message_update(tx, message_id)
    return True


def lock_delivery(tx: Transaction, message_id: int) -> None:
    """Locks a delivery until the commit, before the external ids of its message."""
    _LOCK_DELIVERY.run_later(tx.connection, {"message_id": message_id})


def _apply(tx: Transaction, message_id: int, receipt: DeliveryUpdate) -> bool:
    """Applies a receipt to one delivery, or keeps it while parts of the message have yet to leave.

    Otherwise the receipt of the first part would end a delivery whose second part is on its way.

    Returns:
        Whether the status changed now.
    """
    reason = failure_sentences.reported_reason(receipt.code, receipt.reason)
    reported = {
        "status": receipt.status.value,
        "code": receipt.code,
        "reason": reason,
        "external_code": receipt.external_code,
    }
    row = tx.execute(
        select(deliveries.c.status, deliveries.c.reported)
        .where(deliveries.c.message_id == message_id)
        .with_for_update(key_share=True)
    ).first()
    if row is None:
        return False
    if row.status not in ("queued", "sending"):
        is_changed = advance_delivery(
            tx,
            message_id,
            receipt.status,
            code=receipt.code,
            reason=reason,
            external_code=receipt.external_code,
        )
        if is_changed and receipt.status is DeliveryStatus.FAILED:
            _forget_attempts(tx, message_id)
        return is_changed
    kept_status = row.reported.get("status")
    if kept_status is None or kept_status in BEFORE[receipt.status]:
        tx.execute(
            update(deliveries)
            .where(deliveries.c.message_id == message_id)
            .values(reported=reported)
        )
    return False


def _advance_to_reported(tx: Transaction, message_id: int) -> None:
    """Applies the receipt that was kept until the message was sent, if there is one."""
    reported = tx.execute(
        select(deliveries.c.reported).where(deliveries.c.message_id == message_id)
    ).scalar_one()
    if reported and reported["status"] in (
        status for status, earlier in BEFORE.items() if "sent" in earlier
    ):
        tx.execute(
            update(deliveries).where(deliveries.c.message_id == message_id).values(**reported)
        )
        if reported["status"] == DeliveryStatus.FAILED:
            _forget_attempts(tx, message_id)


def _forget_attempts(tx: Transaction, message_id: int) -> None:
    """Makes the next attempt send all parts again: the provider took the message and failed.

    The external ids of the failed attempt stay known, for a late "delivered"; they prove nothing
    about the next attempt.
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
    in_message: bool = True,
) -> None:
    """Stores the provider's id of one part of a message; "" is no id.

    Args:
        part: the number of the call, from 0.
        is_answer: whether the id came with the answer to the call, so that the provider took the
            part just now (again).
        in_message: whether the row of the message gets the id too.
    """
    if not external_id:
        return
    tx.execute(
        _CONFIRM_EXTERNAL_ID if is_answer else _ADD_EXTERNAL_ID,
        {
            "connector": connector,
            "external_id": external_id,
            "address_id": address_id,
            "message_id": message_id,
            "part": part,
            "status": "sent",
        },
    )
    if in_message:
        timeline.set_external_id(tx, message_id, external_id)


def remember_answers(tx: Transaction, answers: Sequence[tuple[int, str, int, int, str]]) -> None:
    """Stores the ids that came with the answers to calls, many at once.

    Args:
        answers: of each the message, the connector, the address, the part and the provider's id.
    """
    if not answers:
        return
    names = ("message_id", "connector", "address_id", "part", "external_id")
    in_order = sorted(answers, key=itemgetter(1, 4))
    rows = [{**dict(zip(names, answer, strict=True)), "status": "sent"} for answer in in_order]
    tx.execute(_CONFIRM_EXTERNAL_ID, rows)
    timeline.set_external_ids(tx, {answer[0]: answer[4] for answer in in_order})


def is_external_id_of(tx: Transaction, message_id: int, connector: str, external_id: str) -> bool:
    """Whether an id of the provider is known as one of a message."""
    row = tx.execute(
        select(external_ids.c.message_id).where(
            external_ids.c.connector == connector,
            external_ids.c.external_id == external_id,
            external_ids.c.message_id == message_id,
        )
    ).first()
    return row is not None


def record_customer_read(
    tx: Transaction, connector: str, reader: ContactAddress, event: ContactEvent
) -> list[int]:
    """Marks our messages to a customer as read, up to a message or a moment.

    Args:
        event: `external_id` is the hub's own id of the last message read; without one `at` counts.

    Returns:
        The ids of the messages whose status changed.
    """
    read_messages = select(messages.c.id).where(messages.c.address_id == reader.address_id)
    if event.external_id.isdecimal():
        last_read = read_messages.where(messages.c.id == int(event.external_id)).scalar_subquery()
        # By the order of arrival: a customer's own message may have an earlier time of its own.
        read_messages = read_messages.where(messages.c.id <= last_read)
    elif event.at is not None:
        read_messages = read_messages.where(messages.c.created_at <= event.at)
    else:
        return []
    message_ids = tx.execute(
        select(deliveries.c.message_id)
        .where(
            deliveries.c.address_id == reader.address_id,
            deliveries.c.connector == connector,
            deliveries.c.status.in_(BEFORE[DeliveryStatus.READ]),
            deliveries.c.status != DeliveryStatus.FAILED.value,
            deliveries.c.message_id.in_(read_messages),
        )
        .order_by(deliveries.c.message_id)
    ).scalars()
    receipt = DeliveryUpdate(key="", raw=b"", status=DeliveryStatus.READ)
    return [message_id for message_id in message_ids.all() if _apply(tx, message_id, receipt)]


# -- which messages a receipt is about -------------------------------------------------------------


def _is_known(tx: Transaction, address: Address | None) -> bool:
    """Whether a watermark without effect is about somebody to whom the hub may have written."""
    return address is not None and (
        contact_addresses.find_contact_address(tx.connection, address) is not None
    )


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
            # A watermark names no message, so it does not say that a failed one has arrived.
            deliveries.c.status.not_in(("queued", "sending", "failed")),
        )
        .order_by(deliveries.c.message_id)
    )
    return list(rows.scalars())


def _by_message_id(tx: Transaction, connector: str, receipt: DeliveryUpdate) -> list[int]:
    row = tx.execute(
        select(deliveries.c.message_id).where(
            deliveries.c.message_id == int(receipt.message_id),
            deliveries.c.connector == connector,
        )
    ).first()
    if row is None:
        return []
    if receipt.status is DeliveryStatus.FAILED and _is_of_failed_attempt(tx, connector, receipt):
        return []
    return [row.message_id]


def _remember_external_ids(
    tx: Transaction, connector: str, message_ids: list[int], receipt: DeliveryUpdate
) -> None:
    """Stores the external ids that a receipt brings: it may be faster than our call's answer."""
    for message_id in message_ids:
        lock_delivery(tx, message_id)
        address_id = tx.execute(
            select(deliveries.c.address_id).where(deliveries.c.message_id == message_id)
        ).scalar_one()
        for external_id in receipt.external_ids:
            remember_external_id(tx, message_id, connector, address_id, 0, external_id)


def _is_of_failed_attempt(tx: Transaction, connector: str, receipt: DeliveryUpdate) -> bool:
    failed = tx.execute(
        select(external_ids.c.message_id).where(
            external_ids.c.connector == connector,
            external_ids.c.external_id.in_(receipt.external_ids),
            external_ids.c.status == DeliveryStatus.FAILED.value,
        )
    )
    return failed.first() is not None


def _by_external_ids(tx: Transaction, connector: str, receipt: DeliveryUpdate) -> list[int]:
    conditions = [
        external_ids.c.connector == connector,
        external_ids.c.external_id.in_(receipt.external_ids),
    ]
    if receipt.status is DeliveryStatus.FAILED:
        # That an earlier attempt failed is known; of the attempt after it, it would be untrue.
        conditions.append(external_ids.c.status == "sent")
    rows = tx.execute(select(external_ids.c.message_id).where(*conditions).distinct())
    return list(rows.scalars())


# -- what else a receipt says ----------------------------------------------------------------------


def _lock_people(tx: Transaction, message_ids: list[int]) -> None:
    """Locks the people at the addresses of messages, which will be closed."""
    locks.lock_links(tx)
    root_ids = tx.execute(
        select(contacts.c.root_id)
        .join(addresses, addresses.c.contact_id == contacts.c.id)
        .join(deliveries, deliveries.c.address_id == addresses.c.id)
        .where(deliveries.c.message_id.in_(message_ids))
        .distinct()
    ).scalars()
    for root_id in sorted(root_ids.all()):
        locks.lock_person(tx, root_id)


def _close_addresses(tx: Transaction, connector: str, message_ids: list[int], reason: str) -> None:
    """Closes the addresses of messages: the provider says that nothing reaches them."""
    rows = tx.execute(
        select(deliveries.c.address_id).where(deliveries.c.message_id.in_(message_ids)).distinct()
    )
    for address_id in rows.scalars():
        address_state.close_address(tx, address_id, connector, reason)


def add_note(tx: Transaction, message_id: int, status: DeliveryStatus, note: str) -> None:
    """Adds a provider's note to the timeline, in the conversation of the message: a bounce mail."""
    row = tx.execute(
        select(messages.c.conversation_id, addresses)
        .join(addresses, addresses.c.id == messages.c.address_id)
        .where(messages.c.id == message_id)
    ).one()
    recipient = contact_addresses.find_contact_address(
        tx.connection, Address(row.scheme, row.path, row.scope)
    )
    assert recipient is not None
    conversation = lifecycle.load_conversation(
        tx, lifecycle.surviving_id(tx, row.conversation_id), recipient
    )
    timeline.add_event(
        tx,
        conversation,
        "delivery.report",
        author.SYSTEM,
        message_id=str(message_id),
        status=status.value,
        text=note,
    )
