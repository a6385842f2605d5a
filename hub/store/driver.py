"""Runs SQL in SQLite's own driver, past SQLAlchemy: the only module that does.

Invariant: whatever goes past SQLAlchemy raises SQLAlchemy's errors all the same. A driver's own
`sqlite3.OperationalError` would be unknown to `is_unavailable` and to the web's error handlers, and
a full database would be answered with 500 instead of 503.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from hub import runtime

#: A search needs a core of its own: more of them at once would only take turns.
MAX_LONG_QUERIES = 2
_LONG_QUERIES = threading.BoundedSemaphore(MAX_LONG_QUERIES)


def execute_in_driver(
    connection: Connection, sql: str, parameters: Sequence[Any] = ()
) -> list[tuple[Any, ...]]:
    """Runs one statement in the transaction of an SQLite connection.

    Args:
        sql: with `?` for each parameter.
        parameters: values as the driver takes them: no aware datetimes, no lists, no dicts.

    Returns: the rows as the driver gives them; none for a statement without rows.
    Raises: the subclass of sqlalchemy.exc.DBAPIError that SQLAlchemy raises for the same fault.
    """
    driver: Any = connection.connection.driver_connection
    try:
        rows: list[tuple[Any, ...]] = driver.execute(sql, parameters).fetchall()
    except connection.dialect.loaded_dbapi.Error as error:
        raise _translated(error, connection, sql) from error
    return rows


def query_in_thread(
    connection: Connection, sql: str, parameters: Sequence[Any] = ()
) -> list[tuple[Any, ...]]:
    """Runs a query that may take long, so that SQLite holds up no green thread meanwhile.

    `MAX_LONG_QUERIES` run at a time; further ones wait.

    Args, Returns, Raises: as `execute_in_driver`.
    """
    driver: Any = connection.connection.driver_connection
    with _LONG_QUERIES:
        try:
            rows: list[tuple[Any, ...]] = runtime.run_in_real_thread(
                _fetch_all, driver, sql, parameters
            )
        except connection.dialect.loaded_dbapi.Error as error:
            raise _translated(error, connection, sql) from error
    return rows


def _fetch_all(driver: Any, sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = driver.execute(sql, parameters).fetchall()
    return rows


def _translated(error: Exception, connection: Connection, sql: str) -> BaseException:
    """SQLAlchemy's error for a driver's. The parameters stay out of it: customers wrote them."""
    dialect = connection.dialect
    return DBAPIError.instance(
        sql, None, error, dialect.loaded_dbapi.Error, hide_parameters=True, dialect=dialect
    )
