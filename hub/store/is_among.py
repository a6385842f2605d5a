"""A condition on a column that no plan of PostgreSQL can turn around."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Boolean, ColumnElement, Select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler


class IsAmong(ColumnElement[bool]):
    """Whether a column has one of the few values that a query gives.

    The query runs once, and first. With a join or with `IN` PostgreSQL may read the other table
    row by row and look each one up in the query, where its statistics are missing or old.

    Not cached by SQLAlchemy: it is meant for prepared statements.
    """

    inherit_cache = False
    type = Boolean()
    #: Databases without a boolean type need no comparison with 1.
    _is_implicitly_boolean = True

    def __init__(self, column: ColumnElement[Any], query: Select[Any]) -> None:
        self.column = column
        self.query = query


@compiles(IsAmong)
def _in_query(element: IsAmong, compiler: SQLCompiler, **options: Any) -> str:
    return (
        f"{compiler.process(element.column, **options)}"
        f" IN ({compiler.process(element.query, **options)})"
    )


@compiles(IsAmong, "postgresql")
def _in_array(element: IsAmong, compiler: SQLCompiler, **options: Any) -> str:
    return (
        f"{compiler.process(element.column, **options)}"
        f" = ANY (ARRAY({compiler.process(element.query, **options)}))"
    )
