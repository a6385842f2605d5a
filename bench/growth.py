"""The growth of the screens' queries from ten thousand messages to a million."""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import Connection, insert

from hub.conversations import listing, queries
from hub.conversations.filters import ConversationFilter
from hub.conversations.search import Searcher
from hub.schema.search_index import fold
from hub.store.engine import Store, Transaction
from hub.store.migrate import migrate
from hub.store.models import addresses, contacts, conversations, messages, reaches

STEPS = (10_000, 100_000, 1_000_000)
GOALS = {"conversation list": 1.5, "timeline page": 1.5, "search, rare": 3.0, "search, common": 3.0}
#: A conversation has about twenty messages; one regular customer wrote a fifth of all.
PER_CONVERSATION = 20
REGULAR = 1
ROUNDS = 60
VOCABULARY = [
    "order",
    "shoes",
    "size",
    "wrong",
    "refund",
    "parcel",
    "blue",
    "thanks",
    "tomorrow",
    "invoice",
    "return",
    "exchange",
]


def run(folder: Path, steps: tuple[int, ...] = STEPS) -> dict[str, Any]:
    """Measures the milliseconds of each query at each size, and the growth from step to step."""
    folder.mkdir(parents=True, exist_ok=True)
    stores = _filled_stores(folder, steps)
    with ExitStack() as open_connections:
        connections = [open_connections.enter_context(store.read()) for store in stores]
        results = {name: _milliseconds(connections, query) for name, query in _queries().items()}
    for store in stores:
        store.close()
    return {
        "messages": list(steps),
        "queries": {
            name: {
                "ms": [round(ms, 2) for ms in times],
                "growth": [round(b / a, 2) for a, b in pairwise(times)],
                "goal": GOALS[name],
            }
            for name, times in results.items()
        },
    }


def _filled_stores(folder: Path, steps: tuple[int, ...]) -> list[Store]:
    """Fills one database and copies it at every size."""
    growing = Store(f"sqlite:///{folder / 'growing.db'}")
    migrate(growing)
    dice = random.Random(7)
    size = 0
    stores = []
    for step in steps:
        while size < step:
            growing.write(lambda tx, begin=size: _fill(tx, begin, dice))  # type: ignore[misc]
            size += 10_000
        path = folder / f"{step}.db"
        with growing.read() as connection, closing(sqlite3.connect(path)) as copy:
            raw: Any = connection.connection.driver_connection
            raw.backup(copy)
        stores.append(Store(f"sqlite:///{path}"))
    growing.close()
    return stores


def _queries() -> dict[str, Callable[[Connection], object]]:
    return {
        "conversation list": lambda c: listing.list_conversations(
            c, ConversationFilter(status="open"), 50, None
        ),
        "timeline page": lambda c: queries.contact_timeline(c, REGULAR, 50, None),
        "search, rare": lambda c: Searcher(c).search("kilimanjaro", 30),
        "search, common": lambda c: Searcher(c).search("wrong size", 30),
    }


def _milliseconds(
    connections: Sequence[Connection], query: Callable[[Connection], object]
) -> list[float]:
    """Returns the median at each size. Sizes alternate, to share slow phases of the machine."""
    times: list[list[float]] = [[] for _ in connections]
    for connection in connections:
        query(connection)
    for _ in range(ROUNDS):
        for connection, spent in zip(connections, times, strict=True):
            begin = time.perf_counter()
            query(connection)
            spent.append((time.perf_counter() - begin) * 1000)
    return [median(spent) for spent in times]


def _fill(tx: Transaction, begin: int, dice: random.Random) -> None:
    """Adds ten thousand messages, each conversation with a contact of its own."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    numbers = range(begin // PER_CONVERSATION, (begin + 10_000) // PER_CONVERSATION)
    tx.execute(insert(contacts), [_contact(n + 1, start) for n in numbers])
    tx.execute(insert(addresses), [_address(n + 1, start) for n in numbers])
    tx.execute(
        insert(reaches),
        [
            {"address_id": n + 1, "connector": "sms", "stopped_reason": "", "opted_out": False}
            for n in numbers
        ],
    )
    rows = [_message(n, start, dice) for n in range(begin, begin + 10_000)]
    last = {row["conversation_id"]: row for row in rows}
    tx.execute(insert(conversations), [_conversation(n + 1, start, last) for n in numbers])
    tx.execute(insert(messages), rows)
    tx.connection.connection.driver_connection.executemany(  # type: ignore[union-attr]
        "INSERT INTO message_search (rowid, body) VALUES (?, ?)",
        [(row["id"], fold(row["text"])) for row in rows],
    )


def _contact(number: int, start: datetime) -> dict[str, Any]:
    return {
        "id": number,
        "root_id": number,
        "name": f"Person {number}",
        "called": f"Person {number}",
        "avatar_url": "",
        "locale": "",
        "attributes": {},
        "created_at": start,
        "updated_at": start,
    }


def _address(number: int, start: datetime) -> dict[str, Any]:
    return {
        "id": number,
        "contact_id": number,
        "scheme": "tel",
        "scope": "",
        "path": f"+1{number:010d}",
        "evidence": "verified",
        "created_at": start,
    }


def _conversation(number: int, start: datetime, last: dict[int, Any]) -> dict[str, Any]:
    last_message = last.get(number)
    at = last_message["created_at"] if last_message else start
    return {
        "id": number,
        "contact_id": number,
        "status": "open" if number % 3 else "resolved",
        "priority": "normal",
        "subject": "",
        "labels": [],
        "connectors": ["sms"],
        "unread_count": 0,
        "last_message_id": last_message["id"] if last_message else None,
        "last_activity_at": at,
        "created_at": start,
        "updated_at": at,
    }


def _message(number: int, start: datetime, dice: random.Random) -> dict[str, Any]:
    contact = REGULAR if number % 5 == 0 else number // PER_CONVERSATION + 1
    terms = dice.choices(VOCABULARY, k=8)
    if number % 1000 == 0 and number < 10_000:
        terms.append("kilimanjaro")
    at = start + timedelta(seconds=number * 20)
    return {
        "id": number + 1,
        "conversation_id": contact,
        "contact_id": contact,
        "address_id": contact,
        "connector": "sms",
        "kind": "sms",
        "direction": "in",
        "type": "message",
        "author_type": "contact",
        "author_id": contact,
        "author_name": "",
        "subject": "",
        "text": " ".join(terms),
        "folded": "",
        "html": "",
        "extra": {},
        "external_id": f"SM{number}",
        "created_at": at,
        "received_at": at,
    }
