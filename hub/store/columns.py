"""Column types that store the same values in both databases."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, Column, DateTime, Dialect, Table, Text
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel


class UtcDateTime(TypeDecorator[datetime]):
    """A time with microseconds: aware UTC in Python, UTC in the database."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None or dialect.name == "postgresql":
            return value
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def time_field(*, null: bool = False, index: bool = False) -> Any:
    """A time without a default: every insert names it."""
    return Field(default=None, sa_type=UtcDateTime, nullable=null, index=index)


def json_field(default: Any) -> Any:
    """A list or a dict, stored as JSON; never null. `default` is an empty list or dict."""
    make = type(default)
    return Field(default_factory=make, sa_column=Column(JSON, nullable=False, default=make))


def optional_json_field() -> Any:
    """A dict, stored as JSON, or SQL's NULL."""
    return Field(default=None, sa_column=Column(JSON(none_as_null=True)))


def text_field(default: str = "") -> Any:
    """Text of any length; never null."""
    return Field(default=default, sa_column=Column(Text, nullable=False, default=default))


def table(model: type[SQLModel]) -> Table:
    """The table of a model, for statements in SQLAlchemy Core."""
    model_table = model.__table__  # type: ignore[attr-defined]
    assert isinstance(model_table, Table)
    return model_table
