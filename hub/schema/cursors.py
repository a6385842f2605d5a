"""Pages of lists: a cursor is the position at which the last page ended, never a number of rows."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

import orjson
from sqlalchemy import ColumnElement, Connection, Row, Select, tuple_

from hub.errors import Invalid
from hub.store.columns import UtcDateTime

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Items of a list, and the cursor of the next page; None on the last page."""

    items: list[T]
    next: str | None


def page(
    connection: Connection,
    query: Select[Any],
    position: tuple[ColumnElement[Any], ...],
    limit: int,
    cursor: str | None,
) -> Page[Row[Any]]:
    """One page of a query, in descending order.

    Args:
        position: the columns that order the list; together they are unique.
        cursor: where the page begins; None for the first page.

    Raises:
        Invalid: the cursor is of another list.
    """
    rows = rows_from(connection, query, position, limit + 1, cursor)
    return cut(rows, limit, tuple(column.key or "" for column in position))


def rows_from(
    connection: Connection,
    query: Select[Any],
    position: tuple[ColumnElement[Any], ...],
    limit: int,
    cursor: str | None,
) -> Sequence[Row[Any]]:
    """The rows of a query from a cursor on, in descending order. Raises Invalid."""
    if cursor is not None:
        values = edge_values(decode(cursor), position)
        query = query.where(
            tuple_(*position) < tuple_(*values) if len(values) > 1 else position[0] < values[0]
        )
    return connection.execute(
        query.order_by(*(column.desc() for column in position)).limit(limit)
    ).all()


def cut(rows: Sequence[Row[Any]], limit: int, position: tuple[str, ...]) -> Page[Row[Any]]:
    """A page of rows of which one more than `limit` was read, where there is one more.

    Args:
        position: the names of the columns that order the list.
    """
    if len(rows) <= limit:
        return Page(list(rows), None)
    last = rows[limit - 1]
    edge = [getattr(last, name) for name in position]
    return Page(list(rows[:limit]), encode_values(edge))


def encode(edge: list[Any]) -> str:
    """A cursor from the values at which a page ends."""
    return base64.urlsafe_b64encode(orjson.dumps(edge)).decode().rstrip("=")


def encode_values(edge: list[Any]) -> str:
    """A cursor from values of which some may be times."""
    return encode([v.isoformat() if isinstance(v, datetime) else v for v in edge])


def decode(cursor: str, at_least: int = 0) -> list[Any]:
    """The values of a cursor. Raises Invalid: it is none, or has fewer than `at_least`."""
    try:
        edge = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError as error:
        raise Invalid("This cursor is none of ours.", "cursor") from error
    if not isinstance(edge, list) or not all(type(value) in (int, str) for value in edge):
        raise Invalid("This cursor is none of ours.", "cursor")
    if len(edge) < at_least:
        raise Invalid("This cursor is of another list.", "cursor")
    return edge


def edge_values(edge: Sequence[Any], position: Sequence[ColumnElement[Any]]) -> list[Any]:
    """The values of a cursor as those of the columns that order its list. Raises Invalid."""
    if len(edge) != len(position):
        raise Invalid("This cursor is of another list.", "cursor")
    return [_edge_value(value, column) for value, column in zip(edge, position, strict=True)]


def _edge_value(value: int | str, column: ColumnElement[Any]) -> Any:
    is_moment = isinstance(column.type, UtcDateTime)
    if isinstance(value, int) and not is_moment and 0 <= value < 2**63:
        return value
    if isinstance(value, str) and is_moment:
        try:
            moment = datetime.fromisoformat(value)
        except ValueError as error:
            raise Invalid("This cursor is none of ours.", "cursor") from error
        if moment.tzinfo is not None:
            return moment
    raise Invalid("This cursor is none of ours.", "cursor")


def id_from(cursor: str | None) -> int | None:
    """The id at which a page of a list that is ordered by id ended. Raises Invalid."""
    if cursor is None:
        return None
    edge = decode(cursor)
    if len(edge) != 1 or not isinstance(edge[0], int) or not 0 <= edge[0] < 2**63:
        raise Invalid("This cursor is of another list.", "cursor")
    return edge[0]
