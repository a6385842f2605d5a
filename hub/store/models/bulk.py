"""Changes of many conversations, done in the background, one conversation after the other."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from hub.store.columns import json_field, table, text_field, time_field


class BulkJob(SQLModel, table=True):
    """A change of many conversations, and how far it is."""

    __tablename__ = "bulk_job"
    __table_args__ = (
        Index("ix_bulk_job_unfinished", "id", sqlite_where=text("finished_at IS NULL")),
    )

    id: int | None = Field(default=None, primary_key=True)
    #: The agent who asked for it; None for a service account.
    author_id: int | None = Field(default=None, foreign_key="agent.id")
    author_name: str = text_field()
    change: dict[str, Any] = json_field({})
    #: The record by which it can be undone, which is deleted before the job is.
    undo_id: int
    total: int
    #: How many are over, whether changed or failed.
    position: int = 0
    failed: int = 0
    created_at: datetime = time_field()
    finished_at: datetime | None = time_field(null=True)


class BulkTarget(SQLModel, table=True):
    """Some of the conversations of a job, as they were chosen when it began."""

    __tablename__ = "bulk_target"

    job_id: int = Field(foreign_key="bulk_job.id", primary_key=True)
    #: The position in the job of the first one.
    begin: int = Field(primary_key=True)
    conversation_ids: list[int] = json_field([])


class BulkFailure(SQLModel, table=True):
    """A conversation that was not changed, and why."""

    __tablename__ = "bulk_failure"

    job_id: int = Field(foreign_key="bulk_job.id", primary_key=True)
    position: int = Field(primary_key=True)
    conversation_id: int
    reason: str = text_field()


bulk_jobs = table(BulkJob)
bulk_targets = table(BulkTarget)
bulk_failures = table(BulkFailure)
