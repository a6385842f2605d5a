"""What agents keep to use again: canned replies and macros."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel

from hub.store.columns import json_field, table, text_field, time_field


class Shared(SQLModel):
    """An entry of one agent, of a team or of everybody.

    `agent_id` and `owner` name its author; a service account has a name alone.
    """

    id: int | None = Field(default=None, primary_key=True)
    scope: str = "own"
    agent_id: int | None = Field(default=None, foreign_key="agent.id")
    owner: str = ""
    team_id: int | None = Field(default=None, foreign_key="team.id")
    used: int = 0
    last_used_at: datetime | None = time_field(null=True)
    created_at: datetime = time_field()
    updated_at: datetime = time_field()
    #: Deleted entries can be restored for a day.
    deleted_at: datetime | None = time_field(null=True)


class CannedReply(Shared, table=True):
    """A text to answer with. Those with the same shortcut are versions of one another."""

    __tablename__ = "canned_reply"

    shortcut: str
    title: str = ""
    text: str = text_field()
    #: A language tag, or empty for a version for all languages.
    language: str = ""
    #: The kinds of channels that it is for; empty for all.
    kinds: list[str] = json_field([])
    #: Whether `connectors.yaml` has it: it is changed there alone.
    is_from_file: bool = False


class Macro(Shared, table=True):
    """Steps that are done one after the other, each `{do: ...}`."""

    name: str
    steps: list[dict[str, Any]] = json_field([])


canned_replies = table(CannedReply)
macros = table(Macro)
