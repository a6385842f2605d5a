"""Statements of the hot paths: compiled once, handed to the driver as they are.

SQLAlchemy spends more time on preparing a small statement than a database on running it, so these
statements go straight to the driver. On PostgreSQL, where each round trip costs more than either, a
statement whose rows nobody reads can travel with the next one (see `hub.store.postgres`).

Invariant: except for its speed, a prepared statement does what `connection.execute` does. Values
are converted by the same types in both directions, rows have their columns as attributes, and
errors are SQLAlchemy's (see `hub.store.driver`, `hub.store.postgres`). Not supported, and so not to
be prepared: defaults that Python computes for a column (an insert names all its values).

Gain, measured with `python -m bench.prepared` on SQLite (medians, on two busy cores, 2026-11): a
statement takes 35 to 220 microseconds instead of 130 to 460, a half to a fifth. A first message
takes 14.2 ms instead of 16.4 ms, a message to an assigned conversation 6.6 instead of 11.2, routing
a conversation 5.0 to 5.6 instead of 9.0 to 9.8. `Connection.exec_driver_sql`, SQLAlchemy's own way
for ready SQL, takes 17 to 181 microseconds where this takes 4 to 12.

Prepare a statement only where that benchmark shows it. The statements of every inbound event, of
every assignment and of every routing pass are prepared. Those of a page of history are not: it was
a twentieth of the page. Nor are those that no benchmark runs.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, Generic, TypeVar, overload

from sqlalchemy import Connection, Dialect, Float, Insert, Select, Table, UpdateBase, insert
from sqlalchemy.sql import ClauseElement, Executable
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

from hub.store import postgres
from hub.store.columns import UtcDateTime
from hub.store.driver import execute_in_driver
from hub.store.upsert import Upsert

#: The rows of a statement: a NamedTuple with the statement's columns, in their order.
Row = TypeVar("Row")
Convert = Callable[[Any], Any]


def insert_all(table: Table) -> Insert:
    """An insert of every column but the id, which it returns."""
    return insert(table).returning(table.c.id)


class Prepared(Generic[Row]):
    """One statement for both databases."""

    @overload
    def __init__(self: Prepared[Any], statement: Executable | Upsert) -> None: ...

    @overload
    def __init__(self, statement: Executable | Upsert, row_type: type[Row]) -> None: ...

    def __init__(self, statement: Executable | Upsert, row_type: type[Row] | None = None) -> None:
        """Keeps a statement; it is compiled when it first runs.

        Args:
            row_type: a NamedTuple with the columns of the statement, by name and in their order.
                Without it rows have the same attributes and no type.
        """
        self._statement = statement
        self._row_type: Any = row_type
        self._compiled: dict[str, _Compiled] = {}

    def rows(self, connection: Connection, parameters: Mapping[str, Any]) -> list[Row]:
        """Runs the statement once.

        Args:
            parameters: a value for every parameter; for an insert, for every column but the id.

        Returns: all rows; none for a statement without rows.
        Raises: what `connection.execute` raises.
        """
        compiled = self._compiled_for(connection.dialect)
        if not compiled.has_expanding_parameters:
            return compiled.rows(connection, parameters)
        result = connection.execute(self._for_dialect(connection.dialect.name), dict(parameters))
        rows: Iterable[Any] = result if result.returns_rows else ()
        return list(rows) if self._row_type is None else [self._row_type(*row) for row in rows]

    def run_later(self, connection: Connection, parameters: Mapping[str, Any]) -> None:
        """Runs the statement at the latest with the next one or with the commit; its rows are lost.

        On PostgreSQL it costs no round trip. It may change only rows that nobody waits for: those
        that the transaction has locked or inserted.

        Raises: on SQLite what `rows` raises; on PostgreSQL the statement raises it that this one
            travels with.
        """
        if connection.dialect.name == "sqlite":
            self.rows(connection, parameters)
        else:
            self._compiled_for(connection.dialect).run_later(connection, parameters)

    def first(self, connection: Connection, parameters: Mapping[str, Any]) -> Row | None:
        """Runs the statement once. Returns its first row, None when there is none."""
        rows = self.rows(connection, parameters)
        return rows[0] if rows else None

    def _compiled_for(self, dialect: Dialect) -> _Compiled:
        compiled = self._compiled.get(dialect.name)
        if compiled is None:
            statement = self._for_dialect(dialect.name)
            compiled = self._compiled[dialect.name] = _Compiled(statement, dialect, self._row_type)
        return compiled

    def _for_dialect(self, name: str) -> Executable:
        statement = self._statement
        return statement.for_dialect(name) if isinstance(statement, Upsert) else statement


class _Compiled:
    """SQL with the conversions of its parameters and of its columns, each by position."""

    def __init__(self, statement: Executable, dialect: Dialect, row_type: Any) -> None:
        keys = None
        if isinstance(statement, Insert):
            keys = [column.name for column in statement.table.c if column.name != "id"]
        assert isinstance(statement, ClauseElement)
        compiled = statement.compile(dialect=dialect, column_keys=keys)
        assert isinstance(compiled, SQLCompiler)
        #: `IN` with a list has as many places as the list has values: no SQL fits all lists.
        self.has_expanding_parameters = bool(compiled.post_compile_params)
        self._sql = str(compiled)
        self._is_positional = compiled.positional
        self._names = list(compiled.positiontup or compiled.binds)
        converts = {name: _to_database(bind.type, dialect) for name, bind in compiled.binds.items()}
        self._bind_converts = _by_position(converts[name] for name in self._names)
        self._constants = {
            name: bind.value for name, bind in compiled.binds.items() if not bind.required
        }
        self._on_server = postgres.ServerStatement(
            self._sql,
            {
                name: convert(self._constants[name]) if convert else self._constants[name]
                for name, convert in converts.items()
                if name in self._constants
            },
        )
        columns: list[Any] = []
        if isinstance(statement, Select):
            columns = list(statement.selected_columns)
        elif isinstance(statement, UpdateBase):
            columns = list(statement.exported_columns)
        self._has_rows = bool(columns)
        names = [str(column.key) for column in columns]
        rows_as: Any = row_type or namedtuple("Row", names)
        assert list(rows_as._fields) == names, f"{rows_as} has other columns than {names}"
        self._make_row: Callable[[Sequence[Any]], Any] = rows_as._make
        self._column_converts = _by_position(
            _from_database(column.type, dialect) for column in columns
        )

    def rows(self, connection: Connection, parameters: Mapping[str, Any]) -> list[Any]:
        if self._is_positional:
            rows = execute_in_driver(connection, self._sql, self._values(parameters))
        else:
            cursor = postgres.execute(connection, self._on_server, self._named(parameters))
            rows = cursor.fetchall() if self._has_rows else []
        if not self._column_converts:
            return [self._make_row(row) for row in rows]
        return [self._make_row(self._converted(row)) for row in rows]

    def run_later(self, connection: Connection, parameters: Mapping[str, Any]) -> None:
        postgres.execute_later(connection, self._on_server, self._named(parameters))

    def _values(self, parameters: Mapping[str, Any]) -> list[Any]:
        """The values of all parameters as the driver takes them, in the order of the names."""
        if self._constants:
            parameters = {**self._constants, **parameters}
        values = [parameters[name] for name in self._names]
        for position, convert in self._bind_converts:
            values[position] = convert(values[position])
        return values

    def _named(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        return dict(zip(self._names, self._values(parameters), strict=True))

    def _converted(self, row: Sequence[Any]) -> Sequence[Any]:
        values = list(row)
        for position, convert in self._column_converts:
            if values[position] is not None:
                values[position] = convert(values[position])
        return values


def _by_position(converts: Iterable[Convert | None]) -> list[tuple[int, Convert]]:
    """The positions at which a value must be converted, each with its conversion."""
    return [(position, convert) for position, convert in enumerate(converts) if convert is not None]


def _to_database(column_type: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    if isinstance(column_type, UtcDateTime):
        return _time_to_database(dialect)
    return column_type.dialect_impl(dialect).bind_processor(dialect)


def _from_database(column_type: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    if isinstance(column_type, UtcDateTime):
        return _time_from_database(dialect)
    if isinstance(column_type, Float):
        return float  # which also takes the Decimal that PostgreSQL computes
    return column_type.dialect_impl(dialect).result_processor(dialect, None)


# One event writes the same moment into nine columns of four tables: it is converted once.


@cache
def _time_to_database(dialect: Dialect) -> Convert | None:
    convert = UtcDateTime().dialect_impl(dialect).bind_processor(dialect)
    return convert and lru_cache(maxsize=4096)(convert)


@cache
def _time_from_database(dialect: Dialect) -> Convert | None:
    convert = UtcDateTime().dialect_impl(dialect).result_processor(dialect, None)
    return convert and lru_cache(maxsize=4096)(convert)
