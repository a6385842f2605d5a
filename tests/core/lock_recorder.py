"""Notes in which order transactions of PostgreSQL take locks, and what breaks `lock_order`.

It reads the statements that reach the driver, so nothing passes it by. What it cannot see: the rows
that a statement locks whose answer the driver throws away, because another statement travelled in
the same message; of those it knows the table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, event

from hub.store.lock_order import GUARDED, GUARDED_BY_DELIVERY, NAMES, TABLES

_TEXT = r"E?'(?:[^'\\]|''|\\.)*'"
_PIECE = re.compile(rf"{_TEXT}|[;,]|[^;,'E]+|E")
_PREPARE = re.compile(r"PREPARE (\w+) AS (.*)", re.DOTALL)
_EXECUTE = re.compile(r"EXECUTE (\w+)(?:\((.*)\))?", re.DOTALL)
_NAME = re.compile(r"pg_advisory_xact_lock\(\d+, hashtext\(E?'((?:[^'\\]|''|\\.)*)'\)\)")
_INSERT = re.compile(r"INSERT INTO \"?(\w+)\"?")
_CHANGE = re.compile(r"(?:UPDATE|DELETE FROM) \"?(\w+)\"?")
_LOCKING = re.compile(r"FOR (?:NO KEY )?UPDATE(?: OF \"?(\w+)\"?)?")
_FROM = re.compile(r"\bFROM \"?(\w+)\"?")


@dataclass
class _Held:
    """What one transaction holds."""

    names: list[str] = field(default_factory=list)
    rows: list[tuple[int, int | None]] = field(default_factory=list)
    #: What was changed without the lock of its person. Alone it cannot wait for anything else.
    unguarded: list[str] = field(default_factory=list)
    own_tables: set[str] = field(default_factory=set)
    own_rows: set[tuple[int, int | None]] = field(default_factory=set)


class LockRecorder:
    """The transactions of one engine. `violations` says what was out of order."""

    def __init__(self, engine: Engine) -> None:
        self.violations: list[str] = []
        #: The number of messages to the server since it was set to 0.
        self.round_trips = 0
        self._plans: WeakKeyDictionary[Any, dict[str, str]] = WeakKeyDictionary()
        self._held: WeakKeyDictionary[Any, _Held] = WeakKeyDictionary()
        event.listen(engine, "connect", self._watch)

    def _watch(self, driver: Any, _record: Any) -> None:
        from psycopg2 import extensions

        recorder = self

        class Cursor(extensions.cursor):  # type: ignore[misc]
            def execute(self, sql: Any, parameters: Any = None) -> None:
                recorder.round_trips += 1
                super().execute(sql, parameters)
                recorder.note_message(self)

            def executemany(self, sql: Any, rows: Any) -> None:
                recorder.round_trips += len(rows)
                super().executemany(sql, rows)
                recorder.note_message(self)

        driver.cursor_factory = Cursor

    def note_message(self, cursor: Any) -> None:
        """Notes the locks of the statements that a cursor has just sent together."""
        statements = [
            self._planned(cursor.connection, statement)
            for statement in split(cursor.query.decode())
        ]
        for statement in statements[:-1]:
            self._note(cursor.connection, statement, [None], -1)
        ids: list[int | None] = [None]
        if cursor.description and re.search(r"RETURNING|FOR (NO KEY )?UPDATE", statements[-1]):
            ids = list(_first_column(cursor))
        self._note(cursor.connection, statements[-1], ids, cursor.rowcount)

    def _planned(self, driver: Any, statement: str) -> str:
        """The statement that EXECUTE runs, with its values; any other statement as it is."""
        plans = self._plans.setdefault(driver, {})
        if prepare := _PREPARE.fullmatch(statement):
            plans[prepare.group(1)] = prepare.group(2)
        if execute := _EXECUTE.fullmatch(statement):
            values = list(split(execute.group(2) or "", ","))
            return re.sub(
                r"\$(\d+)", lambda place: values[int(place[1]) - 1].strip(), plans[execute.group(1)]
            )
        return statement

    def _note(self, driver: Any, statement: str, ids: list[int | None], count: int) -> None:
        word = statement.split(None, 1)[0].upper() if statement.strip() else ""
        if word in ("BEGIN", "COMMIT", "ROLLBACK"):
            self._held[driver] = _Held()
            return
        held = self._held.setdefault(driver, _Held())
        if name := _NAME.search(statement):
            self._note_name(held, name.group(1))
        elif word == "INSERT":
            self._note_insert(held, statement, ids)
        elif word in ("UPDATE", "DELETE") and count != 0:
            table = _CHANGE.match(statement.strip())
            assert table is not None, statement
            self._note_rows(held, table.group(1), _named_ids(table.group(1), statement), statement)
        elif word in ("SELECT", "WITH") and (locking := _LOCKING.search(statement)):
            first = _FROM.search(statement)
            table_name = locking.group(1) or (first.group(1) if first else "")
            waits = "SKIP LOCKED" not in statement
            if ids == [None]:
                ids = _named_ids(table_name, statement)
            self._note_rows(held, table_name, ids, statement, waits=waits)

    def _note_name(self, held: _Held, name: str) -> None:
        if name in held.names:
            return
        if held.rows:
            self._violation(f"the name {name} after rows", held)
        persons = name.startswith("contact:") and any(
            other.startswith("contact:") for other in held.names
        )
        if persons and "links" not in held.names:
            self._violation(f"a second person, {name}, without links", held)
        elif not persons and any(_rank_of_name(name) <= _rank_of_name(x) for x in held.names):
            self._violation(f"the name {name}", held)
        held.names.append(name)
        self._note_unguarded(held)

    def _note_insert(self, held: _Held, statement: str, ids: list[int | None]) -> None:
        table = _INSERT.match(statement.strip())
        assert table is not None, statement
        name = table.group(1)
        if "DO UPDATE" in statement:
            self._note_rows(held, name, [None], statement)
            return
        held.own_tables.add(name)
        if name in TABLES:
            held.own_rows |= {(TABLES.index(name), id_) for id_ in ids}

    def _note_rows(
        self, held: _Held, table: str, ids: list[int | None], statement: str, *, waits: bool = True
    ) -> None:
        if table in GUARDED:
            is_guarded = any(name.startswith(("contact:", "links")) for name in held.names)
            if not is_guarded and table not in held.own_tables:
                held.unguarded.append(f"{table} without its person: {statement[:200]}")
                self._note_unguarded(held, needs=2)
            return
        if table in GUARDED_BY_DELIVERY:
            if all(TABLES[other] != "delivery" for other, _ in held.rows):
                self._violation(f"{table} without its delivery", held, statement)
            return
        if table not in TABLES:
            return
        for id_ in ids:
            row = (TABLES.index(table), id_)
            if row in held.rows or row in held.own_rows:
                continue
            later = [
                other
                for other in held.rows
                if other[0] > row[0]
                or (other[0] == row[0] and None not in (id_, other[1]) and other[1] > id_)  # type: ignore[operator]
            ]
            if waits and later:
                self._violation(f"{table} {id_}", held, statement)
            held.rows.append(row)
        self._note_unguarded(held)

    def _note_unguarded(self, held: _Held, needs: int = 1) -> None:
        if held.unguarded and (held.names or held.rows or len(held.unguarded) >= needs):
            self._violation(held.unguarded[-1], held)

    def _violation(self, what: str, held: _Held, statement: str = "") -> None:
        rows = [f"{TABLES[table]} {id_}" for table, id_ in held.rows]
        self.violations.append(f"{what} after {held.names} {rows}: {statement[:300]}")


def split(message: str, separator: str = ";") -> Iterator[str]:
    """The statements of a message; a semicolon in a text separates nothing."""
    statement = ""
    for piece in _PIECE.finditer(message):
        if piece.group() == separator:
            yield statement
            statement = ""
        else:
            statement += piece.group()
    yield statement


def _first_column(cursor: Any) -> Iterator[int | None]:
    """The ids of the rows that a statement locked or inserted; the cursor is left as it was."""
    rows = cursor.fetchall()
    if rows:
        cursor.scroll(0, mode="absolute")
    name = cursor.description[0].name
    for row in rows:
        yield row[0] if name in ("id", "message_id") else None


def _named_ids(table: str, statement: str) -> list[int | None]:
    """The ids in a statement's condition; [None] where it names rows in another way."""
    key = re.search(rf"{table}\"?\.(?:id|message_id) (?:= (\d+)|IN \(([\d, ]+)\))", statement)
    if key is None:
        return [None]
    return [int(id_) for id_ in (key.group(1) or key.group(2)).split(",")]


def _rank_of_name(name: str) -> tuple[int, str]:
    for rank, prefix in enumerate(NAMES):
        if name.startswith(prefix):
            return rank, name if prefix == "address:" else ""
    raise AssertionError(f"{name} has no place in hub.store.lock_order")
