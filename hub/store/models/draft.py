"""What agents are writing and have not sent."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, Column, Index
from sqlmodel import Field, SQLModel

from hub.store.columns import json_field, table, text_field, time_field


class Draft(SQLModel, table=True):
    """What one agent is writing: one reply and one note for each conversation, and new messages.

    A draft that was sent or discarded stays as an empty row for some days: its version tells a save
    that comes late from a new one.
    """

    __table_args__ = (
        Index("uq_draft_conversation", "agent_id", "conversation_id", "type", unique=True),
        Index("ix_draft_list", "agent_id", "is_empty", "updated_at", "id"),
        Index("ix_draft_age", "is_empty", "updated_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    agent_id: int = Field(foreign_key="agent.id")
    #: None for a new message, which has no conversation yet.
    conversation_id: int | None = Field(default=None, foreign_key="conversation.id")
    #: `reply`, `note`, or `new` for a message without a conversation.
    type: str
    version: int = 1
    is_empty: bool = False
    text: str = text_field()
    connector: str | None = None
    subject: str = text_field()
    #: The copies that the agent chose; None for those of the mail answered.
    cc: list[str] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    bcc: list[str] = json_field([])
    format: str = "plain"
    mentions: list[str] = json_field([])
    reply_to: int | None = None
    #: Where a new message goes: an address as the agent typed it, or a contact.
    address: str = text_field()
    contact_id: int | None = None
    created_at: datetime = time_field()
    updated_at: datetime = time_field()


class DraftFile(SQLModel, table=True):
    """A file of a draft, in its place. The file lives as long as a draft has it."""

    __tablename__ = "draft_file"

    draft_id: int = Field(foreign_key="draft.id", primary_key=True)
    attachment_id: int = Field(foreign_key="attachment.id", primary_key=True, index=True)
    position: int = 0


drafts = table(Draft)
draft_files = table(DraftFile)
