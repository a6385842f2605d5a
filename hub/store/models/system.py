"""The journal, the state of connectors, the configuration in force, and the hub's own id."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from hub.store.columns import json_field, table, text_field, time_field


class Journal(SQLModel, table=True):
    """Every inbound event as it came in. Its key detects repeats; its body can be replayed."""

    __table_args__ = (
        UniqueConstraint("connector", "key"),
        Index("ix_journal_status", "status", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    connector: str
    key: str
    status: str = "done"
    path: str = text_field()
    media_type: str = text_field()
    query: dict[str, Any] = json_field({})
    body: bytes = b""
    error: str = text_field()
    received_at: datetime = time_field()


class QuietMessage(SQLModel, table=True):
    """What a machine wrote and no conversation was for. `conversation_id`: an agent opened it."""

    __tablename__ = "quiet_message"
    __table_args__ = (Index("ix_quiet_message_received", "received_at"),)

    id: int | None = Field(default=None, primary_key=True)
    connector: str
    journal_id: int = Field(foreign_key="journal.id")
    sender: str
    subject: str = text_field()
    reason: str = text_field()
    received_at: datetime = time_field()
    conversation_id: int | None = Field(default=None, foreign_key="conversation.id")


class IntakeMark(SQLModel, table=True):
    """A request that a process has begun to read and not finished. `owner` names the process."""

    __tablename__ = "intake_mark"

    connector: str = Field(primary_key=True)
    digest: str = Field(primary_key=True)
    owner: str = Field(primary_key=True)
    begun_at: datetime = time_field()


class ConnectorState(SQLModel, table=True):
    """The state of a polling connector: the position of its reading, and the process that reads."""

    __tablename__ = "connector_state"

    connector: str = Field(primary_key=True)
    cursor: str = text_field()
    lease_owner: str = text_field()
    lease_until: datetime | None = time_field(null=True)
    updated_at: datetime = time_field()


class AppliedConfig(SQLModel, table=True):
    """The configuration in force, in one row. `hub plan` compares a file with it."""

    __tablename__ = "applied_config"

    id: int | None = Field(default=None, primary_key=True)
    version: int
    config: dict[str, Any] = json_field({})
    applied_at: datetime = time_field()


class HubIdentity(SQLModel, table=True):
    """The id of this hub, in one row. It tells hubs apart that share a Redis server."""

    __tablename__ = "hub_identity"

    id: int | None = Field(default=None, primary_key=True)
    hub_id: str
    created_at: datetime = time_field()


class SearchRefold(SQLModel, table=True):
    """How far the rows of a search index are converted to another folding of their words.

    No row: all of them are.
    """

    __tablename__ = "search_refold"

    #: The index: `message_search` or `contact_search`.
    name: str = Field(primary_key=True)
    #: The rows up to this id have their former words.
    below: int


journal = table(Journal)
intake_marks = table(IntakeMark)
quiet_messages = table(QuietMessage)
connector_states = table(ConnectorState)
applied_configs = table(AppliedConfig)
hub_identities = table(HubIdentity)
search_refolds = table(SearchRefold)
