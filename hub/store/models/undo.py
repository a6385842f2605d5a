"""What an agent changed at once, with the values before and after, so that it can be undone."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel

from hub.store.columns import json_field, table, text_field, time_field


class UndoRecord(SQLModel, table=True):
    """Changes that one author made at once and may undo at once."""

    __tablename__ = "undo_record"

    id: int | None = Field(default=None, primary_key=True)
    #: The author's agent; None for a service account.
    author_id: int | None = Field(default=None, foreign_key="agent.id")
    author_name: str = text_field()
    #: What it was, for the timeline: the name of a macro.
    title: str = text_field()
    created_at: datetime = time_field(index=True)


class UndoChange(SQLModel, table=True):
    """A change of one field of one conversation."""

    __tablename__ = "undo_change"

    record_id: int = Field(foreign_key="undo_record.id", primary_key=True)
    conversation_id: int = Field(foreign_key="conversation.id", primary_key=True)
    field: str = Field(primary_key=True)
    #: Columns of the conversation; `before` has also those that the change changed beside.
    before: dict[str, Any] = json_field({})
    after: dict[str, Any] = json_field({})
    #: Empty until it is undone: then `undone`, or why the value was kept.
    outcome: str = text_field()
    reason: str = text_field()


undo_records = table(UndoRecord)
undo_changes = table(UndoChange)
