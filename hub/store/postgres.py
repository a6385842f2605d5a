"""How the hub talks to PostgreSQL: in as few round trips as its answers allow.

Connections run in autocommit mode, so a query outside of a transaction is one round trip. The store
sends BEGIN and COMMIT itself. BEGIN, and the statements whose rows nobody reads, wait as "unsent"
and travel with the next statement that is sent, or with COMMIT: one message of several statements.
Each of them still sees what was committed before it began.

The server plans a `ServerStatement` once for each connection: planning costs more than running it.
By itself it would plan the first five runs anew, each for its own values.

A connection that the server has closed is noticed when it leaves the pool, without asking the
server.

Source: https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-MULTI-STATEMENT
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry

_BEGIN = b"BEGIN"
_PLAN_ONCE = b"SET plan_cache_mode = force_generic_plan"
_PARAMETER = re.compile(r"%\((\w+)\)s")
#: The transaction was given up for another's sake and succeeds when it runs again: a deadlock,
#: or two that cannot be put in an order.
_RUN_AGAIN = frozenset({"40P01", "40001"})

Parameters = Mapping[str, Any] | Sequence[Any]


def create_connection_type() -> Any:
    """The driver's connection, which also knows what waits, and what its server has planned."""
    from psycopg2 import extensions  # only hubs on PostgreSQL have it

    class Connection(extensions.connection):  # type: ignore[misc]
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            self.unsent: list[bytes] = []
            #: The names of the statements that the server has, and of those that are on their way.
            self.planned: dict[ServerStatement, str] = {}
            self.planning: dict[ServerStatement, str] = {}
            self.names = (f"hub_{number}" for number in count())

    return Connection


class ServerStatement:
    """A statement that each connection prepares when it first runs there.

    Source: https://www.postgresql.org/docs/current/sql-prepare.html
    """

    def __init__(self, sql: str, constants: Mapping[str, Any]) -> None:
        """Takes a statement with `%(name)s` for each parameter.

        Args:
            constants: the parameters that have the same value in every run, as the driver takes
                them. The server plans with what its statistics say of them.
        """
        self.sql = sql
        self._constants = constants
        names: list[str] = []

        def number(match: re.Match[str]) -> str:
            if match.group(1) in self._constants:
                return match.group(0)
            names.append(match.group(1))
            return f"${len(names)}"

        self._numbered = _PARAMETER.sub(number, sql)
        self._places = ", ".join(f"%({name})s" for name in names)

    def sql_on(self, driver: Any) -> str:
        """The SQL that runs the statement on a connection; the first time, its plan waits there."""
        name = driver.planned.get(self) or driver.planning.get(self)
        if name is None:
            if not (driver.planned or driver.planning):
                driver.unsent.append(_PLAN_ONCE)
            name = driver.planning[self] = next(driver.names)
            plan = f"PREPARE {name} AS {self._numbered}"
            driver.unsent.append(driver.cursor().mogrify(plan, self._constants))
        return f"EXECUTE {name}({self._places})" if self._places else f"EXECUTE {name}"


def listen_to(engine: Engine) -> None:
    """Makes an engine work as this module says.

    Args:
        engine: its connections are of the type above and run in autocommit mode.
    """
    event.listen(engine, "begin", _begin)
    event.listen(engine, "commit", _commit)
    event.listen(engine, "rollback", _rollback)
    event.listen(engine, "do_execute", _execute)
    event.listen(engine, "do_executemany", _send_before_many)
    event.listen(engine, "checkout", _refuse_closed)
    event.listen(engine, "reset", _leave_transaction)


def execute(
    connection: Connection, statement: ServerStatement, parameters: Mapping[str, Any]
) -> Any:
    """Runs a statement, with those that wait, in one round trip.

    Args:
        parameters: values as the driver takes them.

    Returns: the driver's cursor, which has the statement's rows.
    Raises: the subclass of sqlalchemy.exc.DBAPIError that SQLAlchemy raises for the same fault.
    """
    driver = _driver_of(connection)
    return _execute_sql(connection, statement.sql_on(driver), parameters, shown=statement.sql)


def execute_later(
    connection: Connection, statement: ServerStatement, parameters: Mapping[str, Any]
) -> None:
    """Lets a statement travel with the next one, or with COMMIT. Its errors appear there."""
    driver = _driver_of(connection)
    driver.unsent.append(driver.cursor().mogrify(statement.sql_on(driver), parameters))


def runs_again(error: BaseException) -> bool:
    """Whether the server gave a transaction up that succeeds when it runs again."""
    return isinstance(error, DBAPIError) and getattr(error.orig, "pgcode", None) in _RUN_AGAIN


def _driver_of(connection: Connection) -> Any:
    return connection.connection.driver_connection


def _execute_sql(connection: Connection, sql: str, parameters: Parameters, *, shown: str) -> Any:
    cursor = _driver_of(connection).cursor()
    try:
        _send(cursor, sql, parameters)
    except connection.dialect.loaded_dbapi.Error as error:
        raise _translated(error, connection, shown, cursor) from error
    return cursor


def _send(cursor: Any, sql: str, parameters: Parameters) -> None:
    if cursor.connection.unsent:
        _send_unsent(cursor, cursor.mogrify(sql, parameters))
    else:
        cursor.execute(sql, parameters)


def _send_unsent(cursor: Any, *statements: bytes) -> None:
    """Sends what waits, and further statements, in one message."""
    driver = cursor.connection
    message = b";".join((*driver.unsent, *statements))
    driver.unsent.clear()
    planning, driver.planning = driver.planning, {}
    cursor.execute(message)
    # After an error nobody knows which statements were planned: they get other names next time.
    driver.planned |= planning


# -- transactions ----------------------------------------------------------------------------------


def _begin(connection: Connection) -> None:
    if connection.get_execution_options().get("writes"):
        _driver_of(connection).unsent[:] = [_BEGIN]


def _commit(connection: Connection) -> None:
    driver = _driver_of(connection)
    if driver.unsent == [_BEGIN]:
        driver.unsent.clear()  # nothing was done
    elif driver.unsent or _is_in_transaction(driver):
        cursor = _execute_sql(connection, "COMMIT", (), shown="COMMIT")
        if cursor.statusmessage != "COMMIT":
            # The server answers ROLLBACK, and no error, where an earlier statement had failed.
            raise RuntimeError("A transaction was committed in which a statement had failed.")


def _rollback(connection: Connection) -> None:
    if not connection.closed and not connection.invalidated and _driver_of(connection) is not None:
        _leave_transaction(_driver_of(connection))


def _leave_transaction(driver: Any, *_record_and_state: Any) -> None:
    """Ends a transaction that was not committed; harmless without one."""
    driver.unsent.clear()
    driver.planning.clear()
    if _is_in_transaction(driver):
        with driver.cursor() as cursor:
            cursor.execute("ROLLBACK")


def _is_in_transaction(driver: Any) -> bool:
    """Whether the server has an open transaction; the driver knows without asking."""
    in_transaction, failed = 2, 3  # psycopg2.extensions.TRANSACTION_STATUS_*
    return not driver.closed and driver.info.transaction_status in (in_transaction, failed)


# -- SQLAlchemy's own statements -------------------------------------------------------------------


def _execute(cursor: Any, sql: str, parameters: Parameters, _context: Any) -> bool:
    _send(cursor, sql, parameters)
    return True


def _send_before_many(cursor: Any, _sql: str, _parameters: Any, _context: Any) -> None:
    if cursor.connection.unsent:
        _send_unsent(cursor)


def _translated(error: Exception, connection: Connection, sql: str, cursor: Any) -> BaseException:
    """SQLAlchemy's error for a driver's. The parameters stay out of it: customers wrote them."""
    dialect = connection.dialect
    is_closed = bool(dialect.is_disconnect(error, _driver_of(connection), cursor))  # type: ignore[arg-type]
    translated = DBAPIError.instance(
        sql,
        None,
        error,
        dialect.loaded_dbapi.Error,
        hide_parameters=True,
        connection_invalidated=is_closed,
        dialect=dialect,
    )
    if is_closed:
        # The server went away, and with it all its connections.
        connection.invalidate(error)
        connection.engine.dispose(close=False)
    return translated


# -- the pool --------------------------------------------------------------------------------------


def _refuse_closed(driver: Any, _entry: ConnectionPoolEntry, _proxied: Any) -> None:
    """Replaces a connection that the server has closed, and all that are as old."""
    try:
        # Twice: the server's last word is read before the end of the stream.
        driver.poll()
        driver.poll()
    except Exception as error:
        raise InvalidatePoolError("The server has closed the connection.") from error
