"""INSERT ... ON CONFLICT, for both databases."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Table
from sqlalchemy.sql import Executable


class Upsert:
    """INSERT ... ON CONFLICT, in the dialect of either database.

    Without `update` a row with the same key stays as it is, and `returning` gives no row for it.

    Args:
        key: the columns of a unique index.
        update: the columns that take their new values in a row with the same key.
        compute: further columns to update, each with a function from the new row to an expression.
        returning: the columns of the row that the statement gives back.

    Source: https://www.sqlite.org/lang_upsert.html,
        https://www.postgresql.org/docs/current/sql-insert.html#SQL-ON-CONFLICT
    """

    def __init__(
        self,
        table: Table,
        key: Sequence[str],
        *,
        update: Sequence[str] = (),
        compute: Mapping[str, Callable[[Any], Any]] | None = None,
        returning: Sequence[str] = (),
    ) -> None:
        self._table = table
        self._key = list(key)
        self._update = update
        self._compute = compute or {}
        self._returning = returning
        self._by_dialect: dict[str, Executable] = {}

    def for_dialect(self, name: str) -> Executable:
        """The statement for `sqlite` or `postgresql`; built on the first use."""
        if name not in self._by_dialect:
            # Only the dialect in use is imported: both would cost every hub another 2.5 MB.
            dialect = importlib.import_module(f"sqlalchemy.dialects.{name}")
            self._by_dialect[name] = self._build(dialect.insert(self._table))
        return self._by_dialect[name]

    def _build(self, insert: Any) -> Executable:
        if self._update:
            values = {name: insert.excluded[name] for name in self._update}
            values |= {name: compute(insert.excluded) for name, compute in self._compute.items()}
            insert = insert.on_conflict_do_update(index_elements=self._key, set_=values)
        else:
            insert = insert.on_conflict_do_nothing(index_elements=self._key)
        columns = [self._table.c[name] for name in self._returning]
        statement = insert.returning(*columns) if columns else insert
        assert isinstance(statement, Executable)
        return statement
