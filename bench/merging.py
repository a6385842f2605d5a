"""What a merge and its undoing cost, for a contact of fifty messages and for one of 50,000."""

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
from hub.identity import links
from hub.schema.author import Author
from hub.store.engine import Store, Transaction
from hub.store.migrate import migrate
from hub.types import Address, Profile

SIZES = (50, 50_000)
#: A conversation has this many messages; half of the past is in one that never ended.
PER_CONVERSATION = 20
#: Said by each of the two between the merge and its undoing.
MEANWHILE = 10
ROUNDS = 15
GOAL_MS = 200
BATCH = 1000


def run(folder: Path, sizes: tuple[int, ...] = SIZES) -> dict[str, Any]:
    """Milliseconds of a merge and of an undoing, by how much was said before."""
    folder.mkdir(parents=True, exist_ok=True)
    store = Store(f"sqlite:///{folder / 'merging.db'}")
    migrate(store)
    found: dict[str, list[float]] = {"merge_ms": [], "undo_ms": []}
    for size in sizes:
        one, other = _person(store, f"+1555{size}"), _person(store, f"+1666{size}")
        _fill(store, one, size)
        _fill(store, other, 1)
        merges, undoings = [], []
        for _round in range(ROUNDS):
            link_id, spent = _timed(store, lambda tx, a=one, b=other: _merge(tx, a, b))  # type: ignore[misc]
            merges.append(spent)
            for person in (one, other):
                store.write(lambda tx, a=person: _say(tx, a, MEANWHILE))  # type: ignore[misc]
            _undone, spent = _timed(store, lambda tx, i=link_id: _unlink(tx, i))  # type: ignore[misc]
            undoings.append(spent)
        found["merge_ms"].append(round(median(merges), 1))
        found["undo_ms"].append(round(median(undoings), 1))
    store.close()
    return {"messages": list(sizes), **found, "goal_ms": GOAL_MS}


def _timed(store: Store, work: Callable[[Transaction], Any]) -> tuple[Any, float]:
    begin = time.perf_counter()
    result = store.write(work)
    return result, (time.perf_counter() - begin) * 1000


def _merge(tx: Transaction, one: ContactAddress, other: ContactAddress) -> int:
    made = links.link_contacts(
        tx,
        one.contact_id,
        other.contact_id,
        evidence="agent",
        method="by hand",
        reason="The bench said so.",
        by="bench",
    )
    return int(made.id)


def _unlink(tx: Transaction, link_id: int) -> object:
    return links.unlink_contacts(tx, link_id, by="bench")


def _person(store: Store, number: str) -> ContactAddress:
    return store.write(
        lambda tx: contact_addresses.find_or_create(
            tx, Address("tel", number), Profile(name=number)
        )
    )


def _fill(store: Store, person: ContactAddress, size: int) -> None:
    """Half of it in conversations that ended, half in one that goes on."""
    for begin in range(0, size // 2, BATCH):
        ended = min(BATCH, size // 2 - begin)
        store.write(lambda tx, n=ended: _end(tx, person, n))  # type: ignore[misc]
    for begin in range(0, size - size // 2, BATCH):
        more = min(BATCH, size - size // 2 - begin)
        store.write(lambda tx, n=more: _say(tx, person, n))  # type: ignore[misc]


def _end(tx: Transaction, person: ContactAddress, count: int) -> None:
    for _ in range(0, count, PER_CONVERSATION):
        target = lifecycle.start_conversation(tx, person)
        for number in range(PER_CONVERSATION):
            _add(tx, target, person, number)
        target.changes |= {"status": "resolved", "resolved_at": datetime(2026, 1, 1, tzinfo=UTC)}
        lifecycle.save_conversation(tx, target)


def _say(tx: Transaction, person: ContactAddress, count: int) -> None:
    target = lifecycle.conversation_for_inbound(tx, person)
    for number in range(count):
        _add(tx, target, person, number)
    target.changes |= {"unread_count": target["unread_count"] + count, "waiting_since": tx.now}
    lifecycle.save_conversation(tx, target)


def _add(
    tx: Transaction, target: lifecycle.LoadedConversation, person: ContactAddress, number: int
) -> None:
    timeline.add_message(
        tx,
        target,
        person=person,
        connector="sms",
        kind="sms",
        direction="in",
        author=Author("contact", person.root_id, person.contact.name),
        text=f"Where is my order number {number}?",
    )
