"""Statements that run on every inbound event: compiled once, handed to the driver as they are.

SQLAlchemy spends more time on preparing a small statement than SQLite on running it. On SQLite
these go straight to the driver, with the same types' conversions; on PostgreSQL, where the network
costs more than either, they are ordinary statements.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import Connection, Dialect, Insert, Select, Table, UpdateBase, insert
from sqlalchemy.types import TypeEngine

from hub.store.columns import UtcDateTime
from hub.store.engine import Upsert

Convert = Callable[[Any], Any]


def insert_all(table: Table) -> Insert:
    """An insert of every column but the id, which it returns."""
    return insert(table).returning(table.c.id)


class Prepared:
    """One statement for both databases. `rows` runs it; rows have their columns as attributes."""

    def __init__(self, statement: Any) -> None:
        self._statement = statement
        self._raw: _Raw | None = None

    def rows(self, connection: Connection, parameters: Mapping[str, Any]) -> list[Any]:
        dialect = connection.dialect
        statement = self._statement
        if isinstance(statement, Upsert):
            statement = statement.for_dialect(dialect.name)
        if dialect.name != "sqlite":
            result = connection.execute(statement, dict(parameters))
            return list(result) if result.returns_rows else []
        if self._raw is None:
            self._raw = _Raw(statement, dialect)
        return self._raw.rows(connection, parameters)

    def first(self, connection: Connection, parameters: Mapping[str, Any]) -> Any | None:
        found = self.rows(connection, parameters)
        return found[0] if found else None


class _Raw:
    """The compiled form for SQLite."""

    def __init__(self, statement: Any, dialect: Dialect) -> None:
        keys = None
        if isinstance(statement, Insert):
            keys = [column.name for column in statement.table.c if column.name != "id"]
        compiled = statement.compile(dialect=dialect, column_keys=keys)
        self._sql = str(compiled)
        self._names = list(compiled.positiontup)
        binds = [_to_database(compiled.binds[name].type, dialect) for name in self._names]
        self._binds = [(at, one) for at, one in enumerate(binds) if one is not None]
        self._fixed = {
            name: bind.value for name, bind in compiled.binds.items() if not bind.required
        }
        columns: list[Any] = []
        if isinstance(statement, Select):
            columns = list(statement.selected_columns)
        elif isinstance(statement, UpdateBase):
            columns = list(statement.exported_columns)
        row = namedtuple("Row", [str(column.key) for column in columns])  # type: ignore[misc]
        self._make: Callable[[Sequence[Any]], Any] = row._make
        converts = [_from_database(column.type, dialect) for column in columns]
        self._converts = [(at, one) for at, one in enumerate(converts) if one is not None]

    def rows(self, connection: Connection, parameters: Mapping[str, Any]) -> list[Any]:
        driver: Any = connection.connection.driver_connection
        given = {**self._fixed, **parameters} if self._fixed else parameters
        values = [given[name] for name in self._names]
        for at, convert in self._binds:
            values[at] = convert(values[at])
        found = driver.execute(self._sql, values).fetchall()
        if not self._converts:
            return [self._make(row) for row in found]
        return [self._make(self._converted(row)) for row in found]

    def _converted(self, row: Sequence[Any]) -> Sequence[Any]:
        values = list(row)
        for at, convert in self._converts:
            if values[at] is not None:
                values[at] = convert(values[at])
        return values


def _to_database(kind: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    if isinstance(kind, UtcDateTime):
        return _time_to_database(dialect)
    return kind.dialect_impl(dialect).bind_processor(dialect)


def _from_database(kind: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    if isinstance(kind, UtcDateTime):
        return _time_from_database(dialect)
    return kind.dialect_impl(dialect).result_processor(dialect, None)


# One event writes the same moment into nine columns of four tables: it is converted once.


@cache
def _time_to_database(dialect: Dialect) -> Convert | None:
    convert = UtcDateTime().dialect_impl(dialect).bind_processor(dialect)
    return convert and lru_cache(maxsize=4096)(convert)


@cache
def _time_from_database(dialect: Dialect) -> Convert | None:
    convert = UtcDateTime().dialect_impl(dialect).result_processor(dialect, None)
    return convert and lru_cache(maxsize=4096)(convert)
