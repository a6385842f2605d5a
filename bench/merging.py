"""The time of a merge and of its undoing, for contacts of 50 and of 50,000 messages."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from hub.contacts import contact_addresses
from hub.contacts.contact_addresses import ContactAddress
from hub.conversations import lifecycle, timeline
from hub.conversations.loaded_conversation import LoadedConversation
from hub.conversations.timeline import NewMessage
from hub.identity import links
from hub.schema.author import Author
from hub.store.engine import Store, Transaction
from hub.store.migrate import migrate
from hub.types import Address, Profile

SIZES = (50, 50_000)
#: A conversation has this many messages; half of the past is in one that never ended.
PER_CONVERSATION = 20
#: Messages of each contact between the merge and its undoing.
MEANWHILE = 10
ROUNDS = 15
GOAL_MS = 200
BATCH = 1000


def run(folder: Path, sizes: tuple[int, ...] = SIZES) -> dict[str, Any]:
    """Measures the milliseconds of a merge and of an undoing, by the messages before."""
    folder.mkdir(parents=True, exist_ok=True)
    store = Store(f"sqlite:///{folder / 'merging.db'}")
    migrate(store)
    times: dict[str, list[float]] = {"merge_ms": [], "undo_ms": []}
    for size in sizes:
        first, second = _contact(store, f"+1555{size}"), _contact(store, f"+1666{size}")
        _fill(store, first, size)
        _fill(store, second, 1)
        merges, undoings = [], []
        for _round in range(ROUNDS):
            link_id, spent = _timed(store, lambda tx, a=first, b=second: _merge(tx, a, b))  # type: ignore[misc]
            merges.append(spent)
            for contact in (first, second):
                store.write(lambda tx, a=contact: _write_messages(tx, a, MEANWHILE))  # type: ignore[misc]
            _undone, spent = _timed(store, lambda tx, i=link_id: _unlink(tx, i))  # type: ignore[misc]
            undoings.append(spent)
        times["merge_ms"].append(round(median(merges), 1))
        times["undo_ms"].append(round(median(undoings), 1))
    store.close()
    return {"messages": list(sizes), **times, "goal_ms": GOAL_MS}


def _timed(store: Store, work: Callable[[Transaction], Any]) -> tuple[Any, float]:
    begin = time.perf_counter()
    result = store.write(work)
    return result, (time.perf_counter() - begin) * 1000


def _merge(tx: Transaction, first: ContactAddress, second: ContactAddress) -> int:
    link = links.link_contacts(
        tx,
        first.contact_id,
        second.contact_id,
        evidence="agent",
        method="by hand",
        reason="The bench said so.",
        by="bench",
    )
    return int(link.id)


def _unlink(tx: Transaction, link_id: int) -> object:
    return links.unlink_contacts(tx, link_id, by="bench")


def _contact(store: Store, number: str) -> ContactAddress:
    return store.write(
        lambda tx: contact_addresses.find_or_create_contact_address(
            tx, Address("tel", number), Profile(name=number)
        )
    )


def _fill(store: Store, contact: ContactAddress, size: int) -> None:
    """Writes half of the messages in resolved conversations, half in an open one."""
    for begin in range(0, size // 2, BATCH):
        count = min(BATCH, size // 2 - begin)
        store.write(lambda tx, n=count: _write_resolved(tx, contact, n))  # type: ignore[misc]
    for begin in range(0, size - size // 2, BATCH):
        count = min(BATCH, size - size // 2 - begin)
        store.write(lambda tx, n=count: _write_messages(tx, contact, n))  # type: ignore[misc]


def _write_resolved(tx: Transaction, contact: ContactAddress, count: int) -> None:
    for _ in range(0, count, PER_CONVERSATION):
        conversation = lifecycle.start_conversation(tx, contact)
        for number in range(PER_CONVERSATION):
            _add_message(tx, conversation, contact, number)
        conversation.status = "resolved"
        conversation.resolved_at = datetime(2026, 1, 1, tzinfo=UTC)
        lifecycle.save_conversation(tx, conversation)


def _write_messages(tx: Transaction, known: ContactAddress, count: int) -> None:
    # A merge in between gives the address another person.
    contact = contact_addresses.find_contact_address_by_id(tx.connection, known.address_id)
    assert contact is not None
    conversation = lifecycle.conversation_for_inbound(tx, contact)
    for number in range(count):
        _add_message(tx, conversation, contact, number)
    conversation.unread_count += count
    conversation.waiting_since = tx.now
    lifecycle.save_conversation(tx, conversation)


def _add_message(
    tx: Transaction,
    conversation: LoadedConversation,
    contact: ContactAddress,
    number: int,
) -> None:
    timeline.add_message(
        tx,
        conversation,
        NewMessage(
            contact_address=contact,
            connector="sms",
            kind="sms",
            direction="in",
            author=Author("contact", contact.root_id, contact.contact.name),
            text=f"Where is my order number {number}?",
        ),
    )
